"""Network families: a frozen config in, an uncompiled keras.Model out."""

from forecast.networks.closed_loop import closed_loop
from forecast.networks.config import NetworkConfig
from forecast.networks.graph import GraphConfig, graph_network
from forecast.networks.memory import MemoryConfig, memory_network
from forecast.networks.narx import NARXConfig, narx
from forecast.networks.online import OnlineConfig, online
from forecast.networks.recurrent import RecurrentConfig, recurrent
from forecast.networks.residual_tdnn import ResidualTDNNConfig, residual_tdnn
from forecast.networks.seq2seq import Seq2SeqConfig, attention_reader, seq2seq
from forecast.networks.sequences import SequenceConfig, sequence_network
from forecast.networks.tdnn import DelayLayer, TDNNConfig, tdnn
from forecast.networks.transformer import TransformerConfig, self_attention_reader, transformer
from forecast.networks.tree import TreeConfig, tree_network

__all__ = [
    "DelayLayer",
    "GraphConfig",
    "MemoryConfig",
    "NARXConfig",
    "NetworkConfig",
    "OnlineConfig",
    "RecurrentConfig",
    "ResidualTDNNConfig",
    "Seq2SeqConfig",
    "SequenceConfig",
    "TDNNConfig",
    "TransformerConfig",
    "TreeConfig",
    "attention_reader",
    "closed_loop",
    "graph_network",
    "memory_network",
    "narx",
    "online",
    "recurrent",
    "residual_tdnn",
    "self_attention_reader",
    "seq2seq",
    "sequence_network",
    "tdnn",
    "transformer",
    "tree_network",
]
