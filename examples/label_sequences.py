"""Which regime was active at every step? A process that switches between two autoregressions.

Shows: `SequenceLabeler` gives a label to each time step, from the past alone or, with `bidirectional`, from
both sides; sequences of unequal length go in as lists, and a frame indexed by (sequence, time) comes back on
its index.

See: the labels from both sides are better, for a switch shows itself only in what follows; both are better
than the most frequent label.
"""

import numpy as np
import pandas as pd

from forecast import SequenceLabeler

rng = np.random.default_rng(0)


def record(length):
    """y_t = 0.9 y_{t-1} + e in the calm regime, -0.6 y_{t-1} + e in the other; a regime lasts 20 steps on average."""
    regime, y, regimes, values = 0, 0.0, [], []
    for _ in range(length):
        regime = regime ^ int(rng.random() < 0.05)
        y = (-0.6 if regime else 0.9) * y + rng.normal()
        regimes.append(regime)
        values.append(y)
    return np.array(values), np.where(regimes, "wild", "calm")


train = [record(length) for length in rng.integers(30, 90, size=60)]
test = [record(length) for length in rng.integers(30, 90, size=60)]
(X, y), (X_test, y_test) = zip(*train, strict=True), zip(*test, strict=True)
print(f"most frequent label: {np.mean(np.concatenate(y_test) == 'calm'):.3f} of the steps are calm")

for bidirectional in (None, "concat"):
    model = SequenceLabeler(units=(4,), bidirectional=bidirectional, epochs=40, random_state=0)
    model.fit(list(X), list(y))
    print(
        f"bidirectional={bidirectional}: {model.score(list(X_test), list(y_test)):.3f} of the labels are right"
    )

frame = pd.concat({f"run {k}": pd.DataFrame({"y": X_test[k]}) for k in range(2)}, names=["run", "step"])
print(
    pd.DataFrame({"label": model.predict(frame), "truth": np.concatenate(y_test[:2])}).groupby("run").head(3)
)
