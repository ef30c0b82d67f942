"""`import forecast` is light, and its public names are the ones listed."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import forecast

SOURCE = Path(forecast.__file__)
HEAVY = ("keras", "tensorflow", "jax", "torch", "statsmodels", "matplotlib", "scipy", "sklearn", "pandas")


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=SOURCE.parents[1]
    ).stdout


def test_import_loads_nothing_heavy() -> None:
    loaded = run(
        "import sys, forecast; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ).split()
    assert set(loaded).isdisjoint(HEAVY)


@pytest.mark.slow
def test_a_saved_model_loads_in_either_order_of_the_imports(tmp_path: Path) -> None:
    """`import keras, forecast` registers the layers; where Keras comes later, `import forecast.layers` does."""
    import keras

    from forecast.layers import Saturation, TappedDelay

    file = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4, 1)), TappedDelay(2), Saturation()]).save(file)
    for imports in ("import keras, forecast", "import forecast; import keras, forecast.layers"):
        assert (
            run(f"{imports}; print(keras.models.load_model({str(file)!r}).output_shape)") == "(None, 4, 3)\n"
        )


def test_the_data_and_the_baselines_do_not_load_keras() -> None:
    code = "import sys, forecast; forecast.datasets, forecast.AR, forecast.ETS; print('keras' in sys.modules)"
    assert run(code) == "False\n"


@pytest.mark.slow
def test_import_time_is_under_one_and_a_half_times_that_of_pandas_and_sklearn() -> None:
    clock = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
    ours, theirs = [], []
    for _ in range(5):  # interleaved, so that a busy machine slows both
        ours.append(float(run(clock.format("import forecast"))))
        theirs.append(float(run(clock.format("import pandas, sklearn.base"))))
    assert statistics.median(ours) < 1.5 * statistics.median(theirs)


@pytest.mark.parametrize("name", forecast.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(forecast, name).__doc__


def test_the_list_of_names_is_sorted_and_agrees_with_what_type_checkers_see() -> None:
    block = next(node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If))
    homes = {
        alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert homes.pop("datasets") == "forecast"
    assert homes == forecast._HOME
    assert forecast.__all__ == sorted([*homes, "datasets"])
    assert set(forecast.__all__) <= set(dir(forecast))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'forecast' has no attribute 'Prophet'"):
        _ = forecast.Prophet
