"""Sales of shops, regions and a country: a recursive network forecasts all levels, and they add up."""

import numpy as np
import pandas as pd

from forecast import AR, RecursiveNet

SHOPS, MONTHS, TEST, LAGS = {"north": 3, "south": 4}, 96, 12, [1, 12]
rng = np.random.default_rng(0)
months = pd.period_range("2018-01", periods=MONTHS, freq="M")
time = np.arange(MONTHS)

sales, rows = pd.DataFrame(index=months), [("country", None)]
for region, count in SHOPS.items():
    season = 3 * np.sin(2 * np.pi * time / 12 + rng.uniform(0, 6))  # the shops of a region share their season
    rows.append((region, "country"))
    for number in range(count):
        noise = rng.normal(size=MONTHS).cumsum() * 0.3 + rng.normal(size=MONTHS)
        sales[f"{region}-{number}"] = 20 + rng.uniform(0.5, 2) * season + noise
        rows.append((f"{region}-{number}", region))
for region in SHOPS:
    sales[region] = sales.filter(like=f"{region}-").sum(axis=1)
sales["country"] = sales[list(SHOPS)].sum(axis=1)
parents = pd.DataFrame(rows, columns=["node", "parent"])

past, future = sales.iloc[:-TEST], sales.iloc[-TEST:]
leaves = [shop for shop in sales if "-" in shop]
forecast = (
    RecursiveNet(parents=parents, lags=LAGS, units=4, validation=12, random_state=0).fit(past).predict(TEST)
)
shops = (
    AR(lags=LAGS, joint=False).fit(past[leaves]).predict(TEST)
)  # bottom-up: a region is the sum of its shops

gap = max(
    float((forecast["country"] - forecast[list(SHOPS)].sum(axis=1)).abs().max()),
    *(float((forecast[r] - forecast.filter(like=f"{r}-").sum(axis=1)).abs().max()) for r in SHOPS),
)
print(f"levels add up to within {gap:.1e}")
levels = {"shops": leaves, "regions": list(SHOPS), "country": ["country"]}
sums = shops.assign(**{r: shops.filter(like=f"{r}-").sum(axis=1) for r in SHOPS}, country=shops.sum(axis=1))
for level, names in levels.items():
    errors = [float((table[names] - future[names]).abs().mean().mean()) for table in (forecast, sums)]
    print(f"{level:8s} mean absolute error: RecursiveNet {errors[0]:.2f}, AR bottom-up {errors[1]:.2f}")
