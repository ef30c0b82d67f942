"""Hundreds of series in long format: one global model, a leaderboard, a submission.

Shows: a long frame `unique_id, ds, y` with the monthly sales of 200 shops, three to six years each; one
network learns from all of them, each series scaled by its own mean and deviation. `backtest` forecasts six
months from each of three past origins (`refit=False`: fitted before the first, then only updated),
`leaderboard` sets AR and the seasonal naive forecast beside it, both shop by shop.

See: the leaderboard (a short history is too little for an AR model of its own), its picture
competition_panel.png, and submission.csv with six rows for each shop.
"""

import numpy as np
import pandas as pd

from forecast import NARX, backtest, leaderboard
from forecast.evaluation import plot_leaderboard

HORIZON, SHOPS = 6, 200


def sales(shop: str, rng: np.random.Generator) -> pd.DataFrame:
    """Sales of one shop: level, growth and Christmas season of its own, and autocorrelated noise."""
    months = pd.date_range(end="2025-12-01", periods=rng.integers(36, 73), freq="MS")
    growth = rng.normal(0.0, 0.005) * np.arange(len(months))
    season = rng.normal(0.4, 0.1) * np.exp(1.5 * (np.cos(2 * np.pi * (months.month - 12) / 12) - 1.0))
    noise = pd.Series(rng.normal(0.0, 0.05, len(months))).ewm(alpha=0.3).mean().to_numpy()
    y = 100.0 * rng.lognormal() * np.exp(growth + season + noise)
    return pd.DataFrame({"unique_id": shop, "ds": months, "y": y})


rng = np.random.default_rng(0)
long = pd.concat([sales(f"shop-{number:03d}", rng) for number in range(SHOPS)], ignore_index=True)

models = {"NARX": NARX(lags=12, random_state=0), "NARX, linear": NARX(lags=12, hidden=())}
results = backtest(models, long, horizon=HORIZON, windows=3, refit=False)
table = leaderboard(results, long)
print(table.round(3).to_string())
axes = plot_leaderboard(table)
axes.figure.savefig("competition_panel.png", dpi=150)

submission = models["NARX"].fit(long).predict(HORIZON)
submission.to_csv("submission.csv", index=False, float_format="%.2f")
print(f"submission.csv: {len(submission)} rows for {submission['unique_id'].nunique()} shops")
print(submission.head(3))
