"""python examples/benchmarks/competitions.py FOLDER [--group Weekly ...] [--models AR ResidualTDNN] [--runs DIR]

Naive2 beside the organisers' own, and models entered into groups of M4, ranked among the published entries.

FOLDER holds the files of M4 that `forecast compete` reads, `<Group>-train` and `<Group>-test`, with
`<Group>-naive2.parquet` (unique_id, step, yhat) and `published_results.csv` (submission, team, group, sMAPE, MASE,
OWA). The first table is the largest difference of a forecast of Naive2 from the organisers', relative to it, and the
scores beside the published ones, which agree where FOLDER has every series of the group. With --models follow the
entries, each made by `forecast compete` with the defaults of the model; a run that was stopped goes on in DIR. In a
group that is not complete no published entry is shown, since its score is that of other series.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from forecast import Naive2
from forecast.cli import main as forecast
from forecast.datasets import Competition, read_competition
from forecast.evaluation import mase, smape

GROUPS = ("Yearly", "Quarterly", "Weekly", "Hourly")
SHOWN = 10  # published entries, from the best


def against_organisers(competition: Competition, theirs: pd.DataFrame) -> dict[str, float]:
    """Deviation of the forecasts of Naive2 from theirs, and its scores on the test part."""
    ours = Naive2(season=competition.season).fit(competition.train).predict(competition.horizon)
    ours["step"] = ours.groupby("unique_id").cumcount() + 1
    both = theirs.merge(ours, on=["unique_id", "step"], validate="one_to_one")
    if len(both) < len(ours):
        raise ValueError(f"naive2 of {competition.group} has {len(both)} of {len(ours)} forecasts")
    frame = competition.test.merge(ours, on=["unique_id", "ds"])
    frame["cutoff"] = frame["ds"] - frame["step"]
    return {
        "difference": float(((both["Naive2"] - both["yhat"]).abs() / both["yhat"].abs()).max()),
        "sMAPE": smape(frame)["Naive2"].mean(),
        "MASE": mase(frame, competition.train, season_length=competition.season)["Naive2"].mean(),
    }


def entered(folder: Path, group: str, model: str, runs: Path) -> pd.Series:
    """The row of scores of a model, by the command line."""
    run = runs / f"{group}-{model}"
    if forecast(["compete", "--data", str(folder), "--group", group, "--model", model, "-o", str(run)]):
        raise SystemExit(2)
    return pd.read_csv(run / "report.csv").iloc[0]


def ranked(published: pd.DataFrame, entries: list[pd.Series]) -> pd.DataFrame:
    """The best of the published entries and ours, by OWA."""
    ours = pd.DataFrame(entries).rename(columns={"model": "submission"}).assign(team="ours")
    table = pd.concat([published, ours], ignore_index=True).sort_values("OWA", ignore_index=True)
    table.index += 1
    shown = (table.index <= SHOWN) | (table["team"] == "ours") | (table["submission"] == "Naive2")
    return table.loc[shown, ["submission", "team", "sMAPE", "MASE", "OWA"]]


def main(arguments: list[str] | None = None) -> None:
    """See the head of this file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--group", nargs="+", default=list(GROUPS))
    parser.add_argument("--models", nargs="+", default=[])
    parser.add_argument("--runs", type=Path, default=Path("competitions"))
    given = parser.parse_args(arguments)
    published = pd.read_csv(given.folder / "published_results.csv")
    rows = {}
    for group in given.group:
        theirs = pd.read_parquet(given.folder / f"{group}-naive2.parquet")
        rows[group] = against_organisers(read_competition(given.folder, group), theirs)
        told = published[(published["group"] == group) & (published["submission"] == "Naive2")].iloc[0]
        rows[group] |= {"published sMAPE": told["sMAPE"], "published MASE": told["MASE"]}
    print(pd.DataFrame(rows).T.to_string(float_format="{:.4g}".format))
    given.runs.mkdir(exist_ok=True)
    for group in given.group if given.models else ():
        entries = [entered(given.folder, group, model, given.runs) for model in given.models]
        complete = abs(rows[group]["MASE"] - rows[group]["published MASE"]) < 0.001
        others = published[(published["group"] == group) & complete]
        print(f"\n{group}\n{ranked(others, entries).round(3).to_string()}")


if __name__ == "__main__":
    main()
