"""Loops over series, windows and models on a Dask cluster of two processes give the forecasts of one process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from forecast import AR, ETS, Ensemble, Naive, Pretrained, Theta, backtest, predict_partitions
from forecast.estimators.base import Forecaster

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
STEPS = 4


def long_frame(series: int, rows: int = 48) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = [f"s{number}" for number in range(series)]
    index = pd.MultiIndex.from_product([names, pd.date_range("2020-01", periods=rows, freq="MS")])
    values = 20 + 5 * np.sin(np.arange(len(index)) * np.pi / 6) + rng.normal(size=len(index))
    return pd.Series(values, index, name="y").rename_axis(["unique_id", "ds"]).reset_index()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as made, distributed.Client(made):
        yield made


def of_model(model: Forecaster) -> Callable[..., pd.DataFrame]:
    return lambda long, tmp_path: model.fit(long).predict(STEPS)


def of_backtest(long: pd.DataFrame, tmp_path: Path) -> pd.DataFrame:
    return backtest([AR(), Naive()], long, horizon=STEPS, windows=3, level=80)


def of_partitions(long: pd.DataFrame, tmp_path: Path) -> pd.DataFrame:
    data, out = tmp_path / "data", tmp_path / str(time.monotonic())
    data.mkdir(exist_ok=True)
    for year, part in long.groupby(long["ds"].dt.year):
        part.to_parquet(data / f"{year}.parquet")
    predict_partitions(Pretrained(), data, out, horizon=STEPS, rows=300)
    return pd.read_parquet(out)


@pytest.mark.parametrize(
    "run",
    [
        of_model(AR()),
        of_model(Theta()),
        of_model(ETS(error="add", trend=None, seasonal="add")),
        of_model(Ensemble([AR(), Theta(), Naive()], combine="weights")),
        of_backtest,
        of_partitions,
    ],
    ids=["AR", "Theta", "ETS", "Ensemble", "backtest", "partitions"],
)
def test_two_processes_forecast_as_one_does(
    run: Callable[..., pd.DataFrame], cluster: Any, tmp_path: Path
) -> None:
    long = long_frame(20)
    here = run(long, tmp_path)
    with parallel_config("dask"):
        there = run(long, tmp_path)
    pd.testing.assert_frame_equal(
        *(frame.sort_values(["unique_id", "ds"], ignore_index=True) for frame in (here, there)),
        check_exact=True,
    )


def test_a_worker_killed_in_the_middle_loses_nothing(cluster: Any) -> None:
    long = long_frame(60)
    model = ETS(error="add", trend=None, seasonal="add")
    began = time.monotonic()
    here = model.fit(long).predict(STEPS)
    whole, killed = time.monotonic() - began, cluster.workers[0].pid
    timer = threading.Timer(whole / 4, os.kill, (killed, signal.SIGKILL))
    timer.start()
    with parallel_config("dask"):
        model.fit(long)
    assert timer.finished.is_set() and cluster.workers[0].pid != killed
    pd.testing.assert_frame_equal(model.predict(STEPS), here, check_exact=True)
