"""Chaos or noise? Records of the logistic map, half of them with their values in random order.

Shows: `SequenceClassifier` on sequences of unequal length, as a list of arrays, and on words, letter by letter.

See: both kinds hold the same values, so that only their order tells them apart. The network learns it from 100
records and is right in nearly all of 200 new ones, where a guess is right in one half.
"""

import numpy as np

from forecast import SequenceClassifier

rng = np.random.default_rng(0)


def records(count):
    """x_{t+1} = 4 x_t (1 - x_t) over 11 to 40 steps; each second record is shuffled."""
    found, shuffled = [], np.arange(count) % 2
    for shuffle in shuffled:
        x = [rng.uniform(0.1, 0.9)]
        for _ in range(rng.integers(10, 40)):
            x.append(4 * x[-1] * (1 - x[-1]))
        found.append(rng.permutation(x) if shuffle else np.array(x))
    return found, np.where(shuffled, "noise", "chaos")


X, y = records(100)
X_new, y_new = records(200)
model = SequenceClassifier(cell="gru", units=(6,), pooling="mean", epochs=50, random_state=0).fit(X, y)
print(f"right in {model.score(X_new, y_new):.3f} of the new records, with {model.theta_.size} weights")
print(
    f"probability of {model.classes_[0]} in the first four: {model.predict_proba(X_new[:4])[:, 0].round(2)}"
)

words = SequenceClassifier(cell="elman", embedding=2, units=(3,), epochs=40, random_state=0)
words.fit(["ab", "aab", "abb", "ba", "bba", "baa"], ["a first"] * 3 + ["b first"] * 3)
print(
    "words never seen:", dict(zip(["aaab", "bbbba"], words.predict(["aaab", "bbbba"]).tolist(), strict=True))
)
