"""The profile of a long season: found where it is, zero where it would be chance."""

import numpy as np

from forecast.estimators.pretrained.profile import seasonal_profile


def test_a_season_on_a_line_is_found() -> None:
    shape = np.random.default_rng(0).normal(size=30)
    shape -= shape.mean()
    rows = (np.tile(shape, 5) + 0.7 * np.arange(150))[None]
    np.testing.assert_allclose(seasonal_profile(rows[:, 7:], 30)[0], shape, atol=1e-9)
    gappy = rows.copy()
    gappy[0, [3, 40, 71]] = np.nan
    np.testing.assert_allclose(seasonal_profile(gappy, 30)[0], shape, atol=0.2)


def test_noise_has_none_and_short_histories_have_none() -> None:
    noise = np.random.default_rng(0).normal(size=(200, 240))
    found = seasonal_profile(noise, 30)
    assert (found**2).mean() < 0.1 * (noise.reshape(200, 8, 30).mean(axis=1) ** 2).mean()
    assert not seasonal_profile(noise[:, :59], 30).any() and seasonal_profile(noise[:, :59], 30).shape == (
        200,
        30,
    )
