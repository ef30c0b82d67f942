"""Pictures of forecasts, backtests and leaderboards, each drawn on one axes that is returned, never shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
from matplotlib import dates, ticker
from matplotlib.axes import Axes
from sklearn.isotonic import isotonic_regression

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.conformal import bound_names, read_bound
from forecast.evaluation.baselines import REFERENCES, baseline_name, is_baseline, row_of
from forecast.evaluation.frames import check_frame
from forecast.panel.naming import likely_names

# M. Okabe and K. Ito's colours, which colour-blind readers tell apart, without the yellow, too pale on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, GREY, FAINT = "#222222", "#7A7A7A", "#E4E4E4"
_FONT = 9.0


def plot_forecast(
    y: Any,
    forecast: Any,
    interval: Any = None,
    *,
    series: Any = None,
    last: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a history, the forecasts after it and their intervals.

    Args:
        y: the history in any form that `fit` takes: Series, frame, array, MultiIndex or long frame. It may
            extend over the forecast, for comparison.
        forecast: what `predict` returned, or a frame with one column per model.
        interval: what `predict_interval` returned, with columns `<model>-lo-80` and `<model>-hi-80`; or None.
        series: id of the series of a panel, or column of a frame of several targets; None means the first.
        last: rows of the history to show, at least 1; None means all.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError, TypeError: no data to draw, an unknown `series`, or `ax` is not axes of matplotlib.

    Example:
        >>> import pandas as pd
        >>> months = pd.period_range("2024-01", periods=15, freq="M")
        >>> y = pd.Series(range(12), index=months[:12], name="sales")
        >>> axes = plot_forecast(y, pd.Series([12.0, 13.0, 14.0], index=months[12:], name="sales"))
        >>> axes.get_ylabel()
        'sales'
    """
    owner, history = curve_table(y, series)
    column = (
        series if owner is None and series is not None else ("y" if "y" in history else history.columns[0])
    )
    past = history[check_choice("series", column, list(history.columns))]
    start = len(history) if isinstance(y, np.ndarray) else 0
    ax = _axes(ax)
    shown = _last_rows(past, last)
    ends = [_line(ax, shown, "", INK, 1.2)]
    points = _points(curve_table(forecast, owner, start)[1], column)
    bands = pd.DataFrame() if interval is None else curve_table(interval, owner, start)[1]
    if interval is not None and not any(map(read_bound, bands)):
        received = f"the columns {list(bands)}"
        remedy = "Pass what predict_interval returned"
        raise ValueError(explain("interval", "columns such as NARX-lo-80 and NARX-hi-80", received, remedy))
    for number, model in enumerate(points):
        colour = PALETTE[number % len(PALETTE)]
        levels = _bands(ax, bands, str(model) if len(points.columns) > 1 else None, column, colour)
        title = "forecast" if model == column else str(model)
        note = f"\n{', '.join(levels)} % interval" if levels else ""
        ends.append(_line(ax, points[model], title + note, colour, 1.8))
    ax.set_ylabel(str(column if owner is None else owner))
    _finish(ax, past.index)
    _label_ends(ax, ends)
    return ax


def plot_backtest(
    frame: pd.DataFrame,
    *,
    models: Iterable[str] | None = None,
    series: Any = None,
    y: Any = None,
    last: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the forecasts from every cutoff over the actual values.

    Args:
        frame: what `backtest` returned.
        models: name of a model to draw, or a list of names; None means all.
        series: `unique_id` to draw; None means the first.
        y: the history in any form that `fit` takes, to show what came before the first cutoff; or None.
        last: rows of the history to show, at least 1; None means all.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes; a dashed line marks each cutoff.

    Raises:
        ValueError, TypeError: no backtest frame, an unknown model or series, or `ax` is not axes of matplotlib.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1, 3], "AR": [2, 1]})
        >>> plot_backtest(frame).get_ylabel()
        'a'
    """
    available = check_frame(frame)
    asked = available if models is None else models if isinstance(models, Iterable) else [models]
    asked = [asked] if isinstance(asked, str) else list(asked)
    chosen = [check_choice("models", model, available) for model in asked]
    first = frame["unique_id"].iloc[0] if series is None else series
    rows = frame[frame["unique_id"] == first].sort_values(["cutoff", "ds"])
    if rows.empty:
        allowed = f"a unique_id of the frame such as {frame['unique_id'].iloc[0]!r}"
        raise ValueError(explain("series", allowed, series, "Pass one of its ids"))
    actual = _last_rows(rows.drop_duplicates("ds").set_index("ds")["y"].sort_index(), last)
    if y is not None:
        history = curve_table(y, first)[1]
        past = history[first if first in history else ("y" if "y" in history else history.columns[0])]
        actual = _last_rows(past, last)
    ax = _axes(ax)
    for cutoff in _numbers(pd.Index(rows["cutoff"].drop_duplicates())):
        ax.axvline(cutoff, color=GREY, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
    ends = [_line(ax, actual, "", INK, 1.2)]
    for number, model in enumerate(chosen):
        colour = PALETTE[number % len(PALETTE)]
        for _, window in rows.groupby("cutoff", sort=True):
            end = _line(ax, window.set_index("ds")[model], model, colour, 1.6)
        ends.append(end)
    ax.set_ylabel(str(first))
    _finish(ax, actual.index)
    _label_ends(ax, ends)
    return ax


def plot_leaderboard(table: pd.DataFrame, *, metric: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw a leaderboard: one bar per model, best on top; by step, one line per model.

    Args:
        table: what `leaderboard` returned, as it is or `by="step"`.
        metric: column to draw, such as "MAE"; None means the one the table was sorted by.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes. Bars of statistical baselines are grey, and a dashed line marks AR; by step, AR and
        SeasonalNaive are grey, the latter dashed.

    Raises:
        ValueError, TypeError: no leaderboard, an unknown metric, or `ax` is not axes of matplotlib.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"RMSE": [2.0, 3.0]}, index=pd.Index(["NARX", "AR"], name="model"))
        >>> [t.get_text() for t in plot_leaderboard(table, metric="RMSE").get_yticklabels()]
        ['NARX', 'AR']
    """
    if not isinstance(table, pd.DataFrame) or "model" not in table.index.names or not len(table):
        received = (
            f"an object of type {type(table).__name__}"
            if not isinstance(table, pd.DataFrame)
            else "a frame without models in its index"
        )
        raise TypeError(explain("table", "a leaderboard", received, "Pass what leaderboard() returned"))
    chosen = check_choice(
        "metric", metric or table.attrs.get("metric", table.columns[0]), list(table.columns)
    )
    ax = _axes(ax, height=None if table.index.nlevels > 1 else 1.0 + 0.34 * len(table))
    if table.index.nlevels == 1:
        return _bars(ax, table, chosen)
    if "step" not in table.index.names:
        allowed = 'a leaderboard of models or one made with by="step"'
        raise ValueError(
            explain("table", allowed, f"levels {list(table.index.names)}", "Call leaderboard again")
        )
    return _step_lines(ax, table[chosen].unstack("model"), chosen)


def curve_table(data: Any, series: Any = None, start: int = 0) -> tuple[Any, pd.DataFrame]:
    """The id of one series of a panel (None when `data` is no panel) and its columns on its time index."""
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame) and {"unique_id", "ds"} <= set(frame.columns):
        if not isinstance(data, pd.DataFrame):
            data = pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
        data = data.set_index(["unique_id", "ds"])
    if isinstance(data, pd.Series):
        data = data.to_frame("forecast" if data.name is None else data.name)
    if not isinstance(data, pd.DataFrame):
        if np.ndim(data) == 0:
            remedy = "Pass what predict returned, such as model.predict(12)"
            raise TypeError(explain("forecast", "a Series, frame or array", repr(data), remedy))
        values = np.asarray(data, dtype=float)
        columns = ["y"] if values.ndim == 1 else [f"y{i}" for i in range(values.shape[1])]
        return None, pd.DataFrame(
            values.reshape(len(values), -1), pd.RangeIndex(start, start + len(values)), columns
        )
    if not isinstance(data.index, pd.MultiIndex):
        _refuse_columns_of_times(data)
        return None, data
    ids = data.index.droplevel(-1)
    chosen = ids[0] if series is None else series
    if not (found := ids == chosen).any():
        raise ValueError(
            explain("series", f"an id of the panel such as {ids[0]!r}", series, "Pass one of its ids")
        )
    return chosen, data[found].droplevel(list(range(data.index.nlevels - 1)))


def _refuse_columns_of_times(table: pd.DataFrame) -> None:
    names = likely_names(table) if isinstance(table.index, pd.RangeIndex) else None
    if names is not None:
        received = f"the columns {', '.join(map(repr, table.columns))}"
        remedy = f"Move them to the index, for example frame.set_index({[*names.keys]})"
        raise ValueError(explain("data to draw", "a frame with its times in the index", received, remedy))


def _last_rows(curve: pd.Series, last: int | None) -> pd.Series:
    return curve if last is None else curve.iloc[-check_count("last", last) :]


def _points(table: pd.DataFrame, target: Any) -> pd.DataFrame:
    """Columns with point forecasts: all that are no bounds, or the target's own of several."""
    points = table[
        [column for column in table if read_bound(column) is None and column != "y"] or list(table)
    ]
    return points[[target]] if target in points else points


def _bands(ax: Axes, table: pd.DataFrame, model: str | None, target: Any, colour: str) -> list[str]:
    """Shade the intervals of one model, the widest first; returns the levels drawn."""
    found = [bound for column in table if (bound := read_bound(column)) and bound.side == "lo"]
    owners = list(dict.fromkeys(bound.model for bound in found))
    own = [o for o in owners if o == model or o.endswith(f"-{target}")] or (
        owners[:1] if model is None else []
    )
    levels = sorted({bound.level for bound in found if bound.model in own}, reverse=True)
    for level in levels:
        low, high = (table[column].to_numpy(dtype=float) for column in bound_names(own[0], level))
        ax.fill_between(_numbers(table.index), low, high, color=colour, alpha=0.18, linewidth=0, zorder=1.5)
    return [str(level) for level in levels[::-1]]


def _line(ax: Axes, curve: pd.Series, label: str, colour: str, width: float) -> tuple[float, str, str]:
    """Draw a curve; returns the height of its end, its label and its colour."""
    if not pd.api.types.is_numeric_dtype(curve.dtype) or not len(curve):
        received = f"{len(curve)} values of dtype {curve.dtype}"
        remedy = "Convert it, for example with y.astype(float)"
        raise ValueError(explain(f"values of {curve.name!r}", "at least one number", received, remedy))
    values = curve.to_numpy(dtype=float)
    mark = "o" if len(values) == 1 else ""
    ax.plot(_numbers(curve.index), values, color=colour, linewidth=width, marker=mark, markersize=4, zorder=2)
    finite = values[np.isfinite(values)]
    return (float(finite[-1]) if len(finite) else np.nan), label, colour


def _numbers(index: pd.Index) -> np.ndarray:
    """Places on the time axis: matplotlib's days for dates (a period by its start), else the numbers."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
        return dates.date2num(naive.to_numpy())
    if isinstance(index, pd.TimedeltaIndex):
        return index.total_seconds().to_numpy()
    return index.to_numpy(dtype=float) if pd.api.types.is_numeric_dtype(index) else np.arange(len(index))


def _axes(ax: Axes | None, height: float | None = None) -> Axes:
    if ax is not None and not isinstance(ax, Axes):
        remedy = "Pass one axes, for example that of plt.subplots()[1]"
        raise TypeError(explain("ax", "axes of matplotlib", f"an object of type {type(ax).__name__}", remedy))
    if ax is None:
        _, ax = plt.subplots(figsize=(8.0, height or 3.8), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(colors=GREY, labelcolor=INK, labelsize=_FONT, length=3)
    ax.yaxis.label.set(color=INK, size=_FONT + 1)
    ax.xaxis.label.set(color=INK, size=_FONT + 1)
    ax.set_axisbelow(True)
    return ax


def _finish(ax: Axes, index: pd.Index) -> None:
    """Ticks that suit the index, and a quiet grid."""
    ax.grid(axis="y", color=FAINT, linewidth=0.8)
    ax.margins(x=0.01)
    if isinstance(index, (pd.PeriodIndex, pd.DatetimeIndex)):
        zone = getattr(index, "tz", None)
        locator = dates.AutoDateLocator(tz=zone, minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
        if zone is not None:
            ax.set_xlabel(str(zone))
    else:
        ax.xaxis.set_major_locator(ticker.MaxNLocator(nbins=8, integer=True))
        ax.set_xlabel("" if index.name is None else str(index.name))


def _label_ends(ax: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write each label right of the axes as near to the end of its curve as labels that do not touch allow."""
    scale = ax.yaxis.get_transform().transform  # the axis may be logarithmic
    low, high = scale(np.array(ax.get_ylim()))
    shown = [end for end in ends if end[1] and np.isfinite(end[0])]
    named = sorted((float((scale(end[0]) - low) / (high - low)), *end[1:]) for end in shown)
    inches = ax.get_window_extent().height / ax.figure.dpi
    line = 1.25 * _FONT / 72 / inches  # height of one line of text as a fraction of the axes
    tall = np.array([line * (label.count("\n") + 1) for _, label, _ in named])
    below = np.cumsum(tall) - tall / 2  # where each middle would lie were they stacked from 0
    middles = below + isotonic_regression(np.array([height for height, *_ in named]) - below) if named else []
    for middle, (_, label, colour) in zip(middles, named, strict=True):
        ax.annotate(
            label,
            xy=(1.0, middle),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            fontsize=_FONT,
            va="center",
            annotation_clip=False,
        )


def _bars(ax: Axes, table: pd.DataFrame, metric: str) -> Axes:
    values = table[metric].to_numpy(dtype=float)
    places = np.arange(len(table))
    own = [not is_baseline(name) or baseline_name(str(name)) in table.index for name in table.index]
    colours = [PALETTE[0] if mine else GREY for mine in own]
    ax.barh(places, values, color=colours, height=0.62)
    ax.set_yticks(places, [str(name) for name in table.index])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=FAINT, linewidth=0.8)
    skill, reference = table.get("skill_AR"), row_of("AR", table.index)
    shape = _number_format(values)
    for place, value in zip(places, values, strict=True):
        gain = (
            "" if skill is None or table.index[place] == reference else f"   {100 * skill.iloc[place]:+.0f} %"
        )
        gain = gain.replace("-", "\N{MINUS SIGN}")
        ax.annotate(
            f"{value:{shape}}{gain}",
            xy=(value if np.isfinite(value) else 0.0, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=_FONT,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0},
        )
    if reference in table.index and np.isfinite(table.loc[reference, metric]):
        ax.axvline(table.loc[reference, metric], color=INK, linewidth=0.9, linestyle=(0, (3, 3)), zorder=0.9)
    ax.margins(x=0.16)
    ax.set_xlim(left=min(0.0, np.nanmin(values, initial=0.0)))
    ax.set_xlabel(metric if skill is None else f"{metric} (percent: gain over AR, the dashed line)")
    return ax


def _number_format(values: np.ndarray) -> str:
    """Format with as many decimals for all values as show four digits of the largest."""
    largest = np.max(np.abs(values[np.isfinite(values)]), initial=0.0)
    if not 1e-3 < largest < 1e6:
        return ".4g"
    return f".{max(0, 3 - int(np.floor(np.log10(largest))))}f"


def _step_lines(ax: Axes, table: pd.DataFrame, metric: str) -> Axes:
    rows = [row_of(name, table.columns) for name in REFERENCES]
    own, ends = [name for name in table if name not in rows], []
    for name in table:
        colour = PALETTE[own.index(name) % len(PALETTE)] if name in own else GREY
        ends.append(_line(ax, table[name], str(name), colour, 1.8 if name in own else 1.2))
        ax.lines[-1].set_linestyle("--" if name == rows[1] else "-")
    ax.set_ylabel(metric)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    _finish(ax, table.index)
    ax.set_xlabel("steps ahead")
    _label_ends(ax, ends)
    return ax
