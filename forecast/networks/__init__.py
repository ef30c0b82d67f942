"""Network families: a frozen config in, an uncompiled one-step keras.Model out."""

from forecast.networks.closed_loop import closed_loop
from forecast.networks.config import NetworkConfig
from forecast.networks.graph import GraphConfig, graph_network
from forecast.networks.narx import NARXConfig, narx
from forecast.networks.tdnn import DelayLayer, TDNNConfig, tdnn
from forecast.networks.tree import TreeConfig, tree_network

__all__ = [
    "DelayLayer",
    "GraphConfig",
    "NARXConfig",
    "NetworkConfig",
    "TDNNConfig",
    "TreeConfig",
    "closed_loop",
    "graph_network",
    "narx",
    "tdnn",
    "tree_network",
]
