"""The RNN estimator: recurrent layers over the latest rows, beside a linear path that starts at AR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.options import check_strategy, check_units, resolve_lags, window_over
from forecast.layers.recurrent.truncation import check_truncate
from forecast.networks import NetworkConfig, RecurrentConfig
from forecast.panel import Panel

LEAST_WINDOW = 8


@dataclass(kw_only=True, eq=False, repr=False)
class RNN(EmbeddingForecaster):
    """A recurrent network over a window of the record, one network for all series.

        h = stack([y_{t-n}, x_{t-n+1}], ..., [y_{t-1}, x_t])
        y_t = a'u_t + C h + c + noise_t,   u_t = [y_{t-k}, k in lags; x_{t-l}, l in exog_lags]

    n is `window`; stack is a `forecast.layers.RecurrentStack` of `units` units per layer. Before training C = 0,
    and the linear path a is the least-squares AR/ARX solution. Forecasts beyond one step feed the network its own
    results, in one compiled loop; a value fed back stays within the range of the data, widened by what their
    second half added to that of the first (at least a tenth), and with covariates by the whole range.

    Args:
        cell: "lstm", "gru", "elman" or another name of `forecast.layers.CELLS`.
        units: units of each recurrent layer, an int for one layer; layers of "lstm-depth-gated" are linked by
            gates, and of one size.
        window: rows that the recurrent layers read; "auto" = the longest lag, and at least 8 or a third of a
            typical series if that is less.
        lags: lags of the linear path: "auto" (those of one linear autoregression of all series,
            plus the season), an int n for lags 1..n, or a list of lags.
        exog_lags: lags of the covariates in it; "auto" = those that the data show, else 0; an int n for 0..n, a
            list, or a dict of these by column.
        linear: whether there is a linear path beside the recurrent layers.
        bidirectional: None, or "sum" or "concat" to read the window both ways.
        pooling: "last" or "mean" of the states goes to the output.
        layer_norm: whether the output of each layer is normalised.
        zoneout: probability that a unit of the state keeps its value for a step, in training.
        dropout: fraction of each layer's output dropped in training.
        recurrent_dropout: fraction of the state dropped where it enters the gates, in training, the same for all
            steps of a window. All three need solver "adam" ("auto" chooses it) and training "one-step".
        truncate: (k1, k2) for truncated backpropagation through time; a window has a single
            output, so its gradient reaches back k2 steps. None for all of the window.

        strategy: "recursive" forecasts one step at a time, fed back; "direct" all `horizon` steps in one output,
            longer horizons in blocks, each step from covariates up to its own time.

    References:
        Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2), 179-211.
        Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8), 1735-1780.
        Krueger, D. et al. (2017). Zoneout: regularizing RNNs by randomly preserving hidden activations. ICLR.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(80) * 0.7) ** 3
        >>> model = RNN(cell="gru", units=4, window=6, lags=2, random_state=0).fit(y)
        >>> bool(np.abs(model.predict(4) - np.sin(np.arange(80, 84) * 0.7) ** 3).max() < 0.2)
        True
    """

    cell: str = "lstm"
    units: int | Sequence[int] = (16,)
    window: int | str = "auto"
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | dict[Any, int | Sequence[int]] | str = "auto"
    linear: bool = True
    bidirectional: str | None = None
    pooling: str = "last"
    layer_norm: bool = False
    zoneout: float = 0.0
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    truncate: tuple[int, int] | None = None
    strategy: str = "recursive"

    _config: ClassVar[type[NetworkConfig]] = RecurrentConfig

    def _configure(self, panel: Panel) -> RecurrentConfig:
        delays = resolve_lags(self.lags, self.exog_lags, panel, self.season)
        config = RecurrentConfig(
            cell=self.cell,
            units=check_units("units", [self.units] if isinstance(self.units, int) else self.units),
            length=window_over(delays.lags, delays.exog_lags, self.window, panel, LEAST_WINDOW),
            **delays._asdict(),
            linear=self.linear,
            bidirectional=self.bidirectional,
            pooling=self.pooling,
            layer_norm=self.layer_norm,
            zoneout=self.zoneout,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            truncate=check_truncate(self.truncate),
            horizon=self.horizon if self.strategy == "direct" else 1,
            **self._common(panel),
        )
        return replace(config, dtype="float32") if config.noisy else config  # Adam trains it

    def _check_options(self) -> None:
        super()._check_options()
        check_strategy(self.strategy, self.horizon, self.training)
