"""Prediction intervals from out-of-sample errors: split conformal prediction, one radius per step ahead.

The last rows of every series are held out and a clone of the model is fitted on the rest. From every origin
in the held-out tail the clone forecasts all steps that can be compared with the truth. With the absolute
errors r_1 <= ... <= r_n of step h the interval of level p percent around the forecast f_h is

    f_h - q_h <= y_{T+h} <= f_h + q_h,    q_h = r_k,    k = ceil((n + 1) p / 100),

which covers with a probability of at least p percent, and at most p percent + 1 / (n + 1), when the errors
are exchangeable. Errors of neighbouring origins are not independent, so for one series this holds
approximately.
In a panel the errors of all series are pooled after division by the mean absolute step of each series.
Each step ahead has its own interval; a band that covers all H steps together would need the level
100 - (100 - p) / H (Bonferroni).

References:
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer.
    Stankeviciute, K., Alaa, A. M. and van der Schaar, M. (2021). Conformal time-series forecasting. Advances
    in Neural Information Processing Systems 34.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from forecast._checks import explain
from forecast.estimators.held_out import held_out, mean_step

_PASS_LEVELS = "Pass level=[80, 95]"
_BOUND = re.compile(r"(?P<model>.*)-(?P<side>lo|hi)-(?P<level>\d+(?:\.\d+)?)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Sorted absolute errors (n, H, O) in units of `scale` (S, O), filled up with NaN."""

    errors: np.ndarray
    scale: np.ndarray

    @property
    def horizon(self) -> int:
        """Steps ahead for which errors are known."""
        return self.errors.shape[1]

    def radius(self, levels: Sequence[float], series: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Half widths (levels, R, O) on R rows, each of one series and step (0 = the first one)."""
        steps = int(step.max()) + 1
        quantiles = np.stack([self._quantiles(level, steps) for level in levels])  # (levels, H, O)
        radius: np.ndarray = quantiles[:, step] * self.scale[series]
        return radius

    def _quantiles(self, level: float, steps: int) -> np.ndarray:
        errors = self.errors[:, :steps]
        count = np.isfinite(errors).sum(axis=0)  # (H, O)
        # Rounding keeps (19 + 1) * 0.95 from becoming 19.000000000000004.
        rank = np.ceil(np.round((count + 1) * level / 100, 9)).astype(int)
        if (rank > count).any():
            step = int(np.argmax((rank > count).any(axis=1)))
            least = int(np.ceil(round(level / (100 - level), 9)))
            warnings.warn(
                f"level: {level:g} % needs at least {least} out-of-sample errors per step, and step "
                f"{step + 1} has {int(count[step].min())}; the largest error is used, so the interval covers "
                "less often. Fit on a longer history, or ask for a lower level or fewer steps.",
                UserWarning,
                stacklevel=4,
            )
        rank = np.clip(rank, 1, np.maximum(count, 1))
        return np.take_along_axis(errors, rank[None] - 1, axis=0)[0]


def check_levels(level: float | Iterable[float]) -> tuple[float, ...]:
    """Levels in percent, each once, as a tuple.

    Example:
        >>> check_levels(80), check_levels([80, 95])
        ((80,), (80, 95))
    """
    levels = tuple(level) if isinstance(level, Iterable) and not isinstance(level, str) else (level,)
    for value in levels:
        check_level(value, level)
    if not levels:
        raise ValueError(explain("level", "at least one number between 0 and 100", level, _PASS_LEVELS))
    if len({float(value) for value in levels}) < len(levels):
        raise ValueError(explain("level", "levels that differ", level, _PASS_LEVELS))
    return levels


def check_level(value: object, received: object = None) -> None:
    """One level in percent; a message shows what was `received` as a whole.

    Example:
        >>> check_level(80)
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        shown = repr(value if received is None else received)
        raise TypeError(explain("level", "numbers between 0 and 100", shown, _PASS_LEVELS))
    number = float(value)
    if 0 < number < 1:
        remedy = f"Pass level={100 * number:g}"
        raise ValueError(explain("level", "in percent, from 1 to below 100", value, remedy))
    if not 0 < number < 100:
        raise ValueError(explain("level", "between 0 and 100, in percent", value, _PASS_LEVELS))


def plain_level(level: float) -> Any:  # int or float; utilsforecast declares int and takes both
    """A level as it stands in the name of a column: whole ones without a decimal point.

    Example:
        >>> plain_level(80.0), plain_level(99.5)
        (80, 99.5)
    """
    return int(level) if float(level).is_integer() else float(level)


def bound_names(name: str, level: float) -> tuple[str, str]:
    """Columns of the lower and the upper bound of a model at a level; the only place that spells them.

    Example:
        >>> bound_names("AR", 80)
        ('AR-lo-80', 'AR-hi-80')
    """
    return f"{name}-lo-{plain_level(level)}", f"{name}-hi-{plain_level(level)}"


class Bound(NamedTuple):
    """What the name of a bound's column says: its model, "lo" or "hi", its level."""

    model: str
    side: str
    level: float


def read_bound(column: object) -> Bound | None:
    """What a column's name says as that of a bound; None for all others.

    Example:
        >>> read_bound("AR-lo-80"), read_bound("AR")
        (Bound(model='AR', side='lo', level=80), None)
    """
    found = _BOUND.fullmatch(str(column))
    return Bound(found["model"], found["side"], plain_level(float(found["level"]))) if found else None


def column_names(names: Sequence[str], levels: Sequence[float]) -> list[str]:
    """Columns of the interval frame: each name, then its bounds level by level.

    Example:
        >>> column_names(["AR"], [80])
        ['AR', 'AR-lo-80', 'AR-hi-80']
    """
    return [column for name in names for column in (name, *(b for p in levels for b in bound_names(name, p)))]


def interleave(center: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Center (R, O) and radius (levels, R, O) as one table (R, O * (1 + 2 * levels)) in that order."""
    sides = [value for half in radius for value in (center - half, center + half)]
    return np.stack([center, *sides], axis=-1).reshape(len(center), -1)


def calibrate(model: Any, horizon: int) -> Calibration:
    """Errors of a clone of `model` that has not seen the tail of its history.

    Args:
        model: a fitted forecaster.
        horizon: steps ahead to calibrate, H.
    """
    found = held_out(model, model.panel_, model.sample_weight_, horizon)
    scale = np.ones((1, found.head.n_targets)) if found.head.n_series == 1 else mean_step(found.head)
    errors = np.abs(found.truth - found.forecast) / scale[:, None]  # (A, S, H, O)
    return Calibration(np.sort(errors.reshape(-1, *errors.shape[2:]), axis=0), scale)
