"""What the pretrained networks learn from holds no window of the sets they are measured on."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "pretraining"


@pytest.fixture
def overlap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    import overlap

    return overlap


def test_a_window_is_known_in_other_units(overlap: ModuleType) -> None:
    rng = np.random.default_rng(0)
    quoted = [rng.normal(size=40) for _ in range(5)]
    others = overlap.all_fingerprints(quoted)
    copy = np.r_[rng.normal(size=5), 3 + 7 * quoted[2][10:18], rng.normal(size=5)]
    short = np.r_[rng.normal(size=5), 3 + 7 * quoted[2][10:17], rng.normal(size=5)]
    assert overlap.without([copy, short, rng.normal(size=30), rng.normal(size=4)], others)[0] is short


def test_shapes_that_recur_by_chance_do_not_count(overlap: ModuleType) -> None:
    step = np.r_[np.zeros(7), 1.0]
    others = overlap.all_fingerprints([step])
    assert len(overlap.without([5 * step], others)) == 1 and (overlap.fingerprints(step) == 0).all()
