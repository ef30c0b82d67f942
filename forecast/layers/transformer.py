"""The Transformer encoder: positions as sines, and a block of self-attention and a feed-forward network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_count, check_positive
from forecast.layers.attention import MultiHeadAttention
from forecast.layers.delay import known_size
from forecast.layers.precision import wide_dtype


@keras.saving.register_keras_serializable(package="forecast")
class SinusoidalPositions(keras.layers.Layer):
    """Adds its position to each row, because attention alone does not know the order of its rows.

    Equation:
        z_{t,2i} = x_{t,2i} + sin(t / w^(2i/F))
        z_{t,2i+1} = x_{t,2i+1} + cos(t / w^(2i/F)),    t = 0, 1, ..., T-1

    Symbols:
        x, z: input and output, shape (B, T, F).
        w: `longest`, greater than 0; every wavelength is below 2 pi w rows.

    Args:
        longest: w.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: no effect; there is nothing to train.

    Raises:
        TypeError, ValueError: `longest` is not a number greater than 0.

    References:
        Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, L. and
        Polosukhin, I. (2017). Attention is all you need. NeurIPS.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import SinusoidalPositions
        >>> z = SinusoidalPositions()(np.zeros((1, 2, 2), "float32"))
        >>> keras.ops.convert_to_numpy(z).round(2).tolist()              # sin 0, cos 0; sin 1, cos 1
        [[[0.0, 1.0], [0.8399999737739563, 0.5400000214576721]]]
    """

    def __init__(
        self,
        *,
        longest: float = 10_000.0,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.longest = check_positive("longest", longest)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        features = known_size("features", inputs.shape[-1])
        rates = self.longest ** (-np.arange(0, features, 2) / features)  # (ceil(F / 2),)
        wide = wide_dtype(inputs.dtype)  # bfloat16 cannot count beyond 256
        steps = ops.cast(ops.arange(ops.shape(inputs)[1]), wide)
        angles = ops.expand_dims(steps, 1) * ops.convert_to_tensor(rates, dtype=wide)
        waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)  # (T, ceil(F / 2), 2)
        waves = ops.reshape(waves, (-1, 2 * len(rates)))[:, :features]
        return inputs + ops.cast(waves, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "longest": self.longest}


@keras.saving.register_keras_serializable(package="forecast")
class TransformerBlock(keras.layers.Layer):
    """One block of a Transformer encoder, normalised before each of its two layers (pre-norm).

    Equation:
        z = x + MHA(LN(x))
        y = z + phi(LN(z) W_1 + b_1) W_2 + b_2

    Symbols:
        x, z, y: input, middle and output, shape (B, T, F).
        MHA: `MultiHeadAttention` with N = `heads`, causal when `causal` is True.
        LN: layer normalisation over the features of each step, one before each of the two.
        W_1, b_1, W_2, b_2: dense layers of `units` and F units at every step; phi = `activation`.
        With `return_attention_scores=True` the weights of MHA, (B, N, T, T), come beside y.

    Args:
        units: units of the feed-forward network, at least 1.
        heads: N, a divisor of F.
        activation: activation of the feed-forward network.
        causal: whether step t reads only steps up to t.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Masked steps are not read.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1, or F is no multiple of N.

    References:
        Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, L. and
        Polosukhin, I. (2017). Attention is all you need. NeurIPS.
        Xiong, R., Yang, Y., He, D., Zheng, K., Zheng, S., Xing, C., Zhang, H., Lan, Y., Wang, L. and Liu, T.
        (2020). On layer normalization in the Transformer architecture. ICML.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import TransformerBlock
        >>> tuple(TransformerBlock(16, heads=2)(np.ones((1, 5, 8), "float32")).shape)
        (1, 5, 8)
    """

    def __init__(
        self,
        units: int,
        *,
        heads: int = 2,
        activation: Any = "gelu",
        causal: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)
        self.heads = check_count("heads", heads)
        self.activation = keras.activations.get(activation)
        self.causal = causal
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        features, policy = known_size("features", input_shape[-1]), self.dtype_policy
        self.attention = MultiHeadAttention(
            heads=self.heads, causal=self.causal, name="attention", dtype=policy
        )
        self.norm_attention = keras.layers.LayerNormalization(name="norm_attention", dtype=policy)
        self.norm_dense = keras.layers.LayerNormalization(name="norm_dense", dtype=policy)
        self.widen = keras.layers.Dense(self.units, self.activation, name="widen", dtype=policy)
        self.narrow = keras.layers.Dense(features, name="narrow", dtype=policy)
        for part in (self.attention, self.norm_attention, self.norm_dense, self.widen):
            part.build(input_shape)
        self.narrow.build((*input_shape[:-1], self.units))

    def call(self, inputs: Any, mask: Any = None, return_attention_scores: bool = False) -> Any:
        normal = self.norm_attention(inputs)
        attended, weights = self.attention(normal, mask=mask, return_attention_scores=True)
        middle = inputs + attended
        outputs = middle + self.narrow(self.widen(self.norm_dense(middle)))
        return (outputs, weights) if return_attention_scores else outputs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "heads": self.heads,
            "activation": keras.activations.serialize(self.activation),
            "causal": self.causal,
        }
