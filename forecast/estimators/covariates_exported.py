"""The covariates of an exported forecaster: which tables a file takes, and what the model sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.export.graph import Graph
from forecast.panel.categories import shown
from forecast.panel.past_covariates import columns_named, persistence

if TYPE_CHECKING:
    from forecast.estimators.export_inputs import Known

ROWS = "rows"


@dataclass(frozen=True)
class Column:
    """A column that a file takes: one of the user's, or a feature of the calendar.

    Args:
        name: its label.
        at: the columns of x that stand for it, numbers.
        levels: its categories, none for a number.
        coded: whether x has the number of the category, and not indicators.
    """

    name: str
    at: np.ndarray
    levels: tuple[Any, ...] = ()
    coded: bool = False

    @property
    def is_text(self) -> bool:
        """Whether the column holds texts."""
        return bool(self.levels) and isinstance(self.levels[0], str)

    def nodes(self, graph: Graph, value: str) -> str:
        """Codes or indicators (B, T, .) of categories (B, T, 1): NaN for a missing one, which for a text is empty."""
        codes = range(len(self.levels)) if self.coded else shown(self.levels)
        found = graph.number(graph.Equal(value, self._array([self.levels[code] for code in codes])))
        if self.coded:
            found = graph.Sub(graph.MatMul(found, np.arange(1.0, len(codes) + 1)[:, None]), 1.0)
        if not self.is_text:
            return str(graph.Add(found, graph.Mul(value, 0.0)))
        if "" in self.levels:
            return str(found)
        return str(graph.Where(graph.Equal(value, self._array([""])), np.nan, found))

    def given(self, x: np.ndarray) -> np.ndarray:
        """The numbers or texts (...) that stand for covariates x (..., E)."""
        part = x[..., self.at]
        if not self.levels:
            return part[..., 0]
        first = shown(self.levels)[0]
        code = part[..., 0] if self.coded else np.where(part.any(axis=-1), first + part.argmax(axis=-1), 0)
        unknown = "?".join(self.levels) + "?" if self.is_text else max(self.levels) + 1  # which is code -1
        return self._array([*self.levels, unknown])[code.astype(int)]

    def _array(self, levels: Sequence[Any]) -> np.ndarray:
        return np.array(levels, dtype=object if self.is_text else float)


def columns_of(model: Any) -> list[Column]:
    """The columns of the covariates of a model, in order: the user's, and the features of the calendar."""
    layout, codes, number = model.panel_.layout, model._codes(), np.arange(model.panel_.n_exog)
    found = [
        Column(str(name), number[at], tuple(codes.get(name, layout.categories.get(name, ()))), name in codes)
        for name, at in layout.covariates.items()
    ]
    calendar = number[layout.n_given :]
    return [*found, *(Column(str(layout.exog[place]), np.array([place])) for place in calendar)]


class Tables:
    """The tables of numbers and of texts that a file takes.

    Args:
        model: the forecaster.
        horizon: H.

    Attributes:
        columns, asked: the columns that are given of the past, and of the steps ahead.
        is_asked, is_past: for each column of x (E,), whether it is given for the steps ahead, and whether it is
            forecast along (`forecast.panel.past_covariates`).
        rows: rows of the past that are read for the latter.
    """

    def __init__(self, model: Any, horizon: int) -> None:
        self.panel, self.horizon = model.panel_, horizon
        first, asked = model._first_lags(), model._asked_lags()
        self.columns = columns_of(model) if np.isfinite(first).any() else []
        self.asked = [column for column in self.columns if (asked[column.at] < horizon).any()]
        self.is_asked = np.zeros(self.panel.n_exog, bool)
        for column in self.asked:
            self.is_asked[column.at] = True
        season = self.panel.season_length
        self.long = self.panel.lengths >= 2 * season  # series whose season is continued
        past = columns_named("past", self.panel, model.past or ())
        self.is_past = past & (first < horizon) & (season > 1 and self.long.any())
        self.rows = season + 1 if self.is_past.any() else 0

    def nodes(self, known: Known) -> tuple[str, str]:
        """The covariates (B, R, E) of the past and (B, H, E) of the steps ahead, from inputs of a graph."""
        graph, count = known.graph, self.panel.n_exog
        if not self.columns:
            batch = graph.Shape(known.y, start=0, end=1)
            rows = graph.Shape(known.y, start=1, end=2)
            past, ahead = (graph.Concat(batch, steps, [count], axis=0) for steps in (rows, [self.horizon]))
            return graph.Expand(0.0, past), graph.Expand(0.0, ahead)
        x = _table(graph, "history", ROWS, self.columns)
        parts, held = [], ~self.is_asked & ~self.is_past
        if held.any():  # does not matter, or never changes
            last = graph.Gather(graph.part(x, 1, -1), np.flatnonzero(held), axis=2)
            parts.append((held, graph.Tile(last, [1, self.horizon, 1])))
        if self.is_past.any():
            parts.append((self.is_past, self._projected(known, x)))
        if self.asked:
            parts.append((self.is_asked, _table(graph, "future", self.horizon, self.asked)))
        parts = [(np.flatnonzero(which), value) for which, value in parts]
        return x, _in_order(graph, parts)

    def _projected(self, known: Known, x: str) -> str:
        """`past_covariates.projected` (B, H, K) with the persistence of the history of the model."""
        graph, season, columns = known.graph, self.panel.season_length, np.flatnonzero(self.is_past)
        x = graph.Gather(x, columns, axis=2)
        every = self.long.all()
        rows = x if every else graph.Pad(x, [0, season, 0, 0, 0, 0], np.nan)
        rows = known.last(rows, season + 1, len(columns))
        now, steps = graph.part(rows, 1, -1), np.arange(self.horizon)
        left = persistence(self.panel, self.is_past) ** (steps[:, None] + 1)
        change = graph.Mul(graph.Sub(now, graph.part(rows, 1, 0, 1)), left)
        found = graph.Add(graph.Gather(rows, 1 + steps % season, axis=1), change)
        return str(found if every else graph.Where(known.of_series(self.long[:, None, None]), found, now))

    def about(self) -> dict[str, Any]:
        """What the metadata of a file say of its tables."""
        numbers, texts = (
            [
                [column.name for column in columns if column.is_text == text]
                for columns in (self.columns, self.asked)
            ]
            for text in (False, True)
        )
        return {
            "covariates": numbers[0],
            "future": numbers[1],
            "texts": texts[0],
            "future_texts": texts[1],
            "categories": {column.name: column.levels for column in self.columns if column.levels},
        }

    def example(self, x: np.ndarray, ahead: np.ndarray) -> dict[str, np.ndarray]:
        """The tables of covariates (B, R, E) and of those of the steps ahead (B, H, E)."""
        found = {}
        for name, columns, values in (("history", self.columns, x), ("future", self.asked, ahead)):
            for kind, text in (("x", False), ("text", True)):
                given = [column.given(values) for column in columns if column.is_text == text]
                if given:
                    found[f"{name}_{kind}"] = np.stack(given, axis=-1)
        return found


def _table(graph: Graph, name: str, rows: int | str, columns: list[Column]) -> str:
    """The columns of x (B, T, .) that some columns stand for, from tables that are declared as inputs."""
    parts = []
    for kind, text in (("x", False), ("text", True)):
        group = [column for column in columns if column.is_text == text]
        if not group:
            continue
        shape = ["series", rows, len(group)]
        table = graph.input(f"{name}_{kind}", shape, kind="STRING" if text else "DOUBLE")
        plain = [place for place, column in enumerate(group) if not column.levels]
        if plain:
            at = np.concatenate([group[place].at for place in plain])
            parts.append((at, graph.Gather(table, plain, axis=2)))
        for place, column in enumerate(group):
            if column.levels:
                parts.append((column.at, column.nodes(graph, graph.part(table, 2, place, place + 1))))
    return _in_order(graph, parts)


def _in_order(graph: Graph, parts: Sequence[tuple[np.ndarray, str]]) -> str:
    """Values (B, T, .) side by side in the order of the columns of x that they are."""
    order = np.argsort(np.concatenate([columns for columns, _ in parts]))
    return str(graph.Gather(graph.join(*(value for _, value in parts), axis=2), order, axis=2))
