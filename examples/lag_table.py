"""Lag tables for scikit-learn: by hand with Windows.to_frame, and as a forecaster with LagRegressor.

Shows: the lag table of electricity demand with temperature and the public holiday as covariates, which any
scikit-learn regressor can learn; then gradient-boosted trees on the same lags as a forecaster, which feeds
back its own results and can be backtested like any other model. Temperatures of the forecast day count as
known in advance.

See: the table's columns, the regressor's one-step score, and the leaderboard of day-ahead forecasts.
"""

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from forecast import LagRegressor, leaderboard
from forecast.datasets import load_demand
from forecast.panel import Panel
from forecast.windows import Windows

DAY, WEEK = 48, 336  # half hours
LAGS = [1, 2, 3, DAY, DAY + 1, WEEK, WEEK + 1]

frame = load_demand()
X, y = frame[["temperature", "holiday"]], frame["demand"]

# By hand: one row per target, on the target's own timestamp.
table = Windows(Panel.from_data(X, y), length=WEEK + 1).to_frame(lags=LAGS, exog_lags=[0, DAY])
print(table.iloc[:3, :7].round(0).to_string())
print(f"{len(table)} rows; columns {', '.join(table.columns)}")
features, target = table.drop(columns="demand"), table["demand"]
ridge = Ridge().fit(features[:-WEEK], target[:-WEEK])
print(f"Ridge, one step ahead over the last week: R2 {ridge.score(features[-WEEK:], target[-WEEK:]):.4f}")

# As a forecaster: a day ahead, from the last seven midnights.
trees = HistGradientBoostingRegressor(max_iter=100, random_state=0)
models = {
    "trees": LagRegressor(estimator=trees, lags=LAGS, exog_lags=[0, DAY]),
    "ridge": LagRegressor(estimator=Ridge(), lags=LAGS, exog_lags=[0, DAY]),
}
table = leaderboard(models, y, X, horizon=DAY, windows=7, refit=False, season=WEEK)
print(table.round(3).to_string())
