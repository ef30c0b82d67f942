"""The equations of the Transformer in numpy, from the weights of a layer alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecast.layers import TransformerBlock
from tests.checks import to_numpy


def normalised(rows: np.ndarray, gain: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """LN of the last axis, with the epsilon of `keras.layers.LayerNormalization`."""
    center, spread = rows.mean(-1, keepdims=True), np.sqrt(rows.var(-1, keepdims=True) + 1e-3)
    return (rows - center) / spread * gain + shift


def self_attention(rows: np.ndarray, w: dict[str, np.ndarray], heads: int, causal: bool) -> np.ndarray:
    """MHA of one record (T, F), head by head and query by query."""
    query, key, value = (rows @ w[f"attention/{name}_kernel"] for name in ("query", "key", "value"))
    read, width = np.zeros_like(query), query.shape[1] // heads
    for head in range(heads):
        columns = slice(head * width, (head + 1) * width)
        for t in range(len(rows)):
            last = t + 1 if causal else len(rows)
            score = np.exp(key[:last, columns] @ query[t, columns] / np.sqrt(width))
            read[t, columns] = score / score.sum() @ value[:last, columns]
    return read @ w["attention/output_kernel"]


def encoder_block(x: np.ndarray, layer: TransformerBlock, activation: Callable = np.tanh) -> np.ndarray:
    """The equation of the block in numpy, from its weights alone: x (B, T, F) in double precision."""
    w = {"/".join(v.path.split("/")[-2:]): to_numpy(v).astype("float64") for v in layer.weights}
    first, second = ((w[f"{norm}/gamma"], w[f"{norm}/beta"]) for norm in ("norm_attention", "norm_dense"))
    attended = [self_attention(normalised(rows, *first), w, layer.heads, layer.causal) for rows in x]
    z = x + np.stack(attended)
    inner = activation(normalised(z, *second) @ w["widen/kernel"] + w["widen/bias"])
    return z + inner @ w["narrow/kernel"] + w["narrow/bias"]
