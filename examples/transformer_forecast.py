"""A Transformer encoder as a forecaster: self-attention over a window of 12 values of a chaotic laser.

Shows: `Transformer(window=..., d_model=..., heads=..., layers=...)`. The network has a linear path at the
least-squares autoregression when training begins, and its last layer starts at zero; so it begins as AR and adds
what self-attention finds. Forecasts beyond one step feed the network its own results, in one compiled loop.

See: mean absolute errors of 10 forecasts of 8 steps beside AR and the last value.
"""

from forecast import AR, Transformer, backtest, leaderboard
from forecast.datasets import load_laser

y = load_laser()[:800]
models = {
    # 800 rows hold too few collapses of the laser to judge a network by: without `selection=False` AR would be kept.
    "Transformer": Transformer(
        window=12, d_model=8, heads=2, layers=1, epochs=40, selection=False, random_state=0
    ),
    "AR": AR(lags=12),
}
results = backtest(models, y, horizon=8, windows=10, refit=False)
print(leaderboard(results, y).round(3).to_string())
