"""What the neural forecasters share: scaling, members, training options, panels, bounds."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from sklearn.base import clone

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.inputs import limits_after
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.tdnn import TDNN
from tests.checks_forecaster import covariates, forecasters, long_frame, monthly, named

pytestmark = pytest.mark.backend
NEURAL = [model for model in forecasters() if isinstance(model, NeuralForecaster)]
every_network = pytest.mark.parametrize("model", NEURAL, ids=named)
Y = monthly(60)
X = covariates(Y.index)
LATER = covariates(pd.period_range(Y.index[-1] + 1, periods=6, freq="M"), seed=3)


def small(**options) -> NARX:
    """A network that stays, whatever a linear model would do."""
    small = {
        "lags": 2,
        "hidden": (2,),
        "epochs": 5,
        "random_state": 0,
        "selection": False,
        "jit_compile": False,
    }
    return NARX(**small | options)


# ---------------------------------------------------------------- scaling


@pytest.mark.parametrize("scale", ["series", "window"])
def test_shift_and_scale_of_the_data_carry_over(scale: str) -> None:
    model = small(scale=scale)
    expected = 250.0 * clone(model).fit(X, Y).predict(LATER) - 4000.0
    moved = clone(model).fit(X, 250.0 * Y - 4000.0)
    np.testing.assert_allclose(moved.predict(LATER), expected, rtol=1e-5)


def test_units_of_covariates_do_not_matter() -> None:
    expected = small().fit(X, Y).predict(LATER)
    units = pd.Series({"price": 1e4, "heat": 1e-3})
    np.testing.assert_allclose(small().fit(X * units + 7, Y).predict(LATER * units + 7), expected, rtol=1e-5)


@pytest.mark.slow
def test_normalised_windows_follow_a_level_never_seen() -> None:
    wandering = small(scale="window").fit(Y)
    np.testing.assert_allclose(wandering.simulate(4, Y + 20.0), wandering.predict(4) + 20.0, rtol=1e-6)
    fixed = small().fit(Y)
    assert not np.allclose(fixed.simulate(4, Y + 20.0), fixed.predict(4) + 20.0, rtol=1e-3)


@every_network
@pytest.mark.parametrize("scale", ["series", None])
def test_the_network_behind_the_forecast(model: NeuralForecaster, scale: str | None) -> None:
    fitted = clone(model).set_params(scale=scale, selection=False).fit(X, Y)
    y = (Y.to_numpy() - fitted.scaler_.center[0, 0]) / fitted.scaler_.spread[0, 0]
    x = (X.to_numpy() - fitted.scaler_.x_center) / fitted.scaler_.x_spread
    length = fitted.window_
    rows = range(length, len(y))
    windows = np.stack([np.column_stack([y[t - length : t], x[t - length + 1 : t + 1]]) for t in rows])
    network, inputs = fitted.network_, fitted._compiled().with_lead(windows).astype("float32")
    assert isinstance(network, keras.Model)
    output = keras.ops.convert_to_numpy(network(inputs))[:, 0, 0]
    values = output * fitted.scaler_.spread[0, 0] + fitted.scaler_.center[0, 0]
    np.testing.assert_allclose(values, fitted.predict(Y.index[length:]), rtol=1e-4)


@every_network
def test_the_network_is_a_file_of_its_own(model: NeuralForecaster, tmp_path) -> None:
    fitted = clone(model).fit(Y)
    network = fitted.network_
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    inputs = np.random.default_rng(0).normal(size=(3, *network.input_shape[1:])).astype("float32")
    before = keras.ops.convert_to_numpy(network(inputs))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(again(inputs)), before, rtol=1e-5, atol=1e-6)
    clone(model).fit(Y**2)  # another fit of the same shape leaves it alone
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(network(inputs)), before)


# ---------------------------------------------------------------- chance and members


@pytest.mark.parametrize("options", [{}, {"solver": "adam"}, {"solver": "lbfgs"}, {"members": 2}], ids=str)
def test_random_state_decides(options: dict) -> None:
    forecasts = [small(**{"random_state": 1, **options}).fit(Y).theta_ for _ in range(2)]
    np.testing.assert_array_equal(*forecasts)
    assert not np.allclose(small(**options, weight_decay=1e-3).fit(Y).theta_, forecasts[0])


def test_the_forecast_is_the_median_of_the_members() -> None:
    together = small(members=3, weight_decay=1e-4, epochs=20).fit(X, Y)
    alone = clone(together).set_params(members=1).fit(X, Y)
    single = []
    for theta in together.theta_:
        alone.theta_ = theta[None]
        single.append((np.asarray(alone.predict(LATER)), np.asarray(alone.predict(Y.index[2:]))))
    assert not np.allclose(single[0][0], single[1][0])
    np.testing.assert_allclose(together.predict(LATER), np.median([s[0] for s in single], axis=0))
    np.testing.assert_allclose(together.predict(Y.index[2:]), np.median([s[1] for s in single], axis=0))
    assert len(together.history_) == 3


# ---------------------------------------------------------------- training


@pytest.mark.parametrize("training", ["one-step", "multi-step", "free-run"])
@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
@pytest.mark.slow
def test_every_solver_trains_in_every_way(solver: str, training: str) -> None:
    model = small(solver=solver, training=training, steps=5, epochs=3).fit(X, Y)
    assert model.solver_ == solver
    held = training != "one-step" or solver != "lm"
    assert all(("val_loss" in logs) == held for logs in model.history_[0])
    assert np.isfinite(model.predict(LATER)).all()


class Diary(keras.callbacks.Callback):
    def __init__(self, last: int = 99) -> None:
        super().__init__()
        self.epochs, self.last = [], last

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(logs)
        self.model.stop_training = epoch >= self.last


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
def test_callbacks_are_told_both_losses_and_may_stop(solver: str) -> None:
    diary = Diary()
    model = small(solver=solver, validation=0.2, callbacks=[diary]).fit(Y)
    assert diary.epochs == model.history_[0][1:]  # as in Keras, nothing is told of the start
    assert len(diary.epochs) > 1 and all({"loss", "val_loss"} == set(logs) for logs in diary.epochs)
    short = small(solver=solver, validation=0.2, callbacks=[Diary(last=1)], epochs=50).fit(Y)
    assert len(short.history_[0]) == 3  # the start, and the epochs 0 and 1


def test_silence_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    small().fit(Y)  # compiled once, TensorFlow has said what it had to say
    small(solver="adam").fit(Y).predict(3)
    capfd.readouterr()
    small().fit(Y).predict_interval(2, level=50)
    small(solver="adam").fit(Y).predict(3)
    assert capfd.readouterr() == ("", "")
    small(verbose=2).fit(Y)
    assert "epoch 1: loss" in capfd.readouterr().out
    for verbose in (1, "auto", True):
        small(verbose=verbose).fit(Y)
        assert "epoch" in capfd.readouterr().err
    with pytest.raises(ValueError, match="verbose: must be one of 0, 1, 2, 'auto'; received 7"):
        small(verbose=7).fit(Y)


def test_weights_of_zero_leave_rows_out() -> None:
    """With scale=None nothing but the windows knows a row: other values in rows of weight 0 change nothing."""
    weights = np.ones(60)
    weights[-5:] = 0.0
    other = Y.copy()
    other.iloc[-5:] += 30.0
    given, changed = (small(scale=None).fit(y, sample_weight=weights) for y in (Y, other))
    np.testing.assert_array_equal(given.theta_, changed.theta_)
    short = small(scale=None).fit(Y.iloc[:-5])
    np.testing.assert_allclose(given.theta_, short.theta_, rtol=1e-6, atol=1e-9)


def test_without_xla_the_same() -> None:
    compiled, plain = (small(jit_compile=jit).fit(X, Y).predict(LATER) for jit in (True, False))
    np.testing.assert_allclose(compiled, plain, rtol=1e-7)


def test_a_lost_loss_falls_back_on_ar_and_says_so() -> None:
    model = small(solver="adam", learning_rate=1e30, validation=0)
    with pytest.warns(RuntimeWarning, match="loss became .* kept the best weights so far.*learning_rate"):
        model.fit(Y)
    np.testing.assert_allclose(model.predict(6), AR(lags=2).fit(Y).predict(6), rtol=1e-4)


def explosive(model: NARX) -> NARX:
    """Tampered weights: the linear path alone, y_t = 3 y_{t-1}."""
    slices = model._compiled().slices()
    (part,) = (part for path, part in slices.items() if path.endswith("linear/kernel"))
    theta = np.zeros_like(model.theta_)
    theta[:, part.start] = 3.0
    model.theta_ = theta
    return model


def test_a_diverging_free_run_is_told() -> None:
    model = explosive(small(training="free-run", steps=20, weight_decay=1e9).fit(Y))
    with pytest.warns(RuntimeWarning, match=r"free run of \d+ steps diverged"):
        model.partial_fit(pd.Series([60.0], pd.period_range(Y.index[-1] + 1, periods=1, freq="M")))


@every_network
def test_closed_loops_stay_near_the_data(model: NeuralForecaster) -> None:
    growing = np.exp(0.1 * np.arange(60.0)) + np.random.default_rng(0).normal(size=60)
    forecast = clone(model).fit(growing).predict(400)
    width = growing.max() - growing.min()
    assert forecast.max() <= growing.max() + width and forecast.min() >= growing.min() - width


def test_the_bound_is_reached_not_passed() -> None:
    model = explosive(small().fit(Y))
    forecast = model.predict(60)
    bounds = (model.scaler_.limits * model.scaler_.spread + model.scaler_.center)[:, 0]
    assert bounds[0] < Y.min() and Y.max() < bounds[1]
    assert np.abs(forecast.iloc[-1] - bounds).min() < 1e-9 * Y.max()


@every_network
def test_the_bound_moves_with_the_history(model: NeuralForecaster) -> None:
    """What happened after fit may go on: no bound lies inside the history at hand."""
    fitted = clone(model).fit(Y)
    higher = Y + 100.0
    scaler = fitted.scaler_
    low, high = limits_after(scaler, (higher.to_numpy()[:, None] - scaler.center) / scaler.spread)
    assert high * scaler.spread + scaler.center > higher.max()
    np.testing.assert_array_equal(low, scaler.limits[0])


def test_a_system_follows_a_larger_input() -> None:
    """y_t = y_{t-1} / 2 + u_t under an input twice as large as in training leaves the training range."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-1.0, 1.0, 400)
    u[200:] *= 2.0
    y = lfilter([1.0], [1.0, -0.5], u)
    model = NARX(lags=1, exog_lags=0, hidden=()).fit(u[:200, None], y[:200])
    run = model.simulate(u[200:, None], y[200:201])
    assert np.abs(y[201:]).max() > 1.3 * np.abs(y[:200]).max()
    np.testing.assert_allclose(run, y[201:], atol=1e-6)


# ---------------------------------------------------------------- updating


@every_network
def test_update_moves_and_partial_fit_learns(model: NeuralForecaster) -> None:
    fitted = clone(model).fit(Y.iloc[:50])
    theta = fitted.theta_
    moved = fitted.update(Y.iloc[50:55]).predict(3)
    assert fitted.theta_ is theta
    np.testing.assert_allclose(fitted.simulate(3, Y.iloc[:55]), moved)
    fitted.partial_fit(Y.iloc[55:])
    assert not np.array_equal(fitted.theta_, theta) and fitted.predict(1).index[0] == Y.index[-1] + 1


def test_simulate_runs_on_another_record() -> None:
    model = small().fit(X, Y)
    other = covariates(pd.RangeIndex(30), seed=9)
    known = pd.Series(np.linspace(45.0, 55.0, 4))
    run = model.simulate(other, known)
    assert list(run.index) == list(range(4, 30))
    one_by_one, past = [], known
    for step in range(4, 7):
        one_by_one.append(float(model.simulate(other[: step + 1], past).iloc[0]))
        past = pd.concat([past, pd.Series([one_by_one[-1]], [step])])
    np.testing.assert_allclose(run.iloc[:3], one_by_one, rtol=1e-9)


# ---------------------------------------------------------------- panels


@pytest.mark.parametrize("kind", [NARX, TDNN])
def test_one_network_serves_series_of_other_scale_and_length(kind: type[NeuralForecaster]) -> None:
    long = long_frame((60, 60, 31))
    second = long["unique_id"] == "s1"
    first = long.loc[long["unique_id"] == "s0", "y"].to_numpy()
    long.loc[second, "y"] = 1000.0 * first - 700.0
    model = kind(lags=2, hidden=(2,), epochs=5, random_state=0).fit(long)
    assert model.theta_.shape[0] == 1 and model.scaler_.center.shape == (3, 1)
    forecast = model.predict(4).pivot(index="ds", columns="unique_id", values=kind.__name__)
    np.testing.assert_allclose(forecast["s1"].dropna(), 1000 * forecast["s0"].dropna() - 700, rtol=1e-7)
    assert len(forecast["s2"].dropna()) == 4


def test_a_new_series_is_scaled_by_its_own_history() -> None:
    model = small().fit(long_frame((60, 50)))
    record = long_frame((60, 50))
    new = record.loc[record["unique_id"] == "s0"].assign(unique_id="new")
    new["y"] = 1000.0 * new["y"] - 700.0
    known = model.simulate(3, record.loc[record["unique_id"] == "s0"])["NARX"]
    np.testing.assert_allclose(model.simulate(3, new)["NARX"], 1000.0 * known - 700.0, rtol=1e-7)


def test_some_series_of_a_panel_alone() -> None:
    """Records of fewer series, in another order, find their own scale."""
    long = long_frame((60, 50, 40))
    model = small().fit(long)
    expected = model.predict(3)
    for name in ("s2", "s1"):
        run = model.simulate(3, long.loc[long["unique_id"] == name])
        np.testing.assert_allclose(run["NARX"], expected.loc[expected["unique_id"] == name, "NARX"])


# ---------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"solver": "sgd"},
            ValueError,
            "solver: must be one of 'auto', 'lm', 'lbfgs', 'adam'; received 'sgd'",
        ),
        (
            {"training": "parallel"},
            ValueError,
            "training: must be one of 'one-step', 'multi-step', 'free-run'",
        ),
        (
            {"scale": "minmax"},
            ValueError,
            "scale: must be one of 'auto', 'series', 'panel', 'window', 'level', None",
        ),
        ({"epochs": 0}, ValueError, "epochs: must be a whole number of at least 1; received 0"),
        ({"batch_size": 1.5}, TypeError, "batch_size: must be a whole number"),
        ({"patience": 0}, ValueError, "patience"),
        ({"members": 0}, ValueError, "members"),
        ({"steps": 0}, ValueError, "steps"),
        ({"random_state": -1}, ValueError, "random_state: must be a whole number of at least 0"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate: must be a finite number greater than 0"),
        ({"tolerance": -1.0}, ValueError, "tolerance"),
        ({"weight_decay": -1.0}, ValueError, "weight_decay"),
        ({"validation": "none"}, ValueError, "validation: must be one of 'auto'; received 'none'"),
        ({"validation": 1.0}, ValueError, "validation: must be a fraction between 0 and 1"),
        ({"validation": 58}, ValueError, "validation.*smaller fraction, fewer lags or a longer history"),
        ({"hidden": 8}, TypeError, r"hidden: must be a list of the units.*8 of type int.*hidden=\(8,\)"),
        ({"hidden": (0,)}, ValueError, r"hidden\[0\]: must be a whole number of at least 1; received 0"),
        ({"activation": "tnah"}, ValueError, "activation: must be the Keras name.*tnah.*tanh"),
        ({"lags": "all"}, ValueError, "lags: must be 'auto', a whole number or a list.*received 'all'"),
    ],
    ids=str,
)
def test_wrong_arguments(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        small(**options).fit(Y)


def test_a_fifth_of_the_values_missing_costs_little() -> None:
    """No ten rows in a row are whole; the season and the neighbours in time stand in for the others."""
    time, rng = np.arange(400), np.random.default_rng(0)
    days = pd.date_range("2024", periods=400, freq="D")
    y = pd.Series(
        np.tile([0, 2, 1, 5, 4, 3, 9], 58)[:400] + np.sin(time / 40) + 0.1 * rng.normal(size=400), days
    )
    two = pd.DataFrame({"a": y, "b": 20 - 2 * y.shift(1, fill_value=4)})
    holes = two.mask(rng.random(two.shape) < 0.2)
    whole, some = (NARX(lags=9, hidden=()).fit(data.iloc[:380]) for data in (two, holes))
    errors = [np.abs(model.predict(20) - two.iloc[380:]).to_numpy().mean() for model in (whole, some)]
    assert errors[0] < 0.5 and errors[1] < 1.5 * errors[0]


def test_a_fitted_model_forecasts_with_the_members_that_it_has() -> None:
    y = np.sin(np.arange(60.0))
    model = NARX(
        lags=2, hidden=(2,), members=2, epochs=2, selection=False, jit_compile=False, random_state=0
    ).fit(y)
    before = model.predict(3)
    np.testing.assert_array_equal(model.set_params(members=3).predict(3), before)


def test_candidates_know_no_more_of_a_past_covariate_than_the_forecast() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=120)}, pd.date_range("2024-01-01", periods=120))
    y = (5 * X["x"] + 0.1 * rng.normal(size=120)).rename("y")
    options: dict[str, Any] = {"exog_lags": 0, "hidden": (2,), "epochs": 2, "horizon": 3, "random_state": 0}
    options |= {"jit_compile": False}
    known, past = (
        NARX(**options, past=names).fit(X, y).selection_.set_index("candidate") for names in (None, ["x"])
    )
    for name in ("linear model", "AR"):
        assert known.loc[name, "error"] < 0.05 < 0.5 < past.loc[name, "error"]
