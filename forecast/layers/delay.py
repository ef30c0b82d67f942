"""Delays as layers: TappedDelay lines up delayed copies, TimeDelay is a bank of dense units over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import ops

from forecast._checks import check_choice, check_count, check_delays, explain

PADDINGS = ("causal", "valid")


@keras.saving.register_keras_serializable(package="forecast")
class TappedDelay(keras.layers.Layer):
    """Delayed copies of a sequence, side by side in the feature axis.

    Equation:
        z_t = [x_{t-d_1}, x_{t-d_2}, ..., x_{t-d_D}]

    Symbols:
        x: the input, shape (B, T, F).
        d_1, ..., d_D: `delays`, D different whole numbers of at least 0, in steps, kept in the order given;
            an int n means 0, 1, ..., n.
        z: the output, shape (B, T', F*D); the F features of d_1 come first, then those of d_2, and so on.

    Args:
        delays: the delays.
        padding: "causal" puts zeros before the record, so T' = T; "valid" leaves out the first max(delays)
            steps, so T' = T - max(delays), and a record of max(delays) + 1 steps gives one.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Steps masked in the input count as zero, and the mask is passed to the output (without its first max(delays)
    steps when the padding is "valid"): a record padded on the left gives the same output as without padding.

    Raises:
        TypeError: a delay is not a whole number.
        ValueError: a delay is negative or repeated, there is no delay, or `padding` is unknown.

    References:
        Waibel, A., Hanazawa, T., Hinton, G., Shikano, K. and Lang, K. (1989). Phoneme recognition using
        time-delay neural networks. IEEE Transactions on Acoustics, Speech, and Signal Processing 37(3),
        328-339.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import TappedDelay
        >>> x = np.array([[[1.0], [2.0], [3.0]]], dtype="float32")     # (B, T, F) = (1, 3, 1)
        >>> z = TappedDelay((0, 2))(x)
        >>> keras.ops.convert_to_numpy(z).tolist()
        [[[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]]
        >>> keras.ops.convert_to_numpy(TappedDelay((0, 2), padding="valid")(x)).tolist()
        [[[3.0, 1.0]]]
    """

    def __init__(
        self,
        delays: int | Iterable[int],
        *,
        padding: str = "causal",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.delays = check_delays("delays", delays)
        self.padding = check_choice("padding", padding, PADDINGS)
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return _taps(_masked(inputs, mask), self.delays, self.padding)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return _output_mask(previous_mask, self.delays, self.padding)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        features = known_size("features", input_shape[2]) * len(self.delays)
        return input_shape[0], _output_length(input_shape[1], self.delays, self.padding), features

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "delays": self.delays, "padding": self.padding}


@keras.saving.register_keras_serializable(package="forecast")
class TimeDelay(keras.layers.Layer):
    """One layer of a time-delay neural network: the same dense units at every step, over delayed inputs.

    Equation:
        z_t = phi(sum_i x_{t-d_i} W_i + b)

    Symbols:
        x: the input, shape (B, T, F).
        d_1, ..., d_D: `delays`, D different whole numbers of at least 0, in steps; an int n means 0, 1, ...,
            n.
        W_1, ..., W_D: the rows of `kernel`, shape (D*F, U): the F rows of d_1, then those of d_2, and so on.
        b: `bias`, shape (U,), left out when `use_bias` is False.
        phi: `activation`, any Keras activation; None means linear.
        z: the output, shape (B, T', U) with U = `units`.

    Args:
        units: number of units, at least 1.
        delays: the delays; every layer of a network may have its own (the distributed TDNN, Wan 1993).
        activation: the activation.
        use_bias: whether there is a bias.
        padding: "causal" (T' = T, zeros before the record) or "valid" (T' = T - max(delays)).
        kernel_initializer: initializer of the kernel.
        bias_initializer: initializer of the bias.
        kernel_regularizer: regularizer of the kernel.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    With delays 0, 1, ..., K it is the causal convolution of kernel size K + 1. Steps masked in the input
    count as zero, and the mask is passed to the output.

    Raises:
        TypeError: `units` or a delay is not a whole number.
        ValueError: `units` is below 1, a delay is negative or repeated, or `padding` is unknown.

    References:
        Waibel, A., Hanazawa, T., Hinton, G., Shikano, K. and Lang, K. (1989). Phoneme recognition using
        time-delay neural networks. IEEE Transactions on Acoustics, Speech, and Signal Processing 37(3),
        328-339.
        Wan, E. A. (1993). Finite impulse response neural networks with applications in time series
        prediction. PhD thesis, Stanford University.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import TimeDelay
        >>> layer = TimeDelay(4, (0, 1, 2), activation="tanh", padding="valid")
        >>> layer(np.zeros((8, 10, 3), dtype="float32")).shape == (8, 8, 4)
        True
        >>> tuple(layer.kernel.shape)
        (9, 4)
    """

    def __init__(
        self,
        units: int,
        delays: int | Iterable[int],
        *,
        activation: Any = None,
        use_bias: bool = True,
        padding: str = "causal",
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)
        self.delays = check_delays("delays", delays)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.padding = check_choice("padding", padding, PADDINGS)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def build(self, input_shape: Sequence[int | None]) -> None:
        rows = len(self.delays) * known_size("features", input_shape[-1])
        self.kernel = self.add_weight(
            name="kernel",
            shape=(rows, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer=self.bias_initializer)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        taps = _taps(_masked(inputs, mask), self.delays, self.padding)  # (B, T', D*F)
        time = taps.shape[1]
        if time is None:
            return self._dense(taps)
        outputs = self._dense(ops.reshape(taps, (-1, taps.shape[2])))  # (B*T', U): one plain matrix product
        return ops.reshape(outputs, (-1, time, self.units))

    def _dense(self, taps: Any) -> Any:
        outputs = ops.matmul(taps, self.kernel)
        if self.use_bias:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return _output_mask(previous_mask, self.delays, self.padding)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return input_shape[0], _output_length(input_shape[1], self.delays, self.padding), self.units

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "delays": self.delays,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "padding": self.padding,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


def known_size(axis: str, size: int | None) -> int:
    if size is None:
        raise ValueError(
            explain(axis, "a known size", size, "Give the input a shape with that axis filled in")
        )
    return size


def join(parts: Sequence[Any], axis: int) -> Any:
    """The parts joined along one axis; a single part is returned unchanged, which saves an operation per loop step."""
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=axis)


def _masked(inputs: Any, mask: Any) -> Any:
    if mask is None:
        return inputs
    return ops.where(ops.expand_dims(mask, -1), inputs, ops.zeros_like(inputs))


def _output_mask(mask: Any, delays: tuple[int, ...], padding: str) -> Any:
    return mask if mask is None or padding == "causal" else mask[:, max(delays) :]


def _output_length(time: int | None, delays: tuple[int, ...], padding: str) -> int | None:
    return time if time is None or padding == "causal" else time - max(delays)


def _taps(inputs: Any, delays: tuple[int, ...], padding: str) -> Any:
    """(B, T, F) -> (B, T', F*D), delay by delay."""
    if delays == (0,):
        return inputs
    depth = max(delays)
    if padding == "causal" and depth:
        inputs = ops.pad(inputs, ((0, 0), (depth, 0), (0, 0)))
    length = inputs.shape[1]
    if length is not None and length <= depth:
        raise ValueError(
            explain("inputs", f"at least {depth + 1} steps long", f"{length} steps", "Pass padding='causal'")
        )
    if length == depth + 1:
        return _last_taps(inputs, delays)
    taps = [inputs[:, depth - delay : (-delay or None)] for delay in delays]  # D of (B, T', F)
    return join(taps, axis=-1)


def _last_taps(inputs: Any, delays: tuple[int, ...]) -> Any:
    """The taps of the last step alone: one slice for each evenly spaced run of delays, so few operations."""
    rows = [_run(inputs, first, last, step) for first, last, step in _runs(delays)]
    return ops.reshape(join(rows, axis=1), (-1, 1, len(delays) * inputs.shape[2]))


def _run(inputs: Any, first: int, last: int, step: int) -> Any:
    newest = inputs.shape[1] - 1
    if step < 0:
        return inputs[:, newest - first : newest - last + 1 : -step]
    rows = inputs[:, newest - last : newest - first + 1 : step]
    return rows if first == last else ops.flip(rows, axis=1)


def _runs(delays: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Evenly spaced runs (first, last, step) that make up the delays in order."""
    runs: list[tuple[int, int, int]] = []
    for delay in delays:
        if runs:
            first, last, step = runs[-1]
            if first == last or delay - last == step:
                runs[-1] = (first, delay, delay - last)
                continue
        runs.append((delay, delay, 1))
    return runs
