"""The Transformer estimator: self-attention over a window of the history, started at the linear model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecast._checks import explain
from forecast.estimators.neural.attention import mean_of_members, weights_by_lag
from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.options import Delays, check_activation, lags_within, resolve_window
from forecast.networks import NARXConfig, NetworkConfig, TransformerConfig, self_attention_reader
from forecast.panel import Panel, Request
from forecast.windows import history_end


@dataclass(kw_only=True, eq=False, repr=False)
class Transformer(EmbeddingForecaster):
    """A Transformer encoder over the window, whose last row gives the output, one network for all series.

        h = blocks(r W + b + positions),   r_j = (y_{t-L+j}, x_{t-L+j+1})
        y_t = a'r + C LN(h_{L-1}) + c + noise_t

    Before training C = 0, and the linear path a'r is the least-squares AR/ARX solution. Forecasts beyond one step
    feed the network its own results, in one compiled loop; a value fed back stays within the range of the data,
    widened by what their second half added to that of the first (at least a tenth), and with covariates by the
    whole range.

    Args:
        window: L, rows of history that are read; "auto" is the AR order or the season if longer, at
            most a third of a typical series.
        d_model: features of every row inside the network, a multiple of `heads`.
        heads: heads of every attention.
        layers: number of encoder blocks.
        widening: the feed-forward networks have `widening * d_model` units.
        activation: Keras name of the activation of the feed-forward networks, None for linear.
        linear: whether there is a linear path beside the blocks.

    References:
        Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, L. and
        Polosukhin, I. (2017). Attention is all you need. NeurIPS.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(80) * 0.7)
        >>> model = Transformer(window=6, d_model=4, epochs=5, random_state=0).fit(y)
        >>> bool(np.abs(model.predict(5) - np.sin(np.arange(80, 85) * 0.7)).max() < 0.05)
        True
    """

    window: int | str = "auto"
    d_model: int = 16
    heads: int = 2
    layers: int = 1
    widening: int = 2
    activation: str | None = "gelu"
    linear: bool = True

    _config: ClassVar[type[NetworkConfig]] = TransformerConfig

    def _configure(self, panel: Panel) -> TransformerConfig:
        return TransformerConfig(
            length=resolve_window(self.window, panel, self.season),
            d_model=self.d_model,
            heads=self.heads,
            layers=self.layers,
            widening=self.widening,
            activation=check_activation(self.activation) or "linear",
            linear=self.linear,
            **self._common(panel),
        )

    def _rival_lags(self, panel: Panel, config: Any) -> Delays:
        return lags_within(config.window, panel, self.season)

    def attention_weights(self, X: Any = None) -> Any:
        """The attention weights of the rows of its window at each step of the forecast, in the form of a forecast.

        Args:
            X: as in `predict`, steps after the history.

        Returns:
            One row per step, the columns `lag<L>`, ..., `lag1`; a row sums to one. The weights are those of the
            last row in the last block, the mean of all heads and members.

        Raises:
            ValueError: rows of the history are asked for, or an autoregression was kept in place of the network.
        """
        request = self._request(X)
        step = request.position - self.panel_.lengths[request.series]
        if step.min() < 0:
            received = f"{int((step < 0).sum())} rows of it"
            raise ValueError(explain("X", "steps after the history", received, "Leave these rows out"))
        if isinstance(self.config_, NARXConfig):
            received, remedy = "an autoregression, which forecast better", "Fit with selection=False"
            raise ValueError(explain("model", "a network that was kept", received, remedy))
        windows = self._inner()._windows_ahead(request)
        heads = mean_of_members(self, self_attention_reader, windows.reshape(-1, *windows.shape[2:]))
        return weights_by_lag(self, request, heads.mean(axis=1).reshape(windows.shape[:3]))

    def _windows_ahead(self, request: Request) -> np.ndarray:
        """What the network sees at each step of its closed loop, (S, H, L, O+E)."""
        panel, program, inputs = self.panel_, self._compiled(), self._scaled(self.panel_)
        past_y, past_x = (
            history_end(values, panel, program.window) for values in (self._past(panel, inputs), inputs.x)
        )
        future_x = np.nan_to_num(request.future_x)
        run = self._ahead(panel, request.horizon, future_x)
        run = (run - inputs.center[:, None]) / inputs.spread[:, None]
        y, known = np.concatenate([past_y, run], axis=1), inputs.future(future_x)
        steps = range(request.horizon)
        windows = [program.window_at(y[:, : program.window + h], past_x, known, h) for h in steps]
        return np.stack(windows, axis=1)
