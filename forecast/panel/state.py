"""A panel as plain values for JSON and arrays, and back: exact, without pickle."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecast._checks import explain
from forecast.panel.frequency import Clock
from forecast.panel.long import Names
from forecast.panel.read import Layout
from forecast.panel.timeline import Dates, Numbers, Periods, Timeline

if TYPE_CHECKING:
    from forecast.panel.panel import Panel

_COLUMN_SETS = ("targets", "exog", "columns")
_PLAIN_DTYPE = re.compile(r"(object|str|bool|boolean|[Uu]?[Ii]nt\d+|[Ff]loat\d+|string)(\[py\w+\])?")


def panel_state(panel: Panel) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Plain values and arrays of a panel; raises ValueError for labels or offsets that text cannot hold."""
    layout = {item.name: getattr(panel.layout, item.name) for item in fields(Layout)}
    for name in _COLUMN_SETS:
        layout[name] = None if layout[name] is None else _index_state(layout[name])
    for name in ("name", "id_name"):
        layout[name] = _label(layout[name])
    layout["names"] = {role: _label(name) for role, name in vars(panel.layout.names).items()}
    layout["calendar"] = [item if isinstance(item, str) else list(item) for item in panel.layout.calendar]
    layout["categories"] = [
        [_label(name), [_label(level) for level in levels]]
        for name, levels in panel.layout.categories.items()
    ]
    timeline, arrays = _timeline_state(panel.timeline)
    plain = {
        "layout": layout,
        "timeline": timeline,
        "ids": _index_state(panel.ids),
        "allow_missing": panel.allow_missing,
    }
    arrays |= {"y": panel.y, "x": panel.x, "offsets": panel.offsets}
    if panel.order is not None:
        arrays["order"] = panel.order
    return plain, arrays


def panel_fields(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The fields of the Panel that `panel_state` described."""
    layout = dict(plain["layout"])
    for name in _COLUMN_SETS:
        layout[name] = None if layout[name] is None else _index_from(layout[name])
    layout["names"] = Names(**layout.get("names", {}))
    calendar = layout.get("calendar", ())
    layout["calendar"] = tuple(item if isinstance(item, str) else tuple(item) for item in calendar)
    layout["categories"] = {name: tuple(levels) for name, levels in layout.get("categories", ())}
    return {
        "y": arrays["y"],
        "x": arrays["x"],
        "offsets": arrays["offsets"],
        "timeline": _timeline_from(plain["timeline"], arrays),
        "ids": _index_from(plain["ids"]),
        "layout": Layout(**layout),
        "order": arrays.get("order"),
        "allow_missing": plain["allow_missing"],
    }


# ---------------------------------------------------------------------- labels


def _label(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    remedy = "Rename series and columns before fit"
    received = f"{value!r} of type {type(value).__name__}"
    raise ValueError(explain("names of a model to save", "text or numbers", received, remedy))


def _index_state(index: pd.Index) -> dict[str, Any]:
    state: dict[str, Any] = {"name": _label(index.name), "dtype": str(index.dtype)}
    if isinstance(index, pd.RangeIndex):
        return {**state, "range": [index.start, index.stop, index.step]}
    if isinstance(index, pd.CategoricalIndex):
        codes = [int(code) for code in index.codes]
        return {
            **state,
            "codes": codes,
            "categories": _index_state(index.categories),
            "ordered": bool(index.ordered),
        }
    return {**state, "values": [_label(value) for value in index.tolist()]}


def _index_from(state: dict[str, Any]) -> pd.Index:
    name = _label(state["name"])
    if "range" in state:
        return pd.RangeIndex(*state["range"], name=name)
    if "codes" in state:
        kind = pd.CategoricalDtype(_index_from(state["categories"]), state["ordered"])
        return pd.CategoricalIndex(pd.Categorical.from_codes(state["codes"], dtype=kind), name=name)
    if not _PLAIN_DTYPE.fullmatch(state["dtype"]):
        raise ValueError("labels are of a type that no labels have")
    return pd.Index(state["values"], dtype=state["dtype"], name=name)


# ---------------------------------------------------------------------- timelines


def _timeline_state(line: Timeline) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    plain: dict[str, Any] = {"name": _label(line.name)}
    arrays = {"starts": line.starts}
    if isinstance(line, Numbers):
        plain |= {"kind": "numbers", "step": int(line.step), "dtype": line.dtype, "is_range": line.is_range}
    elif isinstance(line, Periods):
        plain |= {"kind": "periods", "freq": str(pd.PeriodDtype(line.freq))[len("period[") : -1]}
    elif isinstance(line, Dates):
        plain |= {"kind": "dates", "unit": line.clock.unit, "tz": _zone_state(line.clock)}
        plain |= {"offset": _offset_state(line.offset), "freq_set": line.freq_set}
        if line.second is not None:
            arrays["second"] = line.second
    return plain, arrays


def _timeline_from(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> Timeline:
    starts, name = arrays["starts"], _label(plain["name"])
    if plain["kind"] == "numbers":
        return Numbers(starts, name, plain["step"], plain["dtype"], plain["is_range"])
    if plain["kind"] == "periods":
        return Periods(starts, name, pd.PeriodIndex([], freq=plain["freq"]).freq)
    zone = None if plain["tz"] is None else pd.DatetimeTZDtype("ns", _zone_name(plain["tz"])).tz
    clock = Clock(zone, plain["unit"])
    return Dates(starts, name, clock, _offset_from(plain["offset"]), plain["freq_set"], arrays.get("second"))


def _zone_name(name: Any) -> str:
    """The name of a time zone that pandas finds without opening a file of that name."""
    if not isinstance(name, str) or name.startswith(("dateutil", "/", ".")) or len(name) > 100:
        raise ValueError("a time zone is not known by this name")
    if str(pd.DatetimeTZDtype("ns", name).tz) != name:
        raise ValueError("a time zone is not known by this name")
    return name


def _zone_state(clock: Clock) -> str | None:
    if clock.tz is None:
        return None
    name = str(clock.tz)
    try:
        same = pd.DatetimeTZDtype("ns", name) == pd.DatetimeTZDtype("ns", clock.tz)
    except (TypeError, ValueError, KeyError):
        same = False
    if not same:
        remedy = "Convert the index before fit, for example y.tz_convert('Europe/Berlin')"
        raise ValueError(explain("time zone of a model to save", "a named zone", repr(clock.tz), remedy))
    return name


def _offset_state(offset: pd.offsets.BaseOffset | None) -> dict[str, Any] | None:
    if offset is None:
        return None
    if type(offset) is pd.offsets.CustomBusinessDay and not offset.offset:
        holidays = [str(day) for day in offset.holidays]
        return {"n": offset.n, "weekmask": str(offset.weekmask), "holidays": holidays}
    name = offset.freqstr
    try:
        same = to_offset(name) == offset
    except ValueError:
        same = False
    if not same:
        remedy = "Set a frequency that has a name before fit, such as y.asfreq('B')"
        raise ValueError(explain("frequency of a model to save", "one with a name", repr(offset), remedy))
    return {"name": name}


def _offset_from(state: dict[str, Any] | None) -> pd.offsets.BaseOffset | None:
    if state is None:
        return None
    if "name" in state:
        return to_offset(state["name"])
    return pd.offsets.CustomBusinessDay(
        n=state["n"], weekmask=state["weekmask"], holidays=[np.datetime64(day) for day in state["holidays"]]
    )
