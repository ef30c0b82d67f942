"""The NARX estimator: a nonlinear autoregression with exogenous inputs, started at the linear one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.options import check_activation, check_units, resolve_lags
from forecast.networks import NARXConfig, NetworkConfig
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class NARX(EmbeddingForecaster):
    """A nonlinear autoregression with exogenous inputs, one network for all series.

        y_t = a'u_t + C tanh(B u_t + b) + c + noise_t,   u_t = [y_{t-k}, k in lags; x_{t-l}, l in exog_lags]

    Before training C = 0, and a, the path of `linear`, is the least-squares AR/ARX solution; B, b are the
    `hidden` layers with `activation`. Forecasts beyond one step feed the network its own results, in one
    compiled loop; a value fed back stays within the range of the data, widened by what their second half added
    to that of the first (at least a tenth), and with covariates by the whole range.

    Args:
        lags: "auto" (those of one linear autoregression of all series, at most a third of a typical
            series, plus the season), an int n for lags 1..n, or a list of lags.
        exog_lags: lags of the covariates; "auto" = those that the data show, dead times included, else 0, the
            current value; an int n for 0..n, a list, or a dict of these by column.
        hidden: units of each hidden layer; () leaves the linear AR/ARX model.
        activation: Keras name of the activation of the hidden layers, None for linear.
        linear: whether there is a linear path beside the hidden layers.

    References:
        Leontaritis, I. J. and Billings, S. A. (1985). Input-output parametric models for non-linear systems.
        International Journal of Control 41(2), 303-344.
        Lin, T., Horne, B. G., Tino, P. and Giles, C. L. (1996). Learning long-term dependencies in NARX
        recurrent neural networks. IEEE Transactions on Neural Networks 7(6), 1329-1338.

    Example:
        >>> import numpy as np
        >>> y = [0.3]
        >>> for _ in range(99):
        ...     y.append(3.8 * y[-1] * (1 - y[-1]))                       # the logistic map
        >>> model = NARX(lags=1, hidden=(4,), random_state=0).fit(np.array(y))
        >>> bool(abs(model.predict(1)[0] - 3.8 * y[-1] * (1 - y[-1])) < 1e-2)
        True
    """

    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | dict[Any, int | Sequence[int]] | str = "auto"
    hidden: Sequence[int] = (8,)
    activation: str | None = "tanh"
    linear: bool = True

    _config: ClassVar[type[NetworkConfig]] = NARXConfig

    def _configure(self, panel: Panel) -> NARXConfig:
        return NARXConfig(
            **resolve_lags(self.lags, self.exog_lags, panel, self.season)._asdict(),
            hidden=check_units("hidden", self.hidden),
            activation=check_activation(self.activation) or "linear",
            linear=self.linear,
            **self._common(panel),
        )
