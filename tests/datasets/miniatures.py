"""Competitions of a few generated series, in the files of their organisers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

STEPS = {"Yearly": 6, "Quarterly": 8, "Monthly": 18, "Weekly": 13, "Hourly": 48}
SEASONS = {"Yearly": 1, "Quarterly": 4, "Monthly": 12, "Weekly": 52, "Hourly": 24}


def m4(
    folder: Path, group: str, *, series: int, rows: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`<group>-train.csv` and `-test.csv`; returns them in long form."""
    rng, season, ahead = np.random.default_rng(0), SEASONS[group], STEPS[group]
    wide = {}
    for number in range(1, series + 1):
        count = (rows or max(24, 4 * season)) + number % 3 + ahead
        wave = 1 + 0.3 * np.sin(2 * np.pi * np.arange(count) / max(season, 9))
        wide[f"{group[0]}{number}"] = (100 * wave + np.cumsum(rng.normal(0.2, 2.0, count)) + 50).round(2)
    parts = {}
    for part, cut in (("train", slice(None, -ahead)), ("test", slice(-ahead, None))):
        table = pd.DataFrame([pd.Series(y[cut]) for y in wide.values()], index=pd.Index(wide))
        table.columns = [f"V{column + 2}" for column in table.columns]
        table.to_csv(folder / f"{group}-{part}.csv", index_label="V1")
        parts[part] = pd.concat(
            pd.DataFrame({"unique_id": name, "ds": np.arange(1, len(y) + 1)[cut], "y": y[cut]})
            for name, y in wide.items()
        ).reset_index(drop=True)
    return parts["train"], parts["test"]


def m5(folder: Path, *, days: int) -> pd.DataFrame:
    """`sales_train_evaluation.csv`, `calendar.csv` and `sell_prices.csv`: three items in two stores; the sales."""
    rng = np.random.default_rng(0)
    rows = []
    for number, (item, store) in enumerate(
        (i, s) for i in ("FOODS_1_001", "FOODS_1_002", "HOBBIES_1_001") for s in ("CA_1", "TX_1")
    ):
        units = rng.poisson(2 + number, days)
        units[: 5 * number] = 0
        labels = {"id": f"{item}_{store}_evaluation", "item_id": item, "dept_id": item[:-4]}
        labels |= {"cat_id": item.split("_")[0], "store_id": store, "state_id": store[:2]}
        rows.append(labels | {f"d_{day + 1}": count for day, count in enumerate(units)})
    sales = pd.DataFrame(rows)
    sales.to_csv(folder / "sales_train_evaluation.csv", index=False)
    dates = pd.date_range("2011-01-29", periods=days + 28)
    week = 11101 + np.arange(len(dates)) // 7
    calendar = pd.DataFrame({"date": dates.strftime("%Y-%m-%d"), "wm_yr_wk": week})
    calendar["d"] = [f"d_{day + 1}" for day in range(len(dates))]
    calendar.to_csv(folder / "calendar.csv", index=False)
    prices = sales[["store_id", "item_id"]].merge(pd.DataFrame({"wm_yr_wk": np.unique(week)}), how="cross")
    prices["sell_price"] = 1 + prices.index % 5 / 4
    prices.to_csv(folder / "sell_prices.csv", index=False)
    return sales


def nn5(folder: Path) -> None:
    """`nn5_daily.tsf`: two series of 40 days with a gap, 14 to forecast."""
    head = "@relation NN5\n@attribute series_name string\n@attribute start_timestamp date\n"
    head += "@frequency daily\n@horizon 14\n@missing true\n@equallength true\n@data\n"
    rng = np.random.default_rng(0)
    lines = []
    for name in ("T1", "T2"):
        values = [f"{value:.2f}" for value in rng.normal(20, 3, 40) + np.tile(np.arange(8.0), 5)]
        values[9] = "?"
        lines.append(f"{name}:1996-03-18 00-00-00:{','.join(values)}")
    (folder / "nn5_daily.tsf").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
