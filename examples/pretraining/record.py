"""python examples/pretraining/record.py FOLDER [--out DIR]: what the networks learned from, as hashes of windows.

Writes `learned_windows.npz` beside this file, one in 128 of the fingerprints (`overlap`) of what each family learns
from, and into the cards of the weights how many series were left out because they share a window with a set that is
quoted as zero-shot. Nothing is trained: the sources are read and compared as in training. A test compares the record
with the sets that come with the package, which are quoted too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from card import card
from overlap import all_fingerprints, sampled
from sources import sources

FAMILIES = ("season_1", "season_4", "season_12", "any_season")
RECORD = Path(__file__).with_name("learned_windows.npz")


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and write the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--out", type=Path, default=Path("forecast/_weights"))
    parser.add_argument("--record", type=Path, default=RECORD)
    options = parser.parse_args(arguments)
    record = {}
    for family in options.families:
        found = sources(options.folder, family)
        real = [
            each.series for each in found if "random, season" not in each.name
        ]  # those would fill the file
        record[family] = np.unique(np.concatenate([sampled(all_fingerprints(series)) for series in real]))
        path = options.out / f"{family}.json"
        about = json.loads(path.read_text())
        counts = {each.name: len(each.series) for each in found}
        if counts != {name: row["series"] for name, row in about["held_out"].items()}:
            raise ValueError(f"{path}: the sources are no longer those of the weights; train again")
        for each in found:
            about["held_out"][each.name]["left_out"] = each.left_out
        path.write_text(json.dumps(about, indent=1) + "\n")
    np.savez_compressed(options.record, **record)
    (options.out / "README.md").write_text(card(options.out))


if __name__ == "__main__":
    main()
