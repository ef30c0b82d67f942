"""`forecast compete`: one group of a competition, from its files to a submission and a row of scores."""

from __future__ import annotations

import hashlib
import time
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import clone
from tqdm import tqdm

from forecast._checks import check_count
from forecast._files import open_run, remove_unfinished, replacing
from forecast.cli.models import build, check_name
from forecast.cli.tables import write_table
from forecast.datasets.competition_folder import Competition, read_competition
from forecast.datasets.number_columns import numbers
from forecast.datasets.submissions import write_m4, write_m5
from forecast.datasets.table_files import Spelling, read_table
from forecast.estimators.baselines.naive2 import Naive2
from forecast.evaluation.baselines import BASELINES, baseline_name
from forecast.evaluation.competitions import owa, wrmsse
from forecast.evaluation.intervals import coverage, msis
from forecast.evaluation.metrics import mape, mase, rmsse, smape

LOCAL = 100  # series of one part of a model that learns each series alone
_KEYS = ["unique_id", "ds", "y"]


def compete(options: Namespace) -> None:
    """Forecast a group part by part, write what was forecast, score it; parts that are there are not done again."""
    check_name(options.model)
    competition = read_competition(options.data, options.group, horizon=options.horizon)
    with options.importing():
        model = build(options.model, options.set)
    _set_unless_given(model, "random_state", 0)
    if options.model == "Naive2":  # as the organisers compute it, whatever the calendar suggests
        _set_unless_given(model, "season", competition.season)
    size = _part_size(options, model)
    folder = options.output or Path(f"compete-{options.group}-{options.model}")
    open_run(folder, _identity(options, competition, size))
    forecasts = _forecasts(
        model.set_params(horizon=competition.horizon), competition, folder, size, options.level
    )
    seconds = forecasts.pop("seconds").groupby(forecasts.pop("part")).first().sum()
    write_table(folder / "forecasts.csv", forecasts)
    write = write_m5 if competition.layout == "m5" else write_m4
    write(folder / "submission.csv", forecasts.drop(columns="ds").rename(columns={"step": "ds"}))
    print(f"wrote {folder / 'forecasts.csv'} and {folder / 'submission.csv'}")
    if competition.test is not None:
        series, scores = _scores(forecasts, competition, options.model, options.level)
        write_table(folder / "series.csv", series)
        row = {"group": options.group, "model": options.model, "settings": " ".join(options.set)}
        report = pd.DataFrame([{**row, "series": len(series), **scores, "seconds": round(seconds, 1)}])
        write_table(folder / "report.csv", report)
        print(f"wrote {folder / 'series.csv'} and {folder / 'report.csv'}\n")
        print(report.drop(columns="settings").round(4).to_string(index=False))


def _set_unless_given(model: Any, name: str, value: Any) -> None:
    if name in (known := model.get_params()) and known[name] is None:
        model.set_params(**{name: value})


# ---------------------------------------------------------------------- parts


def _part_size(options: Namespace, model: Any) -> int | None:
    """Series that are learned from at once; None for all."""
    if options.partition is not None:
        return check_count("--partition", options.partition)
    return LOCAL if options.model in BASELINES and not getattr(model, "pooled", False) else None


def _identity(options: Namespace, competition: Competition, size: int | None) -> dict[str, Any]:
    """What a run that goes on must have in common with the one that began."""
    values = pd.util.hash_pandas_object(competition.train[_KEYS], index=False).to_numpy()
    return {
        "group": options.group,
        "model": options.model,
        "settings": sorted(options.set),
        "horizon": competition.horizon,
        "level": options.level,
        "partition": size,
        "version": version("keras-forecast"),
        "training": hashlib.sha256(values.tobytes()).hexdigest(),
    }


def _forecasts(
    model: Any, competition: Competition, folder: Path, size: int | None, level: list[float] | None
) -> pd.DataFrame:
    """Forecasts of all parts, each read back from its file, which is written whole or not at all."""
    codes = pd.factorize(competition.train["unique_id"])[0]
    parts = competition.train[_KEYS].groupby(codes // (size or len(codes)))
    frames = []
    for number, rows in tqdm(parts, disable=None, desc="parts"):
        path = folder / f"part-{number:05d}.csv"
        if not path.exists():
            table = _forecast(model, competition, rows, level)
            with replacing(path) as new:
                table.to_csv(new, index=False)
        frames.append(_read_part(path).assign(part=number))
    remove_unfinished(folder, "part-*.csv")
    return pd.concat(frames, ignore_index=True)


def _read_part(path: Path) -> pd.DataFrame:
    table = read_table(path, Spelling(separator=","))
    labels = ["unique_id", "ds"]
    return table.frame[labels].join(numbers(table, list(table.frame.columns.drop(labels))))


def _forecast(
    model: Any, competition: Competition, rows: pd.DataFrame, level: list[float] | None
) -> pd.DataFrame:
    """Long frame `unique_id, ds, step`, forecasts and bounds, and the seconds that they took."""
    began, horizon = time.perf_counter(), competition.horizon
    fitted = clone(model).fit(competition.dated(rows))
    table = fitted.predict(horizon) if level is None else fitted.predict_interval(horizon, level=level)
    table.insert(2, "step", table.groupby("unique_id").cumcount() + 1)
    if pd.api.types.is_integer_dtype(rows["ds"].dtype):
        last = rows.groupby("unique_id")["ds"].max()
        table["ds"] = table["unique_id"].map(last).to_numpy() + table["step"]
    return table.assign(seconds=time.perf_counter() - began)


# ---------------------------------------------------------------------- scores


def _scores(
    forecasts: pd.DataFrame, competition: Competition, name: str, level: list[float] | None
) -> tuple[pd.DataFrame, dict[str, float]]:
    """(the scores of each series, those of the group)."""
    codes, names = pd.factorize(competition.train["unique_id"])
    history = competition.train.assign(unique_id=codes)  # numbers sort faster than names
    frame = _beside_test(forecasts, competition)
    frame["unique_id"] = names.get_indexer(frame["unique_id"])
    season: dict[str, Any] = {"season_length": competition.season}
    scores = {
        "sMAPE": smape(frame),
        "MASE": mase(frame, history, **season),
        "MAPE": mape(frame),
        "RMSSE": rmsse(frame, history, **season),
    }
    for each in level or ():
        scores[f"MSIS-{each:g}"] = msis(frame, history, level=each, **season)
        scores[f"coverage-{each:g}"] = coverage(frame, level=each)
    series = pd.DataFrame({score: table[name] for score, table in scores.items()})
    group = {score: float(series[score].mean()) for score in series}
    if not history["y"].isna().any():
        group["OWA"] = _owa(frame, history, competition, name)
    if "sales" in history:
        group["WRMSSE"] = float(wrmsse(frame, history)[name].mean())
    series.index = names[series.index].rename("unique_id")
    return series.reset_index(), group


def _owa(frame: pd.DataFrame, history: pd.DataFrame, competition: Competition, name: str) -> float:
    reference = baseline_name("Naive2")
    naive = Naive2(season=competition.season).fit(history[_KEYS]).predict(competition.horizon)
    naive = naive.assign(step=naive.groupby("unique_id").cumcount() + 1).rename(columns={"Naive2": reference})
    both = frame.merge(naive[["unique_id", "step", reference]], on=["unique_id", "step"])
    found = owa(both, history, season_length=competition.season, reference=reference)
    return float(found[name])


def _beside_test(forecasts: pd.DataFrame, competition: Competition) -> pd.DataFrame:
    """The backtest frame of the test part."""
    test = competition.test
    assert test is not None
    rows = test[_KEYS].assign(step=test.groupby("unique_id").cumcount() + 1)
    frame = rows.merge(forecasts.drop(columns="ds"), on=["unique_id", "step"])
    last = competition.train.groupby("unique_id")["ds"].max()
    return frame.assign(cutoff=frame["unique_id"].map(last))
