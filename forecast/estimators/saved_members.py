"""The closed list of what each class learns, as it stands in a model file, and the check of a file against it.

A member is written as its kind and shape: "float S O P" is an array of finite numbers of that shape, "nan" one
that may hold NaN. S, N, O, E are those of the history, and G its covariates as the user has them; T, F are the
targets and covariates that the network sees; any other letter is bound where it stands first. The other kinds are
plain values. A "?" marks what a fit may leave out, "or None" what it may leave None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

_FORECASTER = {
    "n_features_in_": "count",
    "feature_names_in_": "labels G ?",
    "sample_weight_": "weights N or None",
    "transform_": "words ?",
    "lambda_": "share S O ?",
    "differences_": "lags ?",
    "transform_selection_": "selection ?",
}
_NETWORK = {
    **_FORECASTER,
    "config_": "config",
    "theta_": "float M P",
    "linear_theta_": "float M P",
    "kept_linear_": "flags",
    "selection_": "selection",
    "fallback_": "reasons",
    "ar_share_": "number",
    "solver_": "word",
    "history_": "history",
    "center_": "float C T",
    "spread_": "positive C T",
    "x_center_": "float F",
    "x_spread_": "positive F",
    "range_": "float 2 T",
    "limits_": "float 2 T",
}
_EMBEDDING = {**_NETWORK, "levels_": "levels"}
_SEQUENCES = {
    "n_features_in_": "count ?",
    "feature_names_in_": "labels A ?",
    "classes_": "labels K",
    "symbols_": "symbols V ?",
    "config_": "config",
    "solver_": "word",
    "history_": "history",
    "theta_": "float P",
    "center_": "float F ?",
    "spread_": "positive F ?",
}

MEMBERS: dict[str, dict[str, str]] = {
    "AR": {
        **_FORECASTER,
        "lags_": "whole P",
        "order_": "whole S O",
        "coef_": "float S O P",
        "cross_coef_": "float S O C",
        "exog_lags_": "whole K",
        "exog_coef_": "float S O X",
        "bound_": "bound S O",
        "unit_": "positive S O",
        "center_": "float S O",
        "exog_center_": "float S O E",
        "trend_coef_": "float S O 2",
    },
    "Drift": _FORECASTER,
    "ETS": {
        **_FORECASTER,
        "form_": "labels S O",
        "smoothing_": "share S O 4",
        "initial_": "float S O M",
    },
    "Ensemble": {**_FORECASTER, "weights_": "share M or None"},
    "GraphRNN": _NETWORK,
    "MarkovChain": {
        "n_features_in_": "count ?",
        "feature_names_in_": "labels A ?",
        "symbols_": "symbols V",
        "contexts_": "whole C D",
        "counts_": "whole C V",
    },
    "MarkovSwitching": {
        **_FORECASTER,
        "transition_": "share S O K K",
        "coefficients_": "float S O K C",
        "converged_": "bool S O",
        "center_": "float S O",
    },
    "MemoryNetwork": _EMBEDDING,
    "NARX": _EMBEDDING,
    "Naive": _FORECASTER,
    "Naive2": {**_FORECASTER, "seasonal_": "float S O M", "multiplicative_": "bool S O"},
    "OnlineRNN": {
        **{
            key: kind
            for key, kind in _NETWORK.items()
            if key not in ("solver_", "history_", "kept_linear_", "selection_", "fallback_", "ar_share_")
        },
        "theta_": "float P",
        "linear_theta_": "float P",
        "steps_": "number",
        "moments_": "float 2 P",
        "state_hidden": "float S n",
        "state_influence": "float S ...",
        "state_past": "float S L D",
        "state_forecasts": "nan R O",
        "state_errors": "nan R O",
        "state_seen": "float 2 O",
    },
    "Pretrained": {
        **_FORECASTER,
        "season_": "count",
        "theta_": "float M P or None",
        "exog_coef_": "float O E or None",
        "exog_unit_": "positive S O or None",
        "selection_": "selection",
    },
    "RNN": _EMBEDDING,
    "RecursiveNet": _NETWORK,
    "ResidualTDNN": _EMBEDDING,
    "SARIMAX": {
        **_FORECASTER,
        "params_": "nan S O K",
        "n_iter_": "count",
        "iterations_": "whole S O",
        "converged_": "bool S O",
        "origin_": "float S O",
        "scale_": "positive S O",
    },
    "SeasonalNaive": {**_FORECASTER, "season_": "count"},
    "Seq2Seq": _NETWORK,
    "SequenceClassifier": _SEQUENCES,
    "SequenceLabeler": _SEQUENCES,
    "TDNN": _EMBEDDING,
    "Theta": {
        **_FORECASTER,
        "alpha_": "share S O",
        "slope_": "float S O",
        "seasonal_": "float S O M",
        "multiplicative_": "bool S O",
    },
    "Transformer": _EMBEDDING,
}
CONFORMAL = {"errors": "nan A H O K"}


class Sizes(dict[str, int]):
    """Sizes of the letters of shapes; a new letter takes the first size it meets."""

    def fit(self, letter: str, size: int) -> bool:
        return size == (int(letter) if letter.isdigit() else self.setdefault(letter, size))


def check_members(members: Mapping[str, str], values: Mapping[str, Any], sizes: Sizes) -> None:
    """Refuse values that the members of a class do not name, or that are not of their kind and shape.

    Raises:
        ValueError: a member too many, missing, or of another kind or shape.
    """
    if unknown := values.keys() - members.keys():
        raise ValueError(f"{min(unknown)} is not what the class learns")
    for name, form in members.items():
        kind, *letters = form.split()
        if (
            letters[-1:] == ["?"]
            and name not in values
            or letters[-2:] == ["or", "None"]
            and values.get(name, 0) is None
        ):
            continue
        letters = [letter for letter in letters if letter not in ("?", "or", "None")]
        if name not in values or not _KINDS[kind](values[name]) or not _fits(values[name], letters, sizes):
            raise ValueError(f"{name} is missing or not of the form {form!r}")


def _fits(value: Any, letters: list[str], sizes: Sizes) -> bool:
    if not letters:
        return True
    shape = np.shape(value)
    if letters[-1] == "...":
        letters = letters[:-1]
        shape = shape[: len(letters)]
    return len(shape) == len(letters) and all(
        sizes.fit(letter, size) for letter, size in zip(letters, shape, strict=True)
    )


def _numbers(kinds: str, low: float = -math.inf, high: float = math.inf) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            return False
        return bool((np.isfinite(value) & (value >= low) & (value <= high)).all())

    return holds


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10_000_000


def _is_labels(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufUO":
        return False
    return all(isinstance(label, (str, int, float, bool)) for label in value.ravel().tolist())


def _is_symbols(value: Any) -> bool:
    """Labels that are sorted, each once; labels that cannot be sorted raise TypeError."""
    return _is_labels(value) and value.ndim == 1 and value.size > 0 and bool((value[1:] > value[:-1]).all())


def _is_history(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_history(item) for item in value)
    losses = value.items() if isinstance(value, dict) else [(None, None)]
    return all(isinstance(key, str) and (loss is None or type(loss) is float) for key, loss in losses)


def _is_levels(value: Any) -> bool:
    if not isinstance(value, dict) or not all(isinstance(levels, list) for levels in value.values()):
        return False
    return all(len(set(levels)) == len(levels) for levels in value.values())


def _is_selection(value: Any) -> bool:
    if not isinstance(value, pd.DataFrame) or list(value) != ["candidate", "error", "spread", "kept"]:
        return False
    types = {"candidate": str, "error": float, "spread": float, "kept": bool}
    return all(type(item) is types[name] for name in value for item in value[name].tolist())


_is_float = _numbers("f")
_KINDS: dict[str, Callable[[Any], bool]] = {
    "float": _is_float,
    "positive": _numbers("f", low=np.finfo(float).tiny),
    "share": _numbers("f", low=0.0, high=1.0),
    "weights": _numbers("f", low=0.0),
    "bound": lambda value: (
        isinstance(value, np.ndarray) and value.dtype.kind == "f" and bool((value >= 0).all())
    ),
    "nan": lambda value: (
        isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.isinf(value).any()
    ),
    "whole": _numbers("i", low=0),
    "bool": lambda value: isinstance(value, np.ndarray) and value.dtype.kind == "b",
    "number": lambda value: np.ndim(value) == 0 and _is_float(np.asarray(value)),
    "count": _is_count,
    "word": lambda value: isinstance(value, str),
    "words": lambda value: isinstance(value, tuple) and all(isinstance(word, str) for word in value),
    "lags": lambda value: isinstance(value, tuple) and all(_is_count(lag) and lag > 0 for lag in value),
    "flags": lambda value: isinstance(value, list) and all(isinstance(flag, bool) for flag in value),
    "labels": _is_labels,
    "symbols": _is_symbols,
    "history": _is_history,
    "levels": _is_levels,
    "selection": _is_selection,
    "reasons": lambda value: (
        isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    ),
    "config": lambda value: isinstance(value, dict),
}


def same_type(value: Any, hint: str) -> bool:
    """Whether a value is of the type by which a dataclass names it; any iterable counts for a list or tuple.

    Example:
        >>> same_type([1, 2], "int | Sequence[int] | str"), same_type(True, "int"), same_type(None, "str | None")
        (True, False, True)
    """
    return any(_is(value, part) for part in re.split(r" \| (?![^\[]*\])", hint))


def _is(value: Any, hint: str) -> bool:
    outer, _, inner = hint.partition("[")
    if outer in _PLAIN:
        return isinstance(value, _PLAIN[outer]) and (outer == "bool" or not isinstance(value, bool))
    if outer in ("Sequence", "Iterable", "tuple", "list"):
        item = inner.removesuffix("]").removesuffix(", ...")
        listed = isinstance(value, Iterable) and not isinstance(value, (str, dict))
        return listed and all(same_type(each, item) for each in value)
    return isinstance(value, dict) if outer in ("dict", "Mapping") else True


_PLAIN: dict[str, Any] = {
    "int": Integral,
    "float": Real,
    "str": str,
    "bool": (bool, np.bool_),
    "None": type(None),
}
