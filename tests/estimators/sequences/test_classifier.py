"""SequenceClassifier: scikit-learn's checks, every form of sequences, independence of padding, saving."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

import forecast
from forecast import SequenceClassifier
from tests.checks_tools import check_sklearn

pytestmark = pytest.mark.backend

RNG = np.random.default_rng(0)
WALKS = [RNG.normal(size=length).cumsum() for length in RNG.integers(3, 12, size=40)]
UP = np.array(["up" if walk[-1] > walk[0] else "down" for walk in WALKS])
SMALL = dict(cell="elman", units=(3,), epochs=25, jit_compile=False, random_state=0)


@pytest.fixture(scope="module")
def fitted() -> SequenceClassifier:
    return SequenceClassifier(**SMALL).fit(WALKS, UP)


@pytest.mark.slow
def test_check_estimator() -> None:
    model = SequenceClassifier(cell="elman", units=(2,), epochs=15, jit_compile=False, random_state=0)
    check_sklearn(model, {})


def test_it_learns_sequences_of_unequal_length(fitted: SequenceClassifier) -> None:
    assert fitted.score(WALKS, UP) > 0.9 > fitted.score(WALKS, UP[::-1])
    assert fitted.classes_.tolist() == ["down", "up"]
    chances = fitted.predict_proba(WALKS)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert (fitted.predict(WALKS) == fitted.classes_[chances.argmax(axis=1)]).all()


def test_history_starts_at_the_class_frequencies_and_ends_at_the_log_loss(fitted: SequenceClassifier) -> None:
    share = (UP == "up").mean()
    frequencies = np.tile([1 - share, share], (len(UP), 1))
    assert fitted.history_[0]["loss"] == pytest.approx(log_loss(UP, frequencies))
    assert fitted.history_[-1]["loss"] == pytest.approx(log_loss(UP, fitted.predict_proba(WALKS)))


@pytest.mark.parametrize(
    "options",
    [dict(bidirectional="concat", pooling="mean"), dict(bidirectional="sum")],
    ids=["mean of both", "last of both"],
)
@pytest.mark.slow
def test_the_other_sequences_change_nothing(options: dict) -> None:
    model = SequenceClassifier(**{**SMALL, **options, "epochs": 3}).fit(WALKS, UP)
    alone = np.concatenate([model.predict_proba([walk]) for walk in WALKS[:5]])
    longer = [*WALKS[:5], np.zeros(60)]
    np.testing.assert_allclose(model.predict_proba(longer)[:5], alone, rtol=0, atol=1e-12)


def test_reading_backwards_is_reading_the_reversed_sequence_forwards() -> None:
    both = SequenceClassifier(**{**SMALL, "epochs": 3}, bidirectional="sum").fit(WALKS, UP)
    theta = both.theta_.copy()
    slices = both._program().slices()
    for path, part in slices.items():  # exchange the two directions
        other = (
            path.replace("layer_1_backward", "x")
            .replace("layer_1/", "layer_1_backward/")
            .replace("x", "layer_1")
        )
        theta[part] = both.theta_[slices[other]]
    expected = both.predict_proba(WALKS)
    both.theta_ = theta
    np.testing.assert_allclose(both.predict_proba([walk[::-1] for walk in WALKS]), expected, atol=1e-12)


@pytest.mark.slow
def test_all_forms_of_the_same_sequences_agree() -> None:
    values, y = RNG.normal(size=(12, 5, 2)), np.arange(12) % 2
    model = SequenceClassifier(**{**SMALL, "epochs": 3})
    index = pd.MultiIndex.from_product([range(12), range(5)], names=["id", "time"])
    frame = pd.DataFrame(values.reshape(60, 2), index=index)
    expected = clone(model).fit(values, y).predict_proba(values)
    np.testing.assert_array_equal(clone(model).fit(list(values), y).predict_proba(list(values)), expected)
    shuffled = pd.Series(y, index=range(12)).sample(frac=1, random_state=0)  # matched by its index
    np.testing.assert_allclose(clone(model).fit(frame, shuffled).predict_proba(frame), expected, rtol=1e-9)
    table = clone(model).fit(values[:, :, 0], y)
    rows = clone(model).fit([row[:, 0] for row in values], y)
    np.testing.assert_array_equal(
        table.predict_proba(values[:, :, 0]), rows.predict_proba([row[:, 0] for row in values])
    )
    assert table.n_features_in_ == 5 and not hasattr(rows, "n_features_in_")


def test_words_are_told_apart_by_order_and_unknown_letters_are_their_mean() -> None:
    words = ["ab", "aab", "abb", "aabb", "ba", "bba", "baa", "bbaa"]
    model = SequenceClassifier(**SMALL, embedding=2).fit(words, [0] * 4 + [1] * 4)
    assert model.predict(["aaabb", "bbbaa"]).tolist() == [0, 1]
    numbers = [[ord(letter) for letter in word] for word in words]
    same = SequenceClassifier(**SMALL, embedding=2).fit(numbers, [0] * 4 + [1] * 4)
    np.testing.assert_array_equal(same.theta_, model.theta_)
    table = model._program().slices()["embedding/embeddings"]
    expected = model.predict_proba(["z"])
    model.theta_[table] = np.tile(model.theta_[table].reshape(2, 2).mean(axis=0), 2)
    np.testing.assert_allclose(model.predict_proba(["a"]), expected, atol=1e-12)


@pytest.mark.slow
def test_adam_with_validation_in_single_precision() -> None:
    model = SequenceClassifier(
        cell="elman", units=(3,), solver="adam", epochs=15, validation=0.25, random_state=0
    )
    model.fit(WALKS, UP)
    assert model.config_["dtype"] == "float32" and model.solver_ == "adam"
    assert min(epoch["val_loss"] for epoch in model.history_) < model.history_[0]["val_loss"]


@pytest.mark.slow
def test_dropout_is_drawn_in_training_alone() -> None:
    options = dict(cell="elman", units=(4,), epochs=5, learning_rate=0.05, random_state=0)
    noisy = SequenceClassifier(**options, dropout=0.5).fit(WALKS, UP)
    plain = SequenceClassifier(**options, solver="adam").fit(WALKS, UP)
    assert noisy.solver_ == "adam" and noisy.history_[0] == plain.history_[0]
    assert noisy.history_[-1]["loss"] != pytest.approx(plain.history_[-1]["loss"], rel=1e-3)
    np.testing.assert_array_equal(noisy.predict_proba(WALKS), noisy.predict_proba(WALKS))
    again = SequenceClassifier(**options, dropout=0.5).fit(WALKS, UP)
    np.testing.assert_allclose(again.predict_proba(WALKS), noisy.predict_proba(WALKS), atol=1e-5)


def test_copies_predict_the_same(fitted: SequenceClassifier, tmp_path) -> None:
    fitted.save(tmp_path / "model.zip")
    loaded = forecast.load(tmp_path / "model.zip")
    assert loaded.get_params() == fitted.get_params() and loaded.classes_.tolist() == fitted.classes_.tolist()
    for copy in (loaded, pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(copy.predict_proba(WALKS), fitted.predict_proba(WALKS))
        assert (copy.predict(WALKS) == fitted.predict(WALKS)).all()


def test_the_network_gives_the_scores(fitted: SequenceClassifier) -> None:
    walk = (WALKS[0] - fitted.center_) / fitted.spread_
    rows = np.column_stack([np.ones(len(walk)), walk])[None].astype("float32")
    scores = np.asarray(fitted.network_.predict_on_batch(rows))
    chances = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(chances, fitted.predict_proba(WALKS[:1]), atol=1e-5)


def test_grid_search_over_lists() -> None:
    search = GridSearchCV(SequenceClassifier(**{**SMALL, "epochs": 3}), {"pooling": ["last", "mean"]}, cv=2)
    assert search.fit(WALKS, UP).best_params_["pooling"] in ("last", "mean")
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("options", "X", "y", "words"),
    [
        (dict(pooling="max"), WALKS, UP, "pooling: must be one of 'last', 'mean'"),
        (dict(solver="lm"), WALKS, UP, "solver: must be one of 'auto', 'lbfgs', 'adam'"),
        (dict(solver="lbfgs", dropout=0.5), WALKS, UP, "solver: must be 'adam' or 'auto' with dropout"),
        (dict(verbose=7), WALKS, UP, "verbose: must be one of 0, 1, 2, 'auto'"),
        (dict(validation=1.0), WALKS, UP, "validation: must be at least 0 and below 1"),
        (dict(validation=0.5), WALKS[:1], UP[:1], "X: must be at least two sequences with validation"),
        (dict(), ["ab", "ba"], [0, 1], r"X\[0\]: must be finite numbers"),
        (dict(), [[1.0], [np.inf, 2.0]], [0, 1], r"X\[1\]: must be finite numbers"),
        (dict(), WALKS, UP[:-1], "inconsistent numbers of samples"),
        (dict(), WALKS, None, "y: must be the class of each sequence"),
    ],
)
def test_errors(options: dict, X, y, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SequenceClassifier(**options).fit(X, y)


def test_a_refused_fit_leaves_the_model_as_it_was(fitted: SequenceClassifier) -> None:
    model, expected = pickle.loads(pickle.dumps(fitted)), fitted.predict_proba(WALKS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(WALKS, UP[:-1])
    with pytest.raises(ValueError, match="cell: must be one of"):
        model.set_params(cell="gate").fit(WALKS[:9], np.arange(9) % 3)
    np.testing.assert_array_equal(model.predict_proba(WALKS), expected)


def test_errors_after_fit(fitted: SequenceClassifier) -> None:
    with pytest.raises(ValueError, match="X: must be sequences of 1 columns, as in fit; received 2 columns"):
        fitted.predict([np.ones((3, 2))])
    with pytest.raises(NotFittedError):
        SequenceClassifier().predict(WALKS)
    with pytest.raises(TypeError, match="units: must be a list of the units of each layer"):
        SequenceClassifier(units=8).fit(WALKS, UP)
    index = pd.MultiIndex.from_product([range(2), range(3)])
    with pytest.raises(ValueError, match="y: must be indexed by the sequences of X"):
        SequenceClassifier().fit(pd.DataFrame(np.ones((6, 1)), index=index), pd.Series([0, 1], index=[0, 2]))
