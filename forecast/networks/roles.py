"""Roles of layers in training: the config of a network names the layers that have one, and nothing else does."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What training does with the weights of a layer; without a role they are drawn at random and pulled to zero.

    The linear path starts at the autoregression and is pulled to it. The output layer closes the nonlinear
    branch: with a zero kernel the network is its linear path. Each input of the first hidden layers has a prior
    of its own. The biases of hidden layers are drawn, the first ones included.
    """

    LINEAR = "linear path"
    OUTPUT = "output layer"
    FIRST = "first hidden layer"
    HIDDEN = "hidden layer"


def numbered(name: str, count: int) -> dict[str, Role]:
    """The layers name_1, ..., name_count as hidden ones."""
    return {f"{name}_{k}": Role.HIDDEN if k > 1 else Role.FIRST for k in range(1, count + 1)}
