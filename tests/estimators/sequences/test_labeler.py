"""SequenceLabeler: scikit-learn's checks, what a label may depend on, every form of sequences."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import forecast
from forecast import SequenceLabeler
from tests.checks_forecaster import EXPECTED_FAILED_CHECKS
from tests.checks_tools import check_sklearn

pytestmark = pytest.mark.backend

RNG = np.random.default_rng(0)
BITS = [RNG.integers(0, 2, size=length) for length in RNG.integers(3, 9, size=60)]
PARITY = [np.cumsum(bits) % 2 for bits in BITS]
SMALL = dict(cell="elman", units=(3,), epochs=4, jit_compile=False, random_state=0)
ORDER = ("check_methods_sample_order_invariance", "check_methods_subset_invariance")


@pytest.mark.slow
def test_check_estimator() -> None:
    excused = {name: EXPECTED_FAILED_CHECKS[name] for name in ORDER}  # the rows of an array are time steps
    model = SequenceLabeler(cell="elman", units=(2,), epochs=15, jit_compile=False, random_state=0)
    check_sklearn(model, excused)


@pytest.mark.slow
def test_parity_needs_a_memory_and_holds_at_lengths_never_seen() -> None:
    model = SequenceLabeler(units=(4,), epochs=150, random_state=0, weight_decay=1e-5).fit(BITS, PARITY)
    assert model.score(BITS, PARITY) == 1.0
    longer = [RNG.integers(0, 2, size=20) for _ in range(20)]
    assert model.score(longer, [np.cumsum(bits) % 2 for bits in longer]) > 0.95


def test_a_label_depends_on_nothing_later_and_on_no_other_sequence() -> None:
    model = SequenceLabeler(**SMALL).fit(BITS, PARITY)
    whole = model.predict_proba([BITS[0], np.ones(40)])[0]
    for length in (1, len(BITS[0]) - 1):
        np.testing.assert_allclose(model.predict_proba([BITS[0][:length]])[0], whole[:length], atol=1e-12)


@pytest.mark.slow
def test_both_directions_see_what_comes_later() -> None:
    next_bit = [np.append(bits[1:], 0) for bits in BITS]
    forward = SequenceLabeler(**{**SMALL, "epochs": 40}).fit(BITS, next_bit)
    both = SequenceLabeler(**{**SMALL, "epochs": 40}, bidirectional="concat").fit(BITS, next_bit)
    assert both.score(BITS, next_bit) > 0.98 > 0.8 > forward.score(BITS, next_bit)
    alone = both.predict_proba(BITS[:1])[0]
    np.testing.assert_allclose(both.predict_proba([BITS[0], np.ones(40)])[0], alone, atol=1e-12)


def test_all_forms_of_the_same_sequences_agree() -> None:
    values = RNG.normal(size=(6, 5, 2))
    y = (values.cumsum(axis=1)[:, :, 0] > 0).astype(int)
    model = SequenceLabeler(**SMALL)
    cube = clone(model).fit(values, y)
    assert cube.predict(values).shape == (6, 5) and cube.predict_proba(values).shape == (6, 5, 2)
    parts = clone(model).fit(list(values), list(y)).predict_proba(list(values))
    np.testing.assert_array_equal(np.stack(parts), cube.predict_proba(values))
    index = pd.MultiIndex.from_product([range(6), range(5)], names=["id", "time"])
    frame = pd.DataFrame(values.reshape(30, 2), index=index).swaplevel().sort_index().swaplevel()
    labels = pd.Series(y.ravel(), index=index)[frame.index]
    panel = clone(model).fit(frame, labels)  # the rows of the sequences stand mixed
    assert panel.predict(frame).index.equals(frame.index)
    steps = panel.predict_proba(frame).loc[index].to_numpy()
    np.testing.assert_allclose(steps, np.concatenate(parts), rtol=1e-9)
    assert panel.score(frame, labels) == cube.score(values, y)


def test_an_array_with_flat_labels_is_one_sequence() -> None:
    values, y = RNG.normal(size=(20, 2)), np.arange(20) % 3
    one = SequenceLabeler(**SMALL).fit(values, y)
    listed = SequenceLabeler(**SMALL).fit([values], [y])
    np.testing.assert_array_equal(one.predict_proba(values), listed.predict_proba([values])[0])
    np.testing.assert_array_equal(one.predict(values.tolist()), one.predict(values))
    assert one.predict(values).shape == (20,) and one.n_features_in_ == 2


def test_letters_with_labels_as_words_are_saved_and_loaded(tmp_path) -> None:
    model = SequenceLabeler(**{**SMALL, "epochs": 40}, embedding=2)
    model.fit(["abab", "aabb", "bba"], ["xxyy", "xyyy", "xxx"])  # y once an a came before the last letter
    assert ["".join(labels) for labels in model.predict(["aab"])] == ["xyy"]
    model.save(tmp_path / "model.zip")
    for copy in (forecast.load(tmp_path / "model.zip"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy.predict_proba(["bab?"])[0], model.predict_proba(["bab?"])[0])


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (None, "y: must be the labels of each step"),
        (PARITY[:-1], "y: must be one label per step"),
        ([PARITY[0][:-1], *PARITY[1:]], "y: must be one label per step"),
    ],
)
def test_errors(y, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SequenceLabeler(**SMALL).fit(BITS, y)


def test_a_refused_fit_leaves_the_model_as_it_was() -> None:
    model = SequenceLabeler(**SMALL).fit(BITS, PARITY)
    expected = model.predict_proba(BITS[:1])[0]
    with pytest.raises(ValueError, match="y: must be one label per step"):
        model.fit(BITS, PARITY[:-1])
    np.testing.assert_array_equal(model.predict_proba(BITS[:1])[0], expected)
