"""What pickle, copies of processes and skops keep of a forecaster that has a table of candidates."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator


class PlainTable(BaseEstimator):
    """A model whose table `selection_` is pickled as lists, so that its state holds nothing of pandas.

    With the state of a `Panel` this is why skops can store a forecaster.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return (
            {**state, "selection_": state["selection_"].to_dict("list")} if "selection_" in state else state
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        table = {name: pd.DataFrame(state[name]) for name in ("selection_",) if name in state}
        super().__setstate__({**state, **table})
