"""The units in which a forecaster learns its target, and the way back to those of the user.

A pointwise transform changes the unit of the target where data come in, so the history that a fitted model keeps, its
scaling, its selection and its held-out errors are in transformed units, and answers become the user's where they are
given: intervals around exp(f) are exp of intervals. Differences are taken inside (`forecast.estimators.differences`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import boxcox, inv_boxcox
from sklearn.base import clone

from forecast._checks import check_season, explain
from forecast.estimators import conformal
from forecast.estimators.documentation import Documented
from forecast.estimators.plain_state import PlainTable
from forecast.panel import Panel, Request

LAMBDAS = np.linspace(0.0, 1.0, 101)
"""Exponents of Box-Cox that are tried: below 0 the inverse ends at a largest value."""
FEWEST_BLOCKS = 4
"""Seasons of a series from which its own exponent is found."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(30)
"""The mean of f(e) over standard normal e is WEIGHTS / sqrt(2 pi) times f(NODES)."""
DIFFERENCES = ("difference", "seasonal_difference")
_ALLOWED = (
    "None, 'log', 'log1p', 'boxcox', 'difference', 'seasonal_difference', 'auto', a scikit-learn transformer \
with inverse_transform, or a list of them"
)
_REMEDY = 'Pass for example transform="log"'


@dataclass(kw_only=True, eq=False, repr=False)
class TargetTransforms(Documented, PlainTable):
    """The transform of the target, fitted on the history that `fit` is given and inverted in every answer.

    Args:
        transform: None; "log"; "log1p", the logarithm of 1 + y; "boxcox", (y^l - 1) / l with an exponent l
            between 0 and 1 for each series and target, with which the spread within a season depends least on its
            level (Guerrero 1993); a scikit-learn transformer with `inverse_transform`, which must be increasing and is
            fitted to each target, on the known values of all series; "difference", y_t - y_{t-1};
            "seasonal_difference", y_t - y_{t-m} with the shortest season m; a list of these, differences last; or
            "auto", for all series together: "boxcox" if all values are above 0, unless forecasts of the last rows of
            the history are clearly better without it; none for `Pretrained`, whose network has learned values as they
            are. Later values of at most 0 then count as missing, with a warning. Columns of X are not transformed.
        nonnegative: whether forecasts, bounds, quantiles and paths are at least 0, as counts are; a history with
            negative values is refused.
        bias_correction: False = `predict` gives the back-transformed forecast, which is the median where the model
            forecasts the median of the transformed values. True = their mean, for normal errors with the mean square
            of held-out errors at each step after the history. Quantiles, bounds, paths and `simulate` never have it.

    Attributes:
        transform_: the transforms in use, if `transform` is given; `panel_` then holds transformed values,
            except for differences.
        lambda_: l of "boxcox", shape (S, O); differences_: how many rows lie between the values of each difference.
        transform_selection_: with "auto" the candidates, their mean absolute errors in units of the mean absolute
            step, the standard error of the difference from the first, and which one is kept.
    """

    _transforms_tried: ClassVar[tuple[str, ...]] = ("boxcox", "none")  # by "auto", the usual one first

    nonnegative: bool = False
    bias_correction: bool = False

    panel_: Panel = field(init=False)
    transform_: tuple[Any, ...] = field(init=False, default=())
    differences_: tuple[int, ...] = field(init=False, default=())
    lambda_: np.ndarray = field(init=False)
    transform_selection_: pd.DataFrame = field(init=False)


class Pointwise(NamedTuple):
    """A function of values and exponents, its inverse, and the bound above which values must lie."""

    forward: Callable[[np.ndarray, Any], np.ndarray]
    inverse: Callable[[np.ndarray, Any], np.ndarray]
    bound: float


def _exp(values: np.ndarray) -> np.ndarray:
    """exp, the largest number in place of infinity."""
    found: np.ndarray = np.exp(np.minimum(values, np.log(np.finfo(values.dtype).max)))
    return found


def _inverse_boxcox(values: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """(l z + 1)^(1/l), 0 where l z + 1 < 0; exp(z) for l = 0."""
    least = np.where(exponent > 0, -1 / np.where(exponent > 0, exponent, 1.0), -np.inf)
    found: np.ndarray = np.minimum(inv_boxcox(np.maximum(values, least), exponent), np.finfo(float).max)
    return found


POINTWISE = {
    "log": Pointwise(lambda y, _: np.log(y), lambda z, _: _exp(z), 0.0),
    "log1p": Pointwise(lambda y, _: np.log1p(y), lambda z, _: _exp(z) - 1.0, -1.0),
    "boxcox": Pointwise(boxcox, _inverse_boxcox, 0.0),
}


# ---------------------------------------------------------------------- arguments


def steps_of(transform: Any) -> list[Any]:
    """The transforms that the argument names, in order.

    Example:
        >>> steps_of(None), steps_of("log"), steps_of(["log", "difference"])
        ([], ['log'], ['log', 'difference'])
    """
    if transform is None:
        return []
    return list(transform) if isinstance(transform, (list, tuple)) else [transform]


def check_transform(transform: Any) -> None:
    """Refuse an argument that names no transforms, or not in an order in which they can be applied."""
    steps = steps_of(transform)
    for step in steps:
        known = isinstance(step, str) and step in (*POINTWISE, *DIFFERENCES, "auto")
        methods = ("fit", "transform", "inverse_transform", "get_params")
        foreign = not isinstance(step, (str, type)) and all(hasattr(step, name) for name in methods)
        if not known and not foreign:
            kind = ValueError if isinstance(step, str) else TypeError
            raise kind(explain("transform", _ALLOWED, repr(transform), _REMEDY))
    late = [isinstance(step, str) and step in DIFFERENCES for step in steps]
    if late != sorted(late):
        remedy = 'Pass for example transform=["log", "difference"]'
        raise ValueError(explain("transform", "a list with the differences last", repr(transform), remedy))
    if isinstance(transform, (list, tuple)) and ("auto" in steps or not steps):
        raise ValueError(
            explain("transform", "a list of transforms other than 'auto'", repr(transform), _REMEDY)
        )
    if steps.count("boxcox") > 1:
        raise ValueError(explain("transform", "a list with 'boxcox' once", repr(transform), _REMEDY))


# ---------------------------------------------------------------------- into units and back


def fit_steps(model: Any, steps: list[Any], panel: Panel) -> tuple[Panel, dict[str, Any]]:
    """A history in the units that `steps` give, and the attributes of a model in these units."""
    fitted: list[Any] = []
    learned: dict[str, Any] = {}
    for step in steps:
        if step == "boxcox":
            _check_values(panel, step)
            learned["lambda_"] = exponents(panel, season_of(model, panel) or 1)
        elif not isinstance(step, str):
            step = tuple(_fitted_transformer(step, column) for column in panel.y.T)
        fitted.append(step)
        panel = _stepped(step, panel, learned.get("lambda_"))
    return panel, {**learned, "transform_": tuple(fitted)}


def season_of(model: Any, panel: Panel) -> int | None:
    """m, the shortest season of a model; None where it has none."""
    given = check_season(model.get_params(deep=False).get("season"))
    return min(panel.seasons if given is None else given, default=None)


def inward(model: Any, panel: Panel) -> Panel:
    """A panel in the user's units in those of a fitted model."""
    if model.nonnegative and (panel.y < 0).any():
        remedy = "Pass nonnegative=False, or set what is below zero to 0 or to missing"
        raise _refused(panel, panel.y < 0, "at least 0 for nonnegative=True", remedy)
    for step in model.transform_:
        panel = _within(step, panel) if model._transform == "auto" else panel
        panel = _stepped(step, panel, _lambdas(model, panel))
    return panel


def _within(step: str, panel: Panel) -> Panel:
    """A panel without the values that a transform does not take, which the user did not ask for."""
    low = panel.y <= POINTWISE[step].bound
    if not low.any():
        return panel
    first = panel.row_label(int(np.argwhere(low)[0, 0]))
    warnings.warn(
        f"transform='auto': {int(low.sum())} new values of at most 0, the first at {first}, count as missing, since "
        f"all values in fit were above 0 and {step!r} was chosen. Fit again with them, or pass transform=None.",
        UserWarning,
        stacklevel=6,
    )
    return replace(panel, y=np.where(low, np.nan, panel.y))


def outward(model: Any, panel: Panel, series: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (..., O) or (..., O, K) of series (...) of a panel in the user's units."""
    exponent = _lambdas(model, panel)
    if exponent is not None:
        exponent = exponent[series].reshape(*series.shape, -1, *[1] * (values.ndim - series.ndim - 1))
    for step in reversed(model.transform_):
        if isinstance(step, tuple):
            parts = np.moveaxis(values, series.ndim, 0)
            back = [_applied(each.inverse_transform, part) for each, part in zip(step, parts, strict=True)]
            values = np.moveaxis(np.stack(back), 0, series.ndim)
        elif step in POINTWISE:
            values = POINTWISE[step].inverse(values, exponent)
    return np.maximum(values, 0.0) if model.nonnegative else values


def points(model: Any, request: Request, values: np.ndarray) -> np.ndarray:
    """The point forecasts (R, O) of requested rows in the user's units, with `bias_correction` their means.

        E g(f + s e) = sum_k w_k g(f + s e_k)   by Gauss-Hermite quadrature

    g leads back to the user's units, e is standard normal, s the root mean square of held-out errors of the step.
    On rows of the history, whose forecasts know no later errors, there is no correction.
    """
    panel, found = model.panel_, outward(model, model.panel_, request.series, values)
    ahead = request.position >= panel.lengths[request.series]
    bent = any(step not in DIFFERENCES for step in model.transform_)
    if not (model.bias_correction and bent and ahead.any()):
        return found
    errors, step, units = conformal.on_rows(model, request)
    square = errors.errors[..., 0] ** 2
    known = np.isfinite(square)
    mean = np.where(known, square, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)  # (H, O)
    spread = units * np.sqrt(mean)[step]
    cases = (values[..., None] + spread[..., None] * NODES)[ahead]
    found[ahead] = outward(model, panel, request.series[ahead], cases) @ WEIGHTS / np.sqrt(2 * np.pi)
    return found


def _lambdas(model: Any, panel: Panel) -> np.ndarray | None:
    """The exponents (S, O) of the series of a panel, if any; a new series has the median of those that were fitted."""
    if "boxcox" not in model.transform_:
        return None
    own = model.panel_.layout.keyed == panel.layout.keyed
    which = model.panel_.ids.get_indexer(panel.ids) if own else np.full(panel.n_series, -1)
    return np.where((which < 0)[:, None], np.median(model.lambda_, axis=0), model.lambda_[which])


def _stepped(step: Any, panel: Panel, lambdas: np.ndarray | None) -> Panel:
    """A panel after one pointwise transform."""
    if isinstance(step, tuple):
        y = [_applied(each.transform, column) for each, column in zip(step, panel.y.T, strict=True)]
        return replace(panel, y=np.column_stack(y))
    if step not in POINTWISE:
        return panel
    _check_values(panel, step)
    rows = None if lambdas is None else np.repeat(lambdas, panel.lengths, axis=0)
    return replace(panel, y=POINTWISE[step].forward(panel.y, rows))


def _applied(transform: Callable[[np.ndarray], Any], values: np.ndarray) -> np.ndarray:
    """A function of a column, of the known ones of some values."""
    out, known = np.array(values, dtype=float), np.isfinite(values)
    if known.any():
        out[known] = np.asarray(transform(out[known].reshape(-1, 1))).ravel()
    return out


# ---------------------------------------------------------------------- what is fitted


def _fitted_transformer(step: Any, column: np.ndarray) -> Any:
    """A copy of a scikit-learn transformer, fitted to the known values of a column (N,)."""
    known = np.sort(column[np.isfinite(column)]).astype(float).reshape(-1, 1)
    fitted = clone(step).fit(known)
    changed = fitted.transform(known)
    if np.shape(changed) != known.shape or _falls(np.ravel(changed)):
        remedy = "Take another one, for example sklearn.preprocessing.PowerTransformer()"
        raise ValueError(explain("transform", "increasing, from one column to one", repr(step), remedy))
    back = np.ravel(fitted.inverse_transform(np.reshape(changed, known.shape)))
    if not np.allclose(back, known[:, 0], rtol=1e-5, atol=1e-8 * np.abs(known).max(initial=0.0)):
        remedy = "Give functions that are each the inverse of the other, or take another transform"
        raise ValueError(explain("transform", "undone by its inverse_transform", repr(step), remedy))
    return fitted


def _falls(values: np.ndarray) -> bool:
    """Whether values fall anywhere by more than rounding."""
    return bool((np.diff(values) < -1e-9 * np.ptp(values)).any())


def exponents(panel: Panel, season: int) -> np.ndarray:
    """The exponent of Box-Cox (S, O) of each series and target by the method of Guerrero.

    It evens out the spread within seasons at all levels, as a forecast of constant variance needs; the likelihood of
    independent values, which a trend dominates, does not. A series of fewer than FEWEST_BLOCKS seasons has the median
    of the others, and 1, which changes nothing, where there are none.

    References:
        Guerrero, V. M. (1993). Time-series analysis supported by power transformations. Journal of Forecasting 12,
        37-48.

    Example:
        >>> y = np.exp(np.arange(40) / 4) * np.tile([1.0, 2.0], 20)
        >>> exponents(Panel.from_data(y), 2)
        array([[0.]])
    """
    found = np.array(
        [
            [_guerrero(column, max(season, 2)) for column in panel.y[start:stop].T]
            for start, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True)
        ]
    )
    for column in found.T:
        known = np.isfinite(column)
        column[~known] = np.median(column[known]) if known.any() else 1.0
    return found


def _guerrero(y: np.ndarray, season: int) -> float:
    """The exponent with the least coefficient of variation of deviation / mean^(1 - l) over seasons of which more than
    half is known; NaN for few."""
    blocks = y[len(y) % season :].reshape(-1, season).astype(float)
    blocks = blocks[np.isfinite(blocks).mean(axis=1) > 0.5]
    if len(blocks) < FEWEST_BLOCKS:
        return np.nan
    mean, deviation = np.nanmean(blocks, axis=1), np.nanstd(blocks, axis=1)
    if not deviation.any():
        return np.nan
    ratio = deviation[:, None] / (mean / mean.mean())[:, None] ** (1 - LAMBDAS)
    return float(LAMBDAS[np.argmin(ratio.std(axis=0) / ratio.mean(axis=0))])


# ---------------------------------------------------------------------- errors


def _check_values(panel: Panel, step: str) -> None:
    """Refuse values of which there is no logarithm or power."""
    bound = POINTWISE[step].bound
    low = panel.y <= bound
    if low.any():
        remedy = "Pass transform=PowerTransformer() of scikit-learn, which takes all values, or None"
        if (panel.y[low] >= 0).all():
            remedy = "Pass transform='log1p', which takes 0, or None"
        raise _refused(panel, low, f"above {bound:g} for transform={step!r}", remedy)


def _refused(panel: Panel, bad: np.ndarray, allowed: str, remedy: str) -> ValueError:
    row, column = (int(k) for k in np.argwhere(bad)[0])
    name, label = panel.layout.target_names[column], panel.row_label(row)
    received = f"{float(panel.y[row, column]):g} in column {name!r} at {label} ({int(bad.sum())} in all)"
    return ValueError(explain("y", allowed, received, remedy))
