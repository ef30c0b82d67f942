"""What pickle, copies of processes and skops keep of a forecaster that has tables of candidates."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

TABLES = ("selection_", "transform_selection_")


class PlainTable(BaseEstimator):
    """A model whose tables of candidates are pickled as lists, so that its state holds nothing of pandas.

    With the state of a `Panel` this is why skops can store a forecaster.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return state | {name: state[name].to_dict("list") for name in TABLES if name in state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state | {name: pd.DataFrame(state[name]) for name in TABLES if name in state})
