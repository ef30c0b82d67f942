"""Every option of every estimator refuses what it is not, before anything is trained."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone

from forecast.estimators.neural import base
from forecast.estimators.sequences import base as sequences
from tests.checks_forecaster import forecasters, monthly, on_sequences

MODELS = {type(model).__name__: model for model in [*forecasters(), *on_sequences()]}
OPTIONS = [(name, item) for name, model in MODELS.items() for item in fields(model) if item.init]
FREE = {"loss": [], "edges": [1, "no"], "parents": [1, "no"], "estimator": ["no"], "build": ["no", 1]}
FREE |= {"categories": ["no", 1], "calendar": ["no", 1, ["no"]], "past": ["no", 1, ["no"]]}
FREE |= {"static": ["no", 1, ["no"]]}
FREE |= {"transform": ["no", 1, [], object, ["difference", "log"], ["auto", "log"], ["boxcox", "boxcox"]]}
FREE |= {"estimators": [1, "no", {}, [3], {"ar__x": forecasters()[0]}], "combine": [1, "no", None]}
FREE |= {"batch_size": [object(), float("nan"), -1, -0.5, True, None, "no"]}
Y = monthly()


def wrong(item: Field) -> list[Any]:
    """Values that an option of this type never takes."""
    if item.type == "Any":
        return list(FREE[item.name])
    kinds = str(item.type)
    values: list[Any] = [object(), float("nan"), -2 if item.name == "n_jobs" else -1, -0.5]
    values += [] if "bool" in kinds else [True]
    values += [] if "None" in kinds else [None]
    values += ["no"] if item.name != "symbols" else []  # a text is an alphabet
    values += [1] if item.type == "bool" else []
    return values


def refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("trained")


@pytest.mark.parametrize(("name", "item"), OPTIONS, ids=[f"{name}-{item.name}" for name, item in OPTIONS])
def test_wrong_values_are_refused_by_name(name: str, item: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "fit_members", refuse)
    monkeypatch.setattr(sequences, "train_sequences", refuse)
    for value in wrong(item):
        model = clone(MODELS[name]).set_params(**{item.name: value})
        with pytest.raises((TypeError, ValueError), match=item.name):
            fit(model)


def fit(model: BaseEstimator) -> None:
    if type(model).__name__ == "MarkovChain":
        model.fit(["abab", "ba"])
    elif type(model).__name__ == "SequenceClassifier":
        model.fit(np.arange(12.0).reshape(4, 3), [0, 1, 0, 1])
    elif type(model).__name__ == "SequenceLabeler":
        model.fit(np.arange(12.0).reshape(4, 3), [0, 1, 0, 1])
    elif type(model).__name__ in ("GraphRNN", "RecursiveNet"):
        model.fit(pd.DataFrame({"a": Y, "b": monthly(seed=1)}))
    else:
        model.fit(pd.DataFrame({"x": np.arange(60.0) % 7}, index=Y.index), Y)
