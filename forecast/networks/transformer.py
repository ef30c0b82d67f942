"""Transformer: one step ahead from self-attention over the window, beside a linear path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from forecast._checks import check_count, explain
from forecast.layers.narx import add_linear, output_layer
from forecast.layers.transformer import SinusoidalPositions, TransformerBlock
from forecast.networks.config import NetworkConfig, measured, window_network


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(NetworkConfig):
    """What a Transformer forecaster is made of; see `transformer` for the equation.

    Args:
        length: L, rows of the window, at least 1.
        d_model: features of every row inside the network, a multiple of `heads`.
        heads: heads of every attention.
        layers: number of encoder blocks, at least 1.
        widening: the feed-forward networks have `widening * d_model` units.
        activation: Keras name of the activation of the feed-forward networks.
        linear: whether there is a linear path beside the blocks.
        targets, exog, embedded, window_norm, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or d_model no multiple of the heads.

    Example:
        >>> from forecast.networks import TransformerConfig
        >>> TransformerConfig(length=24, d_model=8, heads=2).window
        24
    """

    length: int = 12
    d_model: int = 16
    heads: int = 2
    layers: int = 1
    widening: int = 2
    activation: str = "gelu"
    linear: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("length", "d_model", "heads", "layers", "widening"):
            check_count(name, getattr(self, name))
        if self.d_model % self.heads:
            allowed, remedy = f"a multiple of heads={self.heads}", f"Pass d_model={self.heads * 8}"
            raise ValueError(explain("d_model", allowed, self.d_model, remedy))

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return self.length

    def build(self) -> keras.Model:
        """See `transformer`."""
        return transformer(self)


def transformer(config: TransformerConfig) -> keras.Model:
    """The one-step Transformer encoder, not compiled: paired window (B, L, O+E) -> (B, 1, O).

    Equation:
        h^0_j = r_j W + b + p_j,   j = 0, ..., L-1
        h^k = block_k(h^{k-1}),   k = 1, ..., K
        y_t = A r + C LN(h^K_{L-1}) + c

    Symbols:
        r_j: row j of the window, (y_{t-L+j}, x_{t-L+j+1}); r: all rows side by side.
        W, b: the layer "embed", `config.d_model` features; p_j: `SinusoidalPositions`.
        block_k: the layer "block_k", a `TransformerBlock`; K = `config.layers`.
        LN: layer normalisation, "norm_last". The output reads the last row, which has attended to all others.
        A: kernel of the layer "linear", when `config.linear`.
        C, c: kernel and bias of the layer "output"; C starts at zero: the network starts at its linear path.

    References:
        Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, L. and
        Polosukhin, I. (2017). Attention is all you need. NeurIPS.

    Example:
        >>> from forecast.networks import TransformerConfig
        >>> network = TransformerConfig(length=24, d_model=8).build()
        >>> network.input_shape, network.output_shape
        ((None, 24, 1), (None, 1, 1))
    """

    def outputs(rows: Any) -> Any:
        embed = keras.layers.Dense(config.d_model, name="embed", dtype=config.dtype)
        state = SinusoidalPositions(name="positions", dtype=config.dtype)(embed(rows))
        for number in range(1, config.layers + 1):
            state = TransformerBlock(
                config.widening * config.d_model,
                heads=config.heads,
                activation=config.activation,
                name=f"block_{number}",
                dtype=config.dtype,
            )(state)
        last = keras.layers.LayerNormalization(name="norm_last", dtype=config.dtype)(state[:, -1])
        plain = measured(rows, config)
        every = ops.reshape(plain, (-1, plain.shape[1] * plain.shape[2])) if config.linear else None
        return add_linear(output_layer(config.targets, config.dtype)(last), every, config.dtype)

    return window_network(config, outputs, name="transformer")


def self_attention_reader(network: keras.Model) -> keras.Model:
    """From the inputs of a `transformer` to the attention weights (B, heads, L) of the last row in the last block.

    It shares the layers of the network, and can be made only once per network.
    """
    block = [layer for layer in network.layers if isinstance(layer, TransformerBlock)][-1]
    _, weights = block.attention(block.norm_attention(block.input), return_attention_scores=True)
    return keras.Model(network.inputs[0], weights[:, :, -1])
