"""Fine-tuning: what is learned is kept where held-out forecasts say so, and a small panel stays without Keras."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast import Pretrained, ResidualTDNN, load
from forecast.estimators.pretrained import finetuning
from forecast.estimators.pretrained.network import Blocks, shipped

BOTH = f"{finetuning.BEFORE} and {finetuning.AFTER}"


def panel(kind: str, series: int = 20, rows: int = 1000) -> pd.DataFrame:
    """Random walks, lines with a little noise, or the logistic map."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(series, rows)).cumsum(axis=1)
    if kind == "lines":
        values = np.arange(rows) * rng.uniform(1, 2, (series, 1)) + 0.1 * rng.normal(size=(series, rows))
    if kind == "chaos":
        values[:, 0] = rng.uniform(0.1, 0.9, series)
        for row in range(1, rows):
            values[:, row] = 3.9 * values[:, row - 1] * (1 - values[:, row - 1])
    ids, ds = np.repeat(np.arange(series), rows), np.tile(np.arange(rows), series)
    return pd.DataFrame({"unique_id": ids, "ds": ds, "y": values.ravel()})


def nothing(member: Blocks, *_: Any, **__: Any) -> Blocks:
    """What a training would return that unlearned everything: the last value is the forecast."""
    return tuple(tuple(np.zeros_like(maps) for maps in block) for block in member)


@pytest.mark.parametrize(("kind", "chosen"), [("walks", finetuning.AFTER), ("lines", finetuning.BEFORE)])
def test_what_is_kept_is_what_forecasts_the_last_horizons(
    kind: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetuning, "fine_tuned", nothing)
    data = panel(kind)
    model = Pretrained(season=1, horizon=4, finetune="auto").fit(data)
    table = model.selection_
    assert table["candidate"].tolist() == [finetuning.BEFORE, finetuning.AFTER, BOTH]
    assert table["candidate"][table["kept"]].tolist() == [chosen]
    told = model.predict()["Pretrained"].to_numpy()
    last = np.repeat(data.groupby("unique_id")["y"].last().to_numpy(), 4)
    plain = Pretrained(season=1, horizon=4).fit(data).predict()["Pretrained"].to_numpy()
    np.testing.assert_allclose(told, last if chosen == finetuning.AFTER else plain)
    assert (model.theta_ is None) == (chosen == finetuning.BEFORE)


def test_both_kept_are_both_networks() -> None:
    network = shipped("season_1")
    other = network.of(tuple(nothing(member) for member in network.members))
    both = network.with_theta(np.concatenate([network.theta, other.theta]))
    inputs = np.random.default_rng(0).normal(size=(3, 2 * network.layout.inputs)).astype("float32")
    mean = (network.numbers(inputs, 1) + other.numbers(inputs, 1)) / 2
    np.testing.assert_allclose(both.numbers(inputs, 1), mean, rtol=1e-4, atol=1e-5)


def test_a_small_panel_is_not_trained_and_does_not_load_keras() -> None:
    code = (
        "import sys, numpy as np, forecast; y = np.sin(np.arange(160.0)); "
        "model = forecast.Pretrained(season=12, finetune='auto').fit(y[:, None] ** 2, y); "
        "print(model.theta_, len(model.selection_), 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "2", "False"]  # judged with and without the covariate alone


def test_the_residual_tdnn_starts_there_and_is_judged_against_ar(tmp_path: Path) -> None:
    data = panel("walks", series=12, rows=60)
    model = ResidualTDNN(start="pretrained", season=1, horizon=4).fit(data)
    assert model.selection_["candidate"].tolist() == ["AR", finetuning.BEFORE, f"AR and {finetuning.BEFORE}"]
    plain = ResidualTDNN(start="pretrained", season=1, horizon=4, selection=False).fit(data)
    told = Pretrained(season=1).fit(data).predict(9)["Pretrained"]
    np.testing.assert_allclose(plain.predict(9)["ResidualTDNN"], told)
    for each in (model, plain):
        each.save(tmp_path / "a.zip")
        pd.testing.assert_frame_equal(load(tmp_path / "a.zip").predict(9), each.predict(9))
    with pytest.raises(ValueError, match="start"):
        ResidualTDNN(start="pretrained", loss="gaussian").fit(data)
    with pytest.raises(ValueError, match="sample_weight"):
        ResidualTDNN(start="pretrained", season=1).fit(data, sample_weight=np.ones(len(data)))


@pytest.mark.slow
@pytest.mark.backend
def test_a_panel_of_its_own_kind_is_learned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The logistic map, which no series of the training resembles."""
    monkeypatch.setattr(finetuning, "MOST_STEPS", 40)
    monkeypatch.setattr(finetuning, "RATE", 1e-3)
    data = panel("chaos")
    model = Pretrained(season=1, horizon=3, finetune="auto", random_state=0).fit(data)
    errors = model.selection_.set_index("candidate")["error"]
    assert errors[finetuning.AFTER] < 0.85 * errors[finetuning.BEFORE] and model.theta_ is not None
    model.save(tmp_path / "a.zip")
    pd.testing.assert_frame_equal(load(tmp_path / "a.zip").predict(3), model.predict(3))
    other = ResidualTDNN(start="pretrained", season=1, horizon=3, random_state=0, selection=False).fit(data)
    mine, theirs = model.predict(3)["Pretrained"], other.predict(3)["ResidualTDNN"]
    np.testing.assert_allclose(mine, theirs, rtol=1e-5)  # one mechanism
