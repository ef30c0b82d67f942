"""What all network families share: a frozen description that builds the network, and the model around a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import keras
from keras import ops

from forecast._checks import check_choice, check_count, check_delays, explain
from forecast.layers.decoder import DirectLinear
from forecast.layers.embedding import CategoryEmbedding
from forecast.layers.normalization import ReversibleNormalization
from forecast.networks.head import HEADS
from forecast.networks.roles import Role
from forecast.networks.size import parameter_count

DTYPES = ("float32", "float64")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """A description in plain values, unchanged by a round trip through JSON, from which `build` makes the network.

    Args:
        targets: O, number of target columns, at least 1.
        exog: E, number of exogenous columns, at least 0.
        embedded: (number of categories, length of the learned vector) of each further column, which holds codes;
            in every row the vectors replace the codes, except in the linear path.
        exog_kept: positions, among the exogenous columns at all exogenous lags, lag by lag, of those that are
            inputs; () for all of them.
        window_norm: whether each window is normalised by its own mean and scale, and the forecast brought
            back.
        window_level: the same with its last value only: the network reads and forecasts differences from it.
        head: what the outputs mean, one of `forecast.networks.head.HEADS`; numbers: K, outputs per target.
        dtype: "float32" or "float64".

    Raises:
        TypeError, ValueError: a number of the wrong type or out of range, or an unknown head or dtype.
    """

    targets: int = 1
    exog: int = 0
    embedded: tuple[tuple[int, int], ...] = ()
    exog_kept: tuple[int, ...] = ()
    window_norm: bool = False
    window_level: bool = False
    head: str = "point"
    numbers: int = 1
    dtype: str = "float32"

    def __post_init__(self) -> None:
        check_count("targets", self.targets)
        check_count("exog", self.exog, minimum=0)
        for place, pair in enumerate(self.embedded):
            for number in pair:
                check_count(f"embedded[{place}]", number)
        check_choice("head", self.head, HEADS)
        check_count("numbers", self.numbers)
        if self.exog_kept:
            check_delays("exog_kept", self.exog_kept)
        check_choice("dtype", self.dtype, DTYPES)

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        raise NotImplementedError

    @property
    def delays(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(lags, exog_lags, exog_kept) of a linear model of the same inputs: the whole window."""
        return tuple(range(1, self.window + 1)), tuple(range(self.window)) if self.exog else (), ()

    @property
    def compact(self) -> tuple[Self, tuple[int, ...]] | None:
        """The network with the same weights on only the rows of the window that it reads, and these rows.

        Its delays are renumbered; the rows are counted back from the last one, row 0. None where the network reads
        its window as a whole.
        """
        return None

    @property
    def autoregressive(self) -> bool:
        """Whether its linear path is the autoregression on its `delays`, and so the rival that it has to beat."""
        return False

    @property
    def only_linear(self) -> bool:
        """Whether there is nothing beside the linear path."""
        return False

    def normalization(self) -> ReversibleNormalization | None:
        """The layer that normalises each window, if any."""
        if not (self.window_norm or self.window_level):
            return None
        level = "last" if self.window_level else "mean"
        return ReversibleNormalization(targets=self.targets, level=level, dtype=self.dtype, name="norm")

    @property
    def steps(self) -> int:
        """H, steps of one output."""
        return 1

    @property
    def constants(self) -> int:
        """Number of last columns of the window that are the same in every row: properties of the data, not inputs."""
        return 0

    @property
    def noisy(self) -> bool:
        """Whether training draws random numbers (dropout, zoneout)."""
        return False

    @property
    def lead(self) -> int:
        """Rows of the input after the window: covariates known ahead, and targets, NaN where not known."""
        return 0

    @property
    def roles(self) -> Mapping[str, Role]:
        """The layers of the network with a role in training, by name."""
        return {"linear": Role.LINEAR, "ahead": Role.LINEAR, "output": Role.OUTPUT}

    @property
    def size(self) -> int:
        """P, the number of trainable parameters; they are counted in the precision that every backend has."""
        return parameter_count(replace(self, dtype="float32").build)

    def build(self) -> keras.Model:
        """The uncompiled network, paired window and lead rows (B, L + lead, O+E) -> (B, H, O)."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config that `to_dict` described; lists of JSON become tuples again."""
        return cls(**{key: _tuples(value) for key, value in values.items()})


@dataclass(frozen=True, kw_only=True)
class DirectConfig(NetworkConfig):
    """A description of a network that forecasts H steps in one output.

    Args:
        horizon: H, at least 1.
        targets, exog, embedded, window_norm, dtype: those of `NetworkConfig`.
    """

    horizon: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("horizon", self.horizon)

    @property
    def steps(self) -> int:
        """H, steps of one output."""
        return self.horizon

    @property
    def lead(self) -> int:
        """H - 1, rows of the input after the window."""
        return self.horizon - 1


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def window_network(config: NetworkConfig, outputs: Callable[[Any], Any], name: str) -> keras.Model:
    """A model from window and lead rows to (B, H, O) around `outputs`, rows (B, L + lead, O+E+V) -> (B, H*O).

    V numbers are the learned vectors of the columns in `config.embedded`.
    """
    columns = config.targets + config.exog + len(config.embedded) + config.constants
    window = keras.Input((config.window + config.lead, columns), dtype=config.dtype, name="window")
    shape = (-1, config.steps, config.targets)
    norm = config.normalization()
    if norm is None:
        return keras.Model(window, ops.reshape(outputs(embedded_rows(window, config)), shape), name=name)
    rows, statistics = norm.normalize(window[:, : config.window] if config.lead else window)
    if config.lead:
        rows, _ = norm.normalize(window, statistics)
    values = ops.reshape(outputs(embedded_rows(rows, config)), shape)
    return keras.Model(window, norm.denormalize(values, statistics), name=name)


def embedded_rows(rows: Any, config: NetworkConfig) -> Any:
    """Rows (B, L, O+E+C) of C columns of codes -> (B, L, O+E+V)."""
    if not config.embedded:
        return rows
    plain, vectors = measured(rows, config), []
    for number, (categories, units) in enumerate(config.embedded):
        layer = CategoryEmbedding(categories, units, name=f"embedding_{number + 1}", dtype=config.dtype)
        vectors.append(layer(rows[:, :, plain.shape[2] + number]))
    return ops.concatenate([plain, *vectors], axis=-1)


def add_ahead(values: Any, rows: Any, config: NetworkConfig) -> Any:
    """Values (B, H*O) plus, for each step, a linear term in the last row and in the covariates up to its own time."""
    if not (config.exog and config.lead):
        return values
    layer = DirectLinear(config.steps, targets=config.targets, name="ahead", dtype=config.dtype)
    ahead = layer(measured(rows, config)[:, config.window - 1 :])
    return values + ops.reshape(ahead, (-1, config.steps * config.targets))


def measured(rows: Any, config: NetworkConfig) -> Any:
    """The targets and exogenous columns of the rows, (B, L, O+E), without learned vectors."""
    return rows[:, :, : config.targets + config.exog] if config.embedded else rows


def check_columns(
    targets: int, exog: int, lags: tuple[int, ...], exog_lags: tuple[int, ...], *, prefix: str = ""
) -> None:
    """Numbers of columns and their lags fit together; `prefix` stands before "lags" in the errors."""
    check_count("targets", targets)
    check_count("exog", exog, minimum=0)
    names = f"{prefix}lags", f"{prefix}exog_lags"
    if lags:
        check_delays(names[0], lags, 1)
    if exog_lags:
        check_delays(names[1], exog_lags)
    if exog_lags and not exog:
        raise ValueError(explain(names[1], "empty when exog=0", exog_lags, f"Pass exog=1 or {names[1]}=()"))
    if not (lags or exog_lags):
        allowed = f"not empty when {names[1]} is empty"
        raise ValueError(explain(names[0], allowed, lags, f"Pass for example {names[0]}=(1, 2)"))
