"""M4 Weekly, from the organisers' files to a scored submission: python examples/competition_weekly.py FOLDER [--quick]

Shows: `read_competition` reads `Weekly-train.csv` and `Weekly-test.csv` as the organisers publish them (they may lie
in `Train/` and `Test/`): 359 series of 80 to 2,597 weeks, of which 13 more are forecast. One network learns from all
of them, `ResidualTDNN` as it comes, and weighs itself against AR on the last weeks of the training part. The scores
are the organisers': sMAPE, MASE, and OWA against Naive2. The same from the command line, in a run that can be stopped
and goes on: `forecast compete --data FOLDER --group Weekly --model ResidualTDNN`. With --quick the files are
generated: six series, and a network that is trained for a moment.

See: OWA of the network and of AR, where the winner of the competition has 0.851 and the best entry of this group 0.739;
submission.csv with a row for each series, and series.csv with the errors of each.
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
if given.folder is None and not given.quick:
    parser.error("FOLDER is needed unless --quick is given")
began = time.perf_counter()

with tempfile.TemporaryDirectory() as generated:
    if given.quick:
        generate(Path(generated))
    weekly = read_competition(generated if given.quick else given.folder, "Weekly")

# Timestamps in the place of numbers, so that models look for a season of 52 weeks
train, frame = weekly.dated(weekly.train), weekly.dated(weekly.test)
options = {"blocks": 1, "hidden": (4,), "epochs": 1, "members": 1, "window": 20} if given.quick else {}
network = ResidualTDNN(horizon=weekly.horizon, random_state=0, **options)
for model in (network, AR(), Naive2(season=weekly.season)):
    frame = frame.merge(model.fit(train).predict(weekly.horizon), on=["unique_id", "ds"])
frame["cutoff"] = frame["unique_id"].map(train.groupby("unique_id")["ds"].max())

write_m4("submission.csv", frame, column="ResidualTDNN")
scores = {"sMAPE": smape(frame), "MASE": mase(frame, train, season_length=weekly.season)}
pd.DataFrame({name: each["ResidualTDNN"] for name, each in scores.items()}).to_csv("series.csv")
table = pd.DataFrame({name: each.mean() for name, each in scores.items()})
table["OWA"] = owa(frame, train, season_length=weekly.season)
print(table.round(3).to_string())
print(f"submission.csv: {frame['unique_id'].nunique()} series, {time.perf_counter() - began:.0f} seconds")
