"""`forecast datasets`."""

from __future__ import annotations

from argparse import Namespace

import pandas as pd

from forecast._checks import check_choice
from forecast.cli.tables import write_table
from forecast.datasets import catalogue, load_dataset


def datasets(options: Namespace) -> None:
    """List the embedded data, show the card of one set, or write it to a file."""
    cards = catalogue()
    if options.name is None:
        print(_left(cards[["frequency", "length", "title"]].reset_index()))
        print("\nforecast datasets NAME shows the card, forecast datasets NAME -o FILE.csv writes the data")
        return
    card = cards.loc[check_choice("NAME", options.name, list(cards.index))]
    if options.output is None:
        for field, value in card.items():
            print(f"{field:>9}  {value}")
        return
    data = load_dataset(options.name)
    frame = data.to_frame("y") if isinstance(data, pd.Series) else data
    write_table(options.output, frame)
    print(f"wrote {options.output}: {len(frame)} rows")


def _left(table: pd.DataFrame) -> str:
    """A table of text as lines, every column flush left."""
    rows = [list(table.columns), *table.to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)
