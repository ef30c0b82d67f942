"""Recurrent networks that score classes: one score vector for a sequence, or one for each time step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import keras

from forecast._checks import check_choice, check_count, explain
from forecast.layers.embedding import CategoryEmbedding
from forecast.layers.recurrent import CELLS, RecurrentStack
from forecast.networks.config import DTYPES
from forecast.networks.roles import Role
from forecast.networks.size import parameter_count

MERGES = (None, "concat", "sum")
POOLINGS = ("last", "mean", None)


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """What a network over sequences is made of; see `sequence_network` for the equation.

    Args:
        features: F, values per time step, at least 1.
        classes: K, at least 1.
        cell: name of the recurrent cell, one of `forecast.layers.CELLS`.
        units: units of each recurrent layer, the first one nearest to the input.
        bidirectional: how the states of both directions are combined: "concat", "sum", or None for one direction.
        pooling: "last" or "mean" over time for one output per sequence; None for one output per time step.
        categories: number of symbols; 0 for numbers.
        embedding: units of the learned vector of a symbol; used when `categories` is not 0.
        dropout: fraction of each recurrent layer's output dropped in training, at least 0 and below 1.
        dtype: "float32" or "float64".

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or an unknown name.

    Example:
        >>> from forecast.networks import SequenceConfig
        >>> config = SequenceConfig(classes=3, units=(8, 4))
        >>> SequenceConfig.from_dict(config.to_dict()) == config
        True
    """

    features: int = 1
    classes: int = 2
    cell: str = "gru"
    units: tuple[int, ...] = (16,)
    bidirectional: str | None = None
    pooling: str | None = "last"
    categories: int = 0
    embedding: int = 0
    dropout: float = 0.0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        check_count("features", self.features)
        check_count("classes", self.classes)
        check_choice("cell", self.cell, CELLS)
        if not self.units:
            raise ValueError(explain("units", "at least one layer", self.units, "Pass units=(16,)"))
        for units in self.units:
            check_count("units", units)
        check_choice("bidirectional", self.bidirectional, MERGES)
        check_choice("pooling", self.pooling, POOLINGS)
        if check_count("categories", self.categories, minimum=0):
            check_count("embedding", self.embedding)
        check_choice("dtype", self.dtype, DTYPES)

    @property
    def roles(self) -> Mapping[str, Role]:
        """The layers of the network with a role in training, by name."""
        return {"output": Role.OUTPUT}

    @property
    def size(self) -> int:
        """P, the number of trainable parameters; they are counted in the precision that every backend has."""
        return parameter_count(replace(self, dtype="float32").build)

    def build(self) -> keras.Model:
        """See `sequence_network`."""
        return sequence_network(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config that `to_dict` described."""
        return cls(**{**values, "units": tuple(values["units"])})


def sequence_network(config: SequenceConfig) -> keras.Model:
    """The network over padded sequences, not compiled: (B, T, 1+F) -> class scores (B, K) or (B, T, K).

    Equation:
        h_t = cell(h_{t-1}, x_t) at real steps,  h_t = h_{t-1} at padded ones
        z = C p + c,   p = h_T ("last"), the mean of h_t over real steps ("mean"), or every h_t (None)
        P(class k) = exp z_k / sum_j exp z_j

    Symbols:
        x_t: columns 1, ..., F of the input; column 0 is 1 at real steps and 0 at the padding before them.
            With `categories` column 1 is the code of a symbol and x_t its learned vector.
        cell: `config.cell`, in layers of `config.units` units, each fed with the states of the one below.
        h: with `bidirectional` the states of a forward and a backward recurrence together; "last" is then the
            forward state at the last step and the backward state at the first real step.
        C, c: the layer "output"; both start at zero: every class is equally likely.

    References:
        Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2), 179-211.
        Schuster, M. and Paliwal, K. K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
        Signal Processing 45(11), 2673-2681.
        Graves, A. (2012). Supervised Sequence Labelling with Recurrent Neural Networks. Springer.

    Example:
        >>> from forecast.networks import SequenceConfig, sequence_network
        >>> network = sequence_network(SequenceConfig(features=2, classes=3, bidirectional="concat"))
        >>> network.input_shape, network.output_shape
        ((None, None, 3), (None, 3))
    """
    rows = keras.Input((None, 1 + config.features), dtype=config.dtype, name="rows")
    inputs = rows[:, :, 1:]
    if config.categories:
        embed = CategoryEmbedding(config.categories, config.embedding, dtype=config.dtype, name="embedding")
        inputs = embed(inputs[:, :, 0])
    stack = RecurrentStack(
        config.units,
        cell=config.cell,
        bidirectional=config.bidirectional,
        return_sequences=config.pooling is None,
        pooling=config.pooling or "last",
        dropout=config.dropout,
        dtype=config.dtype,
        name="recurrent",
    )
    states = stack(inputs, mask=rows[:, :, 0] > 0.5)
    dense = keras.layers.Dense(config.classes, kernel_initializer="zeros", name="output", dtype=config.dtype)
    return keras.Model(rows, dense(states), name="sequences")
