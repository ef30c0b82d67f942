"""A file as people have them, and a forecast in a dozen lines.

Shows: hourly sales of two shops with decimal commas, rows that are not there, empty cells, weather as text that
nobody knows in advance, a day and a week. `read_long` reads the file, `fill_gaps` puts the lost rows in,
`past` names what is known up to now alone, `calendar` gives hour and weekday, and sales below zero are impossible.

See: the sales of the next day with an interval, messy.png, and the leaderboard beside AR and the season alone.
"""

import numpy as np
import pandas as pd

from forecast import NARX, fill_gaps, leaderboard
from forecast.datasets import read_long
from forecast.evaluation import plot_forecast


def write_messy_file(path: str, hours: int = 24 * 7 * 6) -> None:
    """Sales by the hour: more at noon, on Saturdays and in the sun; one row in fifty lost, one cell in twenty empty."""
    rng, parts = np.random.default_rng(0), []
    time = pd.date_range("2024-03-04", periods=hours, freq="h")
    for number, shop in enumerate(
        ["007", "NA"]
    ):  # names that a reader must not take for a number or a missing value
        weather = rng.choice(["sun", "rain", "snow"], hours // 12, p=[0.5, 0.4, 0.1]).repeat(12)
        level = 20 + 15 * np.sin(2 * np.pi * (time.hour - 6) / 24) + 8 * (time.day_of_week == 5) + 5 * number
        sold = rng.poisson(np.maximum(level + 6 * (weather == "sun"), 1)) + 0.5
        parts.append(pd.DataFrame({"shop": shop, "time": time, "sold": sold, "weather": weather}))
    table = pd.concat(parts)
    table.loc[rng.random(len(table)) < 0.05, "sold"] = np.nan
    table.loc[rng.random(len(table)) < 0.05, "weather"] = None
    kept = rng.random(len(table)) > 0.02
    table[kept].to_csv(path, sep=";", decimal=",", index=False)


write_messy_file("messy.csv")

sales = read_long("messy.csv", id_column="shop", time_column="time", target_column="sold")
sales = fill_gaps(sales)
model = NARX(calendar=["hour", "weekday"], past=["weather"], nonnegative=True, epochs=20, random_state=0)
model.fit(sales)
forecast = model.predict_interval(24, level=80)
print(forecast.groupby("unique_id").head(2).to_string(index=False, float_format="{:.1f}".format))

board = leaderboard({"NARX": model}, sales, horizon=24, windows=3)
print(board[["MAE", "RMSSE", "skill_AR"]].round(3))

axes = plot_forecast(sales, forecast[["unique_id", "ds", "NARX"]], forecast, last=24 * 7)
axes.figure.savefig("messy.png", dpi=150)
