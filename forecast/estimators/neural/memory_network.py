"""The MemoryNetwork estimator: a neural Turing machine reads the past, beside a linear autoregression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.options import resolve_lags, window_over
from forecast.networks import MemoryConfig, NetworkConfig
from forecast.panel import Panel

LEAST_WINDOW = 12


@dataclass(kw_only=True, eq=False, repr=False)
class MemoryNetwork(EmbeddingForecaster):
    """A network with an external memory over the last `window` rows; one network for all series.

        [h_s, r_s] = cell([y_{s-1}, x_s]; memory),   s = t-window+1, ..., t
        y_t = a'u_t + C [h_t, r_t] + c + noise_t

    At every row the cell's controller moves its heads, writes to a memory of `slots` rows and reads from it
    (`forecast.layers.MemoryCell`). Before training C = 0, and a, the linear path over `lags` and `exog_lags`, is
    the least-squares AR/ARX solution. Forecasts beyond one step feed the network its own results, in one
    compiled loop.

    Args:
        window: rows that the network reads before each forecast; "auto" = the longest lag, and at least 12 or
            a third of a typical series if that is less.
        units: units of the controller.
        slots: rows of the memory, at least 3.
        width: numbers per row of the memory.
        read_heads: heads that read the memory.
        controller: "gru", "lstm" or "dense", a layer without a state.
        lags: of the linear path: "auto" (those of one linear autoregression of all series, plus the
            season), an int n for lags 1..n, or a list of lags.
        exog_lags: of the covariates in it; "auto" = those that the data show, else 0; an int n for 0..n, a
            list, or a dict of these by column.
        linear: whether there is a linear path.

    References:
        Graves, A., Wayne, G. and Danihelka, I. (2014). Neural Turing machines. arXiv:1410.5401.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(60) * 0.7)
        >>> model = MemoryNetwork(lags=2, window=6, units=3, slots=4, width=2, epochs=5, random_state=0).fit(y)
        >>> bool(np.abs(model.predict(5) - np.sin(np.arange(60, 65) * 0.7)).max() < 0.05)
        True
    """

    window: int | str = "auto"
    units: int = 8
    slots: int = 8
    width: int = 4
    read_heads: int = 1
    controller: str = "gru"
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | dict[Any, int | Sequence[int]] | str = "auto"
    linear: bool = True

    _config: ClassVar[type[NetworkConfig]] = MemoryConfig

    def _configure(self, panel: Panel) -> MemoryConfig:
        delays = resolve_lags(self.lags, self.exog_lags, panel, self.season)
        return MemoryConfig(
            length=window_over(delays.lags, delays.exog_lags, self.window, panel, LEAST_WINDOW),
            units=self.units,
            slots=self.slots,
            width=self.width,
            read_heads=self.read_heads,
            controller=self.controller,
            linear=self.linear,
            **delays._asdict(),
            **self._common(panel),
        )
