"""python examples/benchmarks/torch_lstm.py B T F U STEPS

Seconds of one train step of `torch.nn.LSTM` and a linear layer, a measurement for each line read.

The other side of `cells.py`: forward, backward and Adam on the mean squared error, the mean over STEPS steps.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import torch


class Forecaster(torch.nn.Module):
    """LSTM(U), then a linear layer on the last state."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(features, units, batch_first=True)
        self.readout = torch.nn.Linear(units, 1)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        return self.readout(self.lstm(windows)[0][:, -1])


def main(argv: Sequence[str] | None = None) -> None:
    """Answer each line of the standard input with one number."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("sizes", type=int, nargs=5, metavar="N", help="B T F U STEPS")
    batch, steps, features, units, count = parser.parse_args(argv).sizes
    model = Forecaster(features, units)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    windows = torch.randn(count, batch, steps, features)
    for _ in sys.stdin:
        began = time.perf_counter()
        for window in windows:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(window), window[:, -1, :1]).backward()
            optimizer.step()
        print((time.perf_counter() - began) / count, flush=True)


if __name__ == "__main__":
    main()
