"""Quantiles, intervals and sample paths from out-of-sample errors: split conformal prediction, step by step.

The last rows of every series are held out and a clone of the model is fitted on the rest. From every origin in the
held-out tail the clone forecasts all steps that can be compared with the truth. The errors of step h are divided by
the unit u of their series and phase of the season (`ErrorUnits`, the mean change from one season to the next known at
the origin) and pooled over origins and series: e_1, ..., e_n. Around the forecast f_h the p-quantile is

    f_h + u q_h(p),   q_h(p) = the smallest e with  sum_i (3/4 [e_i <= e] + 1/4 [-e_i <= e]) >= n p + p - 1/4

for p > 1/2, and q_h(1 - p) its mirror image. So each error counts three quarters as it is and a quarter with the
opposite sign: intervals may be asymmetric, but the bias of a few origins is not fully trusted. The interval of level L
percent lies between the (50 - L/2) and the (50 + L/2) percent quantile. Where errors are exchangeable its coverage is
L percent or little more; errors of neighbouring origins are not independent, so this holds approximately.

A network that forecasts quantiles is calibrated in the same way around each of them, without mirror images
(conformalised quantile regression, the two tails separately). Each step ahead has its own interval; a band that covers
all H steps together would need the level 100 - (100 - L) / H (Bonferroni), or sample paths: these add whole paths of
errors, drawn from the held-out origins of all series, to the forecast, so steps and targets stay correlated.

References:
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer.
    Romano, Y., Patterson, E. and Candes, E. (2019). Conformalized quantile regression. Advances in Neural
    Information Processing Systems 32.
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
from forecast.estimators.error_units import ErrorUnits
from forecast.estimators.held_out import held_out
from forecast.panel import Panel, Request

MIRRORED = 0.25
"""Weight of the mirror image of an error around a point forecast."""
_PASS_LEVELS = "Pass level=[80, 95]"
_PASS_SHARES = "Pass quantiles=[0.1, 0.5, 0.9]"
_BOUND = re.compile(r"(?P<model>.*)-(?P<side>lo|hi)-(?P<level>\d+(?:\.\d+)?)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Errors (n, H, O, 1 + Q) of the point forecast and of the Q own quantiles of a model, in units, NaN where a
    step is not known; a row is the path of one origin and series."""

    errors: np.ndarray

    @property
    def horizon(self) -> int:
        """Steps ahead for which errors are known."""
        return self.errors.shape[1]

    def shifts(self, shares: Sequence[float], which: int, mirrored: float) -> np.ndarray:
        """q (shares, H, O) of the errors of forecast number `which`; 0 where there are none."""
        values = self.errors[..., which]
        weight = np.isfinite(values) * (1 - mirrored)
        if mirrored:
            values, weight = np.concatenate([values, -values]), np.concatenate([weight, weight])
            weight[len(weight) // 2 :] *= mirrored / (1 - mirrored)
        order = np.argsort(values, axis=0)  # NaN last, of weight 0
        values, weight = (np.take_along_axis(each, order, axis=0) for each in (values, weight))
        below = np.cumsum(weight, axis=0)
        count = below[-1]
        above = count - below + weight
        found = np.empty((len(shares), *count.shape))
        for row, share in enumerate(shares):
            outer = max(share, 1 - share)
            goal = np.minimum(count * outer + outer - mirrored, count) - 1e-9 * (1 + count)
            high, low = (
                np.argmax(below >= goal, axis=0),
                len(values) - 1 - np.argmax(above[::-1] >= goal, axis=0),
            )
            ends = [np.take_along_axis(values, place[None], axis=0)[0] for place in (high, low)]
            found[row] = np.mean(ends, axis=0) if share == 0.5 else ends[share < 0.5]
        return np.nan_to_num(found)

    def check(self, shares: Sequence[float], steps: int, mirrored: float) -> None:
        """Warn where a step has too few errors for the outermost of the shares."""
        share = max(max(share, 1 - share) for share in shares)
        count = np.isfinite(self.errors[:, :steps, :, 0]).sum(axis=0)  # (H, O)
        least = int(np.ceil(round((share - mirrored) / (1 - share), 9)))
        if (count < least).any():
            step = int(np.argmax((count < least).any(axis=1)))
            level = f"{100 * (2 * share - 1):g}"
            warnings.warn(
                f"level: {level} % needs at least {least} out-of-sample errors per step, and step {step + 1} has "
                f"{int(count[step].min())}; the largest error is used, so the interval covers less often. "
                "Fit on a longer history, or ask for a lower level or fewer steps.",
                UserWarning,
                stacklevel=5,
            )

    def paths(self, count: int, series: int, rng: np.random.Generator) -> np.ndarray:
        """Errors (count, S, H, O) of whole paths, drawn for each series, a quarter of them mirrored."""
        errors = self.errors[..., 0]
        whole = np.flatnonzero(np.isfinite(errors).all(axis=(1, 2)))
        if not len(whole):
            allowed, remedy = "such that one origin has errors of all steps", "Ask for fewer steps"
            raise ValueError(explain("X", allowed, f"{self.horizon} steps", remedy))
        sign = np.where(rng.random((count, series)) < MIRRORED, -1.0, 1.0)
        return errors[rng.choice(whole, (count, series))] * sign[..., None, None]


def quantiles(model: Any, request: Request, shares: Sequence[float], center: np.ndarray) -> np.ndarray:
    """Quantiles (R, O, shares) on the requested rows of a fitted forecaster, never crossing.

    Args:
        model: a fitted forecaster; it is calibrated here unless it already is for as many steps.
        request: R rows.
        shares: each above 0 and below 1.
        center: the point forecast of the rows (R, O).
    """
    errors, step, units = on_rows(model, request)
    own = model.quantiles
    errors.check(shares, int(step.max()) + 1, 0.0 if own else MIRRORED)
    if own:
        found = _calibrated_own(errors, _told_rows(model, request, center), own, shares, step, units)
    else:
        found = center + units * errors.shifts(shares, 0, MIRRORED)[:, step]  # (shares, R, O)
    order = np.argsort(shares)
    found[order] = np.sort(found, axis=0)
    return np.moveaxis(found, 0, -1)


def _calibrated_own(
    errors: Calibration,
    told: np.ndarray,
    own: Sequence[float],
    shares: Sequence[float],
    step: np.ndarray,
    units: np.ndarray,
) -> np.ndarray:
    """Quantiles (shares, R, O) from the quantiles `told` (R, O, Q) of a model at the levels `own`, each calibrated.

    Between two of these they are interpolated; beyond the outermost one its errors decide.
    """

    def at(share: float, which: int) -> np.ndarray:
        found: np.ndarray = told[..., which] + units * errors.shifts([share], which + 1, 0.0)[0, step]
        return found

    values = []
    for share in shares:
        upper = int(np.searchsorted(own, share))
        if upper in (0, len(own)):
            values.append(at(share, max(upper - 1, 0)))
        else:
            low, high = own[upper - 1], own[upper]
            part = (share - low) / (high - low)
            values.append((1 - part) * at(low, upper - 1) + part * at(high, upper))
    return np.stack(values)


def on_rows(model: Any, request: Request) -> tuple[Calibration, np.ndarray, np.ndarray]:
    """The calibration, and step (R,) and units (R, O) of the requested rows; rows of the history count as one step."""
    panel, errors = model.panel_, calibrated(model, max(request.horizon, 1))
    known = panel.lengths[request.series]
    units = ErrorUnits(panel).at(request.series, request.position, known)
    return errors, np.maximum(request.position - known, 0), units


def _told_rows(model: Any, request: Request, center: np.ndarray) -> np.ndarray:
    """The quantiles (R, O, Q) that a model forecasts itself; on rows of the history the point forecast."""
    panel = model.panel_
    step = request.position - panel.lengths[request.series]
    values = np.repeat(center[..., None], len(model.quantiles), axis=-1)
    if request.horizon:
        known = request.known_x(panel.x[panel.offsets[1:] - 1])
        told = model._ahead(panel, request.horizon, known, quantiles=True)  # (S, H, O, Q)
        ahead = step >= 0
        values[ahead] = told[request.series[ahead], step[ahead]]
    return values


def sample_paths(
    model: Any, request: Request, count: int, rng: np.random.Generator, center: np.ndarray
) -> np.ndarray:
    """Sample paths (R, O, count) on the requested rows: the point forecast and whole paths of errors."""
    errors, step, units = on_rows(model, request)
    paths = errors.paths(count, model.panel_.n_series, rng)  # (count, S, H, O)
    drawn = np.moveaxis(paths[:, request.series, step], 0, -1)
    found: np.ndarray = center[..., None] + units[..., None] * drawn
    return found


def calibrated(model: Any, horizon: int) -> Calibration:
    """The calibration of a model, repeated where it does not reach as far as `horizon`."""
    if model.conformal_ is None or model.conformal_.horizon < horizon:
        model.conformal_ = calibrate(model, horizon)
    found: Calibration = model.conformal_
    return found


def calibrate(model: Any, horizon: int) -> Calibration:
    """Errors of a clone of `model` that has not seen the tail of its history.

    Args:
        model: a fitted forecaster.
        horizon: steps ahead to calibrate, H.
    """
    panel: Panel = model.panel_
    found = held_out(model, panel, model.sample_weight_, horizon, ask=_told)
    series = np.tile(np.repeat(np.arange(panel.n_series), horizon), len(found.origins))
    known = np.repeat(found.origins.ravel(), horizon)
    position = known + np.tile(np.arange(horizon), found.origins.size)
    units = ErrorUnits(panel).at(series, position, known).reshape(found.truth.shape)
    units = np.where(units > 0, units, np.nan)[..., None]  # nothing to compare with yet
    errors = (found.truth[..., None] - found.forecast) / units  # (A, S, H, O, 1 + Q)
    return Calibration(errors.reshape(-1, *errors.shape[2:]))


def _told(model: Any, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
    """The point forecast of a model and its own quantiles, (S, H, O, 1 + Q)."""
    point = model._ahead(panel, horizon, future_x)[..., None]
    if not model.quantiles:
        return point
    own = model._ahead(panel, horizon, future_x, quantiles=True)
    return np.concatenate([point, own], axis=-1)


def check_shares(quantiles: float | Iterable[float]) -> tuple[float, ...]:
    """Quantile levels of `predict_quantiles`, above 0 and below 1, each once, as a tuple.

    Example:
        >>> check_shares(0.5), check_shares([0.1, 0.9])
        ((0.5,), (0.1, 0.9))
    """
    listed = isinstance(quantiles, Iterable) and not isinstance(quantiles, str)
    shares: tuple[Any, ...] = tuple(quantiles) if listed else (quantiles,)  # type: ignore[arg-type]
    for share in shares:
        if isinstance(share, (bool, np.bool_)) or not isinstance(share, Real):
            raise TypeError(explain("quantiles", "numbers between 0 and 1", repr(quantiles), _PASS_SHARES))
        if not 0 < float(share) < 1:
            raise ValueError(explain("quantiles", "between 0 and 1", repr(quantiles), _PASS_SHARES))
    if not shares or len({float(share) for share in shares}) < len(shares):
        raise ValueError(explain("quantiles", "one or more that differ", repr(quantiles), _PASS_SHARES))
    return tuple(float(share) for share in shares)


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
    """A level as written in the name of a column: whole ones without a decimal point.

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
    """The parts of the name of a bound's column: its model, "lo" or "hi", its level."""

    model: str
    side: str
    level: float


def read_bound(column: object) -> Bound | None:
    """The parts of the name of a bound's column; None for other columns.

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
