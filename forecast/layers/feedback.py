"""A window network as a recurrent cell: its forecast, or the measured value, is the next step's input."""

from __future__ import annotations

import copy
from typing import Any

import keras
from keras import ops

from forecast._checks import check_count, explain


@keras.saving.register_keras_serializable(package="forecast")
class FeedbackCell(keras.layers.Layer):
    """The one-step forecast of a window network, as a cell for `keras.layers.RNN`.

    Equation:
        yhat_t = f([y_{t-L}, x_{t-L+1}], ..., [y_{t-1}, x_t])
        y_{t-1} = yhat_{t-1}      parallel: the forecast is fed back (`teacher_forcing=False`)
        y_{t-1} measured          series-parallel (`teacher_forcing=True`)

    Symbols:
        f: `step`, a built network from a paired window (B, L, O+E) to (B, 1, O); its row j carries
            (y_{t-L+j}, x_{t-L+j+1}), everything known when y_t is forecast.
        y: O = `targets` target columns.
        x: E exogenous columns, E = width of the window - O, possibly 0.
        state: the last L raw rows (y_tau, x_tau), tau = t-L, ..., t-1, flattened to shape (B, L*(O+E)).
        input at t: x_t of shape (B, E), or one unused column when E = 0; with teacher forcing [x_t, y_{t-1}]
            of shape (B, E+O).
        output at t: yhat_t of shape (B, O).

    A masked step leaves the state as it is. With a mask, give `keras.layers.RNN` also
    `zero_output_for_mask=True`: on JAX it otherwise returns the state as the output of a masked step.

    Args:
        step: the network f.
        targets: O, at least 1.
        teacher_forcing: whether y_{t-1} comes from the input instead of the last forecast.
        name: name of the layer.
        dtype: dtype or dtype policy; None means that of the network's input.
        trainable: whether training changes the network.

    Raises:
        ValueError: `step` is not built on windows (B, L, O+E), or the input has too few columns.

    References:
        Narendra, K. S. and Parthasarathy, K. (1990). Identification and control of dynamical systems using
        neural networks. IEEE Transactions on Neural Networks 1(1), 4-27.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import FeedbackCell
        >>> window = keras.Input((2, 1))                                  # L = 2, O = 1, E = 0
        >>> halve = keras.Model(window, window[:, -1:] / 2)               # yhat_t = y_{t-1} / 2
        >>> run = keras.layers.RNN(FeedbackCell(halve, targets=1), return_sequences=True)
        >>> history = np.array([[0.0, 8.0]], dtype="float32")             # y_{t-2}, y_{t-1}
        >>> y = run(np.zeros((1, 3, 1), dtype="float32"), initial_state=history)
        >>> keras.ops.convert_to_numpy(y).ravel().tolist()
        [4.0, 2.0, 1.0]
    """

    def __init__(
        self,
        step: keras.Model,
        *,
        targets: int = 1,
        teacher_forcing: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        length, columns = _window_shape(step)
        super().__init__(name=name, dtype=dtype or step.inputs[0].dtype, trainable=trainable)
        self.step = step
        self.targets = check_count("targets", targets)
        self.teacher_forcing = teacher_forcing
        self.length = length
        self.exog = columns - targets
        if self.exog < 0:
            allowed = f"at most {columns}, the columns of the window"
            raise ValueError(explain("targets", allowed, targets, "Give step a wider input"))
        self.state_size = length * columns
        self.output_size = targets

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        least = self.exog + self.targets * self.teacher_forcing
        columns = input_shape[-1]
        if columns is not None and columns < least:
            allowed, remedy = (
                f"of at least {least} columns",
                "Pass x_t, or [x_t, y_{t-1}] with teacher forcing",
            )
            raise ValueError(explain("inputs", allowed, f"{columns} columns", remedy))

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        rows = ops.reshape(states[0], (-1, self.length, self.targets + self.exog))  # raw, oldest first
        if self.teacher_forcing:
            rows = self._measured(rows, inputs)
        if not self.exog:
            output = self.step(rows)  # (B, 1, O)
            return self._next(rows, output, output)
        x = ops.expand_dims(inputs[:, : self.exog], 1)  # (B, 1, E)
        output = self.step(pair(rows, x, targets=self.targets))
        return self._next(rows, output, ops.concatenate([output, x], axis=-1))

    def _measured(self, rows: Any, inputs: Any) -> Any:
        """The rows with y_{t-1} from the input in place of the forecast yhat_{t-1}."""
        last = ops.expand_dims(inputs[:, self.exog : self.exog + self.targets], 1)
        if self.exog:
            last = ops.concatenate([last, rows[:, -1:, self.targets :]], axis=-1)
        return ops.concatenate([rows[:, :-1], last], axis=1)

    def _next(self, rows: Any, output: Any, row: Any) -> tuple[Any, list[Any]]:
        rows = ops.concatenate([rows[:, 1:], row], axis=1)
        return ops.reshape(output, (-1, self.targets)), [ops.reshape(rows, (-1, self.state_size))]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """A history of zeros, shape (B, L*(O+E))."""
        return [ops.zeros((batch_size, self.state_size), dtype=self.compute_dtype)]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "step": keras.saving.serialize_keras_object(self.step),
            "targets": self.targets,
            "teacher_forcing": self.teacher_forcing,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeedbackCell:
        described = copy.deepcopy(config["step"])  # Keras empties the dictionaries it reads
        return cls(**{**config, "step": keras.saving.deserialize_keras_object(described)})


def pair(rows: Any, x: Any, *, targets: int) -> Any:
    """Raw rows [y_j, x_j] (B, L, O+E) and the next covariates (B, 1, E) as a network sees them: rows [y_j, x_{j+1}]."""
    later = ops.concatenate([rows[:, 1:, targets:], x], axis=1)
    return ops.concatenate([rows[:, :, :targets], later], axis=2)


def _window_shape(step: keras.Model) -> tuple[int, int]:
    """Rows L and columns O+E of the window that the network takes."""
    shape = getattr(step, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 3 or None in shape[1:]:
        allowed, remedy = "a built network with one input (B, L, O+E)", "Build it on keras.Input((L, O + E))"
        raise ValueError(explain("step", allowed, shape, remedy))
    return shape[1], shape[2]
