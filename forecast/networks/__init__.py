"""Network families: a frozen config in, an uncompiled one-step keras.Model out."""

from forecast.networks.closed_loop import closed_loop
from forecast.networks.config import NetworkConfig
from forecast.networks.graph import GraphConfig, graph_network
from forecast.networks.narx import NARXConfig, narx
from forecast.networks.online import OnlineConfig, online
from forecast.networks.recurrent import RecurrentConfig, recurrent
from forecast.networks.sequences import SequenceConfig, sequence_network
from forecast.networks.tdnn import DelayLayer, TDNNConfig, tdnn
from forecast.networks.tree import TreeConfig, tree_network

__all__ = [
    "DelayLayer",
    "NARXConfig",
    "NetworkConfig",
    "OnlineConfig",
    "RecurrentConfig",
    "SequenceConfig",
    "TDNNConfig",
    "closed_loop",
    "narx",
    "online",
    "recurrent",
    "sequence_network",
    "tdnn",
    "GraphConfig",
    "TreeConfig",
    "graph_network",
    "tree_network",
]
