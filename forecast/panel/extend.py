"""New rows after the old ones: only where they follow without a gap or an overlap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecast._checks import explain
from forecast.panel.frequency import OFF_GRID
from forecast.panel.long import unknown_series
from forecast.panel.panel import Panel
from forecast.panel.regularity import missing_timestamps
from forecast.panel.timeline import Dates, Timeline, check_kind


def extend_panel(old: Panel, new: Panel) -> Panel:
    """`old` with the rows of `new` after its last ones.

    Rows without timestamps (arrays) simply follow. Series that are not in `new` stay as they are.

    Raises:
        ValueError: a gap, an overlap, an unknown series or other columns.
        TypeError: timestamps of another kind.
    """
    _check_columns(old, new)
    series = _matched_series(old, new)
    timeline = old.timeline
    if old.layout.has_index and new.layout.has_index:
        timeline = _check_follows(old, new, series)
    counts = np.zeros(old.n_series, np.int64)
    counts[series] = new.lengths
    offsets = np.concatenate([[0], np.cumsum(old.lengths + counts)])
    # where the old rows go, then where the new ones go
    kept = np.arange(len(old.y)) + np.repeat(offsets[:-1] - old.offsets[:-1], old.lengths)
    begin = offsets[:-1][series] + old.lengths[series]
    added = np.arange(len(new.y)) + np.repeat(begin - new.offsets[:-1], new.lengths)
    return replace(
        old,
        y=_merge(old.y, new.y, kept, added),
        x=_merge(old.x, new.x, kept, added),
        offsets=offsets,
        timeline=timeline,
        order=_merged_order(old, new, kept, added),
    )


def _merge(old: np.ndarray, new: np.ndarray, kept: np.ndarray, added: np.ndarray) -> np.ndarray:
    out = np.empty((len(old) + len(new), old.shape[1]), np.result_type(old, new))
    out[kept], out[added] = old, new
    return out


def _merged_order(old: Panel, new: Panel, kept: np.ndarray, added: np.ndarray) -> np.ndarray | None:
    if old.order is None and new.order is None:
        return None
    order = np.empty(len(kept) + len(added), np.int64)
    order[kept] = np.arange(len(kept)) if old.order is None else old.order
    order[added] = len(kept) + (np.arange(len(added)) if new.order is None else new.order)
    return order


def _check_columns(old: Panel, new: Panel) -> None:
    for name, ours, theirs in (
        ("y", old.layout.target_names, new.layout.target_names),
        ("X", old.layout.exog_names, new.layout.exog_names),
    ):
        made_up = not (old.layout.has_index and new.layout.has_index)
        either_array = made_up or "array" in (old.layout.x_kind, new.layout.x_kind)
        unnamed = name == "y" and (len(ours) == 1 or either_array)
        same = len(ours) == len(theirs) if unnamed or (name == "X" and either_array) else ours == theirs
        if not same:
            remedy = "Give the same columns in the same order"
            if name == "X" and not theirs:
                remedy = "Give the new rows of both: update(X_new, y_new)"
            raise ValueError(explain(f"columns of {name}", f"{ours}, as in fit", f"{theirs}", remedy))


def _matched_series(old: Panel, new: Panel) -> np.ndarray:
    """Number in `old` of each series of `new`."""
    keyed = [panel.layout.keyed for panel in (old, new)]
    if keyed[0] != keyed[1]:
        words = ["a panel with series names" if key else "a single series" for key in keyed]
        remedy = "Give new rows in the form that was given to fit"
        raise ValueError(explain("new rows", words[0], words[1], remedy))
    if not keyed[0]:
        return np.array([0])
    series = old.ids.get_indexer(new.ids)
    if (series < 0).any():
        raise ValueError(
            unknown_series("new rows", old.ids, new.ids[series < 0], "Fit again to add a series")
        )
    return series


def _check_follows(old: Panel, new: Panel, series: np.ndarray) -> Timeline:
    timeline = old.timeline
    of_rows = series[new.series_of_rows()]
    steps = new.position_of_rows()
    index = new.timeline.stamps(new.series_of_rows(), steps)
    check_kind(timeline, index, "index of the new rows")
    if isinstance(timeline, Dates) and timeline.offset is None and isinstance(new.timeline, Dates):
        timeline = replace(timeline, offset=new.timeline.offset, second=None)
    found = timeline.positions(of_rows, index)
    expected = steps + old.lengths[of_rows]
    if (found == expected).all():
        return timeline
    row = int(np.argmax(found != expected))
    place, end = int(of_rows[row]), int(old.lengths[of_rows[row]])
    name = f" of series {old.ids[place]!r}" if old.layout.keyed else ""
    if found[row] == OFF_GRID:
        received = f"{index[row]}, where no step of the history falls"
        remedy = "Bring the new rows to the frequency of the history"
    elif found[row] < expected[row]:
        received = f"an overlap: {index[row]} is in the history already"
        remedy = "Pass only the rows after the history"
    else:
        lost = np.arange(end + steps[row], found[row])
        remedy = "Pass these rows too"
        raise missing_timestamps(name, timeline.stamps(np.full(len(lost), place), lost), remedy)
    last = timeline.stamps(np.array([place]), np.array([end - 1]))[0]
    raise ValueError(
        explain(f"new rows{name}", f"right after the history, which ends at {last}", received, remedy)
    )
