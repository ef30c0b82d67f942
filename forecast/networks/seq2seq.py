"""Sequence to sequence: an encoder over the window, a decoder over the H steps of the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from forecast._checks import check_choice, check_count
from forecast.layers.attention import AdditiveAttention, Attention, MultiplicativeAttention
from forecast.layers.decoder import Decoder, DecoderCell, DirectLinear
from forecast.layers.recurrent import CELLS, make_cell
from forecast.networks.config import DirectConfig

ATTENTIONS = (None, "additive", "multiplicative")
CONTEXTS = ("first", "every")


@dataclass(frozen=True, kw_only=True)
class Seq2SeqConfig(DirectConfig):
    """What a sequence-to-sequence network is made of; see `seq2seq` for the equation.

    Args:
        length: L, rows of history that the encoder reads, at least 1.
        horizon: H, steps that the decoder forecasts, at least 1.
        cell: name of the recurrent cell of both, one of `forecast.layers.CELLS`.
        units: size of its state.
        attention: None, "additive" or "multiplicative".
        context: "first", the encoder's states start the decoder; "every", its last row is also an input of every
            step.
        linear: whether there is a linear path beside the decoder.
        targets, exog, window_norm, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or an unknown name.

    Example:
        >>> from forecast.networks import Seq2SeqConfig
        >>> config = Seq2SeqConfig(length=24, horizon=12, attention="additive")
        >>> config.window, config.steps, config.lead
        (24, 12, 11)
    """

    length: int = 12
    cell: str = "gru"
    units: int = 16
    attention: str | None = None
    context: str = "first"
    linear: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("length", "units"):
            check_count(name, getattr(self, name))
        check_choice("cell", self.cell, CELLS)
        check_choice("attention", self.attention, ATTENTIONS)
        check_choice("context", self.context, CONTEXTS)

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return self.length

    def build(self) -> keras.Model:
        """See `seq2seq`."""
        return seq2seq(self)


def seq2seq(config: Seq2SeqConfig) -> keras.Model:
    """Encoder and decoder, not compiled: paired window and lead rows (B, L+H-1, O+E) -> (B, H, O).

    Equation:
        m_j, s = encoder(r_0, ..., r_j),   j = 0, ..., L-1
        u_h = A_h [r, x_{t+1}, ..., x_{t+h}] + c_h,   h = 0, ..., H-1
        yhat_{t+h} = u_h + decoder([y_{t+h-1}, x_{t+h}], context of m, s)

    Symbols:
        r_j: row j of the window, (y_{t-L+j}, x_{t-L+j+1}). The H-1 rows after it continue in the same way: row L-1+h
            carries (y_{t+h-1}, x_{t+h}), the input of the decoder at step h. Where y is NaN (unknown), the decoder
            uses its own forecast: a free run; where y is known, the decoder uses it: teacher forcing. So one
            network serves both.
        encoder, decoder: the layers "encoder" and "decoder" of `config.cell` with `config.units`; equations in
            `DecoderCell`. The decoder's last layer "output" starts at zero.
        A, c: the layer "linear", `DirectLinear`, when `config.linear`.
        A step sees covariates up to its own time, never later ones.
        With `window_norm` all y above are in the units of `ReversibleNormalization`, taken from the window alone.

    References:
        Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to sequence learning with neural networks.
        NeurIPS.
        Bahdanau, D., Cho, K. and Bengio, Y. (2015). Neural machine translation by jointly learning to align
        and translate. ICLR.

    Example:
        >>> from forecast.networks import Seq2SeqConfig
        >>> network = Seq2SeqConfig(length=24, horizon=12, exog=2, attention="additive").build()
        >>> network.input_shape, network.output_shape
        ((None, 35, 3), (None, 12, 1))
    """
    length, targets = config.length, config.targets
    rows = keras.Input((length + config.lead, targets + config.exog), dtype=config.dtype, name="window")
    norm = config.normalization()
    if norm is None:
        return keras.Model(rows, _decoded(rows, config), name="seq2seq")
    _, statistics = norm.normalize(rows[:, :length])
    scaled, _ = norm.normalize(rows, statistics)
    return keras.Model(rows, norm.denormalize(_decoded(scaled, config), statistics), name="seq2seq")


def attention_reader(network: keras.Model, targets: int) -> keras.Model:
    """From the inputs of a `seq2seq` network with attention to its attention weights (B, H, L); layers are shared."""
    return keras.Model(network.inputs[0], network.get_layer("decoder").output[:, :, targets:])


def _decoded(rows: Any, config: Seq2SeqConfig) -> Any:
    """rows (B, L+H-1, O+E) -> (B, H, O), in the units of the rows."""
    length, targets = config.length, config.targets
    encoder = keras.layers.RNN(
        make_cell(config.cell, config.units, dtype=config.dtype),
        return_sequences=True,
        return_state=True,
        name="encoder",
        dtype=config.dtype,
    )
    memory, *states = encoder(rows[:, :length])
    last, x = rows[:, length - 1 :, :targets], rows[:, length - 1 :, targets:]
    offset = ops.zeros_like(last)
    if config.linear:
        offset = DirectLinear(config.horizon, targets=targets, name="linear", dtype=config.dtype)(rows)
    decoder = Decoder(_decoder_cell(config), name="decoder", dtype=config.dtype)
    return decoder(ops.concatenate([last, offset, x], axis=-1), memory, states)[:, :, :targets]


def _decoder_cell(config: Seq2SeqConfig) -> DecoderCell:
    return DecoderCell(
        make_cell(config.cell, config.units, dtype=config.dtype),
        targets=config.targets,
        memory=(config.length, config.units),
        every=config.context == "every",
        attention=_attention(config),
        use_bias=not config.linear,
        name="cell",
        dtype=config.dtype,
    )


def _attention(config: Seq2SeqConfig) -> Attention | None:
    if config.attention == "additive":
        return AdditiveAttention(config.units, name="attention", dtype=config.dtype)
    if config.attention == "multiplicative":
        return MultiplicativeAttention(name="attention", dtype=config.dtype)
    return None
