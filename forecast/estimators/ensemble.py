"""Several forecasters as one: the median, the mean, or a combination learned from held-out forecasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import nnls
from sklearn.base import clone, is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from forecast._checks import check_jobs, explain
from forecast.estimators import differences, saving
from forecast.estimators.base import Forecaster, State
from forecast.estimators.baselines.local import match_series
from forecast.estimators.held_out import held_out, longest_tail, mean_step
from forecast.estimators.registry import estimator_class
from forecast.estimators.validation import learned, rollback
from forecast.panel import Panel

AVERAGES = ("median", "mean")
DEFAULT = ("AR", "ETS", "Theta")
REMEDY = "Pass for example Ensemble({'ar': AR(), 'theta': Theta()})"


@dataclass(kw_only=True, eq=False, repr=False)
class Ensemble(Forecaster):
    """A combination of the forecasts of several models.

    Equation:
        y_{T+h} = g(f_1, ..., f_M),   f_m the forecast of model m for this step

    Symbols:
        g: "median" or "mean"; "weights": w_1 f_1 + ... + w_M f_M with w_m >= 0 and a sum of 1; or a regressor r:
            c + u r((f_1 - c) / u, ..., (f_M - c) / u) with the mean c of the f_m and the mean absolute step u of the
            series.

    The weights and the regressor are learned from forecasts of the last rows of the history by copies of the models
    that have not seen them: the weights minimise the squared error, in units of the mean absolute step of each
    series, over all series, steps and origins. This fits all models once more. These forecasts reach `horizon` steps
    ahead (by default a season, at least 10 steps, as far as the history allows).

    Args:
        estimators: {name: forecaster}, or a list of forecasters or of pairs (name, forecaster); those of a plain
            list are named after their class in lower case, as by `make_pipeline`. Their arguments are set as
            `name__argument`. None = AR, ETS and Theta.
        combine: "median", "mean", "weights", or a scikit-learn regressor.
        horizon: steps that `predict()` returns.
        n_jobs: number of joblib jobs that fit models in parallel; None = 1 or as set by `joblib.parallel_config`.

    Attributes:
        named_estimators_: the fitted models by name.
        weights_: w, shape (M,), for combine="weights", else None.
        regressor_: r, for a regressor, else None; unit_: its unit for each series, shape (S, O).

    Raises:
        ValueError, TypeError: an argument or the data cannot be used; an error of a model names it. Sample
            weights go to the models that accept them, and are refused if none does. `save` is refused with a
            regressor, which cannot be stored without pickle: use joblib for files you trust.

    References:
        Bates, J. M. and Granger, C. W. J. (1969). The combination of forecasts. Operational Research Quarterly 20,
        451-468.
        Breiman, L. (1996). Stacked regressions. Machine Learning 24, 49-64.

    Example:
        >>> import numpy as np
        >>> from forecast import Drift, Naive, SeasonalNaive
        >>> model = Ensemble({"a": Naive(), "b": Drift(), "c": SeasonalNaive(season=2)}).fit(np.arange(10.0))
        >>> model.predict(2)
        array([9., 9.])
        >>> model.set_params(combine="weights", c__season=3).fit(np.arange(10.0)).weights_.round(6)
        array([0., 1., 0.])
    """

    estimators: Any = field(default=None, kw_only=False)
    combine: Any = "median"
    n_jobs: int | None = None

    named_estimators_: dict[str, Any] = field(init=False)
    weights_: np.ndarray | None = field(init=False)
    regressor_: Any = field(init=False)
    unit_: np.ndarray | None = field(init=False)

    # ---------------------------------------------------------------- arguments as in scikit-learn

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Arguments by name; if `deep` also the models by name, and their arguments as `name__argument`."""
        params = super().get_params(deep=deep)
        for name, model in named(self.estimators).items() if deep else ():
            params[name] = model
            if hasattr(model, "get_params") and not isinstance(model, type):
                params |= {f"{name}__{key}": value for key, value in model.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set arguments by name: those of the ensemble, whole models, and arguments of models."""
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        models = named(self.estimators)
        replaced = {name: params.pop(name) for name in models if name in params}
        if replaced:
            self.estimators = {**models, **replaced}
        super().set_params(**params)
        return self

    def _check_options(self) -> None:
        super()._check_options()
        check_jobs(self.n_jobs)
        _check_models(self.estimators, self.get_params(deep=False))
        if not isinstance(self.combine, str) or self.combine not in (*AVERAGES, "weights"):
            if (
                isinstance(self.combine, type)
                or not hasattr(self.combine, "__sklearn_tags__")
                or not is_regressor(self.combine)
            ):
                allowed = "'median', 'mean', 'weights' or a scikit-learn regressor"
                raise ValueError(explain("combine", allowed, repr(self.combine), "Pass combine='median'"))

    def _models(self) -> dict[str, Any]:
        if self.estimators is None:
            return {name.lower(): estimator_class(name)() for name in DEFAULT}
        return named(self.estimators)

    # ---------------------------------------------------------------- hooks of the base

    def _min_history(self, panel: Panel) -> int:
        """That of the model that looks back furthest."""
        models = self.named_estimators_ if learned(self) else self._models()
        return max(_named(name, model.min_history, panel) for name, model in models.items())

    def _check_length(self, panel: Panel, history: int) -> None:
        """Nothing here: each model checks for itself."""

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        models = self._models()
        heeding = {name for name, model in models.items() if has_fit_parameter(model, "sample_weight")}
        if sample_weight is not None and not heeding:
            allowed = "None, since none of the models accepts weights of rows"
            raise ValueError(explain("sample_weight", allowed, "weights", "Leave them out, or add AR()"))
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_learned)(name, clone(model), panel, sample_weight if name in heeding else None)
            for name, model in models.items()
        )
        for model in fitted:
            _share_history(model, panel)
        self.named_estimators_ = dict(zip(models, fitted, strict=True))
        self._fit_combination(panel, sample_weight)

    def _fit_combination(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        self.weights_ = self.regressor_ = self.unit_ = None
        if isinstance(self.combine, str) and self.combine in AVERAGES:
            return
        wanted = self.horizon if self.horizon > 1 else max(panel.season_length, 10)
        horizon = max(min(wanted, int(longest_tail(self, panel).max())), 1)
        found = held_out(clone(self).set_params(combine="mean"), panel, sample_weight, horizon, ask=_each)
        unit = mean_step(found.head)  # (S, O)
        known = np.isfinite(found.truth)
        units = np.broadcast_to(unit[:, None], known.shape)[known][:, None]
        center, relative = _relative(found.forecast[known], units)
        goal = (found.truth[known] - center) / units[:, 0]
        if isinstance(self.combine, str):
            self.weights_ = simplex_weights(relative, goal)
        else:
            self.regressor_, self.unit_ = clone(self.combine).fit(relative, goal), unit

    def _first_lags(self) -> np.ndarray:
        return np.min([model._first_lags() for model in self.named_estimators_.values()], axis=0)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = _each(self, panel, horizon, future_x)  # (S, H, O, M)
        return self._combined(
            values, np.repeat(np.arange(panel.n_series), horizon).reshape(-1, horizon), panel
        )

    def _fitted(self, panel: Panel) -> np.ndarray:
        rows, each = panel.series_of_rows(), []
        for model in self.named_estimators_.values():
            own = model._inward(panel)
            each.append(model._outward(own, rows, model._in_levels._fitted(own)))
        values = np.stack(each, axis=-1)
        known = np.isfinite(values).all(axis=(1, 2))
        combined = np.full(values.shape[:-1], np.nan)
        combined[known] = self._combined(values[known], panel.series_of_rows()[known], panel)
        return combined

    def _combined(self, values: np.ndarray, series: np.ndarray, panel: Panel) -> np.ndarray:
        """One value (..., O) from those of the models (..., O, M) for rows of the `series` (...) of a panel."""
        if self.weights_ is not None:
            return values @ self.weights_
        if self.regressor_ is None:
            average = np.median if self.combine == "median" else np.mean
            return np.asarray(average(values, axis=-1))
        assert self.unit_ is not None
        unit = self.unit_[match_series(self.panel_, panel)][series]  # (..., O)
        center, relative = _relative(values, unit[..., None])
        learned_part = self.regressor_.predict(relative.reshape(-1, relative.shape[-1]))
        return center + unit * np.reshape(learned_part, center.shape)

    # ---------------------------------------------------------------- moving on

    def update(self, X: Any, y: Any = None) -> Self:
        """Append new rows that follow the history: the origin of every model moves, what they learned stays."""
        check_is_fitted(self, "panel_")
        with self._together():
            self._advance("update", X, y)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Append new rows that follow the history; all models learn on, and so does their combination."""
        if not learned(self):
            return self.fit(X, y)
        with self._together():
            self._advance("partial_fit", X, y)
            differences.within(self, lambda model: model._fit_combination(model.panel_, model.sample_weight_))
            self.conformal_ = None
        return self

    def _advance(self, verb: str, X: Any, y: Any) -> None:
        before = self.panel_.lengths
        super().update(X, y)
        history = differences.differenced(self.panel_, self.differences_)[-1]
        if self.transform_:  # the models learn transformed values
            X, y = _arguments(history.slice(before - sum(self.differences_)))
        for name, model in self.named_estimators_.items():
            _named(name, getattr(model, verb), X, y)
            _share_history(model, history)

    @contextmanager
    def _together(self) -> Iterator[None]:
        """An error in the block restores what all models had learned."""
        with ExitStack() as stack:
            for model in (self, *self.named_estimators_.values()):
                stack.enter_context(rollback(model))
            yield

    def _parts(self) -> dict[str, Any]:
        return self.named_estimators_

    def _take_parts(self, parts: dict[str, Any]) -> None:
        self.named_estimators_ = parts

    def _state(self) -> State:
        if self.regressor_ is not None:
            allowed, received = "called on a model without foreign objects", type(self.regressor_).__name__
            remedy = "Use joblib.dump for files you trust, or combine='weights'"
            raise ValueError(explain("Ensemble.save", allowed, f"a fitted {received}", remedy))
        return saving.split_state(
            self, skip=("panel_", "conformal_", "named_estimators_", "regressor_", "unit_")
        )

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.regressor_ = self.unit_ = None
        super()._restore(plain, arrays)


def named(estimators: Any) -> dict[str, Any]:
    """The models by name; none where `estimators` is no collection of models.

    Example:
        >>> from forecast import AR, Naive
        >>> list(named([AR(), Naive()])), list(named([("a", AR())])), named(3)
        (['ar', 'naive'], ['a'], {})
    """
    if isinstance(estimators, Mapping):
        return dict(estimators)
    if not isinstance(estimators, (list, tuple)):
        return {}
    if all(isinstance(item, tuple) and len(item) == 2 for item in estimators):
        return dict(estimators)
    return dict(make_pipeline(*estimators).steps)


def simplex_weights(forecasts: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The weights (M,), at least 0 and with a sum of 1, by which the mean of forecasts (R, M) has least squared error.

    With errors e_m = y - f_m the v >= 0 that minimises |E v|^2 + (1 - sum v)^2 is proportional to the solution.

    Example:
        >>> simplex_weights(np.array([[0.0, 4.0], [1.0, 5.0]]), np.array([1.0, 2.0]))
        array([0.75, 0.25])
    """
    errors = truth[:, None] - forecasts
    size = np.sqrt((errors**2).sum(axis=0))
    unit = max(size.min(), 1e-9 * size.max()) or 1.0
    triangle = np.linalg.qr(errors / unit, mode="r")
    solution = nnls(np.vstack([triangle, np.ones(len(size))]), np.append(np.zeros(len(triangle)), 1.0))[0]
    weights: np.ndarray = solution / solution.sum()
    return weights


def _each(model: Ensemble, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
    """Forecasts (S, H, O, M) of all models of an ensemble."""
    values, series = [], np.arange(panel.n_series)[:, None].repeat(horizon, axis=1)
    for each in model.named_estimators_.values():
        history = each.panel_ if panel is model.panel_ else each._inward(panel)
        values.append(each._outward(history, series, each._ahead(history, horizon, future_x)))
    return np.stack(values, axis=-1)


def _relative(values: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean (...) of the forecasts (..., M), and their distances from it in units (..., 1)."""
    center = values.mean(axis=-1)
    return center, (values - center[..., None]) / unit


def _learned(name: str, model: Any, panel: Panel, sample_weight: np.ndarray | None) -> Any:
    """The fitted model; the history, which the caller has, is not sent back with it."""
    model.set_params(calendar=panel.layout.calendar or None)  # for this fit; afterwards its history tells
    weights = {} if sample_weight is None else {"sample_weight": panel.user_rows(sample_weight)}
    _named(name, model.fit, *_arguments(panel), **weights, **panel.layout.naming)
    if _shares(model, panel):
        del model.panel_
    return model.set_params(calendar=None)


def _arguments(panel: Panel) -> tuple[Any, Any]:
    """What a model is given to learn the rows of a panel."""
    X, y = panel.to_user()
    return (y, None) if X is None else (X, y)


def _shares(model: Any, panel: Panel) -> bool:
    """Whether a model keeps the whole history, in its units."""
    return len(model.panel_.y) == len(panel.y) and not model.transform_


def _share_history(model: Any, panel: Panel) -> None:
    """One copy of the history for all models, except for those that keep only a part of it, or in other units."""
    if "panel_" not in learned(model) or _shares(model, panel):
        model.panel_ = panel


def _named(name: str, verb: Any, *data: Any, **options: Any) -> Any:
    """The result of a method of a model; an error names the model."""
    try:
        return verb(*data, **options)
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"model {name!r} of the ensemble: {error}") from error
    except Exception as error:
        error.add_note(f"Raised by the model {name!r} of an ensemble.")
        raise


def _check_models(estimators: Any, own: Mapping[str, Any]) -> None:
    """Refuse all but a collection of forecasters with names by which their arguments can be set."""
    if estimators is None:
        return
    allowed = "a dict of names to forecasters or a list of forecasters, at least one"
    if not isinstance(estimators, (Mapping, list, tuple)) or not len(estimators):
        raise ValueError(explain("estimators", allowed, repr(estimators), REMEDY))
    models = named(estimators)
    for name, model in models.items():
        if not isinstance(model, Forecaster):
            raise TypeError(explain("estimators", allowed, f"{name!r}: {model!r}", REMEDY))
        for option in ("categories", "calendar", "past", "static"):
            if getattr(model, option) is not None:
                remedy = f"Pass {option} to the Ensemble, whose covariates all models see"
                raise ValueError(explain(option, "None inside an ensemble", f"{name!r}: {model!r}", remedy))
        if model.bias_correction:
            remedy = "Pass it and transform to the Ensemble, whose models then learn transformed values"
            raise ValueError(
                explain("bias_correction", "False inside an ensemble", f"{name!r}: {model!r}", remedy)
            )
        if not isinstance(name, str) or "__" in name or name in own:
            allowed = "named by text without '__', unlike the arguments of Ensemble"
            raise ValueError(explain("estimators", allowed, repr(name), REMEDY))
    if len(models) < len(estimators):
        raise ValueError(explain("estimators", "of different names", repr(estimators), REMEDY))
