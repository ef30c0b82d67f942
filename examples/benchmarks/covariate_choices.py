"""python examples/benchmarks/covariate_choices.py FOLDER [--season 168]

How `Pretrained` uses known covariates, chosen on the training part of bike hire (all but its last eight weeks): learned
on three quarters of it, forecast one day ahead from origins all over the last quarter. Mean absolute errors of

- the network alone,
- its forecast plus a ridge regression of its errors, a day ahead, on: the covariates; their difference from the origin,
  from the season before, and from the forecast of the network (what it does not foresee),
- the last of these as the regression with errors of the network that is used: it forecasts y - b x; and with b from
  errors one step ahead.

FOLDER holds `bike_sharing/bike_sharing.parquet`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from pretrained import bike_sharing

from forecast import Pretrained
from forecast.estimators.pretrained.covariates import ridge
from forecast.panel import Panel

HORIZON, TEST = 24, 56 * 24
Rows = Callable[[np.ndarray, int], np.ndarray]


def errors(folder: Path, season: int) -> dict[str, float]:
    """The mean absolute error of each way."""
    X, y = bike_sharing(folder)
    panel = Panel.from_data(X.iloc[:-TEST], y.iloc[:-TEST])
    model = Pretrained(season=season, covariates=False).fit(X.iloc[:-TEST], y.iloc[:-TEST])
    cut = 3 * len(panel.y) // 4
    origins = np.arange(10 * season, cut - HORIZON, 23), np.arange(cut, len(panel.y) - HORIZON, 11)
    x, target = panel.x / panel.x[:cut].std(axis=0), panel.y

    def at(ends: np.ndarray, steps: int) -> np.ndarray:
        return ends[:, None] + np.arange(steps)

    def ahead(values: np.ndarray, ends: np.ndarray, steps: int) -> np.ndarray:
        return model._medians(replace(panel, y=values), ends, steps)

    def error(ends: np.ndarray, steps: int = HORIZON) -> np.ndarray:
        return (target[at(ends, steps)] - ahead(target, ends, steps))[..., 0]

    def unforeseen(ends: np.ndarray, steps: int) -> np.ndarray:
        return x[at(ends, steps)] - ahead(x, ends, steps)

    def learned(rows: Rows, steps: int = HORIZON) -> np.ndarray:
        return ridge(rows(origins[0], steps).reshape(-1, x.shape[1]), error(origins[0], steps).ravel())

    def around_network(b: np.ndarray) -> float:
        added, ends = x @ b, origins[1]
        told = ahead(target - added[:, None], ends, HORIZON)[..., 0] + added[at(ends, HORIZON)]
        return float(np.abs(target[at(ends, HORIZON)][..., 0] - told).mean())

    ways: dict[str, Rows] = {
        "covariates": lambda ends, steps: (x - x[:cut].mean(axis=0))[at(ends, steps)],
        "difference from the origin": lambda ends, steps: x[at(ends, steps)] - x[ends - 1][:, None],
        "difference from the season before": lambda ends, steps: (
            x[at(ends, steps)] - x[at(ends, steps) - season]
        ),
        "not foreseen": unforeseen,
    }
    alone = error(origins[1])
    found = {"network alone": float(np.abs(alone).mean())}
    for name, rows in ways.items():
        found[name] = float(np.abs(alone - rows(origins[1], HORIZON) @ learned(rows)).mean())
    found["not foreseen, network of y - b x"] = around_network(learned(unforeseen))
    found["not foreseen one step ahead, network of y - b x"] = around_network(learned(unforeseen, 1))
    return found


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Print the table and return it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--season", type=int, default=168)
    options = parser.parse_args(arguments)
    found = errors(options.folder, options.season)
    for name, value in found.items():
        print(f"{name:50} {value:7.2f}")
    return found


if __name__ == "__main__":
    main()
