"""`forecast benchmark` and `forecast backtest`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from forecast._checks import check_count, check_horizon
from forecast.cli.models import benchmark_settings, build, check_name
from forecast.cli.tables import STEPS, Data, category_lengths, covariate_names, read_data, write
from forecast.cli.texts import SHOWN, SHOWN_ROWS
from forecast.datasets import catalogue, load_dataset
from forecast.evaluation.backtest import backtest as roll
from forecast.evaluation.baselines import BASELINES, REFERENCES
from forecast.evaluation.leaderboard import leaderboard
from forecast.evaluation.plots import plot_backtest, plot_leaderboard


def benchmark(options: Namespace) -> None:
    """Compare all models on each of the data."""
    several = options.data or list(SHOWN)
    if not options.data and options.last is None:
        options.last = SHOWN_ROWS
    for number, options.data in enumerate(several):  # an error names the data on which it occurred
        if number:
            print()
        one = Namespace(**vars(options))
        if len(several) > 1:
            one.output = [path.with_stem(f"{path.stem}-{Path(one.data).stem}") for path in options.output]
        _benchmark(one)


def _benchmark(options: Namespace) -> None:
    """Compare all models, on embedded data with all covariates they have."""
    if options.data in catalogue().index and not options.covariates:
        frame = load_dataset(options.data)
        target = options.target or ("y" if "y" in frame else None)
        if isinstance(frame, pd.DataFrame):
            options.covariates = [name for name in frame.columns if name != (target or frame.columns[0])]
    if options.last is not None:
        check_count("--last", options.last)
    options.step, options.gap, options.no_refit = None, 0, False
    _compare(options, options.models or ("TDNN", "NARX", "Ensemble", *BASELINES), tuned=True)


def backtest(options: Namespace) -> None:
    """Compare models on a table."""
    options.last = None
    _compare(options, options.models or ("NARX",))


def _compare(options: Namespace, names: Sequence[str], *, tuned: bool = False) -> None:
    for name in names:
        check_name(name)
    whole = read_data(options)
    data = whole.last(options.last)
    season = data.season
    horizon = check_horizon((season if season > 1 else STEPS) if options.horizon is None else options.horizon)
    covariates = covariate_names(options)
    shown = f", covariates {', '.join(covariates)}" if covariates else ""
    rows = (
        f"{len(data.y)} rows" if len(data.y) == len(whole.y) else f"last {len(data.y)} of {len(whole.y)} rows"
    )
    print(f"{data.name}: {rows}{shown}; {horizon} steps ahead from {options.windows} origins")
    settings = {
        name: benchmark_settings(name, season) if tuned else []
        for name in dict.fromkeys((*names, *REFERENCES))
    }
    frame = _backtest(options, data, settings, horizon)
    table = leaderboard(frame, data.y, data.X)
    print(table.to_string(float_format="{:.3f}".format))
    print(f"best first by {table.attrs['metric']}; skill: share of the baseline's error that is saved")
    attributes, frame.attrs = frame.attrs, {}  # a parquet file has no place for them
    for line in write(options.output, frame, lambda: _picture(data, frame, table, horizon)):
        print(line)
    frame.attrs = attributes


def _backtest(
    options: Namespace, data: Data, settings: Mapping[str, Sequence[str]], horizon: int
) -> pd.DataFrame:
    """Forecasts of all models."""
    categories = category_lengths(options)
    with options.importing():
        models = {name: build(name, settings[name], categories=categories) for name in settings}
    arguments: dict[str, Any] = {"horizon": horizon, "windows": options.windows, "step": options.step}
    arguments |= {"gap": options.gap, "refit": not options.no_refit, "n_jobs": options.jobs, "verbose": 1}
    return roll(models, data.y, data.X, **arguments)


def _picture(data: Data, frame: pd.DataFrame, table: pd.DataFrame, horizon: int) -> Any:
    """Forecasts of the best network and two baselines from every origin, above the errors of all models."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 8), height_ratios=(3, 2), layout="constrained")
    rows = horizon * (frame["cutoff"].nunique() + 3)
    networks = [name for name in table.index if name not in BASELINES]
    drawn = dict.fromkeys([*REFERENCES, (networks or list(table.index))[0]])
    plot_backtest(frame, models=drawn, y=data.y, last=rows, ax=above)
    plot_leaderboard(table, ax=below)
    return figure
