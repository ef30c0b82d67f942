"""Network families: a frozen config in, an uncompiled one-step keras.Model out."""

from forecast.networks.closed_loop import closed_loop
from forecast.networks.config import NetworkConfig
from forecast.networks.memory import MemoryConfig, memory_network
from forecast.networks.narx import NARXConfig, narx
from forecast.networks.recurrent import RecurrentConfig, recurrent
from forecast.networks.tdnn import DelayLayer, TDNNConfig, tdnn

__all__ = [
    "DelayLayer",
    "MemoryConfig",
    "NARXConfig",
    "NetworkConfig",
    "RecurrentConfig",
    "TDNNConfig",
    "closed_loop",
    "memory_network",
    "narx",
    "recurrent",
    "tdnn",
]
