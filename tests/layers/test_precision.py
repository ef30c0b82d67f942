"""Every layer is held to the layer check, and so to every precision; what half precision cannot start, starts."""

from __future__ import annotations

import inspect
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from forecast import layers
from forecast.layers import CELLS
from forecast.layers.precision import orthogonal, wide_dtype, widened
from tests.checks import to_numpy

pytestmark = pytest.mark.backend
ROOT = Path(__file__).parents[2]
CATALOGUE = {build.func if isinstance(build, partial) else build for build in CELLS.values()}
CHECKED = {  # classes that are checked in another way than under their own name
    "RecurrentCell": "the base of the cells, with no equation of its own",
}


def public_layers() -> list[type]:
    found = (getattr(layers, name) for name in layers.__all__)
    return [one for one in found if inspect.isclass(one) and issubclass(one, keras.layers.Layer)]


@pytest.mark.parametrize("layer", public_layers(), ids=lambda layer: layer.__name__)
def test_every_layer_has_the_layer_check_in_its_test_file(layer: type) -> None:
    if layer in CATALOGUE or layer.__name__ in CHECKED:
        return
    folder, _, module = layer.__module__.removeprefix("forecast.").rpartition(".")
    text = (ROOT / "tests" / folder.replace(".", "/") / f"test_{module}.py").read_text()
    assert "check_layer(" in text and layer.__name__ in text


def test_only_double_precision_is_wider_than_single() -> None:
    assert [wide_dtype(d) for d in ("float16", "bfloat16", "float32", "int32")] == ["float32"] * 4
    assert wide_dtype("float64") == "float64"
    half = keras.ops.cast(np.ones(3), "bfloat16")
    assert keras.backend.standardize_dtype(widened(half).dtype) == "float32"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_orthogonal_values_exist_in_every_precision(dtype: str) -> None:
    values = orthogonal((4, 8), dtype)
    assert keras.backend.standardize_dtype(values.dtype) == dtype
    matrix = to_numpy(keras.ops.cast(values, "float32"))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(4), atol=0.03)
