"""Forecast from many past origins and set what was forecast beside what came."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from tqdm import tqdm

from forecast._checks import check_count, explain
from forecast.estimators.conformal import check_levels, column_names
from forecast.evaluation.metrics import is_model_name
from forecast.evaluation.rolling_windows import Known, Question, Rows, Tested, ask_ahead, read_answer
from forecast.evaluation.splits import Align, Cut, RollingOrigin, Window
from forecast.panel import Panel

Models = Any  # an estimator, a list of estimators or a mapping of names to estimators


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
    verbose: int = 0,
) -> pd.DataFrame:
    """Forecast `horizon` steps from each of `windows` past origins, knowing only what came before each.

    The origins are those of `RollingOrigin`: with n steps, window k = 1..K has its cutoff at
    c_k = n - 1 - h - (K - k) s. A model gets the rows up to c_k - g, forecasts g + h steps, and the last h of
    them are kept. Covariates of the forecast rows are given to the model: they count as known in advance.

    Args:
        models: an estimator, a list, or a dict of names to estimators; each is cloned, never changed. The
            name of a listed model is that of its class.
        y: the target in any form that `fit` takes: Series, frame, array, MultiIndex or long frame.
        X: timeline and known covariates on the rows of y, or None.
        horizon: h, steps forecast from each origin, at least 1.
        windows: K, number of origins, at least 1.
        step: s, steps between two origins, at least 1; None means `horizon`.
        refit: True learns anew in every window. False learns in the first window only and moves the origin by
            `update`; a number k learns anew in every k-th window. Series that begin later than the last
            learning wait for the next one.
        gap: g, number of steps before the cutoff that nobody knows yet, at least 0.
        window: "expanding" to learn from everything known, or the number of last steps to learn from.
        align: "time" cuts all series of a panel at the same moment; "end" at the same distance from the
            end of each, for panels whose `ds` is a row number.
        level: nominal coverages in percent to ask of `predict_interval`, or None for point forecasts only.
        verbose: 1 shows a progress bar.

    Returns:
        A pandas long frame with the columns unique_id, ds, cutoff, y and one per model (with `level` also
        `<model>-lo-80`, `<model>-hi-80`), sorted by series, cutoff and ds. ds and cutoff keep the type of the
        index. unique_id of a single series is its name; with several targets it is the target, in a panel
        "<series>/<target>". The frame's `attrs` hold `seconds`, the time each model took to learn and to
        forecast, `season_length` and the arguments of the backtest.

    Raises:
        ValueError, TypeError: An argument outside its range, two models of one name, a history too short, or
            whatever a model raises, with a note that names model and window.

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
    every = _learning_interval(refit, named, levels)
    origin = RollingOrigin(horizon, windows=windows, step=step, gap=gap, window=window, align=align)
    rows = Rows(to_panel(y, X), align)
    cuts = list(origin.cuts(rows.ticks))
    _warn_untested(rows, cuts)
    with tqdm(total=len(named) * len(cuts), disable=not verbose, desc="backtest") as bar:
        run = _Run(rows, {name: clone(model) for name, model in named.items()}, levels, horizon, gap, bar)
        parts = [run.window(cut, learn=number % every == 0) for number, cut in enumerate(cuts)]
    frame = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    frame.attrs = {"seconds": run.seconds, "season_length": rows.panel.season_length}
    frame.attrs |= {"horizon": horizon, "windows": windows, "step": step, "refit": refit}
    frame.attrs |= {"gap": gap, "window": window, "align": align}
    return frame


def name_models(models: Models) -> dict[str, Any]:
    """Models by name; the name of a listed model is that of its class."""
    if isinstance(models, Mapping):
        named = [(str(name), model) for name, model in models.items()]
    else:
        listed = [models] if hasattr(models, "fit") else list(models)
        named = [(type(model).__name__, model) for model in listed]
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not named or twice:
        received = f"{', '.join(twice)} more than once" if twice else "none"
        remedy = "Name them: {'NARX 12': NARX(lags=12), 'NARX 24': NARX(lags=24)}"
        raise ValueError(explain("models", "one or more models of different names", received, remedy))
    for name, model in named:
        if not (hasattr(model, "fit") and hasattr(model, "predict")) or isinstance(model, type):
            remedy = "Pass for example NARX(lags=12)"
            raise TypeError(explain("models", "estimators with fit and predict", repr(model), remedy))
        if not is_model_name(name):
            remedy = "Choose another name"
            raise ValueError(explain("models", "named unlike the other columns", repr(name), remedy))
    return dict(named)


def to_panel(y: Any, X: Any) -> Panel:
    """The history as a panel; whether missing values are bearable is for each model to say."""
    return Panel.from_data(y, allow_missing=True) if X is None else Panel.from_data(X, y, allow_missing=True)


def _learning_interval(refit: bool | int, named: dict[str, Any], levels: tuple[float, ...]) -> int:
    """Every how many windows to learn, after a look at what the models can do."""
    every = (1 if refit else sys.maxsize) if isinstance(refit, bool) else check_count("refit", refit)
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


@dataclass(eq=False)
class _Run:
    """Clones of the models on their way through the windows."""

    rows: Rows
    models: dict[str, Any]
    levels: tuple[float, ...]
    horizon: int
    gap: int
    bar: tqdm
    known: Known | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def window(self, cut: Cut, *, learn: bool) -> pd.DataFrame:
        """The part of the backtest frame that belongs to one cutoff."""
        panel, before = self.rows.panel, None if learn else self.known
        self.known = Known.at(self.rows, cut.known, before)
        data = self.known.data(panel, before)
        question = ask_ahead(panel, self.known, self.gap + self.horizon)
        tested = Tested.of(self.rows, cut.test, question.known)
        columns: dict[str, np.ndarray] = {}
        for name, model in self.models.items():
            values = self._answer(name, model, data, question, learn)  # (k, steps, O, bounds)
            for number, column in enumerate(column_names([name], self.levels)):
                columns[column] = tested.pick(values[..., number])
        return tested.frame(self.gap, columns)

    def _answer(
        self, name: str, model: Any, data: tuple[Any, ...], question: Question, learn: bool
    ) -> np.ndarray:
        self.bar.set_postfix_str(name)
        began = perf_counter()
        try:
            (model.fit if learn else model.update)(*data)
            if self.levels:
                answer = model.predict_interval(question.argument, level=self.levels)
            else:
                answer = model.predict(question.argument)
            values = read_answer(answer)
        except Exception as error:
            error.add_note(
                f"Raised by {name!r} in window {self.bar.n // len(self.models) + 1} of a backtest."
            )
            raise
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began
        self.bar.update()
        shape = (len(question.known.series), self.gap + self.horizon, self.rows.panel.n_targets)
        try:
            return values.reshape(*shape, 1 + 2 * len(self.levels))
        except ValueError:
            wanted = f"{shape[0]} series, {shape[1]} steps and {shape[2]} targets"
            allowed = f"a forecaster with one forecast for each of {wanted}"
            raise ValueError(
                explain(f"models[{name!r}]", allowed, f"shape {values.shape}", "Check predict")
            ) from None
