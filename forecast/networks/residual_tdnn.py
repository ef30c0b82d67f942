"""Residual TDNN: H steps at once from blocks of delays, each window in units of its own level and spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from forecast._checks import check_count
from forecast.layers.residual import DoublyResidual
from forecast.layers.window_units import WindowUnits
from forecast.networks.config import DirectConfig, embedded_rows
from forecast.networks.head import head

TINY = 1e-4  # standard deviations of a series: keeps the logarithm of a level of zero finite


@dataclass(frozen=True, kw_only=True)
class ResidualTDNNConfig(DirectConfig):
    """What a residual TDNN is made of; see `residual_tdnn` for the equation.

    Args:
        length: L, rows of the window.
        horizon: H, steps of one output.
        season: m, steps of the differences that make the spread, and rows of the skip; 1 for none.
        blocks: number of residual blocks.
        hidden: units of each hidden layer of a block; activation: its Keras name.
        skip: whether the forecasts start from the last season instead of the last value.
        proportions: whether spread and level of a window, relative to the size of its values, are inputs.
        decoder: units through which each step reads its own covariates; not used when E = 0.
        exog_units: R, learned linear combinations by which the E covariates of a row are read; None reads all E.
        window_norm: whether each window has units of its own, else level 0 and spread 1.
        targets, exog, embedded, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1.

    Example:
        >>> from forecast.networks import ResidualTDNNConfig
        >>> ResidualTDNNConfig(length=24, horizon=8, season=4).build().output_shape
        (None, 8, 1)
    """

    length: int = 12
    season: int = 1
    blocks: int = 2
    hidden: tuple[int, ...] = (32, 32)
    activation: str = "relu"
    skip: bool = False
    proportions: bool = False
    decoder: int = 16
    exog_units: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("length", "season", "blocks", "decoder"):
            check_count(name, getattr(self, name))
        if self.exog_units is not None:
            check_count("exog_units", self.exog_units)

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return self.length

    def build(self) -> keras.Model:
        """See `residual_tdnn`."""
        return residual_tdnn(self)


def residual_tdnn(config: ResidualTDNNConfig) -> keras.Model:
    """The direct network, not compiled: paired window and lead rows (B, L+H-1, O+E) -> (B, H, O*K).

    Equation:
        z_j = (y_{t-L+j} - level) / spread,   j = 0, ..., L-1
        f = stack(arcsinh z; known, x, v, r),   r = [log(spread / size), log(|level| / size)]
        yhat_{t+h} = level + spread (s_h + f_h + g(f_h, x_{t+h}, v)),   h = 0, ..., H-1

    Symbols:
        level, spread: the last value and the mean absolute seasonal difference of the window, `WindowUnits`.
        known: 1 where y is known and 0 where it is NaN, in a short or gappy window.
        stack: `DoublyResidual`, the layer "blocks": `config.blocks` blocks of `config.hidden` units, which
            explain z part by part; v: the vectors of `config.embedded`.
        x: the covariates; those of the window with `config.exog_units` as R sums W x_j of each row, W the layer
            "covariates", without a bias.
        r: with `config.proportions`; size is the mean |y| of the window, so zero must be a meaningful value.
        s: the last season of z with `config.skip`, else 0.
        g: a layer "decoder" of `config.decoder` units and a linear layer, the same for all steps, when E > 0.
        With K = `config.numbers` above 1 `head` turns K numbers per target into quantiles, or a mean and log scale.
        Before training all forecasts are level + spread s, the naive or seasonal naive forecast.
        A step sees covariates up to its own time only.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2020). N-BEATS: neural basis expansion
        analysis for interpretable time series forecasting. ICLR.
        Das, A., Kong, W., Leach, A., Mathur, S., Sen, R. and Yu, R. (2023). Long-term forecasting with TiDE:
        time-series dense encoder. TMLR: the projection of the covariates of a row.

    Example:
        >>> from forecast.networks import ResidualTDNNConfig
        >>> network = ResidualTDNNConfig(length=24, horizon=12, exog=2).build()
        >>> network.input_shape, network.output_shape
        ((None, 35, 3), (None, 12, 1))
    """
    columns = config.targets + config.exog + len(config.embedded)
    window = keras.Input((config.length + config.lead, columns), dtype=config.dtype, name="window")
    rows = embedded_rows(window, config)
    units = WindowUnits(season=config.season, relative=config.window_norm, name="units", dtype=config.dtype)
    z, known, statistics = units(window[:, : config.length, : config.targets])
    x, vectors = (
        rows[:, :, config.targets : config.targets + config.exog],
        rows[:, -1, config.targets + config.exog :],
    )
    parts = [_flat(ops.arcsinh(z)), _flat(known), _flat(_projected(x[:, : config.length], config)), vectors]
    if config.proportions:
        parts.append(_flat(_proportions(z, known, ops.cast(statistics, z.dtype))))
    stack = DoublyResidual(
        config.blocks,
        config.hidden,
        config.horizon * config.targets * config.numbers,
        past=config.length * config.targets,
        activation=config.activation,
        name="blocks",
        dtype=config.dtype,
    )
    forecast, _ = stack(ops.concatenate([part for part in parts if part.shape[1]], axis=1))
    forecast = ops.reshape(forecast, (-1, config.horizon, config.targets * config.numbers))
    if config.exog:
        forecast = forecast + _decoded(forecast, x[:, config.length - 1 :], vectors, config)
    if config.skip:
        forecast = forecast + _last_season(z, config)
    outputs = head(forecast, statistics[:, :1], statistics[:, 1:], outputs=config.numbers, kind=config.head)
    return keras.Model(window, outputs, name="residual_tdnn")


def _flat(rows: Any) -> Any:
    """(B, L, F) -> (B, L*F)."""
    return ops.reshape(rows, (-1, rows.shape[1] * rows.shape[2]))


def _projected(x: Any, config: ResidualTDNNConfig) -> Any:
    """The covariates of the window (B, L, E) as the blocks read them: (B, L, R), or as they are."""
    if config.exog_units is None or not config.exog:
        return x
    layer = keras.layers.Dense(config.exog_units, use_bias=False, name="covariates", dtype=config.dtype)
    return layer(x)


def _proportions(z: Any, known: Any, units: Any) -> Any:
    """Log of |level| and spread relative to the mean |y| of the known rows: (B, L, O), units (B, 2, O) -> (B, 2, O)."""
    sizes = known * ops.abs(units[:, :1] + units[:, 1:] * z)
    size = ops.sum(sizes, axis=1, keepdims=True) / ops.maximum(ops.sum(known, axis=1, keepdims=True), 1.0)
    return ops.log((ops.abs(units) + TINY) / (size + TINY))


def _decoded(forecast: Any, x: Any, vectors: Any, config: ResidualTDNNConfig) -> Any:
    """What each step adds for its own covariates: (B, H, O), (B, H, E), (B, V) -> (B, H, O)."""
    parts = [forecast, x]
    if vectors.shape[1]:
        parts.append(ops.repeat(vectors[:, None], config.horizon, axis=1))
    state = keras.layers.Dense(config.decoder, config.activation, name="decoder", dtype=config.dtype)(
        ops.concatenate(parts, axis=2)
    )
    return keras.layers.Dense(
        config.targets * config.numbers,
        use_bias=False,
        kernel_initializer="zeros",
        name="output",
        dtype=config.dtype,
    )(state)


def _last_season(z: Any, config: ResidualTDNNConfig) -> Any:
    """The last season of the window, as the first of the numbers: (B, L, O) -> (B, H, O*K)."""
    repeats = -(-config.horizon // config.season)
    last = ops.concatenate([z[:, -config.season :]] * repeats, axis=1)[:, : config.horizon]
    rest = [ops.zeros_like(last)] * (config.numbers - 1)
    both = ops.stack([last, *rest], axis=-1)  # (B, H, O, K)
    return ops.reshape(both, (-1, config.horizon, config.targets * config.numbers))
