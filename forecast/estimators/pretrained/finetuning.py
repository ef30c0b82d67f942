"""Training of the pretrained networks on a large panel, and whether it is kept; the part of `Pretrained` with Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecast.estimators.neural.judged_panel import TOGETHER, errors_at_end
from forecast.estimators.pretrained.families import Family
from forecast.estimators.pretrained.learning import BATCH, Buffer, fine_tuned
from forecast.estimators.pretrained.network import Network
from forecast.panel import Panel
from forecast.training.rivals import decide, kept

RATE, PASSES, MOST_STEPS = 3e-4, 2, 300
BEFORE, AFTER = "zero-shot", "fine-tuned"  # the candidates


def judged(model: Any, panel: Panel, horizon: int) -> pd.DataFrame:
    """The table of what was decided by the last horizons of each series: the weights as they came, others, or both.

    Args:
        model: a `Pretrained`; horizon: steps that are judged.
    """
    models = {
        name: model._plainer(season=model.season_, finetune=after)
        for name, after in ((BEFORE, False), (AFTER, True))
    }
    season = max(model.season_, 1)
    errors = errors_at_end(models, panel, None, horizon=horizon, season=season, beside=BEFORE)
    return decide(errors, in_turn=False)


def learned_theta(
    network: Network, family: Family, panel: Panel, table: pd.DataFrame, *, seed: int | None, verbose: Any
) -> np.ndarray | None:
    """The weights (M, P) of the candidate that is kept, those of both for their mean; None for the ones that came.

    Without a `table` the network is trained in any case.
    """
    chosen = kept(table) or AFTER
    if chosen == BEFORE:
        return None
    parts = np.split(panel.y, panel.offsets[1:-1])
    series = [part[:, target] for part in parts for target in range(panel.n_targets)]
    buffer, steps = Buffer(series, network.layout, family), -(-PASSES * panel.y.size // BATCH)
    rngs = np.random.default_rng(seed).spawn(len(network.members))
    members = tuple(
        fine_tuned(
            member,
            buffer,
            rate=RATE,
            steps=min(steps, MOST_STEPS),
            rng=rng,
            relative=bool(number % 2),
            verbose=verbose,
        )
        for number, (member, rng) in enumerate(zip(network.members, rngs, strict=True))
    )
    theta = network.of(members).theta
    return np.concatenate([network.theta, theta]) if chosen == TOGETHER.format(BEFORE, AFTER) else theta
