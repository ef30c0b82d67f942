"""M4 Weekly, from the organisers' files to a scored submission: python examples/competition_weekly.py FOLDER [--quick]

Shows: `read_competition` reads `Weekly-train.csv` and `Weekly-test.csv` as the organisers publish them (they may lie
in `Train/` and `Test/`), 359 series of 80 to 2,597 weeks. AR and one network of all series, `ResidualTDNN`, forecast
13 weeks; the entry is the mean of both. Scores are the organisers': sMAPE, MASE, and OWA against Naive2. The
same for one model, with a run that can be stopped and goes on: `forecast compete --data FOLDER --group Weekly
--model AR`. With --quick the files are generated: six series, and a network that is trained for a moment.

See: OWA of AR, of the network and of their mean, beside those of the winner (0.851) and of the best entry of this group
(0.739); submission.csv with a row for each series, and the error of each in series.csv.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import AR, Naive2, ResidualTDNN
from forecast.datasets import read_competition, write_m4
from forecast.evaluation import mase, owa, smape


def generate(folder: Path) -> None:
    """Six weekly series of a level that wanders, in the organisers' form."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(100 + rng.normal(size=(6, 213)).cumsum(axis=1), [f"W{row + 1}" for row in range(6)])
    for part, columns in (("train", table.iloc[:, :200]), ("test", table.iloc[:, 200:])):
        columns.columns = [f"V{column + 2}" for column in range(columns.shape[1])]
        columns.to_csv(folder / f"Weekly-{part}.csv", index_label="V1")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", type=Path, nargs="?")
parser.add_argument("--quick", action="store_true")
given = parser.parse_args()
began = time.perf_counter()

with tempfile.TemporaryDirectory() as generated:
    if given.quick:
        generate(Path(generated))
    weekly = read_competition(generated if given.quick else given.folder, "Weekly")

train = weekly.dated(weekly.train)  # a calendar of weeks, so that the models look for a season of 52
options = {"blocks": 1, "hidden": (4,), "epochs": 1, "members": 1, "window": 20} if given.quick else {}
models = [AR(), ResidualTDNN(horizon=weekly.horizon, random_state=0, **options)]
frame = weekly.test.assign(step=weekly.test.groupby("unique_id").cumcount() + 1)
frame["cutoff"] = frame["ds"] - frame["step"]
for model in models:
    point = model.fit(train).predict(weekly.horizon)
    point["step"] = point.groupby("unique_id").cumcount() + 1
    frame = frame.merge(point.drop(columns="ds"), on=["unique_id", "step"])
names = [type(model).__name__ for model in models]
frame["mean"] = frame[names].mean(axis=1)
frame = frame.merge(
    Naive2(season=weekly.season).fit(weekly.train).predict(weekly.horizon), on=["unique_id", "ds"]
)

write_m4("submission.csv", frame, column="mean")
scores = {"sMAPE": smape(frame), "MASE": mase(frame, weekly.train, season_length=weekly.season)}
pd.DataFrame({name: table["mean"] for name, table in scores.items()}).to_csv("series.csv")
table = pd.DataFrame({name: each.mean() for name, each in scores.items()})
table["OWA"] = owa(frame, weekly.train, season_length=weekly.season)
print(table.round(3).to_string())
print(f"submission.csv: {frame['unique_id'].nunique()} series, {time.perf_counter() - began:.0f} seconds")
