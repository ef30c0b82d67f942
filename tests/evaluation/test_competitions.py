"""OWA and WRMSSE: the organisers' figures on one series of M4, and sums written out in numpy."""

import numpy as np
import pandas as pd
import pytest

from forecast import Naive2, SeasonalNaive
from forecast.evaluation import M5_LEVELS, mase, owa, smape, wrmsse

# Series Q23425 of M4: training part, official test part, and the organisers' own forecast with Naive2
TRAIN = [5180.5, 15325.1, 10077.6, 5843.8, 7576.4, 11483.8, 6516.9, 6263.6]
TRAIN += [6553.7, 15899.3, 9187.2, 4464.9, 7428.8, 14016.3, 7401.6, 6077.8]
TEST = [4494.5, 11164.4, 8084.6, 6284.7, 7723.7, 13477.5, 10204.6, 6640.7]
NAIVE2 = [8044.351088, 15500.54046, 9366.598758, 6077.8] * 2


@pytest.fixture
def quarters() -> tuple[pd.DataFrame, pd.DataFrame]:
    history = pd.DataFrame({"unique_id": "Q23425", "ds": np.arange(1, 17), "y": TRAIN})
    frame = pd.DataFrame({"unique_id": "Q23425", "ds": np.arange(17, 25), "cutoff": 16, "y": TEST})
    for model in (Naive2(season=4), SeasonalNaive(season=4)):
        frame[type(model).__name__] = model.fit(history).predict(8)[type(model).__name__]
    return history, frame


def test_naive2_is_that_of_the_organisers(quarters) -> None:
    np.testing.assert_allclose(quarters[1]["Naive2"], NAIVE2, rtol=1e-9)


def test_owa_is_the_mean_of_two_ratios(quarters) -> None:
    history, frame = quarters
    y, train = np.array(TEST), np.array(TRAIN)
    unit = np.abs(train[4:] - train[:-4]).mean()
    scores = {}
    for name in ("Naive2", "SeasonalNaive"):
        f = frame[name].to_numpy()
        scores[name] = (200 * np.abs(y - f) / (y + f)).mean(), np.abs(y - f).mean() / unit
        assert smape(frame)[name].item() == pytest.approx(scores[name][0])
        assert mase(frame, history, season_length=4)[name].item() == pytest.approx(scores[name][1])
    found = owa(frame, history, season_length=4)
    expected = np.mean(np.array(scores["SeasonalNaive"]) / scores["Naive2"])
    assert found.to_dict() == pytest.approx({"Naive2": 1.0, "SeasonalNaive": expected})


def test_owa_needs_its_reference(quarters) -> None:
    history, frame = quarters
    with pytest.raises(ValueError, match="reference: must be .*'Naive2'"):
        owa(frame.drop(columns="Naive2"), history, reference="Naive2")


def stores() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three items in two stores, 40 days of history that begin with zeros, and 3 days ahead."""
    rng, days = np.random.default_rng(0), 43
    frames = []
    for number, (item, store) in enumerate((i, s) for i in ("A_1", "A_2", "B_1") for s in ("CA_1", "TX_1")):
        y = rng.poisson(2 + number, size=days).astype(float)
        y[: 4 * number] = 0
        sold = {"item_id": item, "dept_id": item[0], "cat_id": item[0], "store_id": store}
        name = {"unique_id": f"{item}_{store}", "ds": np.arange(days), "y": y}
        frames.append(pd.DataFrame({**name, **sold, "state_id": store[:2], "sales": y * (1 + number)}))
    long = pd.concat(frames, ignore_index=True)
    ahead = long["ds"] >= 40
    frame = long.loc[ahead, ["unique_id", "ds", "y"]].assign(cutoff=39)
    frame["AR"] = frame["y"] + rng.normal(size=len(frame))
    return long[~ahead], frame.assign(perfect=frame["y"])


@pytest.mark.parametrize("level", M5_LEVELS, ids=", ".join)
def test_wrmsse_adds_up_weighs_and_begins_with_the_first_sale(level) -> None:
    history, frame = stores()
    joined = frame.merge(history.drop_duplicates("unique_id").drop(columns=["ds", "y"]), on="unique_id")
    keys = list(level) or [pd.Series(0, history.index)]
    expected = 0.0
    for name, rows in history.groupby(keys):
        mine = joined if not level else joined[joined[list(level)].eq(list(name)).all(axis=1)]
        past = rows.groupby("ds")["y"].sum().to_numpy()
        past = past[np.flatnonzero(past)[0] :]
        error = (mine.groupby("ds")["y"].sum() - mine.groupby("ds")["AR"].sum()).to_numpy()
        weight = rows.loc[rows["ds"] >= 12, "sales"].sum() / history.loc[history["ds"] >= 12, "sales"].sum()
        expected += weight * np.sqrt((error**2).mean() / (np.diff(past) ** 2).mean())
    found = wrmsse(frame, history, levels=[level])
    assert found["AR"].item() == pytest.approx(expected) and found["perfect"].item() == 0
    assert found.index.tolist() == [", ".join(level) or "total"]


def test_wrmsse_refuses_what_it_cannot_score() -> None:
    history, frame = stores()
    assert wrmsse(frame, history).shape == (12, 2)
    never = history["unique_id"] == "A_1_CA_1"
    unsold = wrmsse(frame, history.assign(y=history["y"].mask(never, 0.0)))
    assert unsold["AR"].notna().all() and not unsold["perfect"].any()
    with pytest.raises(ValueError, match="history: must be .*without sales"):
        wrmsse(frame, history.drop(columns="sales"))
    with pytest.raises(ValueError, match="frame: must be of one cutoff and complete"):
        wrmsse(frame.assign(AR=np.nan), history)
