"""python examples/benchmarks/linear_choices.py FOLDER [--series 40] [--rows 1000]

Which linear model does a network start from: how are windows scaled, and when does AR replace it? Measured only on
training parts of single series.

FOLDER holds `classics/*.csv` and `m3/*-train.parquet`. The linear models of a window in three scales, and AR, are
judged from the last origins of a history and forecast what comes after it: the last horizon of a training part of M3,
the last three horizons but one of a textbook series. Printed for each rule of choice, by group: the geometric mean of
its error over that of AR, and the worst tenth.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from selection_choices import HORIZONS, series_cases

from forecast import AR, NARX
from forecast.estimators.neural.inputs import Scaler
from forecast.estimators.neural.series_ar import errors_of_baseline
from forecast.panel import Panel
from forecast.training.rivals import LEAST_GAIN, Linear, standard_error
from forecast.windows import Windows

SCALES = ("series", "level", "window")
Errors = dict[str, np.ndarray]


def measured(y: Any, after: np.ndarray, horizon: int) -> tuple[Errors, float, dict[str, float]] | None:
    """(errors from the origins, their overlap, the error of each candidate in the rows that follow)."""
    model, panel = NARX(horizon=horizon), Panel.from_data(y)
    model.panel_, model.sample_weight_, model.fallback_ = panel, None, {}
    model.config_, model.scaler_ = model._configured(panel), Scaler.fit(panel, "series")
    view, inputs = model._learnable(panel), model._scaled(panel)
    held = model._held_out(view, model.config_)
    if held is None:
        return None
    linear = [replace(Linear.of(model.config_), scale=scale) for scale in SCALES]
    judged = {scale: held.errors_of_linear(one) for scale, one in zip(SCALES, linear, strict=True)}
    judged["AR"] = errors_of_baseline(AR(), held, inputs)
    length = model.config_.window
    windows = Windows(panel, length=length, values=(inputs.y, inputs.x))
    known, ahead = inputs.y[None, -length:], np.zeros((1, length + horizon, 0))
    found = {"AR": float(np.mean(np.abs(np.asarray(AR().fit(y).predict(horizon)) - after)))}
    for scale, one in zip(SCALES, linear, strict=True):
        run = one.ahead(one.fit(windows, np.ones(len(inputs.y))), known, ahead, inputs.limits)
        found[scale] = float(np.mean(np.abs(inputs.steps(run)[0, :, 0] - after)))
    return judged, held.overlap, found


def wider(judged: Errors, overlap: float, names: Sequence[str], width: float) -> str:
    """The first of the names, or a later one that is better by `width` standard errors and a hundredth."""
    kept = names[0]
    for name in names[1:]:
        gain = judged[kept] - judged[name]
        if gain.mean() > max(width * standard_error(gain, overlap), LEAST_GAIN * judged[kept].mean()):
            kept = name
    return kept


def best(judged: Errors, names: Sequence[str]) -> str:
    """The name with the least error."""
    return min(names, key=lambda name: float(judged[name].mean()))


def rules() -> dict[str, Callable[[Errors, float], str]]:
    """How to choose, by a description."""
    found: dict[str, Callable[[Errors, float], str]] = {
        name: lambda judged, overlap, name=name: name for name in ("series", "AR")
    }
    for width in (1.0, 2.0):

        def scaled(judged: Errors, overlap: float, width: float = width) -> str:
            return wider(judged, overlap, SCALES, width)

        def first(judged: Errors, overlap: float, scaled: Any = scaled) -> str:
            return wider(judged, overlap, ("AR", scaled(judged, overlap)), 1.0)

        def least(judged: Errors, overlap: float, scaled: Any = scaled) -> str:
            return best(judged, ("AR", scaled(judged, overlap)))

        found |= {
            f"scale by {width}": scaled,
            f"scale by {width}, AR unless by 1.0": first,
            f"scale by {width}, least of it and AR": least,
        }
        found[f"AR, then all by {width}"] = lambda judged, overlap, width=width: wider(
            judged, overlap, ("AR", *SCALES), width
        )
    return {
        **found,
        "least of series and AR": lambda judged, _: best(judged, ("series", "AR")),
        "least of all": lambda judged, _: best(judged, list(judged)),
    }


def cases(folder: Path, series: int, rows: int) -> Any:
    """(group, history, what follows, horizon)."""
    for case in series_cases(folder, rows):
        if len(case.after) == case.horizon and len(case.y) > 3 * case.horizon:
            yield "classics", case.y, case.after, case.horizon
    for group, (horizon, freq) in HORIZONS.items():
        data = pd.read_parquet(folder / "m3" / f"{group}-train.parquet")
        ids = data["unique_id"].unique()
        for one in ids[:: max(1, len(ids) // series)]:
            y = data.loc[data["unique_id"] == one, "y"].to_numpy(float)
            stamps = (
                pd.RangeIndex(len(y))
                if freq is None
                else pd.period_range("1950", periods=len(y), freq=freq[0])
            )
            values = pd.Series(y, stamps)
            if len(y) > 3 * horizon and values.std() > 0:
                yield f"M3 {group}", values[:-horizon], y[-horizon:], horizon


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=40, help="series of a group of M3")
    parser.add_argument("--rows", type=int, default=1_000, help="longest history")
    arguments = parser.parse_args(argv)
    table = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group, y, after, horizon in cases(arguments.folder, arguments.series, arguments.rows):
            case = measured(y, after, horizon)
            if case is not None and min(case[2].values()) > 0:
                judged, overlap, found = case
                table += [
                    {
                        "rule": name,
                        "group": group,
                        "ratio": np.log(found[rule(judged, overlap)] / found["AR"]),
                    }
                    for name, rule in rules().items()
                ]
    ratios = pd.DataFrame(table).groupby(["rule", "group"], sort=False)["ratio"]
    print(np.exp(ratios.mean()).unstack().round(3).to_string())
    print("\nworst tenth\n" + np.exp(ratios.quantile(0.9)).unstack().round(3).to_string())


if __name__ == "__main__":
    main()
