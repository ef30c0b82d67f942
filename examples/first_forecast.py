"""One series, two models, one picture.

Shows: `fit`, `predict` and `predict_interval` on the monthly airline passengers, the last two years held
out. NARX normalises its window of twelve months (`scale="window"`), because the season grows with the level;
the linear AR model at the same lags stands beside it.

See: the error of both on the two years they did not see, and first_forecast.png. One series from one origin
proves little: competition_panel.py shows a backtest.
"""

import pandas as pd

from forecast import AR, NARX
from forecast.datasets import load_air_passengers
from forecast.evaluation import plot_forecast

HORIZON = 24

y = load_air_passengers()  # a Series on a monthly PeriodIndex
train, test = y[:-HORIZON], y[-HORIZON:]

narx = NARX(lags=12, scale="window", random_state=0).fit(train)
ar = AR(lags=12).fit(train)

forecasts = pd.DataFrame({"NARX": narx.predict(HORIZON), "AR": ar.predict(HORIZON)})
interval = narx.predict_interval(HORIZON, level=80)
print(interval.tail(3).round(1))

for name, forecast in forecasts.items():
    error = (forecast - test).abs().mean()
    print(f"{name}: mean absolute error {error:.1f} thousand passengers a month")

inside = test.between(interval["NARX-lo-80"], interval["NARX-hi-80"]).mean()
print(f"{inside:.0%} of the two years lie inside the 80 % interval.")

axes = plot_forecast(y, forecasts, interval, last=84)
axes.figure.savefig("first_forecast.png", dpi=150)
