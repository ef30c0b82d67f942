"""Network families: a frozen config in, an uncompiled keras.Model out."""

from forecast.networks.closed_loop import closed_loop
from forecast.networks.config import NetworkConfig
from forecast.networks.narx import NARXConfig, narx
from forecast.networks.seq2seq import Seq2SeqConfig, attention_reader, seq2seq
from forecast.networks.tdnn import DelayLayer, TDNNConfig, tdnn
from forecast.networks.transformer import TransformerConfig, transformer

__all__ = [
    "DelayLayer",
    "NARXConfig",
    "NetworkConfig",
    "Seq2SeqConfig",
    "TDNNConfig",
    "TransformerConfig",
    "attention_reader",
    "closed_loop",
    "narx",
    "seq2seq",
    "tdnn",
    "transformer",
]
