"""`forecast fit` and `forecast predict`."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

import pandas as pd

from forecast._checks import check_horizon, explain
from forecast.cli.models import SAVED, build
from forecast.cli.quiet_stderr import muted
from forecast.cli.tables import STEPS, check_endings, plain, read_data, read_future, write
from forecast.estimators.saving import load
from forecast.evaluation.plots import plot_forecast


def fit(options: Namespace) -> None:
    """Learn from a table and write a model file."""
    if not options.output.parent.is_dir():
        remedy = "Create it or choose another"
        raise ValueError(explain("--output", "in a folder that exists", str(options.output.parent), remedy))
    model = build(options.model, options.set, allowed=SAVED, verbose=1)
    data = read_data(options)
    model = model.fit(data.y) if data.X is None else model.fit(data.X, data.y)
    model.save(options.output)
    panel = model.panel_
    size = f"{panel.n_series} series, {len(panel.y)} rows" if panel.n_series > 1 else f"{len(panel.y)} rows"
    print(f"fitted {options.model} on {data.name} ({size}), wrote {options.output}")


def predict(options: Namespace) -> None:
    """Forecast with a model file."""
    check_endings(options.output)
    with muted():
        model = load(options.model)
    ahead = _ahead(options, model)
    point = model.predict(ahead)
    interval = None if options.level is None else model.predict_interval(ahead, level=options.level)
    table = _table(point if interval is None else interval, type(model).__name__)
    if not options.output:
        plain(table).to_csv(sys.stdout, index=False)
    for line in write(options.output, table, lambda: _picture(model, point, interval)):
        print(line)


def _ahead(options: Namespace, model: Any) -> Any:
    """What `predict` is asked: a number of steps, or the rows of the file of future covariates."""
    if options.future is not None:
        if options.horizon is not None:
            remedy = "Give one of the two"
            raise ValueError(explain("--horizon", "absent beside --future", options.horizon, remedy))
        return read_future(options.future, options.time, options.id, list(model.panel_.layout.exog_names))
    if options.horizon is not None:
        return check_horizon(options.horizon)
    season = model.panel_.season_length
    return season if season > 1 else STEPS


def _table(answer: Any, name: str) -> pd.DataFrame:
    return answer.to_frame(name) if isinstance(answer, pd.Series) else answer


def _picture(model: Any, point: Any, interval: Any) -> Any:
    _, y = model.panel_.to_user()
    rows = len(point) // model.panel_.n_series
    return plot_forecast(y, point, interval, last=max(5 * rows, 50)).figure
