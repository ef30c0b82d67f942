"""TDNN: every layer has its own delays (the distributed, or FIR, network)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import keras
from keras import ops

from forecast._checks import check_count, check_delays, explain
from forecast.layers.delay import TimeDelay
from forecast.layers.narx import add_linear, lagged, output_layer
from forecast.networks.config import DirectConfig, add_ahead, check_columns, measured, window_network
from forecast.networks.roles import Role, numbered


@dataclass(frozen=True)
class DelayLayer:
    """One layer of a TDNN: `units` units over the `delays` of its input, then `activation` (None is linear).

    Raises:
        TypeError, ValueError: `units` below 1, or delays that are not different whole numbers of at least 0.

    Example:
        >>> from forecast.networks import DelayLayer
        >>> DelayLayer(8, (0, 1, 2), "tanh").depth
        2
    """

    units: int
    delays: tuple[int, ...] = (0,)
    activation: str | None = "tanh"

    def __post_init__(self) -> None:
        check_count("units", self.units)
        check_delays("delays", self.delays)

    @property
    def depth(self) -> int:
        """The largest delay."""
        return max(self.delays)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The layer with these fields, as read from JSON."""
        return cls(values["units"], tuple(values["delays"]), values["activation"])


@dataclass(frozen=True, kw_only=True)
class TDNNConfig(DirectConfig):
    """What a time-delay network is made of; see `tdnn` for the equation.

    Args:
        layers: the delay layers from input to output; a delay of 0 in the first means y_{t-1} and x_t.
        output_delays: delays of the linear output layer; (0,) for none.
        linear: whether there is a linear path beside the layers.
        linear_lags: delays of the targets in the linear path, each at least 1; None means every lag of the
            window.
        linear_exog_lags: delays of the exogenous columns in it, each at least 0; None means every lag of the
            window.
        feedback: whether past targets are inputs; False gives a model of x alone.
        horizon: H, steps of one output, 1 without feedback.
        targets, exog, embedded, window_norm, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, no layers, no input, or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import DelayLayer, TDNNConfig
        >>> wiener_hammerstein = TDNNConfig(exog=1, feedback=False, linear=False, output_delays=(0, 1, 2),
        ...                                 layers=(DelayLayer(1, (0, 1, 2, 3), None), DelayLayer(6)))
        >>> wiener_hammerstein.window
        6
        >>> TDNNConfig.from_dict(wiener_hammerstein.to_dict()) == wiener_hammerstein
        True
    """

    layers: tuple[DelayLayer, ...] = (DelayLayer(8),)
    output_delays: tuple[int, ...] = (0,)
    linear: bool = True
    linear_lags: tuple[int, ...] | None = None
    linear_exog_lags: tuple[int, ...] | None = None
    feedback: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.layers:
            raise ValueError(
                explain("layers", "at least one DelayLayer", self.layers, "Pass layers=(DelayLayer(8),)")
            )
        if not (self.feedback or self.exog):
            raise ValueError(
                explain("feedback", "True when exog=0", self.feedback, "Pass feedback=True or exog=1")
            )
        if self.linear_lags and not self.feedback:
            raise ValueError(
                explain("linear_lags", "() when feedback=False", self.linear_lags, "Pass linear_lags=()")
            )
        check_delays("output_delays", self.output_delays)
        if self.horizon > 1 and not self.feedback:
            allowed, remedy = "1 when feedback=False", "Pass horizon=1: every step is a function of x alone"
            raise ValueError(explain("horizon", allowed, self.horizon, remedy))
        lags, exog_lags = self.linear_delays if self.linear else ((1,), ())
        check_columns(self.targets, self.exog, lags, exog_lags, prefix="linear_")

    @property
    def receptive_field(self) -> int:
        """Rows that the delay layers see: 1 + the sum of their depths."""
        return 1 + sum(layer.depth for layer in self.layers) + max(self.output_delays)

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        if not self.linear:
            return self.receptive_field
        exog_depths = (lag + 1 for lag in self.linear_exog_lags or ())
        return max([self.receptive_field, *(self.linear_lags or ()), *exog_depths])

    @property
    def linear_delays(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Lags of the targets and of the exogenous columns in the linear path, None resolved."""
        lags, exog_lags = self.linear_lags, self.linear_exog_lags
        if lags is None:
            lags = tuple(range(1, self.window + 1)) if self.feedback else ()
        if exog_lags is None:
            exog_lags = tuple(range(self.window)) if self.exog else ()
        return lags, exog_lags

    @property
    def compact(self) -> tuple[Self, tuple[int, ...]] | None:
        """The network on only the rows at its delays: one layer, one step, not scaled by the mean of the window."""
        first, *later = self.layers
        if later or self.output_delays != (0,) or self.steps > 1 or self.window_norm:
            return None
        lags, exog_lags = self.linear_delays if self.linear else ((), ())
        rows = tuple(sorted({0, *first.delays, *(lag - 1 for lag in lags), *exog_lags}))
        near = replace(
            self,
            layers=(replace(first, delays=tuple(map(rows.index, first.delays))),),
            linear_lags=tuple(rows.index(lag - 1) + 1 for lag in lags),
            linear_exog_lags=tuple(map(rows.index, exog_lags)),
        )
        return near, rows

    @property
    def autoregressive(self) -> bool:
        """Whether there is a linear path, one step ahead."""
        return self.linear and self.steps == 1

    @property
    def delays(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(lags, exog_lags, exog_kept) of a linear model of the same inputs."""
        if self.linear:
            return *self.linear_delays, self.exog_kept
        lags, exog_lags, kept = super().delays
        return (lags if self.feedback else ()), exog_lags, kept

    @property
    def roles(self) -> Mapping[str, Role]:
        """The layers of the network with a role in training, by name."""
        return {**super().roles, **numbered("delay", len(self.layers))}

    def build(self) -> keras.Model:
        """See `tdnn`."""
        return tdnn(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config that `to_dict` described."""
        layers = tuple(DelayLayer.from_dict(layer) for layer in values["layers"])
        return super().from_dict({**values, "layers": layers})


def tdnn(config: TDNNConfig) -> keras.Model:
    """The time-delay network, not compiled: paired window and lead rows (B, L+H-1, O+E) -> (B, H, O).

    Equation:
        h^0_s = [y_{s-1}, x_s]
        h^k_s = phi_k(sum_i h^{k-1}_{s-d_{k,i}} W_{k,i} + b_k),   k = 1, ..., K
        y_t = sum_i h^K_{t-e_i} C_i + c + A u_t

    Symbols:
        d_k, phi_k: delays and activation of `config.layers[k-1]`, the layer "delay_k"; W_k, b_k: its weights.
        e: `config.output_delays`; C, c: kernel and bias of the layer "output"; C starts at zero.
        A: kernel of the layer "linear", when `config.linear`; u_t: y at `linear_lags`, then x at
            `linear_exog_lags`.
        With H = `config.horizon` above 1, C and A have columns for each of the steps t, ..., t+H-1, and the layer
            "ahead" adds to each step a linear term in the last row and in the covariates up to its own time.
        h^0 is x_s alone when `config.feedback` is False.
        Row j = 0, ..., L-1 of the window carries (y_{t-L+j}, x_{t-L+j+1}), all that is known when y_t is
            forecast; rows before the start of a short record are zero.
        Every layer computes only the steps that the next one reads.

    A Wiener-Hammerstein system (linear dynamics, static nonlinearity, linear dynamics) is
    `layers=(DelayLayer(1, delays, None), DelayLayer(units))` with `output_delays`.

    References:
        Waibel, A., Hanazawa, T., Hinton, G., Shikano, K. and Lang, K. (1989). Phoneme recognition using
        time-delay neural networks. IEEE Transactions on Acoustics, Speech, and Signal Processing 37(3),
        328-339.
        Wan, E. A. (1994). Time series prediction by using a connectionist network with internal delay lines.
        In Weigend, A. S. and Gershenfeld, N. A. (eds), Time Series Prediction, Addison-Wesley, 195-217.

    Example:
        >>> from forecast.networks import DelayLayer, TDNNConfig, tdnn
        >>> network = tdnn(TDNNConfig(layers=(DelayLayer(6, (0, 1, 2)), DelayLayer(3, (0, 5)))))
        >>> network.input_shape, network.output_shape
        ((None, 8, 1), (None, 1, 1))
    """

    def outputs(rows: Any) -> Any:
        past = rows[:, : config.window] if config.lead else rows
        state = _recent(past if config.feedback else past[:, :, config.targets :], config.receptive_field)
        for number, layer in enumerate(config.layers, start=1):
            state = TimeDelay(
                layer.units,
                layer.delays,
                activation=layer.activation,
                padding="valid",
                name=f"delay_{number}",
                dtype=config.dtype,
            )(state)
        values = add_linear(_output(state, config), _linear_features(past, config), config.dtype)
        return add_ahead(values, rows, config)

    return window_network(config, outputs, name="tdnn")


def _recent(rows: Any, length: int) -> Any:
    return rows if rows.shape[1] == length else rows[:, -length:]


def _output(state: Any, config: TDNNConfig) -> Any:
    """(B, 1 + max(output_delays), U) -> (B, H*O)."""
    if config.output_delays == (0,):
        return output_layer(config.targets * config.steps, config.dtype)(
            ops.reshape(state, (-1, state.shape[2]))
        )
    closing = TimeDelay(
        config.targets * config.steps,
        config.output_delays,
        padding="valid",
        kernel_initializer="zeros",
        name="output",
        dtype=config.dtype,
    )
    return ops.reshape(closing(state), (-1, config.targets * config.steps))


def _linear_features(rows: Any, config: TDNNConfig) -> Any:
    if not config.linear:
        return None
    lags, exog_lags = config.linear_delays
    rows = measured(rows, config)
    return lagged(
        rows,
        targets=config.targets,
        lags=lags,
        exog_lags=exog_lags,
        dtype=config.dtype,
        kept=config.exog_kept,
    )
