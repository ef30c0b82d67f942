"""The installed wheel, outside the checkout: its files, its data, its names, its command."""

import pathlib
import subprocess
import sys
import sysconfig

import forecast
from forecast.datasets import catalogue, load_dataset

home = pathlib.Path(forecast.__file__).parent
assert home.is_relative_to(sysconfig.get_path("purelib")), home
assert (home / "_data" / "lynx.csv").is_file() and (home / "py.typed").is_file()
for name in catalogue().index:
    load_dataset(name)
public = [name for name in forecast.__all__ if getattr(forecast, name) is not None]
command = [pathlib.Path(sys.executable).with_name("forecast")]
for call in (
    [*command, "datasets"],
    [sys.executable, "-m", "forecast", "--version"],
    [*command, "benchmark", "lynx", "--windows", "1"],
):
    subprocess.run(call, check=True)
print(f"wheel of forecast {forecast.__version__}: {len(public)} public names, {len(catalogue())} data sets")
