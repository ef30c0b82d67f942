"""scikit-learn's Pipeline and GridSearchCV around a forecaster.

Shows: the two ways to search. With covariates, a Pipeline scales them and `fit(X, y)` goes through it; without, the
forecaster is searched alone and `fit(y)` needs nothing but the series. The folds come from TimeSeriesSplit, so that
each validation part lies after its training part, and each candidate forecasts it without seeing it.

See: the chosen parameters of both searches, and forecasts of the refitted winner on the user's own index.
"""

import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forecast import NARX
from forecast.datasets import load_air_passengers, load_gas_furnace

# X and y: CO2 in the outlet gas of a furnace, driven by the gas feed u.
furnace = load_gas_furnace()
X, y = furnace[["u"]], furnace["y"]
X_train, y_train, X_future = X[:-24], y[:-24], X[-24:]

pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), NARX(lags=3, random_state=0))
search = GridSearchCV(
    pipeline,
    {"narx__exog_lags": [[0], [3], [1, 2, 3, 4]], "narx__hidden": [(), (4,)]},
    cv=TimeSeriesSplit(3, test_size=24),
    scoring="neg_mean_absolute_error",
)
search.fit(X_train, y_train)
results = pd.DataFrame(search.cv_results_)[["param_narx__exog_lags", "param_narx__hidden", "mean_test_score"]]
print(results.sort_values("mean_test_score", ascending=False).round(2).to_string(index=False))
error = (search.predict(X_future) - y[-24:]).abs().mean()
print(f"Pipeline: {search.best_params_}, error on the last 24 samples {error:.2f} % CO2")

# The series alone: default scoring is R2.
passengers = load_air_passengers()
search = GridSearchCV(NARX(random_state=0), {"lags": [12, 24]}, cv=TimeSeriesSplit(3, test_size=12)).fit(passengers)
print(f"Series alone: {search.best_params_}, R2 {search.best_score_:.2f}")
print(search.predict(3).round(1))
