"""One list of baselines, which the leaderboard, pictures and the command line share."""

from forecast import estimators
from forecast.estimators.registry import estimator_class
from forecast.evaluation.baselines import BASELINES, REFERENCES, baseline_name, is_baseline


def test_every_baseline_is_an_estimator_and_every_reference_a_baseline():
    assert all(
        estimator_class(name).__module__.startswith(f"{estimators.__name__}.baselines.") for name in BASELINES
    )
    assert set(REFERENCES) < set(BASELINES) and len(set(BASELINES)) == len(BASELINES)


def test_a_baseline_beside_a_model_of_its_name_is_one_still():
    assert baseline_name("AR") == "AR (baseline)" and is_baseline(baseline_name("SeasonalNaive"))
    assert not is_baseline("NARX") and not is_baseline(baseline_name("NARX"))
