"""The forward pass in numpy: that of the Keras network, from a file that keeps half precision."""

from pathlib import Path

import numpy as np
import pytest

from forecast.estimators.pretrained.layout import Layout
from forecast.estimators.pretrained.network import GRID, Network, read, shipped, write

FAMILIES = ("season_1", "season_4", "season_12", "any_season")


def small(seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    shapes = ((12, 5), (5,), (5, 5), (5,), (5, 6), (5, 9))
    blocks = tuple(
        tuple(rng.normal(size=shape).astype("float16").astype("float32") for shape in shapes)
        for _ in range(2)
    )
    return Network(Layout(recent=6, ahead=3), (blocks,), np.linspace(-2.0, 2.0, len(GRID)))


@pytest.mark.backend
@pytest.mark.parametrize(("family", "season"), [("small", 2), ("season_12", 12), ("any_season", 7)])
def test_numpy_and_keras_tell_the_same(family: str, season: int) -> None:
    import keras

    from forecast.networks.pretrained import block_maps, pretrained

    network = small() if family == "small" else shipped(family)
    blocks, layout = network.members[0], network.layout
    model = pretrained(
        layout.inputs, layout.width, blocks=len(blocks), units=len(blocks[0][1]), skip=layout.skip(season)
    )
    for own, maps in zip(block_maps(model), blocks, strict=True):
        for variable, values in zip(own, maps, strict=True):
            variable.assign(values)
    inputs = np.random.default_rng(1).normal(size=(7, 2 * layout.inputs)).astype("float32")
    told = keras.ops.convert_to_numpy(model(inputs)).reshape(7, -1, 3)
    alone = Network(layout, (blocks,), network.scores).numbers(inputs, season)
    np.testing.assert_allclose(alone, told, rtol=1e-5, atol=1e-5 * np.abs(told).max())


def test_a_file_holds_the_network(tmp_path: Path) -> None:
    network = small()
    write(tmp_path / "a.npz", network)
    again = read(tmp_path / "a.npz")
    inputs = np.ones((2, 12), np.float32)
    np.testing.assert_array_equal(again.numbers(inputs, 2), network.numbers(inputs, 2))
    assert again.layout == network.layout


def test_members_are_averaged() -> None:
    one, other = small(0), small(1)
    inputs = np.ones((2, 12), np.float32)
    both = Network(one.layout, one.members + other.members, one.scores)
    np.testing.assert_allclose(
        both.numbers(inputs, 2), (one.numbers(inputs, 2) + other.numbers(inputs, 2)) / 2, rtol=1e-5
    )


def test_calibrated_scores_are_those_of_the_grid_and_grow() -> None:
    from scipy.special import ndtri

    network = small()
    np.testing.assert_allclose(network.calibrated(ndtri(np.array(GRID))), network.scores, atol=1e-12)
    assert (np.diff(network.calibrated(np.linspace(-4, 4, 101))) > 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_shipped_scores_grow(family: str) -> None:
    scores = shipped(family).scores
    assert (np.diff(scores) > 0).all() and scores[len(GRID) // 2] == 0


def test_the_weights_are_small() -> None:
    folder = Path(__file__).parents[3] / "forecast" / "_weights"
    assert {path.stem for path in folder.glob("*.npz")} == set(FAMILIES)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 6_000_000
