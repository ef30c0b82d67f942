"""Generators: each obeys its equation, its fixed points and its limits, and repeats itself for one seed."""

import numpy as np
import pytest
from scipy.signal import lfilter
from statsmodels.tsa.arima_process import arma_acovf

from forecast.datasets import ar_process, lorenz, mackey_glass, narma10, wiener_hammerstein

SEEDED = [
    lambda seed: ar_process([0.5], length=20, random_state=seed),
    lambda seed: narma10(length=20, random_state=seed),
    lambda seed: mackey_glass(length=20, random_state=seed),
    lambda seed: lorenz(length=20, random_state=seed),
    lambda seed: wiener_hammerstein(length=20, random_state=seed),
]


@pytest.mark.parametrize("make", SEEDED)
def test_a_seed_fixes_the_series(make) -> None:
    assert len(make(1)) == 20
    assert make(1).equals(make(1)) and make(1).equals(make(np.random.default_rng(1)))
    assert not make(1).equals(make(2))


class TestAR:
    def test_residuals_are_the_shocks(self) -> None:
        a = [1.6, -0.9]
        y = ar_process(a, length=4000, noise=2.0, random_state=0).to_numpy()
        shocks = y[2:] - a[0] * y[1:-1] - a[1] * y[:-2]
        drawn = np.random.default_rng(0).standard_normal(4002)[2:]
        np.testing.assert_allclose(shocks, 2.0 * drawn[2:], atol=1e-10)

    def test_the_start_is_stationary(self) -> None:
        """Over many seeds the first values have the theoretical autocovariance, without any burn-in."""
        a = [1.2, -0.5, 0.1]
        starts = np.array([ar_process(a, length=3, random_state=seed) for seed in range(4000)])
        theory = arma_acovf(np.r_[1.0, -np.array(a)], [1.0], nobs=3)
        expected = theory[np.abs(np.subtract.outer(range(3), range(3)))]
        np.testing.assert_allclose(np.cov(starts.T), expected, rtol=0.1)

    @pytest.mark.parametrize("a", [[1.0], [0.5, 0.5], [2.0, -1.01], []])
    def test_unstable_coefficients_are_refused(self, a) -> None:
        with pytest.raises(ValueError, match="coefficients: must be those of a stationary process"):
            ar_process(a)


class TestNARMA:
    def test_it_obeys_the_recursion(self) -> None:
        frame = narma10(length=300, random_state=3)
        u, y = frame["u"].to_numpy(), frame["y"].to_numpy()
        for t in range(9, 299):
            memory = 0.3 * y[t] + 0.05 * y[t] * sum(y[t - i] for i in range(10))
            assert y[t + 1] == pytest.approx(memory + 1.5 * u[t - 9] * u[t] + 0.1, rel=1e-12)
        assert u.min() >= 0.0 and u.max() <= 0.5

    def test_without_input_it_settles_at_its_fixed_point(self) -> None:
        """y = 0.3 y + 0.5 y^2 + 0.1 has the stable root 0.7 - sqrt(0.29)."""
        y = narma10(u=np.zeros(400))["y"]
        assert y.iloc[-1] == pytest.approx(0.7 - np.sqrt(0.29), abs=1e-12)

    def test_divergence_is_said(self) -> None:
        with pytest.raises(ValueError, match="bounded; received .* at t="):
            narma10(u=np.full(200, 5.0))


class TestMackeyGlass:
    def test_its_fixed_point_stays(self) -> None:
        """x = (beta / gamma - 1)^(1 / power) = 1 for the usual constants."""
        np.testing.assert_allclose(mackey_glass(length=50, start=1.0), 1.0, rtol=1e-12)

    def test_a_short_delay_is_stable(self) -> None:
        x = mackey_glass(length=400, delay=2.0, start=1.2)
        assert x.iloc[-1] == pytest.approx(1.0, abs=1e-6)

    def test_without_feedback_it_decays_exponentially(self) -> None:
        x = mackey_glass(length=10, beta=1e-300, gamma=0.1, start=2.0, discard=0)
        np.testing.assert_allclose(x, 2.0 * np.exp(-0.1 * np.arange(10)), rtol=1e-8)

    def test_finer_steps_converge(self) -> None:
        coarse, fine, finest = (
            mackey_glass(length=100, discard=0, start=1.2, substeps=k).to_numpy() for k in (4, 8, 32)
        )
        assert np.abs(fine - finest).max() < 0.4 * np.abs(coarse - finest).max() < 0.01

    def test_the_delay_must_lie_on_the_grid(self) -> None:
        with pytest.raises(ValueError, match="delay: must be a multiple of 1/substeps = 0.1; received 17.05"):
            mackey_glass(delay=17.05)


class TestLorenz:
    def test_its_fixed_points_stay(self) -> None:
        side = np.sqrt(8.0 / 3.0 * 9.0)
        frame = lorenz(length=50, rho=10.0, start=(side, side, 9.0))
        np.testing.assert_allclose(frame, [[side, side, 9.0]] * 50, rtol=1e-9)

    def test_on_the_z_axis_it_decays_exponentially(self) -> None:
        frame = lorenz(length=20, dt=0.01, start=(0.0, 0.0, 5.0), discard=0)
        assert (frame[["x", "y"]] == 0.0).all(axis=None)
        np.testing.assert_allclose(frame["z"], 5.0 * np.exp(-8.0 / 3.0 * 0.01 * np.arange(20)), rtol=1e-9)

    def test_below_rho_one_everything_dies_out(self) -> None:
        assert np.abs(lorenz(length=1, rho=0.5, discard=2000, random_state=0)).max(axis=None) < 1e-6

    def test_the_attractor_is_symmetric(self) -> None:
        """(x, y, z) -> (-x, -y, z) maps solutions onto solutions."""
        one = lorenz(length=100, start=(1.0, 2.0, 3.0), discard=0)
        other = lorenz(length=100, start=(-1.0, -2.0, 3.0), discard=0)
        np.testing.assert_allclose(one * [-1, -1, 1], other, rtol=1e-12)


class TestWienerHammerstein:
    def test_without_nonlinearity_it_is_one_linear_filter(self) -> None:
        first, second = ((1.0, 0.5), (1.0, -0.3)), ((0.2, 0.1), (1.0, -0.6))
        frame = wiener_hammerstein(
            noise=0.0, first=first, second=second, nonlinearity=lambda v: 2.0 * v, random_state=0
        )
        joint = lfilter(np.convolve(first[0], second[0]), np.convolve(first[1], second[1]), frame["u"])
        np.testing.assert_allclose(frame["y"], 2.0 * joint, atol=1e-10)

    def test_the_noise_has_the_given_size_and_the_clean_output_none_of_it(self) -> None:
        quiet = wiener_hammerstein(length=20_000, noise=0.0, random_state=0)
        loud = wiener_hammerstein(length=20_000, noise=0.3, random_state=0)
        assert loud["y_clean"].equals(quiet["y_clean"])
        assert (loud["y"] - loud["y_clean"]).std() == pytest.approx(0.3, rel=0.02)

    def test_the_default_remembers_eight_inputs_and_no_more(self) -> None:
        """4 delays before the nonlinearity (the first of them empty) and 3 behind it."""
        step = wiener_hammerstein(u=np.r_[1.0, np.zeros(19)], noise=0.0)["y"].to_numpy()
        assert step[0] == 0.0 and np.all(step[1:8] != 0.0) and np.all(step[8:] == 0.0)

    def test_negative_noise_is_refused(self) -> None:
        with pytest.raises(ValueError, match="noise: must be"):
            wiener_hammerstein(noise=-1.0)
