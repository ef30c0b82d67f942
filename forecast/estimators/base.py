"""The scikit-learn interface every forecaster shares; a family adds only its hooks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from forecast._checks import check_choice, check_horizon
from forecast.estimators import conformal, differences, saving, transform_choice, transforms, validation
from forecast.estimators.distribution import Distribution
from forecast.estimators.exporting import Exporting
from forecast.estimators.transforms import TargetTransforms
from forecast.panel import Coding, Panel, Request, build_request, extend_panel, future_frame
from forecast.panel.gaps import from_last_known
from forecast.panel.long import STANDARD, Names
from forecast.panel.naming import names_of

State = tuple[dict[str, Any], dict[str, np.ndarray]]


class _Argument:
    """An argument that `get_params` alone tells: what has an attribute `transform` is a transformer to scikit-learn."""

    def __get__(self, model: Any, kind: type) -> None:
        if model is not None:
            raise AttributeError(
                "transform: an argument, which get_params()['transform'] tells, and no method"
            )

    def __set__(self, model: Any, value: Any) -> None:
        vars(model)["transform"] = value


@dataclass(kw_only=True, eq=False, repr=False)
class Forecaster(Exporting, TargetTransforms, Distribution, RegressorMixin, BaseEstimator):
    """A scikit-learn regressor over time that keeps the index of the data.

    A family implements `_fit`, `_forecast`, `_fitted` and `_min_history`, and may override `_update`,
    `_state` and `_restore`. Shapes: S series, N rows of all series together, H steps, O target columns,
    E covariates.

    Args:
        horizon: steps that `predict()` without an argument returns, at least 1.
        missing_rows: what to do about holes in the index of a history: "raise" an error, or "fill" them with missing
            values, as `forecast.fill_gaps` does.

    Attributes:
        panel_: the history, from whose end forecasts start; `update` moves it.
        n_features_in_: number of covariates seen in `fit`.
        feature_names_in_: their names, when all of them are strings.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.
    """

    _masks: ClassVar[bool] = False  # whether `_forecast` looks past missing targets at the end of a history
    _one_end: ClassVar[bool] = False  # whether all series are forecast from one time

    horizon: int = 1
    missing_rows: str = "raise"
    transform: Any = _Argument()

    panel_: Panel = field(init=False)
    sample_weight_: np.ndarray | None = field(init=False)
    conformal_: conformal.Calibration | None = field(init=False)

    # ---------------------------------------------------------------- hooks of a family

    def _check_options(self) -> None:
        """Refuse a wrong argument, before the data are read; a family adds its own checks."""
        check_horizon(self.horizon)
        self._check_roles()
        check_choice("missing_rows", self.missing_rows, validation.MISSING_ROWS)
        if self._transform is not None:
            transforms.check_transform(self._transform)

    def _read(self, X: Any, y: Any, names: Names) -> Panel:
        """The panel to learn from; `names` are those of a long frame."""
        return self._checked(X, y, coding=self._coding(None, names))

    def _coded(self, X: Any) -> Any:
        """X with the categories seen in `fit` replaced by their numbers, of models that learn vectors for them."""
        return X

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        """Learn from `panel`; set attributes ending in `_` (arrays and plain values only)."""
        raise NotImplementedError

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        """Closed loop from the end of each series: future_x (S, H, E) -> (S, H, O)."""
        raise NotImplementedError

    def _fitted(self, panel: Panel) -> np.ndarray:
        """One-step-ahead open-loop values (N, O), NaN where the history is too short."""
        raise NotImplementedError

    def _update(self, panel: Panel) -> None:
        """Continue learning on the extended `panel`; a family without a warm start fits again."""
        self._fit(panel, self.sample_weight_)

    def _min_history(self, panel: Panel) -> int:
        """Rows of a series before the first one that can be forecast from its own past."""
        raise NotImplementedError

    def _state(self) -> State:
        """Learned attributes as plain values and arrays, for `save`."""
        return saving.split_state(self, skip=("panel_", "conformal_"))

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Set what `_state` returned."""
        saving.restore(self, plain, arrays)

    def _parts(self) -> dict[str, Any]:
        """The fitted models inside this one by name, for `save`: none."""
        return {}

    def _take_parts(self, parts: dict[str, Any]) -> None:
        """Set what `_parts` returned; raises ValueError for models that do not belong inside this one."""
        raise ValueError("a model that has no models inside")

    # ---------------------------------------------------------------- learning

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        series: Any = None,
        time: Any = None,
        target: Any = None,
    ) -> Self:
        """Learn from a history: `fit(y)`, `fit(X, y)` or `fit(long)`. After an error the model is as before.

        `fit(None, y)` is `fit(y)`. A missing target (NaN) is neither learned from nor judged by, and forecasts begin
        at the last known one. Where fewer than half of the rows have a whole past, a model that looks back sees the
        season's usual value and a straight line in gaps of up to a season (`forecast.panel.gaps.filled`). A missing
        covariate is its last known value and the season's usual steps; whole numbers stay. Other models say so.

        Args:
            X: the series itself, a long frame (unique_id, ds, y), or, when y is given, the timeline plus
                known covariates, shape (rows, E).
            y: target on the rows of X, shape (rows,) or (rows, O).
            sample_weight: weight of each row as a target, shape (rows,), at least 0.
            series, time, target: columns of a long frame that are not called unique_id, ds and y: forecasts have their
                names, and new rows need them. A frame without a column of series is one series.

        Raises:
            ValueError, TypeError: the data or an argument cannot be used; the message names the remedy.
        """
        self._check_options()
        validation.check_types(self)
        X, y = (y, None) if X is None else (X, y)
        names = STANDARD if series is time is target is None else names_of(X, y, series, time, target)
        with validation.refit(self):
            panel = self._read(X, y, names)
            self._check_columns(panel)
            weights = validation.row_weights(sample_weight, X, panel)
            units: dict[str, Any] = {}
            if self._transform is not None:
                panel, units = transform_choice.fit_units(self, panel, weights)
            self._learn_from(panel, weights)
            self.__dict__ |= units
            validation.remember(self, X, panel)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Append new rows that follow the history, and continue learning; the first call is `fit`."""
        if not validation.learned(self):
            return self.fit(X, y)
        with validation.rollback(self):
            self.update(X, y)
            differences.within(self, lambda model: model._update(model.panel_))
            self.conformal_ = None
        return self

    def update(self, X: Any, y: Any = None) -> Self:
        """Append new rows that follow the history: the origin moves, what was learned stays."""
        check_is_fitted(self, "panel_")
        validation.check_columns(self, X)
        panel = extend_panel(self.panel_, self._rows(self._coded(X), y, self.panel_))
        panel = validation.with_known_covariates(panel)
        if self.sample_weight_ is not None:
            self.sample_weight_ = validation.extend_weights(self.sample_weight_, self.panel_, panel)
        self.panel_ = panel
        return self

    # ---------------------------------------------------------------- forecasting

    def predict(self, X: Any = None) -> Any:
        """Forecast a number of steps, the rows of an index or frame, or `horizon` steps.

        Timestamps in the history give the one-step-ahead forecast from the true values before them and the covariates
        in X; rows with too little history for the model give the mean of the values before them, the very first row the
        mean of its series, both of transformed values where there is a `transform`. Timestamps after the history give
        the closed-loop forecast. An array has no timeline: rows that equal a stretch of the training rows mean these,
        all others follow the history. A model that was fitted on an index refuses others, since they could lie anywhere
        after the history; in a pipeline `set_output(transform="pandas")` keeps the index.

        Args:
            X: None, a whole number of steps, an index, or a frame or array of future covariates.

        Returns:
            Forecasts in the form of the target given to `fit`, on the requested index.

        Raises:
            ValueError, TypeError: rows or covariates that do not fit the history.
        """
        request = self._request(X)
        values = self._points(request, self._values(self.panel_, request))
        return request.restore(values, name=type(self).__name__)

    def simulate(self, X: Any, initial: Any) -> Any:
        """Simulate a new record in closed loop from its inputs and its first outputs.

        Args:
            X: covariates of the record, one row per time step (a number of steps for a model without
                covariates).
            initial: outputs on the first rows of X, at least as many as the model looks back.

        Returns:
            Simulated outputs on the remaining rows of X.

        Raises:
            ValueError, TypeError: other columns than in `fit`, or too few initial outputs.
        """
        check_is_fitted(self, "panel_")
        known, rest = validation.split_record(self._coded(X), initial, self.panel_.layout.names)
        record = self._checked(*known, coding=Coding.of(self.panel_.layout))
        validation.check_record(self, record)
        record = replace(record, allow_missing=True)
        rows = validation.following(rest, record)
        request = build_request(record, rows, horizon=self.horizon, first_lags=self._first_lags())
        request = validation.with_known_inputs(request, record)
        values = self._outward(record, request.series, self._values(record, request))
        return request.restore(values, name=type(self).__name__)

    def min_history(self, panel: Panel) -> int:
        """Rows of a series before the first one that can be forecast from its own past."""
        lags = self.differences_ or (differences.lags_of(self, panel) if self._transform is not None else ())
        return differences.rows_before(self, panel, lags) if lags else self._min_history(panel)

    def make_future_frame(self, horizon: int) -> Any:
        """The frame of future covariates to fill: the next `horizon` timestamps of every series, all NaN.

        It has the covariates that matter to the forecasts of these steps: not those of which only later lags are used.
        """
        check_is_fitted(self, "panel_")
        return future_frame(self.panel_, check_horizon(horizon), first_lags=self._asked_lags())

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """R² of the forecasts: `score(X_future, y_future)`, or `score(y_future)` after `fit(y)`.

        The index of y, if it has one, says which rows an array X means; an index of X must equal it.
        """
        check_is_fitted(self, "panel_")
        X, y = validation.split_target(X, y, self.panel_)
        answer = self.predict(validation.on_rows_of(y, X, self.panel_))
        validation.check_same_rows(y, answer, self.panel_)
        weights = validation.aligned_weights(sample_weight, getattr(y, "index", None))
        forecast = validation.values_of(answer, type(self).__name__)
        return float(r2_score(y, forecast, sample_weight=weights))

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file that `forecast.load` reads back without executing anything."""
        check_is_fitted(self, "panel_")
        saving.save(self, path)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments by name; if `deep` also those of arguments that have some, as `name__argument`."""
        found = {name: vars(self)[name] for name in self._get_param_names()}
        for name, value in list(found.items()) if deep else ():
            if hasattr(value, "get_params") and not isinstance(value, type):
                found |= {f"{name}__{key}": each for key, each in value.get_params().items()}
        return found

    # ---------------------------------------------------------------- inside

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False  # fit(y) is the shortest form
        tags.input_tags.allow_nan = True  # in the history
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # rows of an array follow the history, also in score
        return tags

    def _learn(self, panel: Panel, weights: np.ndarray | None) -> None:
        self._check_length(panel, self.min_history(panel))
        validation.check_observed(panel)
        self._fit(panel, weights)
        self._set_history(panel, weights)

    def _set_history(self, panel: Panel, weights: np.ndarray | None) -> None:
        self.panel_, self.sample_weight_, self.conformal_ = panel, weights, None

    def _checked(self, X: Any, y: Any, like: Panel | None = None, coding: Coding | None = None) -> Panel:
        return validation.with_known_covariates(self._rows(X, y, like, coding))

    def _rows(self, X: Any, y: Any, like: Panel | None, coding: Coding | None = None) -> Panel:
        coding = self._coding(like) if coding is None else coding
        if self.missing_rows == "fill":
            X, y = validation.without_holes(X, y, like, coding.names)
        panel = Panel.from_data(X, y, allow_missing=True, like=like, coding=coding)
        return self._inward(panel)

    @property
    def _transform(self) -> Any:
        """The argument `transform`."""
        return vars(self)["transform"]

    @property
    def _as_given(self) -> bool:
        """Whether values inside are those of the user, without a transform or a bound."""
        return not self.transform_ and not self.nonnegative

    def _inward(self, panel: Panel) -> Panel:
        """A panel in the user's units in those of the model."""
        return panel if self._as_given else transforms.inward(self, panel)

    def _outward(self, panel: Panel, series: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values (..., O) or (..., O, K) of series (...) of a panel in the user's units."""
        return values if self._as_given else transforms.outward(self, panel, series, values)

    def _points(self, request: Request, values: np.ndarray) -> np.ndarray:
        """Forecasts (R, O) of requested rows in the user's units, corrected for their bias if that is asked for."""
        return values if self._as_given else transforms.points(self, request, values)

    def _history(self) -> Panel:
        """The history in the user's units."""
        if self._as_given:
            return self.panel_
        y = self._outward(self.panel_, self.panel_.series_of_rows(), self.panel_.y)
        return replace(self.panel_, y=y)

    def _learn_from(self, panel: Panel, weights: np.ndarray | None) -> None:
        """Learn from a history in transformed units, or from its differences."""
        lags = () if self._transform is None else differences.lags_of(self, panel)
        if lags:
            differences.learn(self, panel, weights, lags)
        else:
            self._learn(panel, weights)

    def _check_length(self, panel: Panel, history: int) -> None:
        """Refuse series too short to look back `history` rows and to learn from one more."""
        validation.check_length(panel, history)

    def _request(self, X: Any) -> Request:
        check_is_fitted(self, "panel_")
        validation.check_columns(self, X)
        panel, horizon = self.panel_, check_horizon(self.horizon)
        compared = isinstance(X, (np.ndarray, list, tuple))  # arrays have no times: their rows are looked up
        known = self._history() if compared else panel
        request = build_request(known, self._coded(X), horizon=horizon, first_lags=self._asked_lags())
        return replace(request, future_x=self._without_hindsight(panel, request.future_x))

    def _values(self, panel: Panel, request: Request) -> np.ndarray:
        """Values (R, O) on the requested rows: open loop in the history, closed loop after it."""
        panel, step = request.history(panel), request.position - panel.lengths[request.series]
        values = np.empty((len(step), panel.n_targets))
        ahead, inside = step >= 0, step < 0
        if ahead.any():
            future_x = request.known_x(panel.x[panel.offsets[1:] - 1])
            closed = self._ahead(panel, request.horizon, future_x)  # (S, H, O)
            values[ahead] = closed[request.series[ahead], step[ahead]]
        if inside.any():
            rows = panel.offsets[request.series[inside]] + request.position[inside]
            values[inside] = validation.fill_early(self._in_levels._fitted(panel), panel)[rows]
        return values

    @property
    def _in_levels(self) -> Any:
        """The hooks that answer in levels: its own, or those around a model of differences."""
        return differences.Levels(self) if self.differences_ else self

    def _ahead(
        self, panel: Panel, horizon: int, future_x: np.ndarray, *, quantiles: bool = False
    ) -> np.ndarray:
        """`_forecast` or `_forecast_quantiles` from the last row of each series with a known target, in levels."""
        hooks = self._in_levels
        ask = hooks._forecast_quantiles if quantiles else hooks._forecast
        if hooks._masks or np.isfinite(panel.y[panel.offsets[1:] - 1]).any(axis=1).all():
            return ask(panel, horizon, future_x)
        least = self.min_history(panel)
        return from_last_known(ask, panel, horizon, future_x, least=least, together=self._one_end)
