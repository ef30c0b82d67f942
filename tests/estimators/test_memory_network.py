"""MemoryNetwork: it starts at AR, keeps what is not in the lags, and says what it cannot use."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.estimators.ar import AR
from forecast.estimators.memory_network import MemoryNetwork
from tests.checks_forecaster import monthly

pytestmark = pytest.mark.backend
SMALL = dict(units=3, slots=4, width=2, random_state=0)
Y = monthly(96)


def test_the_start_forecasts_as_ar() -> None:
    model = MemoryNetwork(lags=[1, 12], window=4, solver="adam", epochs=1, **SMALL).fit(Y)
    model.theta_ = model.linear_theta_
    np.testing.assert_allclose(model.predict(24), AR(lags=[1, 12]).fit(Y).predict(24), rtol=1e-3)
    assert model.window_ == 12


def test_the_heads_keep_their_start() -> None:
    """What the cell starts at, sharp heads that go by location, is not drawn at random."""
    model = MemoryNetwork(lags=1, window=4, solver="adam", epochs=1, **SMALL).fit(Y)
    slices = model._fitted_program().slices()
    (bias,) = (model.linear_theta_[0][part] for path, part in slices.items() if path.endswith("heads_bias"))
    assert sorted(set(bias)) == [-2.0, 0.0, 3.0] and (bias == 3.0).sum() == 2


def test_it_learns_what_the_lags_do_not_hold() -> None:
    """y_t is the sign of the sum of the last four inputs: the linear path sees but the latest one."""
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], size=600)
    y = np.sign(np.convolve(x, np.ones(4))[:600] + 0.5)
    options = dict(lags=1, exog_lags=0, window=4, solver="lbfgs", epochs=100, validation=0)
    model = MemoryNetwork(**options, **SMALL).fit(x[:500, None], y[:500])
    errors = [
        np.mean(np.abs(fitted.predict(x[500:, None]) - y[500:]))
        for fitted in (model, AR(lags=1, exog_lags=0).fit(x[:500, None], y[:500]))
    ]
    assert errors[0] < 0.3 * errors[1]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"window": 0}, ValueError, "window: must be a whole number of at least 1; received 0"),
        ({"window": "long"}, ValueError, "window: must be 'auto', a whole number.*received 'long'"),
        ({"slots": 2}, ValueError, "reach: must be less than half of slots=2"),
        ({"units": 0}, ValueError, "units: must be a whole number of at least 1"),
        ({"controller": "rnn"}, ValueError, "controller: must be one of 'lstm', 'gru', 'dense'"),
    ],
)
def test_wrong_arguments(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        MemoryNetwork(**{"lags": 2, **SMALL, **options}).fit(Y)
