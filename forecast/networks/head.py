"""What the outputs of a network mean: points, quantiles that never cross, or a mean and a log scale."""

from __future__ import annotations

from typing import Any

from keras import ops

HEADS = ("point", "quantiles", "scale")


def head(values: Any, level: Any, spread: Any, *, outputs: int, kind: str) -> Any:
    """Values (B, H, O*K) of the last layer in units of a window -> outputs (B, H, O*K) in units of the data.

    Equation:
        point      level + spread v
        quantiles  level + spread q,   q_1 = v_1 - sum_{k>1} softplus(v_k) / 2,   q_k = q_{k-1} + softplus(v_k)
        scale      level + spread v_1,   v_2 + log spread

    Args:
        values: v, K numbers of the first target, then of the next.
        level, spread: units (B, 1, O) of a window.
        outputs: K, at least 1; kind: "point", "quantiles" or "scale".

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1, 1), "float32")
        >>> q = head(np.array([[[0.0, -1.0, 3.0]]], "float32"), one, one, outputs=3, kind="quantiles")
        >>> bool((ops.convert_to_numpy(q)[..., 1:] > ops.convert_to_numpy(q)[..., :-1]).all())
        True
    """
    if outputs == 1:
        return level + spread * values
    steps, targets = values.shape[1], values.shape[2] // outputs
    parts = ops.reshape(values, (-1, steps, targets, outputs))
    level, spread = level[..., None], spread[..., None]
    if kind == "quantiles":
        gaps = ops.softplus(parts[..., 1:])
        low = parts[..., :1] - 0.5 * ops.sum(gaps, axis=-1, keepdims=True)
        both = level + spread * ops.concatenate([low, low + ops.cumsum(gaps, axis=-1)], axis=-1)
    else:
        both = ops.concatenate([level + spread * parts[..., :1], parts[..., 1:] + ops.log(spread)], axis=-1)
    return ops.reshape(both, (-1, steps, targets * outputs))
