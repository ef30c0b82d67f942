"""Any keras.Model as a forecaster."""

from __future__ import annotations

import hashlib
import pathlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from forecast._checks import check_count, explain
from forecast.estimators.base import State
from forecast.estimators.neural.base import SOLVERS, NeuralForecaster
from forecast.panel import Panel
from forecast.training.keras_fit import seeded
from forecast.training.window_program import Program

_KEPT = 8  # compiled programs of the models used last
_programs: OrderedDict[str, Program] = OrderedDict()


@dataclass(kw_only=True, eq=False, repr=False)
class KerasForecaster(NeuralForecaster):
    """A Keras model of the user on windows of the history, one model for all series.

        [y_t, ..., y_{t+H-1}] = f([y_{t-L}, x_{t-L+1}], ..., [y_{t-1}, x_t]) + noise

    A model with one step of output is fed back for longer forecasts; one with H steps answers them at once,
    and longer horizons in blocks of H.

    Args:
        build: called as `build(window, features, targets)`, returns an uncompiled keras.Model from (B, L,
            O+E) to (B, H, O), (B, H) or (B, O). Features are the O targets, then the E covariates, each row's
            covariates one step ahead of its targets; all in scaled units.
        window: L, rows of history the model sees.
        loss: Keras name of the loss, or a keras.losses.Loss, for solver="keras".
        solver: "keras" trains by `model.fit` with Adam, dropout and normalisation layers included; "lm",
            "lbfgs" and "adam" are the package's solvers of the squared error, for models whose output is a
            function of the weights alone.
        The other arguments are those of `NeuralForecaster`; "multi-step" and "free-run" training need a
        one-step model and a solver of the package.

    Attributes:
        theta_: weights of every member, shape (members, P); `network_` is the keras.Model that carries them.
        history_: loss of every epoch of every member.

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

    def _program(self, panel: Panel) -> Program:
        if not callable(self.build) or isinstance(self.build, keras.Model):
            raise ValueError(
                explain(
                    "build",
                    "a function (window, features, targets) -> keras.Model",
                    repr(self.build),
                    "Pass build=my_function, not what it returns",
                )
            )
        shape = (check_count("window", self.window), panel.n_targets + panel.n_exog, panel.n_targets)
        with seeded(self.random_state):
            model = _with_steps(self.build(*shape), shape)
        dtype = keras.backend.standardize_dtype(model.inputs[0].dtype)
        program = Program(lambda: model, targets=panel.n_targets, dtype=dtype, jit=self.jit_compile)
        self.window_, self.targets_ = program.window, panel.n_targets
        self._check_training(program)
        return program

    def _check_training(self, program: Program) -> None:
        if self.training == "one-step":
            return
        if self.solver == "keras":
            allowed, remedy = "one of the package when training is in closed loop", 'Pass solver="lm"'
            raise ValueError(explain("solver", allowed, repr(self.solver), remedy))
        if program.steps > 1:
            allowed, remedy = '"one-step" for a model of several steps', "Build a model of one step"
            raise ValueError(explain("training", allowed, repr(self.training), remedy))

    def min_history(self, panel: Panel) -> int:
        """L, the rows of a window."""
        return check_count("window", self.window)

    def _fitted_program(self) -> Program:
        program = _programs.get(_key(self.model_))
        if program is None:
            model = _from_bytes(self.model_)
            dtype = keras.backend.standardize_dtype(model.inputs[0].dtype)
            program = Program(lambda: model, targets=self.targets_, dtype=dtype, jit=self.jit_compile)
        _remember(_key(self.model_), program)
        return program

    def _network(self) -> keras.Model:
        return self._fitted_program().copy(self.theta_[0])

    def _train(
        self,
        program: Program,
        panel: Panel,
        sample_weight: np.ndarray | None,
        starts: list[np.ndarray | None],
    ) -> None:
        before = _statistics(program.network)
        with seeded(None if self.random_state is None else self.random_state + 1):
            drawn = [program.template if k == 0 else _redrawn(program) for k in range(len(starts))]
            starts = [one if start is None else start for one, start in zip(drawn, starts, strict=True)]
            super()._train(program, panel, sample_weight, starts)
        if len(starts) > 1 and not np.array_equal(before, _statistics(program.network)):
            allowed = "1 for a model whose training changes more than its weights (batch statistics)"
            raise ValueError(explain("members", allowed, len(starts), "Pass members=1"))
        program.forget()
        self.model_ = _to_bytes(program.network)  # with the batch statistics that training left
        _remember(_key(self.model_), program)

    def _state(self) -> State:
        raise ValueError(
            explain(
                "KerasForecaster.save",
                "called on an estimator without foreign functions",
                f"build={self.build!r}",
                'Use model.network_.save("model.keras"), or joblib.dump for files you trust',
            )
        )


def _redrawn(program: Program) -> np.ndarray:
    """theta (P,) of the same model from its own initialisers, for a further member."""
    fresh = keras.models.clone_model(program.network)
    return np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in fresh.trainable_variables])


def _statistics(network: keras.Model) -> np.ndarray:
    """What a network keeps beside its trained weights and its random states, as one vector."""
    kept = [v for v in network.non_trainable_variables if "float" in str(v.dtype)]
    return np.concatenate([np.zeros(0), *(np.ravel(keras.ops.convert_to_numpy(v)) for v in kept)])


def _with_steps(model: Any, shape: tuple[int, int, int]) -> keras.Model:
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


def _key(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _remember(key: str, program: Program) -> None:
    _programs[key] = program
    _programs.move_to_end(key)
    while len(_programs) > _KEPT:
        _programs.popitem(last=False)
