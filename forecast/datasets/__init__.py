"""Embedded series, generators of known systems, readers of competition files; all return pandas."""

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
from forecast.datasets.readers import read_long, read_m4, read_tsf
from forecast.datasets.sequences import adding_problem, copy_task

__all__ = [
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
    "read_long",
    "read_m4",
    "read_tsf",
    "wiener_hammerstein",
]
