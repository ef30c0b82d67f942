"""scikit-learn's Pipeline and GridSearchCV around a forecaster.

Shows: the two ways to search. With covariates, `fit(X, y)` goes through a Pipeline whose first step scales
them; a series alone needs no more than `fit(y)`. TimeSeriesSplit puts each validation part after its training
part, and every candidate forecasts that part in closed loop, without seeing it.

See: the table of candidates, the winner's error on rows that no fold has seen, and a forecast on the user's
own index.
"""

import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forecast import NARX
from forecast.datasets import load_air_passengers, load_gas_furnace

HORIZON = 24

# X and y: CO2 in the outlet gas of a furnace, driven by the gas feed u.
furnace = load_gas_furnace()
X, y = furnace[["u"]], furnace["y"]

search = GridSearchCV(
    make_pipeline(StandardScaler(), NARX(lags=4, random_state=0)).set_output(
        transform="pandas"
    ),  # keeps the index
    {"narx__exog_lags": [0, 4]},  # u now, or now and 1 to 4 samples ago
    cv=TimeSeriesSplit(3, test_size=HORIZON),
    scoring="neg_mean_absolute_error",
)
search.fit(X[:-HORIZON], y[:-HORIZON])
columns = ["param_narx__exog_lags", "mean_test_score"]
print(pd.DataFrame(search.cv_results_)[columns].round(3).to_string(index=False))
forecast = search.predict(X[-HORIZON:])
print(f"Pipeline: {search.best_params_}, mean absolute error {(forecast - y).abs().mean():.2f} % CO2")

# The series alone; the default score is R2.
passengers = load_air_passengers()
search = GridSearchCV(NARX(random_state=0), {"lags": [12, 24]}, cv=TimeSeriesSplit(3, test_size=12))
search.fit(passengers)
print(f"Series alone: {search.best_params_}, R2 {search.best_score_:.2f}")
print(search.predict(3).round(1))
