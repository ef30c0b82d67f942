"""Embedded series, generators of known systems, readers and writers of competition files; all in pandas."""

from forecast.datasets.competition_folder import Competition, read_competition
from forecast.datasets.embedded import (
    catalogue,
    load_air_passengers,
    load_co2,
    load_dataset,
    load_demand,
    load_gas_furnace,
    load_laser,
    load_lynx,
    load_sunspots,
    load_sunspots_monthly,
)
from forecast.datasets.generators import (
    ar_process,
    lorenz,
    mackey_glass,
    narma10,
    wiener_hammerstein,
)
from forecast.datasets.random_series import random_series
from forecast.datasets.readers import read_long, read_tsf
from forecast.datasets.sequences import adding_problem, copy_task
from forecast.datasets.submissions import write_m4, write_m5
from forecast.datasets.wide_files import read_m3, read_m4, read_m5

__all__ = [
    "Competition",
    "adding_problem",
    "ar_process",
    "catalogue",
    "copy_task",
    "load_air_passengers",
    "load_co2",
    "load_dataset",
    "load_demand",
    "load_gas_furnace",
    "load_laser",
    "load_lynx",
    "load_sunspots",
    "load_sunspots_monthly",
    "lorenz",
    "mackey_glass",
    "narma10",
    "random_series",
    "read_competition",
    "read_long",
    "read_m3",
    "read_m4",
    "read_m5",
    "read_tsf",
    "wiener_hammerstein",
    "write_m4",
    "write_m5",
]
