"""GraphRNN: a known graph is found useful, names decide and not their order, panels and frames agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.graph_rnn import GraphRNN
from forecast.estimators.saving import load
from forecast.evaluation.backtest import backtest
from tests.checks import normal

pytestmark = pytest.mark.backend
NODES = ["a", "b", "c"]
EDGES = pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"], "weight": [1.0, 2.0]})


def stream(rows: int = 120) -> pd.DataFrame:
    """b repeats a one step later and c repeats b, both with a little noise; a is noise."""
    noise = normal((rows + 2, 3), seed=4)
    a = noise[:, 0]
    values = np.column_stack([a[2:], a[1:-1] + 0.1 * noise[2:, 1], a[:-2] + 0.1 * noise[2:, 2]])
    return pd.DataFrame(values, pd.period_range("2024-01-01", periods=rows, freq="D"), NODES)


def long_of(frame: pd.DataFrame) -> pd.DataFrame:
    long = frame.rename_axis(index="ds", columns="unique_id").T.stack().rename("y").reset_index()
    return long.assign(ds=long["ds"].dt.to_timestamp())


def small(**options) -> GraphRNN:
    small = {"edges": EDGES, "lags": 1, "units": 3, "epochs": 60, "jit_compile": False, "random_state": 0}
    return GraphRNN(**small | options)


@pytest.mark.slow
def test_the_edges_tell_what_no_node_knows_of_itself() -> None:
    y = stream(200)
    test = y.iloc[-60:]

    def error(edges: pd.DataFrame | None) -> np.ndarray:
        model = small(edges=edges, cell="elman").fit(y.iloc[:-60])
        return np.sqrt(((model.update(test).predict(test.index) - test) ** 2).mean()).to_numpy()

    heard, deaf = error(EDGES), error(None)
    assert (heard[1:] < 0.5 * deaf[1:]).all()  # of the 0.1 of noise that is left and the 1.0 of the signal
    assert deaf.min() > 0.7 and heard[0] > 0.7


@pytest.mark.parametrize("outputs", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_before_training_every_node_is_its_autoregression(outputs: int) -> None:
    y = stream()
    model = small(lags=2, outputs=outputs, cell="elman", epochs=1, validation=0).fit(y)
    model.theta_ = model.linear_theta_
    linear = AR(lags=2, joint=False).fit(y.iloc[: len(y) - outputs + 1])  # the last first steps of `outputs`
    np.testing.assert_allclose(model.predict(1), linear.simulate(1, y), rtol=1e-7)


@pytest.mark.slow
def test_before_training_a_shared_path_is_one_autoregression_of_all_nodes() -> None:
    y = stream()
    model = small(lags=2, linear="shared", cell="elman", epochs=1, validation=0).fit(y)
    model.theta_ = model.linear_theta_
    values = ((y - y.mean()) / y.std(ddof=0)).to_numpy()
    design = np.stack([values[1:-1], values[:-2], np.ones_like(values[2:])], axis=2).reshape(-1, 3)
    solution = np.linalg.lstsq(design, values[2:].ravel(), rcond=None)[0]
    expected = np.stack([values[-1], values[-2], np.ones(3)], axis=1) @ solution
    scaled = (model.predict(1).to_numpy()[0] - y.mean().to_numpy()) / y.std(ddof=0).to_numpy()
    np.testing.assert_allclose(scaled, expected, rtol=1e-7)


@pytest.mark.slow
def test_panel_and_frame_are_the_same_nodes_in_any_order() -> None:
    y = stream(60)
    fit = small(epochs=5)
    frame = fit.fit(y).predict(4)
    panel = small(epochs=5).fit(long_of(y)).predict(4)
    np.testing.assert_allclose(panel["GraphRNN"], frame.to_numpy().T.ravel(), rtol=1e-6)
    mixed = small(epochs=5).fit(long_of(y[["c", "a", "b"]])).predict(4)
    again = mixed.set_index(["unique_id", "ds"]).loc[panel.set_index(["unique_id", "ds"]).index, "GraphRNN"]
    np.testing.assert_allclose(again, panel["GraphRNN"], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_edges_survive_save(tmp_path: Path) -> None:
    model = small(epochs=3).fit(long_of(stream(60)))
    model.save(tmp_path / "graph.zip")
    loaded = load(tmp_path / "graph.zip")
    pd.testing.assert_frame_equal(loaded.edges, EDGES)
    pd.testing.assert_frame_equal(loaded.predict(5), model.predict(5))
    assert list(loaded.nodes_) == NODES


@pytest.mark.slow
def test_graph_takes_part_in_backtest_and_gives_intervals() -> None:
    long = long_of(stream(60))
    frame = backtest({"GraphRNN": small(epochs=3), "AR": AR(lags=1)}, long, horizon=2, windows=2)
    assert len(frame) == 3 * 2 * 2 and frame[["GraphRNN", "AR"]].notna().all(axis=None)
    bounds = small(epochs=3).fit(long).predict_interval(2, level=50)
    assert (bounds["GraphRNN-lo-50"] < bounds["GraphRNN-hi-50"]).all()


@pytest.mark.slow
def test_series_of_different_times_are_refused_with_edges_alone() -> None:
    long = long_of(stream(60))
    ragged = long[(long["unique_id"] != "b") | (long["ds"] > "2024-01-05")]
    with pytest.raises(ValueError, match="over the same time"):
        small().fit(ragged)
    alone = small(edges=None, epochs=3).fit(ragged)
    assert alone.predict(2)["GraphRNN"].notna().all()
    with pytest.raises(ValueError, match="unknown 'b'"):
        small().fit(long[long["unique_id"] != "b"])
    with pytest.raises(ValueError, match="one target in a panel"):
        wide = long.set_index(["unique_id", "ds"])
        small(edges=None).fit(pd.DataFrame({"u": wide["y"], "v": wide["y"] ** 2}))


@pytest.mark.slow
def test_covariates_of_a_panel_belong_to_their_series() -> None:
    long = long_of(stream(60)).assign(push=normal((180,), seed=9))
    model = small(edges=None, epochs=3).fit(long)
    future = model.make_future_frame(1).assign(push=0.0)
    pushed = future.assign(push=(future["unique_id"] == "b") * 5.0)
    moved = (model.predict(pushed)["GraphRNN"] != model.predict(future)["GraphRNN"]).to_numpy()
    assert moved.tolist() == [False, True, False]


@pytest.mark.slow
def test_absolute_errors_give_medians() -> None:
    """One value in four is far away: the mean lies between, the median does not."""
    y = np.where(np.arange(400) % 4 == 0, 8.0, 0.0)[:, None] + 0.1 * normal((400, 2), seed=2)
    y = y[np.random.default_rng(0).permutation(400)]
    options = {"edges": None, "lags": 1, "units": 2, "epochs": 40, "learning_rate": 0.02, "solver": "adam"}
    squared, absolute = (
        float(np.abs(small(loss=loss, **options).fit(y).predict(1)).max()) for loss in ("squared", "absolute")
    )
    assert squared > 1.5 and absolute < 0.7
    with pytest.raises(ValueError, match="one of 'lm', 'adam' with loss='absolute'"):
        small(loss="absolute", solver="lbfgs", edges=None).fit(y)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.slow
def test_every_solver_fits(solver: str) -> None:
    model = small(solver=solver, epochs=2, lags=2, units=1, selection=False).fit(stream(40))
    assert model.solver_ == solver and np.isfinite(model.predict(3)).all(axis=None)
    more = small(solver="lbfgs", training="multi-step", steps=3, epochs=2, aggregate="sum").fit(stream(40))
    assert more.config_.aggregate == "sum"
    assert np.isfinite(more.predict(2)).all(axis=None)
    with pytest.raises(ValueError, match="solver: must be one of 'auto', 'lbfgs', 'adam'"):
        small(solver="lm").fit(stream(40))
    with pytest.raises(ValueError, match="training: "):
        small(outputs=2, training="free-run").fit(stream(40))
