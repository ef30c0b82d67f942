"""MUT1, MUT2 and MUT3 are their equations."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.layers import MUTCell
from tests.checks import same, to_numpy
from tests.layers.recurrent.equations import UNITS, mut, random_cell, record, run, unroll, weights

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("variant", [1, 2, 3])
@pytest.mark.parametrize("features", [2, UNITS])
def test_is_its_equation(variant: int, features: int) -> None:
    cell, x = random_cell(MUTCell(UNITS, variant=variant), features), record(features)
    step = mut(weights(cell), variant=variant, bare=features == UNITS)
    same(run(cell, x), unroll(step, x, UNITS))


@pytest.mark.parametrize(("variant", "place"), [(1, 2), (2, 1)])
def test_the_bare_input_is_a_projection_by_the_identity(variant: int, place: int) -> None:
    """A column of zeros beside x makes F differ from U: then the projection [I, 0] gives x back."""
    bare, wide = (random_cell(MUTCell(UNITS, variant=variant), UNITS + more) for more in (0, 1))
    zeros = np.zeros((1, UNITS))
    blocks = [np.concatenate([block, zeros]) for block in np.split(to_numpy(bare.kernel), 2, axis=1)]
    blocks.insert(place, np.eye(UNITS + 1, UNITS))
    wide.set_weights([np.concatenate(blocks, axis=1), *bare.get_weights()[1:]])
    x = record(UNITS)
    same(run(bare, x), run(wide, np.concatenate([x, 0 * x[..., :1]], axis=-1)))


def test_an_unknown_variant_is_named() -> None:
    with pytest.raises(ValueError, match="variant: must be one of 1, 2, 3; received 4"):
        MUTCell(3, variant=4)


@pytest.mark.parametrize("variant", [1, 2])
def test_recurrent_dropout_reaches_the_state_in_every_gate(variant: int) -> None:
    """One mask on h before all its products is the same mask on the rows of all their matrices."""
    x, h = record(2)[:1, 0], np.linspace(-1.0, 1.0, UNITS, dtype="float32")[None]
    for seed in range(50):  # each backend draws its own masks
        cell = random_cell(MUTCell(UNITS, variant=variant, recurrent_dropout=0.5, seed=seed), 2)
        dropped, _ = cell(x, [h], training=True)
        mask = to_numpy(cell.get_recurrent_dropout_mask(h))[0][:, None]
        if (mask == 0).any() and (mask > 0).any():
            break
    assert (mask == 0).any() and (mask > 0).any()
    plain = random_cell(MUTCell(UNITS, variant=variant), 2)
    for name, values in weights(cell).items():
        getattr(plain, name).assign(values * mask if name.endswith("_kernel") else values)
    same(dropped, plain(x, [h])[0])
