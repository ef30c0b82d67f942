"""python examples/benchmarks/exog_units_choices.py FOLDER [--sets bike victoria] [--steps 24 168] [--units 0 2 4 8]

How `ResidualTDNN` reads many covariates, chosen on the training part of bike hire and of the demand of Victoria: the
series and their covariates of `weather.py`, known up to now alone, without the test part of that script. The last
ORIGINS spans of what is left are forecast, by networks that learned what lies before them, without held-out forecasts
(`selection=False`). Root mean squared errors in units of the seasonal naive forecast of the day, and the seconds of the
fit and the forecasts, for

- the covariates of every row of the window as they are (0 units), or so many learned sums of them (`exog_units`),
- batches of so many windows (`batch_size`).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from itertools import product

import pandas as pd
from weather import CALENDAR, DAY, ORIGINS, generated, make, parser_of, read, rmsse


def main(argv: Sequence[str] | None = None) -> pd.DataFrame:
    """Measure and print; one row for each set, horizon and way."""
    parser = parser_of(__doc__)
    parser.add_argument("--units", nargs="+", type=int, default=[0, 2, 4, 8], help="0: as they are")
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[512])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args(argv)
    if options.folder is None and not options.quick:
        parser.error("FOLDER is needed unless --quick is given")
    origins = 2 if options.quick else ORIGINS
    small = {"epochs": 1, "members": 1} if options.quick else {}
    rows = []
    for name, steps in product(options.sets[:1] if options.quick else options.sets, options.steps):
        whole = generated() if options.quick else read(options.folder, name)
        y, X = (part.iloc[: -origins * steps] for part in whole)
        for units, batch_size, seed in product(options.units, options.batch_sizes, options.seeds):
            model = make("ResidualTDNN", steps, CALENDAR[name], list(X)).set_params(
                exog_units=units or None, batch_size=batch_size, random_state=seed, selection=False, **small
            )
            begun = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                score = rmsse(model, y, X, steps, origins, DAY[name])
            seconds = time.perf_counter() - begun
            way = f"{name} {steps} steps, {units} units, batches of {batch_size}, seed {seed}"
            print(f"{way}: {score:.4f}  ({seconds:.0f} s)", flush=True)
            rows.append([name, steps, units, batch_size, seed, score, seconds])
    columns = ["set", "steps", "units", "batch_size", "seed", "RMSSE", "seconds"]
    return pd.DataFrame(rows, columns=columns)


if __name__ == "__main__":
    main()
