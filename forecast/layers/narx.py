"""The nonlinear autoregression with exogenous inputs (NARX): its one-step network, and its recurrent cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import ops

from forecast._checks import check_count, check_delays, explain
from forecast.layers.delay import TappedDelay, join
from forecast.layers.feedback import FeedbackCell


def lagged(
    window: Any,
    *,
    targets: int,
    lags: Sequence[int],
    exog_lags: Sequence[int],
    dtype: Any,
    kept: Sequence[int] = (),
) -> Any:
    """Lagged values of a paired window (B, L, O+E), side by side: (B, O*len(lags) + E*len(exog_lags)).

    Target lag d is row L-d, exogenous lag d row L-1-d; the targets of the first lag come first, exogenous
    columns last, lag by lag. With `kept`, only the exogenous columns at these positions are returned.
    """
    width = window.shape[2]
    parts = []
    if lags:
        columns = window if targets == width else window[:, :, :targets]
        parts.append(_last(columns, tuple(lag - 1 for lag in lags), "lags", dtype))
    if exog_lags:
        exog = _last(window[:, :, targets:], tuple(exog_lags), "exog_lags", dtype)
        parts.append(ops.take(exog, list(kept), axis=1) if kept else exog)
    return join(parts, axis=-1)


def narx_outputs(
    features: Any,
    *,
    targets: int,
    hidden: Sequence[int],
    activation: Any,
    linear: bool,
    dtype: Any,
    vectors: Any = None,
) -> Any:
    """features (B, P) -> (B, O): dense hidden layers with a zero output layer, plus the linear path.

    Only the hidden layers also read `vectors` (B, V).
    The layers are named "hidden_1", ..., "output" and "linear"; without hidden layers there is only "linear".
    """
    if not hidden:
        return keras.layers.Dense(targets, name="linear", dtype=dtype)(features)
    state = features if vectors is None else ops.concatenate([features, vectors], axis=-1)
    for number, units in enumerate(hidden, start=1):
        state = keras.layers.Dense(units, activation, name=f"hidden_{number}", dtype=dtype)(state)
    return add_linear(output_layer(targets, dtype)(state), features if linear else None, dtype)


def output_layer(targets: int, dtype: Any) -> keras.layers.Dense:
    """The output layer of the nonlinear branch; its kernel starts at zero, so the branch adds nothing at first."""
    return keras.layers.Dense(targets, kernel_initializer="zeros", name="output", dtype=dtype)


def add_linear(outputs: Any, features: Any, dtype: Any) -> Any:
    """outputs (B, O) plus the bias-free linear path from features (B, P), when there is one."""
    if features is None:
        return outputs
    linear = keras.layers.Dense(outputs.shape[-1], use_bias=False, name="linear", dtype=dtype)
    return ops.add(linear(features), outputs)


@keras.saving.register_keras_serializable(package="forecast")
class NARXCell(FeedbackCell):
    """The NARX equation as a cell for `keras.layers.RNN`.

    Equation:
        y_t = f(x_{t-k_1}, ..., x_{t-k_m}, y_{t-l_1}, ..., y_{t-l_n})
        f(u) = A u + C phi(...phi(B u + b)...) + c,   u all delayed values in one vector

    Symbols:
        k_1, ..., k_m: `input_delays`, at least 0; an int K means 0, 1, ..., K; empty when `inputs` is 0.
        l_1, ..., l_n: `output_delays`, at least 1; an int K means 1, 2, ..., K; empty for a model of x only.
        y: `targets` columns; x: `inputs` columns.
        A: the linear path, when `linear` is True, kernel of the layer "linear".
        B, b: the hidden layers of `hidden` units each, with phi = `activation`; () leaves only A u + c.
        C, c: kernel (zero at the start) and bias of the layer "output".

    State, input and output are those of `FeedbackCell`, with L = max(max l, max k + 1); the state is zero
    when `keras.layers.RNN` gets no initial state.

    Args:
        input_delays: delays of x.
        output_delays: delays of y.
        hidden: units of each hidden layer.
        activation: activation of the hidden layers.
        linear: whether there is a linear path beside the hidden layers.
        targets: number of target columns, at least 1.
        inputs: number of exogenous columns, at least 0.
        teacher_forcing: whether y_{t-1} comes from the input instead of the last forecast.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the network.

    Raises:
        TypeError: a delay or a number of units is not a whole number.
        ValueError: delays out of range, or delays of x without inputs.

    References:
        Narendra, K. S. and Parthasarathy, K. (1990). Identification and control of dynamical systems using
        neural networks. IEEE Transactions on Neural Networks 1(1), 4-27.
        Lin, T., Horne, B. G., Tino, P. and Giles, C. L. (1996). Learning long-term dependencies in NARX
        recurrent neural networks. IEEE Transactions on Neural Networks 7(6), 1329-1338.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import NARXCell
        >>> cell = NARXCell(input_delays=1, output_delays=2, hidden=(4,), inputs=1)
        >>> simulate = keras.layers.RNN(cell, return_sequences=True)
        >>> simulate(np.zeros((3, 50, 1), dtype="float32")).shape == (3, 50, 1)
        True
    """

    def __init__(
        self,
        *,
        input_delays: int | Iterable[int] = (),
        output_delays: int | Iterable[int] = (1,),
        hidden: Sequence[int] = (8,),
        activation: Any = "tanh",
        linear: bool = True,
        targets: int = 1,
        inputs: int = 0,
        teacher_forcing: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        exog_lags = _optional_delays("input_delays", input_delays, 0)
        lags = _optional_delays("output_delays", output_delays, 1)
        check_count("targets", targets)
        check_count("inputs", inputs, minimum=0)
        hidden = tuple(check_count("hidden", units) for units in hidden)
        if bool(exog_lags) != bool(inputs) or not (lags or exog_lags):
            raise ValueError(
                explain(
                    "input_delays",
                    "empty exactly when inputs=0, with output_delays then not empty",
                    f"{exog_lags} with inputs={inputs}, output_delays={lags}",
                    "Pass for example input_delays=1, inputs=1",
                )
            )
        dtype = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
        length = max(max(lags, default=1), max(exog_lags, default=0) + 1)
        window = keras.Input((length, targets + inputs), dtype=dtype.compute_dtype)
        features = lagged(window, targets=targets, lags=lags, exog_lags=exog_lags, dtype=dtype)
        outputs = narx_outputs(
            features, targets=targets, hidden=hidden, activation=activation, linear=linear, dtype=dtype
        )
        step = keras.Model(window, ops.reshape(outputs, (-1, 1, targets)), name="step")
        super().__init__(
            step,
            targets=targets,
            teacher_forcing=teacher_forcing,
            name=name,
            dtype=dtype,
            trainable=trainable,
        )
        self.input_delays = exog_lags
        self.output_delays = lags
        self.hidden = hidden
        self.activation = keras.activations.get(activation)
        self.linear = linear
        self.inputs = inputs

    def get_config(self) -> dict[str, Any]:
        return {
            **keras.layers.Layer.get_config(self),
            "input_delays": self.input_delays,
            "output_delays": self.output_delays,
            "hidden": self.hidden,
            "activation": keras.activations.serialize(self.activation),
            "linear": self.linear,
            "targets": self.targets,
            "inputs": self.inputs,
            "teacher_forcing": self.teacher_forcing,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> NARXCell:
        return cls(**config)


def _optional_delays(name: str, delays: int | Iterable[int], minimum: int) -> tuple[int, ...]:
    if isinstance(delays, Iterable):
        delays = tuple(delays)
    return () if delays == () else check_delays(name, delays, minimum)


def _last(rows: Any, delays: tuple[int, ...], name: str, dtype: Any) -> Any:
    """The delayed values of the last row, (B, L, F) -> (B, F*D)."""
    depth = max(delays) + 1
    if rows.shape[1] > depth:
        rows = rows[:, -depth:]
    taps = TappedDelay(delays, padding="valid", name=name, dtype=dtype)(rows)
    return ops.reshape(taps, (-1, taps.shape[2]))
