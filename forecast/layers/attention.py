"""Attention: for each query, weights over the rows of a memory that sum to one, and the weighted mean of the rows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_choice, check_count, explain
from forecast.layers.delay import known_size
from forecast.layers.precision import wide_dtype, widened

FORMS = ("general", "dot", "scaled")


def softmax_over(scores: Any, allowed: Any) -> Any:
    """Weights (..., K) over the last axis, zero where `allowed` is False; zero everywhere when nothing is allowed."""
    if allowed is None:
        return ops.softmax(scores, axis=-1)
    scores = widened(scores)
    least = float(np.finfo(wide_dtype(scores.dtype)).min)
    weights = ops.softmax(ops.where(allowed, scores, ops.full_like(scores, least)), axis=-1)
    return ops.where(allowed, weights, ops.zeros_like(weights))


def causal_pairs(length: Any) -> Any:
    """(1, T, T), True where key j may be read at query i: j <= i."""
    steps = ops.arange(length)
    return ops.expand_dims(ops.expand_dims(steps, 1) >= ops.expand_dims(steps, 0), 0)


class Attention(keras.layers.Layer):
    """Base of additive and multiplicative attention: a score for each pair of query and key, then the weighted mean.

    A subclass defines `keys(memory)`, with `key_units` columns, computed once per record, and `scores(query, keys)`.
    """

    def __init__(self, *, name: str | None = None, dtype: Any = None, trainable: bool = True) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.supports_masking = True

    def key_units(self, memory: int, query: int) -> int:
        """A, the number of key columns for a memory of `memory` columns and queries of `query` columns."""
        raise NotImplementedError

    def keys(self, memory: Any) -> Any:
        """memory (B, K, M) -> keys (B, K, A), which the scores compare with a query."""
        raise NotImplementedError

    def scores(self, query: Any, keys: Any) -> Any:
        """query (B, T, Q), keys (B, K, A) -> (B, T, K), in float32 at least: products overflow in float16."""
        raise NotImplementedError

    def read(self, query: Any, keys: Any, memory: Any, mask: Any = None) -> tuple[Any, Any]:
        """(context (B, T, M), weights (B, T, K)) for queries (B, T, Q) on a memory whose keys are known."""
        allowed = None if mask is None else ops.expand_dims(ops.cast(mask, "bool"), 1)
        weights = ops.cast(softmax_over(self.scores(query, keys), allowed), memory.dtype)
        return ops.matmul(weights, memory), weights

    def call(
        self, inputs: Any, memory: Any = None, mask: Any = None, return_attention_scores: bool = False
    ) -> Any:
        memory = inputs if memory is None else memory
        context, weights = self.read(inputs, self.keys(memory), memory, mask)
        return (context, weights) if return_attention_scores else context

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask


@keras.saving.register_keras_serializable(package="forecast")
class AdditiveAttention(Attention):
    """Attention whose score is a small network of query and memory row (Bahdanau attention).

    Equation:
        e_ij = v' tanh(W q_i + U m_j)
        a_ij = exp(e_ij) / sum_k exp(e_ik)
        c_i = sum_j a_ij m_j

    Symbols:
        q: the queries, `inputs`, shape (B, T, Q).
        m: the rows that are read, `memory`, shape (B, K, M); None means the inputs themselves.
        W, U, v: `query_kernel` (Q, A), `key_kernel` (M, A), `score_kernel` (A, 1), A = `units`.
        a: the weights, shape (B, T, K), returned beside c when `return_attention_scores=True`.
        c: the output, shape (B, T, M).
        `mask`, shape (B, K): True at rows that may be read; the others get the weight 0.

    Args:
        units: A, at least 1.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Raises:
        TypeError, ValueError: `units` is not a whole number of at least 1.

    References:
        Bahdanau, D., Cho, K. and Bengio, Y. (2015). Neural machine translation by jointly learning to align
        and translate. ICLR.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import AdditiveAttention
        >>> query, memory = np.ones((2, 1, 3), "float32"), np.ones((2, 7, 5), "float32")
        >>> context, weights = AdditiveAttention(4)(query, memory, return_attention_scores=True)
        >>> tuple(context.shape), tuple(weights.shape)
        ((2, 1, 5), (2, 1, 7))
    """

    def __init__(
        self, units: int, *, name: str | None = None, dtype: Any = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)

    def build(self, inputs_shape: tuple[int | None, ...], memory_shape: Any = None) -> None:
        query = known_size("features", inputs_shape[-1])
        memory = query if memory_shape is None else known_size("features", memory_shape[-1])
        self.query_kernel = self.add_weight(name="query_kernel", shape=(query, self.units))
        self.key_kernel = self.add_weight(name="key_kernel", shape=(memory, self.units))
        self.score_kernel = self.add_weight(name="score_kernel", shape=(self.units, 1))

    def key_units(self, memory: int, query: int) -> int:
        return self.units

    def keys(self, memory: Any) -> Any:
        return ops.matmul(memory, self.key_kernel)

    def scores(self, query: Any, keys: Any) -> Any:
        projected = ops.matmul(query, self.query_kernel)
        pairs = ops.tanh(ops.expand_dims(projected, 2) + ops.expand_dims(keys, 1))  # (B, T, K, A)
        return widened(ops.squeeze(ops.matmul(pairs, self.score_kernel), -1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="forecast")
class MultiplicativeAttention(Attention):
    """Attention whose score is a product of query and memory row (Luong attention).

    Equation:
        e_ij = q_i' W m_j            form="general"
        e_ij = q_i' m_j              form="dot"
        e_ij = q_i' m_j / sqrt(M)    form="scaled"
        a_ij = exp(e_ij) / sum_k exp(e_ik)
        c_i = sum_j a_ij m_j

    Symbols:
        q: the queries, `inputs`, shape (B, T, Q); Q = M unless the form is "general".
        m: the rows that are read, `memory`, shape (B, K, M); None means the inputs themselves.
        W: `kernel`, shape (M, Q), the transpose of the W above.
        a: the weights, shape (B, T, K), returned beside c when `return_attention_scores=True`.
        c: the output, shape (B, T, M).
        `mask`, shape (B, K): True at rows that may be read; the others get the weight 0.

    Args:
        form: "general", "dot" or "scaled".
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Raises:
        ValueError: the form is unknown, or query and memory differ in width without a kernel between them.

    References:
        Luong, M.-T., Pham, H. and Manning, C. D. (2015). Effective approaches to attention-based neural
        machine translation. EMNLP.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import MultiplicativeAttention
        >>> query, memory = np.array([[[9.0, 0.0]]]), np.array([[[1.0, 0.0], [0.0, 1.0]]])
        >>> _, weights = MultiplicativeAttention(form="dot")(query, memory, return_attention_scores=True)
        >>> bool(weights[0, 0, 0] > 0.999)                         # the row that points the same way as the query
        True
    """

    def __init__(
        self, *, form: str = "general", name: str | None = None, dtype: Any = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.form = check_choice("form", form, FORMS)

    def build(self, inputs_shape: tuple[int | None, ...], memory_shape: Any = None) -> None:
        query = known_size("features", inputs_shape[-1])
        memory = query if memory_shape is None else known_size("features", memory_shape[-1])
        if self.form == "general":
            self.kernel = self.add_weight(name="kernel", shape=(memory, query))
        elif query != memory:
            received = f"{query} columns of the query and {memory} of the memory"
            raise ValueError(
                explain("inputs", f"as wide as the memory with form={self.form!r}", received, 'Use "general"')
            )

    def key_units(self, memory: int, query: int) -> int:
        return query

    def keys(self, memory: Any) -> Any:
        if self.form == "general":
            return ops.matmul(memory, self.kernel)
        return memory / memory.shape[-1] ** 0.5 if self.form == "scaled" else memory

    def scores(self, query: Any, keys: Any) -> Any:
        return ops.matmul(widened(query), ops.swapaxes(widened(keys), 1, 2))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "form": self.form}


@keras.saving.register_keras_serializable(package="forecast")
class MultiHeadAttention(keras.layers.Layer):
    """Scaled dot-product attention in several subspaces at once, of a sequence to itself or to a memory.

    Equation:
        Q_n = x W^Q_n,  K_n = m W^K_n,  V_n = m W^V_n,      n = 1, ..., N
        A_n = softmax(Q_n K_n' / sqrt(D))
        y = [A_1 V_1, ..., A_N V_N] W^O

    Symbols:
        x: `inputs`, shape (B, T, F).
        m: `memory`, shape (B, K, M); None means the inputs themselves (self-attention).
        N: `heads`; D: `head_units`, None means F / N.
        W^Q, W^K, W^V: `query_kernel` (F, N*D), `key_kernel` (M, N*D), `value_kernel` (M, N*D), head by head.
        W^O: `output_kernel`, shape (N*D, F).
        A: the weights, shape (B, N, T, K), returned beside y when `return_attention_scores=True`.
        y: the output, shape (B, T, F).
        `mask`, shape (B, K): True at rows that may be read; the others get the weight 0.

    Args:
        heads: N, at least 1.
        head_units: D, at least 1, or None.
        causal: whether step t reads only steps up to t; for self-attention.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1, or F is no multiple of N while `head_units` is None.

    References:
        Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, L. and
        Polosukhin, I. (2017). Attention is all you need. NeurIPS.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import MultiHeadAttention
        >>> layer = MultiHeadAttention(heads=2, causal=True)
        >>> y, weights = layer(np.ones((1, 3, 4), "float32"), return_attention_scores=True)
        >>> keras.ops.convert_to_numpy(weights[0, 0]).round(2).tolist()   # equal weights, none for later rows
        [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.33000001311302185, 0.33000001311302185, 0.33000001311302185]]
    """

    def __init__(
        self,
        *,
        heads: int = 2,
        head_units: int | None = None,
        causal: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.heads = check_count("heads", heads)
        self.head_units = None if head_units is None else check_count("head_units", head_units)
        self.causal = causal
        self.supports_masking = True

    def build(self, inputs_shape: tuple[int | None, ...], memory_shape: Any = None) -> None:
        features = known_size("features", inputs_shape[-1])
        memory = features if memory_shape is None else known_size("features", memory_shape[-1])
        if self.head_units is None and features % self.heads:
            remedy = "Use a multiple, or pass head_units"
            raise ValueError(explain("heads", f"a divisor of the {features} features", self.heads, remedy))
        units = (self.head_units or features // self.heads) * self.heads
        self.query_kernel = self.add_weight(name="query_kernel", shape=(features, units))
        self.key_kernel = self.add_weight(name="key_kernel", shape=(memory, units))
        self.value_kernel = self.add_weight(name="value_kernel", shape=(memory, units))
        self.output_kernel = self.add_weight(name="output_kernel", shape=(units, features))

    def call(
        self, inputs: Any, memory: Any = None, mask: Any = None, return_attention_scores: bool = False
    ) -> Any:
        memory = inputs if memory is None else memory
        query, key, value = (
            self._split(ops.matmul(rows, kernel))
            for rows, kernel in (
                (inputs, self.query_kernel),
                (memory, self.key_kernel),
                (memory, self.value_kernel),
            )
        )  # (B, N, T, D), (B, N, K, D) twice
        scores = ops.matmul(widened(query), ops.swapaxes(widened(key), 2, 3)) / query.shape[-1] ** 0.5
        weights = ops.cast(softmax_over(scores, self._allowed(inputs, mask)), value.dtype)
        heads = ops.swapaxes(ops.matmul(weights, value), 1, 2)  # (B, T, N, D)
        outputs = ops.matmul(ops.reshape(heads, (-1, *self._joined(heads))), self.output_kernel)
        return (outputs, weights) if return_attention_scores else outputs

    def _split(self, rows: Any) -> Any:
        """(B, T, N*D) -> (B, N, T, D)."""
        length, units = ops.shape(rows)[1], rows.shape[2]
        return ops.swapaxes(ops.reshape(rows, (-1, length, self.heads, units // self.heads)), 1, 2)

    def _joined(self, heads: Any) -> tuple[Any, int]:
        return ops.shape(heads)[1], heads.shape[2] * heads.shape[3]

    def _allowed(self, inputs: Any, mask: Any) -> Any:
        """Pairs that may be read, broadcast to (B, N, T, K), or None for all."""
        pairs = causal_pairs(ops.shape(inputs)[1]) if self.causal else None
        if mask is not None:
            rows = ops.expand_dims(ops.cast(mask, "bool"), 1)
            pairs = rows if pairs is None else ops.logical_and(pairs, rows)
        return None if pairs is None else ops.expand_dims(pairs, 1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "head_units": self.head_units, "causal": self.causal}
        return {**super().get_config(), **own}
