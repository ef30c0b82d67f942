"""Several records of one system as one training set: one scale, no window across records, a new record simulated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import wiener_hammerstein
from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX

pytestmark = pytest.mark.backend
SYSTEM = {"first": ([0.0, 0.6], [1.0, -0.6]), "second": ([0.3], [1.0, -1.3, 0.6]), "noise": 0.05}
FIRST = 20


def records(lengths: list[int], seed: int = 0) -> pd.DataFrame:
    """Records of one system, each with its own input, in one long frame."""
    parts = [wiener_hammerstein(length=n, random_state=seed + k, **SYSTEM) for k, n in enumerate(lengths)]
    named = [part.assign(unique_id=f"r{k}", ds=part.index) for k, part in enumerate(parts)]
    return pd.concat(named)[["unique_id", "ds", "y", "u"]]


NEW = records([600, 300], seed=9)
LINEAR = {"lags": 2, "exog_lags": 1, "season": 1}


def test_no_window_crosses_records_and_a_new_one_has_their_scale() -> None:
    long = records([60, 90, 40])
    long["y"] += 100.0
    parts = [part[["y", "u"]].to_numpy() for _, part in long.groupby("unique_id")]
    rows = [
        (y[t], [1.0, *y[t - 2 : t][::-1], *u[t - 1 : t + 1][::-1]])
        for y, u in (part.T for part in parts)
        for t in range(2, len(y))
    ]
    coefficients = np.linalg.lstsq(np.array([row for _, row in rows]), [y for y, _ in rows], rcond=None)[0]
    path = NEW["y"][:FIRST].tolist()
    for t in range(FIRST, 600):
        u = NEW["u"].to_numpy()[t - 1 : t + 1][::-1]
        path.append(float(coefficients @ [1.0, path[-1] + 100, path[-2] + 100, *u]) - 100)
    alone, several = NEW[:600], NEW.assign(y=NEW["y"] + 100)
    for model in (NARX(hidden=(), **LINEAR), AR(pooled=True, **LINEAR)):
        model.fit(long)
        run = model.simulate(alone[["u"]], initial=several["y"][:FIRST])
        np.testing.assert_allclose(run - 100, path[FIRST:], atol=1e-6)
        known = several.groupby("unique_id").head(FIRST)[["unique_id", "ds", "y"]]
        both = model.simulate(several[["unique_id", "ds", "u"]], initial=known)
        np.testing.assert_allclose(both[type(model).__name__][: 600 - FIRST], run, atol=1e-9)


def test_records_with_units_of_their_own_keep_them() -> None:
    long = records([200, 200, 200])
    units = long["unique_id"].map({"r0": 1.0, "r1": 1e3, "r2": 1e6})
    mixed = long.assign(y=long["y"] * units)
    model = NARX(hidden=(), **LINEAR).fit(mixed)
    assert model.scaler_.center.shape == (3, 1) and model.selection_["kept"].tolist() == [False, True]
    fixed = NARX(hidden=(), scale="panel", **LINEAR).fit(mixed)
    assert fixed.scaler_.center.shape == (1, 1)


def test_a_record_with_other_inputs_is_refused() -> None:
    model = AR(pooled=True, **LINEAR).fit(records([60, 90]))
    with pytest.raises(ValueError, match=r"columns of X: must be \['u'\], as in fit; received \['v'\]"):
        model.simulate(NEW[["u"]].rename(columns={"u": "v"}), initial=NEW["y"][:FIRST])
    with pytest.raises(ValueError, match=r"each has its own parameters.*AR\(pooled=True\)"):
        AR(**LINEAR).fit(records([60, 90])).simulate(NEW[:600][["u"]], initial=NEW["y"][:FIRST])
