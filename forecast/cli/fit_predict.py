"""`forecast fit` and `forecast predict`."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

import pandas as pd

from forecast._checks import check_horizon, explain
from forecast._files import replacing
from forecast.cli.models import SAVED, build, check_name
from forecast.cli.tables import STEPS, category_lengths, plain, read_data, read_future, write
from forecast.cli.texts import READY
from forecast.estimators.saving import load
from forecast.estimators.validation import learned
from forecast.evaluation.plots import plot_forecast


def fit(options: Namespace) -> None:
    """Learn from a table and write a model file."""
    check_name(options.model, SAVED)
    data = read_data(options)
    with options.importing():
        model = build(options.model, options.set, categories=category_lengths(options), verbose=1)
    model = model.fit(data.y) if data.X is None else model.fit(data.X, data.y)
    with replacing(options.output) as new:
        model.save(new)
    panel = model.panel_
    size = f"{panel.n_series} series, {len(panel.y)} rows" if panel.n_series > 1 else f"{len(panel.y)} rows"
    print(f"fitted {options.model} on {data.name} ({size}), wrote {options.output}")


def predict(options: Namespace) -> None:
    """Forecast with a model file, or a table with a model that learns nothing from it."""
    model = _loaded(options) if options.model is None else _ready(options)
    ahead = _ahead(options, model)
    point = model.predict(ahead)
    interval = None if options.level is None else model.predict_interval(ahead, level=options.level)
    table = _table(point if interval is None else interval, type(model).__name__)
    if not options.output:
        plain(table).to_csv(sys.stdout, index=False)
    for line in write(options.output, table, lambda: _picture(model, point, interval)):
        print(line)


def _loaded(options: Namespace) -> Any:
    if options.target is not None:
        raise ValueError(explain("--target", "absent beside a model file", options.target, "Leave it out"))
    with options.importing():
        return load(options.file)


def _ready(options: Namespace) -> Any:
    """A model that needs no fit, on the history of a table."""
    check_name(options.model, READY)
    options.data = options.file
    with options.importing():
        model = build(options.model)
    return model.fit(read_data(options).y)


def _ahead(options: Namespace, model: Any) -> Any:
    """The argument of `predict`: a number of steps, or the rows of the file of future covariates."""
    if options.future is not None:
        if options.horizon is not None:
            remedy = "Give one of the two"
            raise ValueError(explain("--horizon", "absent beside --future", options.horizon, remedy))
        layout, lags = model.panel_.layout, model._asked_lags()
        levels = {**layout.categories, **learned(model).get("levels_", {})}
        later = {name for name, at in layout.covariates.items() if (lags[at] > 0).all()}
        return read_future(options, model.panel_, levels, later)
    if options.horizon is not None:
        return check_horizon(options.horizon)
    season = model.panel_.season_length
    return season if season > 1 else STEPS


def _table(answer: Any, name: str) -> pd.DataFrame:
    return answer.to_frame(name) if isinstance(answer, pd.Series) else answer


def _picture(model: Any, point: Any, interval: Any) -> Any:
    panel = model._history()
    _, y = panel.to_user()
    rows = len(point) // panel.n_series
    if panel.layout.naming:
        keys, target = [*panel.layout.names.keys], panel.layout.names.target
        y, point = y.set_index(keys)[[target]], point.set_index(keys)
        interval = None if interval is None else interval.set_index(keys)
    return plot_forecast(y, point, interval, last=max(5 * rows, 50)).figure
