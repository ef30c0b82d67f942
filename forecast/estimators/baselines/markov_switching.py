"""Markov-switching autoregression: an AR model whose coefficients follow a hidden chain, by statsmodels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from forecast._checks import check_count
from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.local import (
    FitSeries,
    LocalForecaster,
    Parameters,
    each_target,
    match_series,
    moments,
    on_grid,
)
from forecast.estimators.unweighted import Unweighted
from forecast.panel import Panel
from forecast.panel.gaps import completed, completed_onward

COLLAPSED = 1e-2  # fraction of the greatest variance below which a regime explains a few rows and no more


@dataclass(kw_only=True, eq=False, repr=False)
class MarkovSwitching(LocalForecaster, Unweighted):
    """An autoregression whose coefficients and noise depend on a hidden regime, one per series and target.

    Equation:
        y_t = c_s + phi_{s,1} y_{t-1} + ... + phi_{s,p} y_{t-p} + sigma_s e_t,   s = s_t
        P(s_t = j | s_{t-1} = i) = P_ij
        E[y_{T+h}] = sum_s u_h(s),   the first entry of m_h(s):
        q_h(j) = sum_i P_ij q_{h-1}(i)
        m_h(j) = A_j sum_i P_ij m_{h-1}(i) + c_j q_h(j) [1, 0, ..., 0]

    Symbols:
        s_t: the regime, one of K = `regimes`; p: `order`; e_t: standard normal noise.
        q_h(j): probability that s_{T+h} = j given the history; q_0 comes from the Hamilton filter.
        m_h(j): the vector of y_{T+h}, ..., y_{T+h-p+1}, averaged over all futures and weighted by s_{T+h} = j.
        A_j: the companion matrix of phi_j.

    The recursion is the exact mean of the forecast distribution: it adds up all K^h paths of regimes.
    Parameters maximise the likelihood (statsmodels' MarkovRegression on lagged values, scaled to unit
    variance). The likelihood is unbounded where a regime shrinks to a few rows: then all regimes share one standard
    deviation. Where no maximum can be found, as on a series without noise, all regimes are the least-squares
    AR; a constant series is forecast by its constant. Gaps are filled from both sides first
    (`forecast.panel.gaps.filled`), in the open loop by the values before them. Covariates are accepted and not used.

    Args:
        regimes: K, at least 2.
        order: p, at least 1.
        iterations: most iterations of the maximisation.
        horizon: steps that `predict()` returns.
        n_jobs: number of joblib jobs that fit series in parallel; None = 1 or as set by `joblib.parallel_config`.

    Attributes:
        transition_: P, shape (S, O, K, K), rows adding up to 1.
        coefficients_: c_s, phi_{s,1}, ..., phi_{s,p} and sigma_s, shape (S, O, K, p + 2), the regimes in
            order of their mean level.
        center_: mean of the history, shape (S, O).
        converged_: whether a maximum of the likelihood was found, shape (S, O).

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Hamilton, J. D. (1989). A new approach to the economic analysis of nonstationary time series and the
        business cycle. Econometrica 57(2), 357-384.
        Krolzig, H.-M. (1997). Markov-Switching Vector Autoregressions. Springer.

    Example:
        >>> import numpy as np
        >>> rng, y = np.random.default_rng(0), [0.0]
        >>> for t in range(200):                                # the weight changes its sign every 50 steps
        ...     y.append((0.9 if t // 50 % 2 else -0.9) * y[-1] + rng.normal())
        >>> model = MarkovSwitching().fit(np.array(y))
        >>> model.coefficients_[0, 0, :, 1].round(), np.diagonal(model.transition_[0, 0]).round(2)
        (array([-1.,  1.]), array([0.98, 0.98]))
    """

    uses_covariates: ClassVar[bool] = False

    regimes: int = 2
    order: int = 1
    iterations: int = 50

    def _min_history(self, panel: Panel) -> int:
        """p rows."""
        return check_count("order", self.order)

    def _fit_series(self, panel: Panel) -> FitSeries:
        count = check_count("regimes", self.regimes, minimum=2)
        iterations = check_count("iterations", self.iterations)
        return partial(
            fit_regimes, count=count, order=check_count("order", self.order), iterations=iterations
        )

    # ---------------------------------------------------------------- forecasting

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for series, target, _, y, (center, transition, coefficients) in self._centred(completed(panel)):
            chance = filtered(y, transition, coefficients)[1]
            path = expected_path(y[::-1][: self.order], chance, transition, coefficients, horizon)
            values[series, :, target] = center + path
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for _, target, rows, y, (center, transition, coefficients) in self._centred(completed_onward(panel)):
            ahead = filtered(y, transition, coefficients)[0]
            values[rows.start + self.order : rows.stop, target] = center + ahead
        return values

    def _centred(self, panel: Panel) -> Iterator[tuple[int, int, slice, np.ndarray, tuple[Any, ...]]]:
        """Every series minus its center in fit, that center, and the parameters of what remains."""
        which = match_series(self.panel_, panel)
        for series, target, rows, y in each_target(panel):
            where = (int(which[series]), target)
            center, coefficients = self.center_[where], self.coefficients_[where].copy()
            coefficients[:, 0] -= center * (1.0 - coefficients[:, 1:-1].sum(axis=1))
            yield series, target, rows, y - center, (center, self.transition_[where], coefficients)


def fit_regimes(
    y: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray | None,
    name: str,
    *,
    count: int,
    order: int,
    iterations: int,
) -> Parameters:
    """Transition and coefficients of one series, from a maximum of the likelihood of its standardised values."""
    center, spread = moments(y)
    scaled = on_grid((y - center) / spread)
    transition = np.full((count, count), 1.0 / count)
    values, found = np.tile([0.0] * (order + 1) + [1.0], (count, 1)), None
    if np.ptp(y) > 0:
        past = _lagged(scaled, order)
        ordinary = np.linalg.lstsq(np.column_stack([np.ones(len(past)), past]), scaled[order:], rcond=None)[0]
        values[:, :-1] = ordinary
        found = maximum(scaled[order:], past, count, iterations)
        transition, values = found or (transition, values)
        levels = np.argsort(values[:, 0] + values[:, 1:-1] @ past.mean(axis=0), kind="stable")
        transition, values = transition[np.ix_(levels, levels)], values[levels]
    values[:, 0] = center * (1.0 - values[:, 1:-1].sum(axis=1)) + spread * values[:, 0]
    values[:, -1] *= spread
    return {
        "transition_": transition,
        "coefficients_": values,
        "center_": center,
        "converged_": found is not None,
    }


def maximum(
    y: np.ndarray, past: np.ndarray, count: int, iterations: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """(transition (K, K), coefficients (K, p + 2)) of greatest likelihood, or None."""
    order = past.shape[1]
    if len(y) < count * (count + order + 1):  # fewer rows than parameters
        return None
    for own_variance in (True, False):
        with alone():
            try:
                model = MarkovRegression(y, count, exog=past, switching_variance=own_variance)
                result = model.fit(disp=False, maxiter=iterations, cov_type="none")
            except (np.linalg.LinAlgError, RuntimeError, ValueError):
                continue
        transition, values = result.regime_transition[:, :, 0].T, result.params[count * (count - 1) :]
        if not (np.isfinite(values).all() and np.isfinite(transition).all()):
            continue
        weights = values[: count * (order + 1)].reshape(-1, count).T  # by parameter, then by regime
        variance = np.broadcast_to(values[weights.size :], count)
        if variance.min() > max(COLLAPSED * variance.max(), 1e-8):
            return transition, np.column_stack([weights, np.sqrt(variance)])
    return None


def filtered(
    y: np.ndarray, transition: np.ndarray, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One-step means (T - p,), and the probabilities (K,) of the regimes at the last row (Hamilton 1989)."""
    order = coefficients.shape[1] - 2
    past, sigma = _lagged(y, order), coefficients[:, -1]
    means = coefficients[:, 0] + past @ coefficients[:, 1:-1].T  # (T - p, K)
    score = -0.5 * ((y[order:, None] - means) / sigma) ** 2 - np.log(sigma)
    chance, ahead = stationary(transition), np.empty(len(means))
    for t, (mean, logarithm) in enumerate(zip(means, score, strict=True)):
        prior = chance @ transition
        ahead[t] = prior @ mean
        joint = prior * np.exp(logarithm - logarithm.max())
        chance = joint / joint.sum() if joint.sum() > 0 else prior
    return ahead, chance


def expected_path(
    latest: np.ndarray, chance: np.ndarray, transition: np.ndarray, coefficients: np.ndarray, horizon: int
) -> np.ndarray:
    """Means (H,) of the next values: the recursion of `MarkovSwitching`.

    Args:
        latest: (p,) the last values, the newest first.
        chance: (K,) probabilities of the regimes now.
        transition: (K, K).
        coefficients: (K, p + 2), intercept, p lag weights and deviation of each regime.
        horizon: H.
    """
    vectors = chance[:, None] * latest  # (K, p)
    means = np.empty(horizon)
    for step in range(horizon):
        vectors, chance = transition.T @ vectors, chance @ transition
        value = coefficients[:, 0] * chance + np.sum(coefficients[:, 1:-1] * vectors, axis=1)
        vectors = np.column_stack([value, vectors[:, :-1]])
        means[step] = value.sum()
    return means


def stationary(transition: np.ndarray) -> np.ndarray:
    """The distribution (K,) that a transition matrix (K, K) leaves unchanged."""
    count = len(transition)
    system = np.vstack([transition.T - np.eye(count), np.ones(count)])
    chance = np.maximum(np.linalg.lstsq(system, np.eye(count + 1)[-1], rcond=None)[0], 0.0)
    share: np.ndarray = chance / chance.sum()
    return share


def _lagged(y: np.ndarray, order: int) -> np.ndarray:
    """(T - p, p): y_{t-1}, ..., y_{t-p}."""
    return np.lib.stride_tricks.sliding_window_view(y[:-1], order)[:, ::-1]
