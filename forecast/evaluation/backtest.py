"""Forecast from many past origins and set what was forecast beside what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from tqdm import tqdm

from forecast._checks import check_count, explain
from forecast.evaluation.asking import ask
from forecast.evaluation.splits import Align, RollingOrigin, Window, clock
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
        models: an estimator, a list, or a dict of names to estimators; each is cloned, never changed. The name
            of a listed model is that of its class.
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
        align: "time" cuts all series of a panel at the same moment; "end" at the same distance from the end of
            each, for panels whose `ds` is a row number.
        level: nominal coverages in percent to ask of `predict_interval`, or None for point forecasts only.
        verbose: 1 shows a progress bar.

    Returns:
        A pandas long frame with the columns unique_id, ds, cutoff, y and one per model (and `<model>-lo-80`,
        `<model>-hi-80` when `level` is given), sorted by series, cutoff and ds. ds and cutoff keep the type of the
        index. With several targets unique_id is the target, in a panel "<series>/<target>". Its `attrs` hold
        `seconds`, the time of each model, `season_length` and the arguments of the backtest.

    Raises:
        ValueError, TypeError: An argument outside its range, two models of one name, a history too short, or
            whatever a model raises, with a note that names model and cutoff.

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
    every = check_refit(refit, named, windows)
    origin = RollingOrigin(horizon, windows=windows, step=step, gap=gap, window=window, align=align)
    panel = Panel.from_data(y, allow_missing=True) if X is None else Panel.from_data(X, y, allow_missing=True)
    timeline = Timeline.of(panel, align)
    levels = () if level is None else tuple(level)
    fitted = {name: clone(model) for name, model in named.items()}
    seconds = dict.fromkeys(named, 0.0)
    scored: list[_Scored] = []
    known: _Known | None = None
    with tqdm(total=len(named) * windows, disable=not verbose, desc="backtest") as bar:
        for number, cut in enumerate(origin.cuts(timeline.ticks)):
            previous, learn = known, number % every == 0
            known = _Known.at(timeline, cut.known, None if learn else previous)
            piece = _Scored(known, timeline.scored(cut.test, known, gap), {})
            for name, model in fitted.items():
                bar.set_postfix_str(name)
                began = perf_counter()
                try:
                    _learn(model, known, None if learn else previous, panel)
                    answer = ask(model, name, panel, known, horizon + gap, levels)
                except Exception as error:
                    error.add_note(f"In backtest: model {name!r}, window {number + 1} of {windows}.")
                    raise
                seconds[name] += perf_counter() - began
                piece.answers.update(piece.pick(answer))
                bar.update()
            scored.append(piece)
    frame = _assemble(panel, timeline, scored, gap)
    options = {"horizon": horizon, "windows": windows, "step": step, "refit": refit}
    options |= {"gap": gap, "window": window, "align": align}
    frame.attrs = {"seconds": seconds, "season_length": panel.season_length, **options}
    return frame
