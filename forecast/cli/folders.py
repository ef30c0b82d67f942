"""`forecast predict` of a folder of parquet files, which may be larger than memory."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from forecast._checks import check_horizon, explain
from forecast.cli.models import build, check_name
from forecast.cli.tables import STEPS
from forecast.cli.texts import LOCAL, READY
from forecast.panel import Panel
from forecast.partitions import longest_of_first, predict_partitions

_OF_TABLES = ("future", "separator", "decimal", "thousands", "encoding", "date_format", "time_zone")


def predict_folder(options: Namespace) -> None:
    """Forecast a folder into a folder, partition by partition."""
    check_name(options.model or READY[0], (*READY, *LOCAL))
    for name in _OF_TABLES:
        if getattr(options, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(
                explain(option, "absent for a folder", str(getattr(options, name)), f"Leave {option} out")
            )
    names = (options.series or "unique_id", options.time or "ds", options.target or "y")
    output = _output(options)
    horizon = _season(options, names) if options.horizon is None else check_horizon(options.horizon)
    with options.importing():
        model = build(options.model or READY[0])
    files = predict_partitions(
        model,
        options.file,
        output,
        horizon=horizon,
        level=options.level,
        rows=options.rows,
        series=names[0],
        time=names[1],
        target=names[2],
        n_jobs=options.jobs,
        verbose=1,
    )
    print(f"wrote {len(files)} files to {output}")


def _output(options: Namespace) -> Path:
    """The folder of the forecasts."""
    if len(options.output) != 1:
        received = f"{len(options.output)} names"
        raise ValueError(explain("--output", "one folder for a folder", received, "Pass -o forecasts"))
    output: Path = options.output[0]
    if output.exists() and not output.is_dir():
        raise ValueError(explain("--output", "a folder for a folder", f"the file {output}", "Rename it"))
    if not output.parent.is_dir():
        remedy = "Create it or choose another"
        raise ValueError(explain("--output", "in a folder that exists", str(output.parent), remedy))
    return output


def _season(options: Namespace, names: tuple[str, str, str]) -> int:
    """The steps of one season, by the times of one series."""
    some = longest_of_first(options.file, names, options.rows)
    if len(some) < 3:
        received = "first rows that do not tell the season"
        raise ValueError(explain("--horizon", "given for this folder", received, "Pass --horizon 12"))
    season = Panel.from_data(some, allow_missing=True).season_length
    return season if season > 1 else STEPS
