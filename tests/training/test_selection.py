"""Selection by the closed loop: where origins lie, what they measure, and when a network is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast.panel import Panel
from forecast.training.fit import linear_fit
from forecast.training.options import Options
from forecast.training.selection import HeldOut, fit_members
from forecast.training.start import initial_weights
from forecast.windows import Windows
from tests.training.cases import ALONE, BOTH, LINEAR, program, series, windows

pytestmark = pytest.mark.backend
FREE = np.array([[-np.inf], [np.inf]])


def held_out(own: Windows, horizon: int | None = 10, season: int = 1) -> HeldOut:
    found = HeldOut.of(own, np.ones(len(own.y)), horizon=horizon, season=season, limits=FREE)
    assert found is not None
    return found


def members(own: Windows, config=ALONE, starts=(None,), **options):
    held = HeldOut.of(own, np.ones(len(own.y)), horizon=1, season=1, limits=FREE)
    given = Options(**{"solver": "lm", "epochs": 60, **options})
    return fit_members(program(config), own, np.ones(len(own.y)), held, list(starts), options=given, seed=0)


def test_a_network_is_kept_where_its_closed_loop_is_better_and_noise_stays_linear() -> None:
    fits, table = members(windows(rows=240), starts=(None, None))
    assert [fit.linear for fit in fits] == [False, False] and list(table["kept"]) == [False, True]
    assert table["error"][1] < 0.8 * table["error"][0]
    noise = Windows(Panel.from_data(np.random.default_rng(1).normal(size=120)), length=2)
    (kept,), table = members(noise)
    assert kept.linear and kept.solver == "least squares" and list(table["kept"]) == [True, False]
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(
        kept.theta, linear_fit(program(), noise, np.ones(120), initial_weights(program(), rng)).theta
    )


def test_a_history_too_short_for_an_origin_keeps_the_linear_model() -> None:
    (fit,), table = members(windows(rows=4))
    assert fit.linear and table["candidate"].tolist() == ["linear model"] and table["error"].isna().all()


def test_filled_values_do_not_judge() -> None:
    """What stands at a missing target changes no error, and no origin lies right after it."""
    whole = windows(rows=90)
    y = whole.panel.y.copy()
    y[[80, 84]] = np.nan
    found = []
    for other in (0.0, 50.0):
        seen = whole.y.copy()
        seen[[80, 84]] += other
        own = Windows(Panel.from_data(y, allow_missing=True), length=2, values=(seen, whole.x))
        held = held_out(own, horizon=1)
        rows = held.runs.target_rows()
        assert not np.isin([80, 81, 84, 85], rows).any() and len(rows)
        errors = held.errors(program(), initial_weights(program(), np.random.default_rng(0)))
        found.append(errors[~np.isin(rows, [82, 86])])  # their windows hold the filled value
    np.testing.assert_array_equal(*found)


def test_nothing_is_chosen_without_two_candidates_or_when_told() -> None:
    for config, options in ((LINEAR, {}), (ALONE, {"select": False})):
        (fit,), table = members(windows(rows=60), config, **options)
        assert not len(table) and fit.linear == (config is LINEAR)


def test_origins_are_the_last_and_what_is_learned_lies_before_them() -> None:
    held = held_out(windows(rows=62), horizon=6)  # 60 targets, 20 of them held out: 15 origins
    assert held.runs.target_rows().tolist() == list(range(42, 57)) and held.runs.horizon == 6
    assert len(held.before.panel.y) == 42 and held.before.target_rows().max() == 41
    runs = held_out(windows(rows=122), horizon=None).runs  # 40 rows held out: two runs end to end
    assert runs.target_rows().tolist() == [82, 102] and runs.horizon == 20


def test_a_short_series_of_a_panel_is_learned_whole() -> None:
    panel = Panel.from_data(
        pd.concat(
            [
                pd.DataFrame({"unique_id": name, "ds": np.arange(rows), "y": series(rows)[:, 0]})
                for name, rows in (("long", 62), ("short", 4))
            ]
        )
    )
    held = held_out(Windows(panel, length=2), horizon=6)
    assert set(held.runs.series_of()) == {0} and held.before.panel.lengths.tolist() == [42, 4]


def test_errors_are_those_of_forecasts_in_units_of_the_naive_one() -> None:
    own = windows(BOTH, rows=80)
    held = replace(held_out(own, horizon=5), limits=np.array([[-np.inf] * 2, [np.inf] * 2]))
    theta = np.random.default_rng(0).normal(scale=0.1, size=program(BOTH).size)
    y, x, row = own.y, own.x, int(held.runs.target_rows()[-1])
    history = np.concatenate([y, x], axis=1)[None, row - own.length : row]
    run = program(BOTH).run(theta, history, x[None, row : row + 5])[0]
    unit = np.abs(np.diff(y, axis=0)).mean(axis=0)
    expected = np.mean(np.abs(run - y[row : row + 5]) / unit)
    np.testing.assert_allclose(held.errors(program(BOTH), theta)[-1], expected, rtol=1e-9)


def test_the_naive_error_is_seasonal_where_a_season_is_there() -> None:
    y = np.tile([0.0, 3.0, 5.0, 4.0], 5) + np.repeat(np.arange(5.0), 4)
    own = Windows(Panel.from_data(y), length=1)
    np.testing.assert_allclose(held_out(own, season=4).unit, 1.0)
    np.testing.assert_allclose(held_out(own, season=1).unit, np.abs(np.diff(y)).mean())


def test_series_speak_for_themselves_however_much_their_origins_overlap() -> None:
    days = np.arange(60)
    one, many = (
        Panel.from_data(
            pd.concat(pd.DataFrame({"unique_id": k, "ds": days, "y": np.sin(days + k)}) for k in range(count))
        )
        for count in (1, 20)
    )
    alone, together = (held_out(Windows(panel, length=2), horizon=18) for panel in (one, many))
    assert alone.overlap == len(alone.runs)  # all of them share rows: one run
    assert len(together.runs) / together.overlap == 20
