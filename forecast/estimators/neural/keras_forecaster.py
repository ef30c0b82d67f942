"""Any keras.Model as a forecaster."""

from __future__ import annotations

import pathlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np

from forecast._checks import check_count, explain
from forecast.estimators.base import State
from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.inputs import View
from forecast.estimators.neural.training_options import SOLVERS
from forecast.layers.normalization import ReversibleNormalization
from forecast.networks import NetworkConfig
from forecast.panel import Panel
from forecast.training.keras_fit import seeded
from forecast.training.objective import SQUARED, Objective
from forecast.training.options import Options
from forecast.training.window_program import WindowProgram

_KEPT = 8  # compiled programs of the models used last
_programs: OrderedDict[KerasConfig, WindowProgram] = OrderedDict()


@dataclass(frozen=True, kw_only=True)
class KerasConfig(NetworkConfig):
    """The user's model: while it is fitted the keras.Model itself, afterwards the bytes of its .keras file."""

    length: int
    model: keras.Model | bytes

    def __post_init__(self) -> None:
        """The model was checked where it was built."""

    @property
    def window(self) -> int:
        return self.length

    def build(self) -> keras.Model:
        """The model, with the batch statistics of its training."""
        return _from_bytes(self.model) if isinstance(self.model, bytes) else self.model


@dataclass(kw_only=True, eq=False, repr=False)
class KerasForecaster(NeuralForecaster):
    """A user's Keras model on windows of the history, one model for all series.

        [y_t, ..., y_{t+H-1}] = f([y_{t-L}, x_{t-L+1}], ..., [y_{t-1}, x_t]) + noise

    A model with one step of output is fed back for longer forecasts; one with H steps forecasts them at once,
    and longer horizons in blocks of H.

    Args:
        build: called as `build(window, features, targets)`, returns an uncompiled keras.Model from (B, L,
            O+E) to (B, H, O), (B, H) or (B, O). Features are the O targets, then the E covariates, each row's
            covariates one step ahead of its targets; all in scaled units.
        window: L, rows of history the model sees.
        loss: Keras name of the loss, or a keras.losses.Loss, for solver="keras" only.
        solver: "keras" trains by `model.fit` with Adam, dropout and normalisation layers included; "lm",
            "lbfgs" and "adam" are the package's solvers of the squared error, for models whose output is a
            function of the weights alone.
        training: as in the other families; "multi-step" and "free-run" need a one-step model and a solver of
            the package.
        scale: as in the other families; windows are scaled in a layer around the model, which `network_` shows.
        weight_decay: strength of the pull to the weights that training starts from, for the package's solvers.

    Raises:
        ValueError, TypeError: an argument, the model's shapes or the data cannot be used. `save` is refused,
            because a function cannot be stored without pickle: save `network_` as a .keras file instead.

    Example:
        >>> import numpy as np
        >>> def build(window, features, targets):
        ...     rows = keras.Input((window, features))
        ...     return keras.Model(rows, keras.layers.Dense(2 * targets)(keras.layers.Flatten()(rows)))
        >>> y = np.sin(np.arange(80) * 0.5)
        >>> model = KerasForecaster(build=build, window=6, epochs=5, random_state=0).fit(y)
        >>> model.predict(4).shape                                      # two blocks of two steps
        (4,)
    """

    build: Callable[[int, int, int], keras.Model] | None = None
    window: int = 12
    loss: Any = "mean_squared_error"
    solver: str = "keras"
    epochs: int = 50

    _solvers: ClassVar[tuple[str, ...]] = (*SOLVERS, "keras")

    def _check_options(self) -> None:
        super()._check_options()
        check_count("window", self.window)
        if not callable(self.build) or isinstance(self.build, keras.Model):
            allowed = "a function (window, features, targets) -> keras.Model"
            remedy = "Pass build=my_function, not what it returns"
            raise ValueError(explain("build", allowed, repr(self.build), remedy))
        if self.solver != "keras" and self.loss != "mean_squared_error":
            allowed, remedy = "left out for the solvers of the squared error", 'Pass solver="keras"'
            raise ValueError(explain("loss", allowed, repr(self.loss), remedy))
        if self.solver == "keras" and self.weight_decay is not None:
            allowed, remedy = 'None for solver="keras"', "Give the layers a kernel_regularizer instead"
            raise ValueError(explain("weight_decay", allowed, repr(self.weight_decay), remedy))
        if self.training != "one-step" and self.solver == "keras":
            allowed, remedy = "one of the package when training is in closed loop", 'Pass solver="lm"'
            raise ValueError(explain("solver", allowed, repr(self.solver), remedy))

    def _objective(self) -> Objective:
        return SQUARED  # of the package's solvers; `loss` is that of solver="keras"

    def _check_loss(self) -> None:
        """`_check_options` checks `loss`."""

    def _configure(self, panel: Panel) -> KerasConfig:
        shape = (self.window, panel.n_targets + panel.n_exog, panel.n_targets)
        with seeded(self.random_state):
            model = _checked(self.build(*shape), shape)  # type: ignore[misc]  # `_check_options` saw it
        dtype = keras.backend.standardize_dtype(model.inputs[0].dtype)
        if self.training != "one-step" and model.output_shape[1] > 1:
            allowed, remedy = '"one-step" for a model of several steps', "Build a model of one step"
            raise ValueError(explain("training", allowed, repr(self.training), remedy))
        config = KerasConfig(
            targets=panel.n_targets, exog=panel.n_exog, length=self.window, model=model, dtype=dtype
        )
        return self._rescaled(config, self.scale)

    def _rescaled(self, config: Any, scale: str | None) -> KerasConfig:
        scaled = replace(config, window_norm=scale == "window", window_level=scale == "level")
        norm = scaled.normalization()
        return scaled if norm is None else replace(scaled, model=_normalised(config.model, norm))

    def _min_history(self, panel: Panel) -> int:
        """L, the rows of a window."""
        return self.window

    def _compiled(self) -> WindowProgram:
        return _remembered(self.config_, self.jit_compile)

    def _rival(self, panel: Panel) -> None:
        """None: a user's model is kept, however well it forecasts."""

    def _has_baseline(self, view: View) -> bool:
        return False

    def _network(self) -> keras.Model:
        return self._compiled().copy(self.theta_[0])

    def _options(self, program: WindowProgram, rows: int) -> Options:
        return replace(super()._options(program, rows), loss=self.loss)

    def _train(self, view: View, starts: list[np.ndarray | None]) -> None:
        program = self._compiled()
        before = _statistics(program.network)
        with seeded(None if self.random_state is None else self.random_state + 1):
            drawn = [program.template if k == 0 else _redrawn(program) for k in range(len(starts))]
            starts = [one if start is None else start for one, start in zip(drawn, starts, strict=True)]
            super()._train(view, starts)
        if len(starts) > 1 and not np.array_equal(before, _statistics(program.network)):
            allowed = "1 for a model whose training changes more than its weights (batch statistics)"
            raise ValueError(explain("members", allowed, len(starts), "Pass members=1"))
        program.forget()
        _programs.pop(self.config_, None)
        self.config_ = replace(self.config_, model=_to_bytes(program.network))
        _programs[self.config_] = program

    def _state(self) -> State:
        raise ValueError(
            explain(
                "KerasForecaster.save",
                "called on an estimator without foreign functions",
                f"build={self.build!r}",
                'Use model.network_.save("model.keras"), or joblib.dump for files you trust',
            )
        )


def _redrawn(program: WindowProgram) -> np.ndarray:
    """theta (P,) of the same model from its own initialisers, for a further member."""
    fresh = keras.models.clone_model(program.network)
    return np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in fresh.trainable_variables])


def _statistics(network: keras.Model) -> np.ndarray:
    """The variables of a network besides its trained weights and its random states, as one vector."""
    kept = [v for v in network.non_trainable_variables if "float" in str(v.dtype)]
    return np.concatenate([np.zeros(0), *(np.ravel(keras.ops.convert_to_numpy(v)) for v in kept)])


def _checked(model: Any, shape: tuple[int, int, int]) -> keras.Model:
    """The model with outputs (B, H, O), after a check of its shapes."""
    window, features, targets = shape
    if not (isinstance(model, keras.Model) and model.built and getattr(model, "inputs", None)):
        allowed = "a function that returns a built functional or sequential keras.Model"
        received = f"one that returns {type(model).__name__}"
        raise TypeError(explain("build", allowed, received, "Begin with keras.Input((window, features))"))
    if tuple(model.input_shape[1:]) != (window, features):
        raise ValueError(
            explain(
                "build",
                f"a model of inputs (batch, {window}, {features})",
                model.input_shape,
                "Begin with keras.Input((window, features))",
            )
        )
    output = tuple(model.output_shape[1:])
    if len(output) == 2 and output[1] == targets:
        return model
    if len(output) != 1 or output[0] % targets:
        raise ValueError(
            explain(
                "build",
                f"a model of outputs (batch, steps, {targets}) or (batch, steps * {targets})",
                model.output_shape,
                "End it with Dense(steps * targets)",
            )
        )
    steps = keras.layers.Reshape((output[0] // targets, targets), dtype=model.outputs[0].dtype)
    return keras.Model(model.inputs[0], steps(model.outputs[0]))


def _normalised(model: keras.Model, norm: ReversibleNormalization) -> keras.Model:
    """The same model on normalised windows, its forecasts denormalised."""
    rows = keras.Input(model.input_shape[1:], dtype=model.inputs[0].dtype)
    window, statistics = norm.normalize(rows)
    return keras.Model(rows, norm.denormalize(model(window), statistics))


def _to_bytes(model: keras.Model) -> bytes:
    """The .keras file of a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _from_bytes(data: bytes) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        path.write_bytes(data)
        return keras.models.load_model(path)


def _remembered(config: KerasConfig, jit: bool) -> WindowProgram:
    """The compiled network of a config, from a cache of the last ones."""
    program = _programs.get(config)
    if program is None:
        program = WindowProgram(config.build, targets=config.targets, dtype=config.dtype, jit=jit)
    _programs[config] = program
    _programs.move_to_end(config)
    while len(_programs) > _KEPT:
        _programs.popitem(last=False)
    return program
