"""Forecast from many past origins and set the forecasts beside the actual values."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from time import perf_counter
from typing import Any, Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from forecast._checks import check_choice, check_count, check_jobs, check_verbose, explain
from forecast.estimators.conformal import check_levels, column_names
from forecast.estimators.pipeline import with_timeline
from forecast.estimators.validation import MISSING_ROWS, without_holes
from forecast.evaluation.frames import KEYS, is_model_name, spacing
from forecast.evaluation.rolling_windows import Known, Rows, Tested, ask_ahead, paired, read_answer
from forecast.evaluation.splits import Align, Cut, RollingOrigin, Window
from forecast.panel import Coding, Panel
from forecast.panel.gaps import with_filled_covariates
from forecast.panel.long import Names
from forecast.panel.naming import names_of
from forecast.panel.read import Layout

Models = Any  # an estimator, a list of estimators or a mapping of names to estimators
ErrorScore = Literal["raise"] | float


def backtest(
    models: Models,
    y: Any,
    X: Any = None,
    *,
    horizon: int,
    windows: int = 5,
    step: int | None = None,
    refit: bool | int = True,
    gap: int = 0,
    window: Window = "expanding",
    align: Align = "time",
    level: Iterable[float] | None = None,
    missing_rows: str = "raise",
    error_score: ErrorScore = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
    series: Any = None,
    time: Any = None,
    target: Any = None,
) -> pd.DataFrame:
    """Forecast `horizon` steps from each of `windows` past origins, knowing only what came before each.

    The origins are those of `RollingOrigin`: with n steps, window k = 1..K has its cutoff at
    c_k = n - 1 - h - (K - k) s. A model gets the rows up to c_k - g, forecasts g + h steps, and the last h of
    them are kept. Covariates of the forecast rows are given to the model: they count as known in advance, a missing one
    as its last known value (`forecast.panel.gaps.continued`). A missing y stays in the frame; metrics leave it out.

    Args:
        models: an estimator, a list, or a dict of names to estimators; each is cloned, never changed. The
            name of a listed model is that of its class. A `Pipeline` that ends in a forecaster is run as
            `ForecastPipeline`.
        y: the target in any form that `fit` takes: Series, frame, array, MultiIndex or long frame.
        X: timeline and known covariates on the rows of y, or None.
        horizon: h, steps forecast from each origin, at least 1.
        windows: K, number of origins, at least 1.
        step: s, steps between two origins, at least 1; None means `horizon`.
        refit: True fits in every window. False fits in the first window only and moves the origin by `update`; a
            number k fits in every k-th window. Series that begin after the last fit wait for the next one.
        gap: g, number of steps before the cutoff that are not yet known, at least 0.
        window: "expanding" to learn from everything known, or the number of last steps to learn from.
        align: "time" cuts all series of a panel at the same moment; "end" at the same distance from the
            end of each, for panels whose `ds` is a row number.
        level: nominal coverages in percent to ask of `predict_interval`, or None for point forecasts only.
        missing_rows: what to do about holes in the index: "raise" an error, or "fill" them with missing values, as the
            option of the forecasters does.
        error_score: "raise" passes on the error of a model that fails; its attribute `finished` is the frame of
            all forecasts made before, which `leaderboard` accepts. NaN leaves the forecasts of this model and window
            missing, continues, and warns once at the end with the first error of each such model. A model that
            failed is tried again in the next window in which it is fitted.
        n_jobs: number of joblib jobs; a job is one model from one fit to the next. None = 1 or as set by
            `joblib.parallel_config`, which also chooses who works: processes, Dask, Ray. No forecast depends on it.
        verbose: 1 shows a progress bar.
        series, time, target: columns of a long frame y that are not called unique_id, ds and y, as for `fit`.

    Returns:
        A pandas long frame with the columns unique_id, ds, cutoff, y, whatever the names of y, and one per model (with
        `level` also `<model>-lo-80`, `<model>-hi-80`), sorted by series, cutoff and ds. ds and cutoff keep the type of
        the index. unique_id of a single series is its name; with several targets it is the target, in a panel
        "<series>/<target>". The frame's `attrs` hold `seconds`, the time each model took to learn and to
        forecast, `season_length`, `freq`, `models` (how each was set) and the arguments of the backtest.

    Raises:
        ValueError, TypeError: An argument outside its range, two models of one name, a history too short, or
            whatever a model raises, with a note that names model and window, and with `finished`.

    References:
        L. J. Tashman (2000), Out-of-sample tests of forecasting accuracy: an analysis and review.
        International Journal of Forecasting 16, 437-450.

    Example:
        >>> import numpy as np
        >>> from forecast import Naive
        >>> backtest(Naive(), np.array([1.0, 2.0, 4.0, 8.0, 16.0]), horizon=1, windows=2)
          unique_id  ds  cutoff     y  Naive
        0         y   3       2   8.0    4.0
        1         y   4       3  16.0    8.0
    """
    named = name_models(models)
    levels = () if level is None else check_levels(level)
    ready = {name: with_timeline(model) for name, model in named.items()}
    every = _learning_interval(refit, ready, levels)
    check_error_score(error_score)
    origin = RollingOrigin(horizon, windows=windows, step=step, gap=gap, window=window, align=align)
    panel = to_panel(y, X, missing_rows, names_of(y, X, series, time, target))
    if any(isinstance(model, Pipeline) for model in ready.values()):
        panel = paired(panel)
    rows = Rows(panel, align)
    cuts = list(origin.cuts(rows.ticks))
    _warn_untested(rows, cuts)
    attrs: dict[str, Any] = {"season_length": rows.panel.season_length, "freq": spacing(rows.panel.timeline)}
    attrs |= {"models": {name: repr(model) for name, model in named.items()}}
    attrs |= {"horizon": horizon, "windows": windows, "step": step, "refit": refit}
    attrs |= {"gap": gap, "window": window, "align": align, "missing_rows": missing_rows}
    check_jobs(n_jobs)
    with tqdm(total=len(named) * len(cuts), disable=not check_verbose(verbose), desc="backtest") as bar:
        run = _Run(rows, ready, cuts, every, levels, gap + horizon, gap, error_score, bar)
        try:
            run.all_windows(n_jobs)
        except BaseException as error:  # an interrupt, too, leaves what was forecast before it
            error.finished = run.frame(attrs)  # type: ignore[attr-defined]
            raise
    run.warn_failed()
    return run.frame(attrs)


def check_error_score(value: object) -> None:
    """What is to happen when a model fails: "raise", or NaN for missing forecasts.

    Example:
        >>> check_error_score("raise"), check_error_score(float("nan"))
        (None, None)
    """
    missing = isinstance(value, Real) and not isinstance(value, bool) and np.isnan(float(value))
    if not missing and not (isinstance(value, str) and value == "raise"):
        allowed = "'raise', or NaN, since the forecasts of a model that failed are missing"
        raise ValueError(explain("error_score", allowed, repr(value), "Pass error_score=np.nan"))


def name_models(models: Models) -> dict[str, Any]:
    """Models by name; the name of a listed model is that of its class."""
    remedy = (
        "Pass for example NARX(lags=12), a list of estimators, or a dict such as {'NARX 12': NARX(lags=12)}"
    )
    if isinstance(models, Mapping):
        named = list(models.items())
    elif isinstance(models, Iterable) and not isinstance(models, (str, bytes)) and not hasattr(models, "fit"):
        named = [(type(model).__name__, model) for model in models]
    else:
        named = [(type(models).__name__, models)]
    for name, model in named:
        if not isinstance(name, str):
            raise TypeError(explain("models", "named by text", repr(name), remedy))
        if isinstance(model, type) or not all(hasattr(model, m) for m in ("fit", "predict", "get_params")):
            raise TypeError(explain("models", "estimators with fit and predict", repr(model), remedy))
        if hasattr(model, "__sklearn_tags__") and is_classifier(model):
            raise TypeError(explain("models", "forecasters or regressors", f"the classifier {name}", remedy))
        if not is_model_name(name):
            remedy = "Choose another name"
            raise ValueError(explain("models", "named unlike the other columns", repr(name), remedy))
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not named or twice:
        received = f"{', '.join(twice)} more than once" if twice else "none"
        remedy = "Name them: {'NARX 12': NARX(lags=12), 'NARX 24': NARX(lags=24)}"
        raise ValueError(explain("models", "one or more models of different names", received, remedy))
    return dict(named)


def to_panel(y: Any, X: Any, missing_rows: str, names: Names) -> Panel:
    """The history as a panel, with missing targets and, in place of missing covariates, their last known values."""
    data = (y, None) if X is None else (X, y)
    if check_choice("missing_rows", missing_rows, MISSING_ROWS) == "fill":
        data = without_holes(data[0], data[1], None, names)
    return with_filled_covariates(Panel.from_data(*data, allow_missing=True, coding=Coding(names=names)))


def _learning_interval(refit: bool | int, named: dict[str, Any], levels: tuple[float, ...]) -> int:
    """The number of windows from one fit to the next, after a check of what the models can do."""
    if isinstance(refit, (bool, np.bool_)):
        every = 1 if refit else sys.maxsize
    elif isinstance(refit, Integral):
        every = check_count("refit", refit)
    else:
        allowed = "True, False or a whole number of at least 1"
        raise TypeError(
            explain("refit", allowed, repr(refit), "Pass refit=4 to learn in every fourth window")
        )
    for name, model in named.items():
        if every > 1 and not hasattr(model, "update"):
            allowed = f"True for {name}, which has no update"
            raise TypeError(
                explain("refit", allowed, refit, "Pass refit=True, or a forecaster of this package")
            )
        if levels and not hasattr(model, "predict_interval"):
            allowed = f"None for {name}, which has no predict_interval"
            raise TypeError(explain("level", allowed, levels, "Pass level=None"))
    return every


def _warn_untested(rows: Rows, cuts: list[Cut]) -> None:
    """Say when series end before the first cutoff, as those of a panel counted by row number do."""
    tested = np.zeros(rows.panel.n_series, dtype=bool)
    for cut in cuts:
        tested[rows.series[cut.test]] = True
    if not tested.all():
        warnings.warn(
            f"align: {int((~tested).sum())} of {len(tested)} series have no row after the first cutoff and "
            "are not tested. Pass align='end' to count each series back from its own end.",
            UserWarning,
            stacklevel=3,
        )


@dataclass(frozen=True, eq=False)
class _Case:
    """What a model is given in one window.

    Args:
        data: the arguments of `fit` or `update`.
        layout: the form of the data.
        question: the argument of `predict`.
        shape: series, steps and targets of the answer, and the point forecast with its bounds.
    """

    data: tuple[Any, ...]
    layout: Layout
    question: Any
    shape: tuple[int, int, int, int]


@dataclass(eq=False)
class _Run:
    """The windows of a backtest and their forecasts so far, (series, steps, targets, bounds) by window and model."""

    rows: Rows
    models: dict[str, Any]
    cuts: list[Cut]
    every: int
    levels: tuple[float, ...]
    steps: int
    gap: int
    error_score: ErrorScore
    bar: tqdm
    tested: dict[int, Tested] = field(default_factory=dict)
    found: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    """The first error of each model that failed."""
    fatal: BaseException | None = None
    """The error after which no further job begins."""

    def all_windows(self, n_jobs: int | None) -> None:
        """Forecast in all windows; whatever happens, what was forecast is kept."""
        blocks = [range(k, min(k + self.every, len(self.cuts))) for k in range(0, len(self.cuts), self.every)]
        order = [(numbers, name) for numbers in blocks for name in self.models]
        answers = Parallel(n_jobs=n_jobs, return_as="generator")(self._jobs(blocks))
        for (numbers, name), (values, seconds, error) in zip(order, answers, strict=False):
            if self.fatal is not None:
                continue  # of the jobs that were under way
            for number, value in zip(numbers, values, strict=False):
                self.found.setdefault(number, {})[name] = value
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
            self.bar.set_postfix_str(name)
            self.bar.update(len(numbers))
            if error is not None:
                self._failed(name, numbers[len(values)], error)
        if self.fatal is not None:
            raise self.fatal

    def _jobs(self, blocks: list[range]) -> Iterator[Any]:
        """Each model in each block of windows from one fit to the next, with the data of this block alone."""
        for numbers in blocks:
            cases = self._cases(numbers)
            for name, model in self.models.items():
                yield delayed(_forecast)(name, clone(model), cases, self.levels)
                if self.fatal is not None:
                    return

    def _cases(self, numbers: range) -> list[_Case]:
        panel, before, cases = self.rows.panel, None, []
        for number in numbers:
            known = Known.at(self.rows, self.cuts[number].known, before)
            question = ask_ahead(panel, known, self.steps)
            shape = (len(question.known.series), self.steps, panel.n_targets, 1 + 2 * len(self.levels))
            cases.append(_Case(known.data(panel, before), panel.layout, question.argument, shape))
            self.tested[number] = Tested.of(self.rows, self.cuts[number].test, question.known)
            before = known
        return cases

    def _failed(self, name: str, number: int, error: BaseException) -> None:
        """The error that ends the backtest, or the first one of each model where that is allowed."""
        if isinstance(error, Exception) and not isinstance(self.error_score, str):
            self.errors.setdefault(name, f"window {number + 1} with {type(error).__name__}: {error}")
            return
        self.fatal = error
        if isinstance(error, Exception):
            error.add_note(f"Raised by {name!r} in window {number + 1} of a backtest.")

    def frame(self, attrs: dict[str, Any]) -> pd.DataFrame:
        """The backtest frame of the windows so far."""
        windows = self.found if isinstance(self.error_score, str) else self.tested
        parts = [self.tested[number].frame(self.gap, self._columns(number)) for number in sorted(windows)]
        if not parts:
            frame = pd.DataFrame(columns=[*KEYS, *column_names(list(self.models), self.levels)])
        else:
            frame = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
        frame.attrs = {"seconds": self.seconds, **attrs}
        return frame

    def _columns(self, number: int) -> dict[str, np.ndarray]:
        """Forecasts and bounds on the tested rows of a window, NaN where a model has none."""
        tested, found, columns = self.tested[number], self.found.get(number, {}), {}
        missing = np.full(len(tested.at) * self.rows.panel.n_targets, np.nan)
        for name in self.models:
            for place, column in enumerate(column_names([name], self.levels)):
                columns[column] = tested.pick(found[name][..., place]) if name in found else missing
        return columns

    def warn_failed(self) -> None:
        """One warning for all models that failed."""
        if self.errors:
            told = "; ".join(f"{name} first in {error}" for name, error in self.errors.items())
            warnings.warn(
                f"error_score: forecasts are missing where a model failed: {told}. Pass error_score='raise' "
                "to see the whole error.",
                UserWarning,
                stacklevel=3,
            )


def _forecast(
    name: str, model: Any, cases: list[_Case], levels: tuple[float, ...]
) -> tuple[list[np.ndarray], float, BaseException | None]:
    """Answers of a model that learns in the first of several windows, the seconds, and the error that ended them."""
    began, answers = perf_counter(), list[np.ndarray]()
    try:
        for case in cases:
            if answers:
                model.update(*case.data)
            else:
                model.fit(*case.data, **case.layout.naming)
            answers.append(_answer(name, model, case, levels))
    except BaseException as error:  # the caller decides whether to go on
        return answers, perf_counter() - began, error
    return answers, perf_counter() - began, None


def _answer(name: str, model: Any, case: _Case, levels: tuple[float, ...]) -> np.ndarray:
    asked = model.predict_interval(case.question, level=levels) if levels else model.predict(case.question)
    values = read_answer(asked, case.layout.names.keys)
    try:
        return values.reshape(case.shape)
    except ValueError:
        wanted = "{} series, {} steps and {} targets".format(*case.shape)
        allowed = f"a forecaster with one forecast for each of {wanted}"
        raise ValueError(
            explain(f"models[{name!r}]", allowed, f"shape {values.shape}", "Check predict")
        ) from None
