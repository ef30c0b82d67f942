"""Series from known systems: the truth is known, so a model can be compared with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.linalg import solve_discrete_lyapunov
from scipy.signal import lfilter

from forecast._checks import check_count, check_positive, explain

Seed = int | np.random.Generator | None
Filter = tuple[Sequence[float], Sequence[float]]


def ar_process(
    coefficients: Sequence[float], *, length: int = 1000, noise: float = 1.0, random_state: Seed = None
) -> pd.Series:
    """A stationary autoregression of order p, started in its stationary distribution.

        y_t = a_1 y_{t-1} + ... + a_p y_{t-p} + e_t,    e_t ~ N(0, noise^2)

    Args:
        coefficients: a_1 to a_p; every root of z^p - a_1 z^{p-1} - ... - a_p inside the unit circle.
        length: number of values, at least 1.
        noise: standard deviation of e_t, greater than 0.
        random_state: seed or numpy Generator.

    Returns:
        Series `y` of shape (length,) on a RangeIndex.

    Raises:
        ValueError: the coefficients are not those of a stationary process.

    References:
        Yule (1927), On a method of investigating periodicities in disturbed series.

    Example:
        >>> y = ar_process([1.6, -0.9], length=200, random_state=0)
        >>> len(y)
        200
    """
    a = np.atleast_1d(np.asarray(coefficients, dtype=float))
    rng, order = np.random.default_rng(random_state), len(a)
    companion = np.vstack([a, np.eye(order)[:-1]])
    if order == 0 or np.abs(np.linalg.eigvals(companion)).max() >= 1.0:
        raise ValueError(
            explain(
                "coefficients",
                "those of a stationary process (all roots inside the unit circle)",
                a.tolist(),
                "For a random walk use np.cumsum on noise; otherwise shrink the coefficients",
            )
        )
    shock = np.zeros((order, order))
    shock[0, 0] = 1.0
    covariance = solve_discrete_lyapunov(companion, shock)
    past = np.linalg.cholesky(covariance) @ rng.standard_normal(order)  # y_{-1}, ..., y_{-p}
    memory = [np.dot(a[lag:], past[: order - lag]) for lag in range(order)]  # state of the direct form
    shocks = rng.standard_normal(check_count("length", length))
    values, _ = lfilter([1.0], np.r_[1.0, -a], shocks, zi=memory)
    return pd.Series(check_positive("noise", noise) * values, name="y")


def narma10(
    *, length: int = 1000, u: Sequence[float] | None = None, random_state: Seed = None
) -> pd.DataFrame:
    """NARMA-10, a nonlinear autoregressive moving average of order ten, a benchmark of memory.

        y_{t+1} = 0.3 y_t + 0.05 y_t (y_t + ... + y_{t-9}) + 1.5 u_{t-9} u_t + 0.1,    y_0 = ... = y_9 = 0

    Args:
        length: number of rows, at least 1; ignored when `u` is given.
        u: the input; by default u_t ~ U(0, 0.5).
        random_state: seed or numpy Generator of the default input.

    Returns:
        DataFrame of shape (length, 2) with `u` and `y`. Row t holds u_t and y_t, so y_t depends on u_{t-1},
        u_{t-10} and its own past, not on u_t.

    Raises:
        ValueError: the recursion diverged, which rare inputs cause.

    References:
        Atiya and Parlos (2000), New results on recurrent network training.

    Example:
        >>> narma10(length=50, random_state=0).columns.tolist()
        ['u', 'y']
    """
    drive = _narma_input(length, random_state) if u is None else np.asarray(u, dtype=float)
    y = np.zeros(len(drive))
    for t in range(9, len(drive) - 1):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * drive[t - 9] * drive[t] + 0.1
        if not abs(y[t + 1]) < 1e3:
            remedy = "Take another random_state, or an input between 0 and 0.5"
            raise ValueError(
                explain("u", "an input that keeps NARMA-10 bounded", f"|y| > 1000 at t={t + 1}", remedy)
            )
    return pd.DataFrame({"u": drive, "y": y})


def _narma_input(length: int, random_state: Seed) -> np.ndarray:
    return np.random.default_rng(random_state).uniform(0.0, 0.5, check_count("length", length))


def mackey_glass(
    *,
    length: int = 1000,
    delay: float = 17.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    power: float = 10.0,
    start: float | None = None,
    discard: int = 250,
    substeps: int = 10,
    random_state: Seed = None,
) -> pd.Series:
    """The Mackey-Glass delay differential equation, a model of blood cell counts; chaotic from a delay of about 17.

        dx/dt = beta x(t - delay) / (1 + x(t - delay)^power) - gamma x(t)

    Integrated by the classical Runge-Kutta method with a step of 1 / substeps; between grid points the
    delayed value is the mean of its neighbours. One value is kept per unit of time.

    Args:
        length: number of values kept, at least 1.
        delay: a multiple of 1 / substeps, greater than 0.
        beta, gamma, power: constants of the equation, greater than 0.
        start: x(t) for t <= 0; by default drawn from U(1.1, 1.3).
        discard: units of time left out at the beginning, at least 0.
        substeps: integration steps per unit of time, at least 1.
        random_state: seed or numpy Generator of the default start.

    Returns:
        Series `x` of shape (length,) on a RangeIndex.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of range.

    References:
        Mackey and Glass (1977), Oscillation and chaos in physiological control systems.

    Example:
        >>> x = mackey_glass(length=100, random_state=0)
        >>> bool(x.between(0.2, 1.4).all())
        True
    """
    check_count("length", length), check_count("discard", discard, minimum=0)
    step = 1.0 / check_count("substeps", substeps)
    lag = round(check_positive("delay", delay) / step)
    if lag < 1 or abs(lag * step - delay) > 1e-9:
        raise ValueError(
            explain("delay", f"a multiple of 1/substeps = {step:g}", delay, "Choose more substeps")
        )

    def slope(x: float, delayed: float) -> float:
        return beta * delayed / (1.0 + delayed**power) - gamma * x

    total = (discard + length - 1) * substeps
    first = np.random.default_rng(random_state).uniform(1.1, 1.3) if start is None else start
    x = [float(first)] * (lag + 1)  # x[i] = x(t_i - delay); the last entry is x(0)
    for i in range(total):
        now, old, new = x[-1], x[i], x[i + 1]
        middle = 0.5 * (old + new)
        k1 = slope(now, old)
        k2 = slope(now + 0.5 * step * k1, middle)
        k3 = slope(now + 0.5 * step * k2, middle)
        k4 = slope(now + step * k3, new)
        x.append(now + step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4))
    return pd.Series(np.array(x[lag:])[discard * substeps :: substeps], name="x")


def lorenz(
    *,
    length: int = 1000,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8.0 / 3.0,
    dt: float = 0.02,
    start: tuple[float, float, float] | None = None,
    discard: int = 500,
    substeps: int = 4,
    random_state: Seed = None,
) -> pd.DataFrame:
    """The Lorenz equations, a model of convection with a strange attractor.

        dx/dt = sigma (y - x),    dy/dt = x (rho - z) - y,    dz/dt = x y - beta z

    Integrated by the classical Runge-Kutta method with a step of dt / substeps; one row is kept per dt.

    Args:
        length: number of rows kept, at least 1.
        sigma, rho, beta: constants of the equations.
        dt: time between rows, greater than 0.
        start: x, y, z at time 0; by default drawn from N(0, 1) each.
        discard: rows left out at the beginning, at least 0.
        substeps: integration steps per row, at least 1.
        random_state: seed or numpy Generator of the default start.

    Returns:
        DataFrame of shape (length, 3) with `x`, `y`, `z` on a RangeIndex.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of range.

    References:
        Lorenz (1963), Deterministic nonperiodic flow.

    Example:
        >>> lorenz(length=100, random_state=0).shape
        (100, 3)
    """
    check_count("length", length), check_count("discard", discard, minimum=0)
    step = check_positive("dt", dt) / check_count("substeps", substeps)

    def slope(s: np.ndarray) -> np.ndarray:
        x, y, z = s
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    state = (
        np.random.default_rng(random_state).standard_normal(3) if start is None else np.array(start, float)
    )
    rows = [state]
    for _ in range(discard + length - 1):
        for _ in range(substeps):
            k1 = slope(state)
            k2 = slope(state + 0.5 * step * k1)
            k3 = slope(state + 0.5 * step * k2)
            k4 = slope(state + step * k3)
            state = state + step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        rows.append(state)
    return pd.DataFrame(rows[discard:], columns=["x", "y", "z"])


def wiener_hammerstein(
    *,
    length: int = 2000,
    noise: float = 0.05,
    first: Filter = ((0.0, 0.5, 0.3, 0.2, -0.1), (1.0,)),
    nonlinearity: Callable[[np.ndarray], np.ndarray] = np.tanh,
    second: Filter = ((0.6, 0.4, -0.3, 0.1), (1.0,)),
    u: Sequence[float] | None = None,
    random_state: Seed = None,
) -> pd.DataFrame:
    """A static nonlinearity between two linear filters, measured with white noise of known size.

        v = G1(q) u,    w = f(v),    y_clean = G2(q) w,    y = y_clean + noise e_t,    e_t ~ N(0, 1)

    The least free-run RMSE that any model can reach on y is `noise`. The default filters have finite impulse
    responses of 5 and 4 taps, so a time-delay network of that shape contains the system.

    Args:
        length: number of rows, at least 1; ignored when `u` is given.
        noise: standard deviation of the measurement noise in units of y, at least 0.
        first: G1 as numerator and denominator in powers of the delay q^-1, as for scipy.signal.lfilter.
        nonlinearity: f, from an array to an array of the same shape.
        second: G2, like `first`.
        u: the input; by default u_t ~ N(0, 1).
        random_state: seed or numpy Generator of the default input and of the noise.

    Returns:
        DataFrame of shape (length, 3) with `u`, `y` and `y_clean` on a RangeIndex; filters start at rest.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of range.

    References:
        Billings and Fakhouri (1982), Identification of systems containing linear dynamic and static nonlinear
        elements.

    Example:
        >>> record = wiener_hammerstein(length=100, noise=0.0, random_state=0)
        >>> bool((record["y"] == record["y_clean"]).all())
        True
    """
    rng = np.random.default_rng(random_state)
    if noise != 0:
        check_positive("noise", noise)
    drive = rng.standard_normal(check_count("length", length)) if u is None else np.asarray(u, dtype=float)
    clean = lfilter(*second, nonlinearity(lfilter(*first, drive)))
    measured = clean + noise * rng.standard_normal(len(drive))
    return pd.DataFrame({"u": drive, "y": measured, "y_clean": clean})
