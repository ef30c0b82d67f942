"""Hidden regimes and chains of symbols: what Markov models see in a chaotic laser record.

Shows: `MarkovSwitching` forecasts like any other forecaster, and its regimes can be read; `MarkovChain` counts
how symbols follow each other, here the record in five classes of intensity.

See: two linear regimes do not make up for the curvature of this system, a plain AR is better here; the
perplexity falls from five, that of a guess, given the last symbol, and again given the last two.
"""

import numpy as np

from forecast import AR, MarkovChain, MarkovSwitching
from forecast.datasets import load_laser

laser = load_laser()
train, test = laser[:800], laser[800:]

for model in (AR(lags=4), MarkovSwitching(order=4)):
    model.fit(train)
    model.update(test)
    error = (model.predict(test.index) - test).abs().mean()
    print(f"{type(model).__name__}: mean absolute error {error:.2f} one step ahead")
print(f"a regime stays with probability {np.diagonal(model.transition_[0, 0]).round(2)}")

edges = np.quantile(train, [0.2, 0.4, 0.6, 0.8])
symbols = np.array(list("abcde"))[np.searchsorted(edges, laser)]
print(f"perplexity of a guess: {5.0:.2f}")
for order in (1, 2):
    chain = MarkovChain(order=order, smoothing=0.5).fit([symbols[:800]])
    print(f"perplexity of order {order}: {chain.perplexity([symbols[800:]]):.2f}")
print(MarkovChain().fit([symbols]).transition_.round(2))
