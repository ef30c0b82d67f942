"""python examples/pretraining/card.py [DIR]: write the card of the weights from the JSON files beside them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

TEXT = """\
# Card of the pretrained networks

Made by `examples/pretraining/train.py`, where everything about data, loss and calibration is written; read by
`forecast.Pretrained`. One file a family of seasons, in half precision.

- **For**: forecasts of single series and panels without training, above all of business and economic data with seasons
  of up to 24 steps, as a first forecast and as a benchmark.
- **Not for**: decisions of consequence without a comparison on your own data (`forecast backtest`); mostly zero counts;
  physical systems driven by inputs, which the networks do not see; the M4 competition as a test, whose training
  parts they know.
- **Trained on**: the training parts of M4, whose source states no licence, and random series
  (`forecast.datasets.random_series`). Series of M4 that share a window of eight values, up to level and scale, with M3,
  NN5, tourism_au, aus_retail, the classics, ETTh1 or the exchange rates were left out; no row of these sets was trained
  on. Settings were chosen by the series held out below; after a first look at NN5 the random series were given a
  louder noise and a quieter level, which left its error as it was.
- **Scores** below: the last horizon of the one series in ten that was not trained on. Zero-shot scores are in
  `examples/benchmarks/README.md`.

"""


def card(folder: Path) -> str:
    """The card of all families of a folder."""
    text = TEXT
    for path in sorted(folder.glob("*.json")):
        about = json.loads(path.read_text())
        text += (
            f"## {about['family']}\n\n{about['date']}, seeds {about['seeds']}, {about['steps']} batches of "
        )
        text += f"{about['batch']} windows each, SHA-256 `{about['sha256']}`\n\n"
        text += (
            "| from | series | left out | season | share of the windows | sMAPE | MASE |\n"
            + "| --- " * 7
            + "|\n"
        )
        for name, row in about["held_out"].items():
            columns = ("series", "left_out", "season", "share", "sMAPE", "MASE")
            cells = (name, *(row[column] for column in columns))
            text += f"| {' | '.join(map(str, cells))} |\n"
        text += "\n"
    return text.rstrip() + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "forecast/_weights")
    (target / "README.md").write_text(card(target))
