"""python examples/benchmarks/frozen_forecasts.py --write before.json
python examples/benchmarks/frozen_forecasts.py --against before.json

Forecasts of every estimator on three embedded series, to compare one version of the package with another.

Prints, for every estimator and series, the largest difference of eight forecasts from those in the file, relative to
the deviation of the series, and how many of them are above the tolerance. `--only NAME ...` takes some estimators.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

import forecast
from forecast.datasets import load_air_passengers, load_lynx, load_sunspots

STEPS, TOLERANCE = 8, 1e-6
IN_FLOAT32 = {"KerasForecaster": 1e-4}  # AVX-512 and SSE4.2 round apart: 2e-5
NET: dict[str, Any] = {"epochs": 20, "random_state": 0}


def dense(window: int, features: int, targets: int) -> keras.Model:
    rows = keras.Input((window, features))
    hidden = keras.layers.Dense(4, "tanh")(keras.layers.Flatten()(rows))
    return keras.Model(rows, keras.layers.Dense(targets)(hidden))


MODELS: dict[str, Callable[[], Any]] = {
    "AR": lambda: forecast.AR(),
    "AR(lags=12)": lambda: forecast.AR(lags=12, trend="ct"),
    "Drift": lambda: forecast.Drift(),
    "ETS": lambda: forecast.ETS(),
    "ETS(damped)": lambda: forecast.ETS(error="add", trend="add", damped=True),
    "LagRegressor": lambda: forecast.LagRegressor(lags=12),
    "MarkovSwitching": lambda: forecast.MarkovSwitching(),
    "Naive": lambda: forecast.Naive(),
    "SARIMAX": lambda: forecast.SARIMAX(order=(2, 0, 1)),
    "SeasonalNaive": lambda: forecast.SeasonalNaive(season=11),
    "Theta": lambda: forecast.Theta(),
    "NARX": lambda: forecast.NARX(random_state=0),
    "NARX(window)": lambda: forecast.NARX(lags=12, scale="window", random_state=0),
    "NARX(adam)": lambda: forecast.NARX(lags=12, solver="adam", **NET),
    "NARX(free run)": lambda: forecast.NARX(lags=12, training="free-run", steps=12, **NET),
    "TDNN": lambda: forecast.TDNN(lags=12, delays=2, **NET),
    "RNN": lambda: forecast.RNN(lags=12, cell="gru", units=4, solver="lbfgs", **NET),
    "OnlineRNN": lambda: forecast.OnlineRNN(lags=4, units=4, random_state=0),
    "Seq2Seq": lambda: forecast.Seq2Seq(window=12, cell="gru", units=3, horizon=4, **NET),
    "Transformer": lambda: forecast.Transformer(window=12, d_model=4, heads=2, **NET),
    "MemoryNetwork": lambda: forecast.MemoryNetwork(lags=12, units=3, solver="lbfgs", **NET),
    "GraphRNN": lambda: forecast.GraphRNN(lags=12, units=3, **NET),
    "RecursiveNet": lambda: forecast.RecursiveNet(lags=12, units=3, **NET),
    "KerasForecaster": lambda: forecast.KerasForecaster(build=dense, window=12, solver="lbfgs", **NET),
}


def series() -> dict[str, pd.Series]:
    return {
        "air passengers": load_air_passengers().astype(float),
        "lynx": load_lynx().astype(float),
        "sunspots": load_sunspots(),
    }


def classes() -> dict[str, list[float]]:
    """Probabilities of the models on whole sequences: pieces of sunspots, rising or falling at their end."""
    values = load_sunspots().to_numpy()[:300].reshape(25, 12)
    X = pd.DataFrame({"v": values.ravel()}, pd.MultiIndex.from_product([range(25), range(12)]))
    rises, above = (values[:, -1] > values[:, -2]).astype(int), (values > 50).astype(int).ravel()
    settings: dict[str, Any] = {"cell": "elman", "units": (3,), "epochs": 10, "random_state": 0}
    words = ["".join("dr"[int(step)] for step in piece > 50) for piece in values]
    found = {
        "SequenceClassifier": forecast.SequenceClassifier(**settings).fit(X, rises).predict_proba(X)[:5, 1],
        "SequenceLabeler": np.asarray(forecast.SequenceLabeler(**settings).fit(X, above).predict_proba(X))[
            :8, 1
        ],
        "MarkovChain": np.asarray(forecast.MarkovChain(smoothing=1.0).fit(words).predict_proba(words))[:8, 1],
    }
    return {name: [float(value) for value in values] for name, values in found.items()}


def forecasts(only: list[str]) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for name, model in MODELS.items():
        if only and name not in only:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[name] = {
                title: [float(value) for value in model().fit(y).predict(STEPS)]
                for title, y in series().items()
            }
        print(name, file=sys.stderr, flush=True)
    if not only or "sequences" in only:
        found["sequences"] = classes()
    return found


def compare(new: dict[str, dict[str, list[float]]], old: dict[str, dict[str, list[float]]]) -> int:
    deviation = {title: float(y.std()) for title, y in series().items()}
    above = 0
    for name, by_series in new.items():
        tolerance = IN_FLOAT32.get(name, TOLERANCE)
        for title, values in by_series.items():
            gap = np.abs(np.subtract(values, old[name][title])).max() / deviation.get(title, 1.0)
            above += gap > tolerance
            print(f"{name:18s} {title:18s} {gap:9.2e}{'  *' if gap > tolerance else ''}")
    print(f"{above} above {TOLERANCE:g} of the deviation of the series, of networks in float32 1e-4")
    return above


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args(argv)
    found = forecasts(options.only)
    if options.write:
        options.write.write_text(json.dumps(found, indent=1))
    if options.against:
        return compare(found, json.loads(options.against.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(bool(main()))
