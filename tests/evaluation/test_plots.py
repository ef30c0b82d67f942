"""Pictures hold the numbers they were given, on every index, and leave matplotlib's state alone."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import dates

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from forecast import AR, Naive, SeasonalNaive
from forecast.evaluation import backtest, leaderboard, plot_backtest, plot_forecast, plot_leaderboard


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


INDEXES = {
    "period": pd.period_range("2020-01", periods=40, freq="M"),
    "date": pd.date_range("2020-01", periods=40, freq="W"),
    "zone": pd.date_range("2024-03-30", periods=40, freq="h", tz="Europe/Berlin"),
    "integer": pd.Index(range(100, 140)),
}


def series(index="period"):
    return pd.Series(np.random.default_rng(0).normal(size=40).cumsum(), INDEXES[index], name="sales")


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("index", INDEXES)
def test_forecast_on_every_index(index):
    y = series(index)
    ax = plot_forecast(y.iloc[:30], y.iloc[30:])
    past, future = (line.get_xydata() for line in ax.lines)
    assert np.concatenate([past, future])[:, 1].tolist() == y.tolist()
    assert (np.diff(np.concatenate([past, future])[:, 0]) > 0).all()
    assert texts(ax) == ["forecast"] and ax.get_ylabel() == "sales"
    ax.figure.canvas.draw()
    assert all(label.get_text() for label in ax.get_xticklabels()) or index != "integer"


def test_dates_are_where_matplotlib_puts_them():
    y = series("zone")
    ax = plot_forecast(y, y.iloc[-2:])
    assert ax.lines[0].get_xdata()[0] == pytest.approx(dates.date2num(y.index[0].to_pydatetime()))
    assert ax.get_xlabel() == "Europe/Berlin"
    monthly = plot_forecast(series(), series().iloc[-2:])
    assert monthly.lines[0].get_xdata()[0] == dates.date2num(np.datetime64("2020-01-01"))


def test_intervals_are_bands():
    y = series()
    model = Naive().fit(y)
    ax = plot_forecast(y, model.predict(3), model.predict_interval(3, level=[50, 80]), last=12)
    assert len(ax.lines[0].get_xdata()) == 12 and len(ax.collections) == 2
    widest, narrow = (band.get_paths()[0].get_extents().height for band in ax.collections)
    assert widest > narrow and texts(ax) == ["forecast\n50, 80 % interval"]
    own = plot_forecast(y, model.predict_interval(3, level=80), model.predict_interval(3, level=80))
    assert texts(own) == ["Naive\n80 % interval"]


def test_several_models_on_given_axes():
    y = series()
    _, ax = plt.subplots()
    models = pd.DataFrame({"AR": y.iloc[-3:], "NARX": y.iloc[-3:] + 1})
    assert plot_forecast(y, models, ax=ax) is ax
    assert texts(ax) == ["AR", "NARX"]
    heights = [text.xy[1] for text in ax.texts]
    assert heights[1] > heights[0]


@pytest.mark.parametrize("form", ["long", "polars", "multiindex"])
def test_one_series_of_a_panel(form):
    days = pd.date_range("2024", periods=10)
    long = pd.DataFrame({"unique_id": ["a"] * 10 + ["b"] * 10, "ds": [*days, *days], "y": np.arange(20.0)})
    y = {"long": long, "polars": pl.from_pandas(long), "multiindex": long.set_index(["unique_id", "ds"])}[
        form
    ]
    ax = plot_forecast(y, Naive().fit(y).predict(2), series="b")
    assert [line.get_ydata().tolist() for line in ax.lines] == [list(range(10, 20)), [19, 19]]
    assert ax.get_ylabel() == "b" and len(plot_forecast(y, Naive().fit(y).predict(2)).lines) == 2
    with pytest.raises(ValueError, match="series: must be an id of the panel such as 'a'; received c"):
        plot_forecast(y, Naive().fit(y).predict(2), series="c")


def test_several_targets_and_arrays():
    wide = pd.DataFrame({"u": np.arange(6.0), "v": np.ones(6)}, index=INDEXES["period"][:6])
    ax = plot_forecast(wide, Naive().fit(wide).predict(2), series="v")
    assert ax.lines[1].get_ydata().tolist() == [1, 1] and ax.get_ylabel() == "v"
    ax = plot_forecast(np.arange(5.0), Naive().fit(np.arange(5.0)).predict(2))
    assert ax.lines[1].get_xydata().tolist() == [[5, 4], [6, 4]]


@pytest.mark.parametrize("index", INDEXES)
def test_backtest_draws_every_window(index):
    y = series(index)
    frame = backtest([Naive(), AR(lags=1)], y, horizon=4, windows=3)
    ax = plot_backtest(frame)
    assert len(ax.lines) == 3 + 1 + 2 * 3 and sorted(texts(ax)) == ["AR", "Naive"]
    assert ax.lines[3].get_ydata().tolist() == y.iloc[-12:].tolist()
    assert ax.lines[4].get_ydata().tolist() == frame["Naive"].iloc[:4].tolist()
    only = plot_backtest(frame, models=["AR"], y=y, last=20)
    assert texts(only) == ["AR"] and only.lines[3].get_ydata().tolist() == y.iloc[-20:].tolist()
    with pytest.raises(ValueError, match="series: must be a unique_id of the frame such as 'sales'"):
        plot_backtest(frame, series="prices")
    with pytest.raises(ValueError, match="models: must be one of 'Naive', 'AR'; received 'TDNN'"):
        plot_backtest(frame, models=["TDNN"])


def test_leaderboard_bars_and_steps():
    frame = backtest([Naive(), AR(lags=1), SeasonalNaive()], series(), horizon=3, windows=3)
    table = leaderboard(frame, series())
    ax = plot_leaderboard(table)
    assert [bar.get_width() for bar in ax.patches] == table["RMSSE"].tolist() and ax.yaxis_inverted()
    assert ax.lines[0].get_xdata()[0] == table.loc["AR", "RMSSE"]
    steps = plot_leaderboard(leaderboard(frame, series(), by="step"), metric="MAE")
    assert sorted(texts(steps)) == ["AR", "Naive", "SeasonalNaive"] and steps.get_ylabel() == "MAE"
    with pytest.raises(ValueError, match="metric: must be one of"):
        plot_leaderboard(table, metric="MAPE")
    with pytest.raises(ValueError, match="table: must be a leaderboard of models"):
        plot_leaderboard(leaderboard(frame, series(), by="series"))


def test_a_missing_error_and_a_gap_are_drawn():
    table = pd.DataFrame({"RMSE": [1.0, np.nan]}, index=pd.Index(["AR", "NARX"], name="model"))
    assert texts(plot_leaderboard(table)) == ["1.000", "nan"]
    y = series()
    y.iloc[10] = np.nan
    assert np.isnan(plot_forecast(y, y.iloc[-2:]).lines[0].get_ydata()[10])


def test_labels_do_not_touch():
    y = series()
    ax = plot_forecast(y, pd.DataFrame({f"model {i}": y.iloc[-3:] + 0.001 * i for i in range(5)}))
    ax.figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in zip(boxes[:-1], boxes[1:], strict=True))


def test_drawing_changes_no_global_setting():
    before = dict(matplotlib.rcParams)
    plot_forecast(series(), series().iloc[-2:])
    assert dict(matplotlib.rcParams) == before


def test_evaluation_loads_neither_keras_nor_statsmodels_nor_matplotlib():
    code = (
        "import sys, forecast.evaluation\n"
        "heavy = {'keras', 'tensorflow', 'statsmodels', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_number_of_steps_is_no_forecast():
    with pytest.raises(
        TypeError, match=r"forecast: must be a Series, frame or array; received 12.*predict\(12\)"
    ):
        plot_forecast(pd.Series([1.0, 2.0]), 12)


def test_bars_have_one_number_of_decimals():
    table = pd.DataFrame({"RMSE": [0.8809, 1.023]}, index=pd.Index(["NARX", "Naive"], name="model"))
    assert texts(plot_leaderboard(table)) == ["0.881", "1.023"]


def test_labels_stand_at_the_ends_of_curves_where_there_is_room():
    y = series()
    ax = plot_forecast(y, pd.DataFrame({"low": y.iloc[-3:] - 9, "a": y.iloc[-3:], "b": y.iloc[-3:] + 0.01}))
    places = {text.get_text(): text.xy[1] for text in ax.texts}
    low, high = ax.get_ylim()
    ends = {"low": y.iloc[-1] - 9, "a": y.iloc[-1], "b": y.iloc[-1] + 0.01}
    ends = {name: (end - low) / (high - low) for name, end in ends.items()}
    assert places["low"] == pytest.approx(ends["low"])
    assert places["a"] < ends["a"] < places["b"]  # the two that would touch move apart by the same
    assert (places["a"] + places["b"]) / 2 == pytest.approx((ends["a"] + ends["b"]) / 2)


def test_a_backtest_is_drawn_in_time_whatever_the_order_of_its_rows():
    frame = backtest([Naive(), AR(lags=1)], series(), horizon=4, windows=3)
    lines = [line.get_xydata().tolist() for line in plot_backtest(frame).lines]
    mixed = plot_backtest(frame.sample(frac=1, random_state=0)).lines
    assert [line.get_xydata().tolist() for line in mixed] == lines


def test_gain_and_dashed_line_are_those_of_the_baseline():
    frame = backtest(
        {"AR": Naive(), "AR (baseline)": AR(), "SeasonalNaive": SeasonalNaive()},
        series(),
        horizon=3,
        windows=3,
    )
    table = leaderboard(frame)
    ax = plot_leaderboard(table)
    assert ax.lines[0].get_xdata()[0] == table.loc["AR (baseline)", "RMSE"]
    colours = {name: bar.get_facecolor() for name, bar in zip(table.index, ax.patches, strict=True)}
    assert colours["AR"] != colours["AR (baseline)"] == colours["SeasonalNaive"]
    gains = dict(zip(table.index, texts(ax), strict=True))
    assert "%" in gains["AR"] and "%" not in gains["AR (baseline)"]
    steps = plot_leaderboard(leaderboard(frame, by="step"))
    style = {text.get_text(): text.get_color() for text in steps.texts}
    assert style["AR"] != style["AR (baseline)"] == style["SeasonalNaive"]


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda frame, table: plot_backtest(table), ValueError, "frame: must be a backtest frame"),
        (lambda frame, table: plot_backtest(frame.iloc[:0]), ValueError, "frame: must be at least one row"),
        (lambda frame, table: plot_backtest(frame, last=0), ValueError, "last: must be a whole number"),
        (lambda frame, table: plot_backtest(frame, models="TDNN"), ValueError, "received 'TDNN'"),
        (lambda frame, table: plot_backtest(frame, ax=plt.subplots(2)[1]), TypeError, "ax: must be axes"),
        (lambda frame, table: plot_backtest(frame, models=5), ValueError, "models: must be one of"),
        (lambda frame, table: plot_forecast(series()[:0], series()), ValueError, "at least one number"),
        (lambda frame, table: plot_forecast(series().map(str), series()), ValueError, "at least one number"),
        (lambda frame, table: plot_forecast(series(), series(), series()), ValueError, "interval: must be"),
        (
            lambda frame, table: plot_forecast(series("date").reset_index(), series("date")),
            ValueError,
            r"times in the index; .*frame.set_index\(\['index'\]\)",
        ),
        (lambda frame, table: plot_leaderboard(frame), TypeError, "table: must be a leaderboard"),
        (lambda frame, table: plot_leaderboard(table["MAE"]), TypeError, "an object of type Series"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, error, words):
    frame = backtest([Naive(), AR(lags=1), SeasonalNaive()], series(), horizon=3, windows=3)
    with pytest.raises(error, match=words):
        draw(frame, leaderboard(frame))
