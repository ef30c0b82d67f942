"""MemoryNetwork: it starts at AR, keeps what is not in the lags, and says what it cannot use."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.memory_network import MemoryNetwork
from tests.checks_forecaster import monthly

pytestmark = pytest.mark.backend
SMALL = dict(units=3, slots=4, width=2, random_state=0, scale="series", selection=False, jit_compile=False)
Y = monthly(96)


@pytest.mark.slow
def test_it_starts_at_ar_with_its_heads_sharp() -> None:
    """What the cell starts at, heads that are sharp and go by location, is not drawn at random."""
    model = MemoryNetwork(lags=[1, 12], window=3, solver="lm", epochs=1, **SMALL).fit(Y)
    model.theta_ = model.linear_theta_
    np.testing.assert_allclose(model.predict(24), AR(lags=[1, 12]).fit(Y).predict(24), rtol=1e-7)
    assert model.window_ == 12
    slices = model._compiled().slices()
    (bias,) = (model.theta_[0][part] for path, part in slices.items() if path.endswith("heads_bias"))
    assert sorted(set(bias)) == [-2.0, 0.0, 3.0] and (bias == 3.0).sum() == 2


@pytest.mark.slow
def test_it_learns_what_the_lags_do_not_hold() -> None:
    """y_t is the product of the last two signs, of which no linear model knows anything."""
    x = np.random.default_rng(0).choice([-1.0, 1.0], size=(300, 1))
    y = x[:, 0] * np.r_[0.0, x[:-1, 0]]
    options = dict(lags=1, window=2, solver="lm", weight_decay=1e-3, validation=0, epochs=40)
    model = MemoryNetwork(**options, **SMALL).fit(x[:200], y[:200])
    linear = AR(lags=1).fit(x[:200], y[:200])
    later = pd.RangeIndex(200, 300)
    for fitted, least, greatest in ((model, 0.0, 0.05), (linear, 0.9, 1.1)):
        error = np.mean((fitted.update(x[200:], y[200:]).predict(later) - y[200:]) ** 2)
        assert least <= error < greatest


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
