"""The TDNN estimator: a network with delays in every layer, from the lagged record to the next value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forecast._checks import check_count, explain
from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.options import (
    check_activation,
    check_exog_lags,
    check_listed,
    check_strategy,
    check_units,
    resolve_lags,
)
from forecast.networks import DelayLayer, NARXConfig, NetworkConfig, TDNNConfig
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class TDNN(EmbeddingForecaster):
    """A time-delay network, distributed if it has delays beyond the first layer; one network for all series.

        h^0_s = [y_{s-1}, x_s]
        h^k_s = phi(sum_d W_{k,d} h^{k-1}_{s-d} + b_k),   k = 1, ..., K
        y_t = sum_d C_d h^K_{t-d} + c + a'u_t + noise_t

    d runs over the delays of layer k. Before training C = 0, and the linear path a'u_t over `lags` is the
    least-squares AR solution. Forecasts beyond one step feed the network its own results, in one compiled loop;
    a value fed back stays within the range of the data, widened by what their second half added to that of the
    first (at least a tenth), and with covariates by the whole range.

    Args:
        lags: delays of the first layer and of the linear path: "auto" (those of one linear autoregression of all
            series, at most a third of a typical series, plus the season), an int n for lags 1..n, or a list.
        exog_lags: lags of the covariates in the linear path and in the first layer: "auto" = 0 and k - 1 for each lag
            k of y, and with lags="auto" also those that the data show, dead times included; an int n for 0..n, a
            list, or a dict of these by column.
        hidden: units of each hidden layer, at least one layer.
        delays: largest delay of each hidden layer after the first and of the output layer, `len(hidden)`
            numbers: 0 for none; an int for the same everywhere.
        activation: Keras name of the activation of the hidden layers; a sequence for one per layer, None for
            linear.
        linear: whether there is a linear path beside the layers.
        feedback: whether past targets are inputs; False gives a finite impulse response model of the
            covariates alone (MATLAB's timedelaynet), for example for a Wiener-Hammerstein system.

        strategy: "recursive" forecasts one step at a time, fed back; "direct" all `horizon` steps in one output,
            longer horizons in blocks, each step from covariates up to its own time.

    References:
        Waibel, A., Hanazawa, T., Hinton, G., Shikano, K. and Lang, K. (1989). Phoneme recognition using
        time-delay neural networks. IEEE Transactions on Acoustics, Speech, and Signal Processing 37(3),
        328-339.
        Wan, E. A. (1994). Time series prediction by using a connectionist network with internal delay lines.
        In Weigend, A. S. and Gershenfeld, N. A. (eds), Time Series Prediction, Addison-Wesley, 195-217.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(60) * 0.7)
        >>> model = TDNN(lags=4, hidden=(4,), delays=2, random_state=0).fit(y)
        >>> bool(np.abs(model.predict(5) - np.sin(np.arange(60, 65) * 0.7)).max() < 0.05)
        True
    """

    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | dict[Any, int | Sequence[int]] | str = "auto"
    hidden: Sequence[int] = (8,)
    delays: int | Sequence[int] = 0
    activation: str | None | Sequence[str | None] = "tanh"
    linear: bool = True
    feedback: bool = True
    strategy: str = "recursive"

    _config: ClassVar[type[NetworkConfig]] = TDNNConfig

    def _configure(self, panel: Panel) -> TDNNConfig:
        check_exog_lags(self.exog_lags)
        shared = isinstance(self.exog_lags, str) and not isinstance(self.lags, str)
        lags, exog_lags, kept = resolve_lags(self.lags, 0 if shared else self.exog_lags, panel, self.season)
        if isinstance(self.exog_lags, str):
            exog_lags, kept = tuple(sorted({*exog_lags, *(lag - 1 for lag in lags)})), ()
        exog_lags = exog_lags if panel.n_exog else ()
        first = tuple(sorted({*(lag - 1 for lag in lags), *exog_lags}))
        hidden = check_units("hidden", self.hidden, minimum=1)
        *later, output_delays = [tuple(range(depth + 1)) for depth in self._depths()]
        layers = tuple(map(DelayLayer, hidden, [first, *later], self._activations()))
        return TDNNConfig(
            layers=layers,
            output_delays=output_delays,
            linear=self.linear,
            linear_lags=lags if self.feedback else (),
            linear_exog_lags=exog_lags,
            exog_kept=kept,
            feedback=self.feedback,
            horizon=self.horizon if self.strategy == "direct" else 1,
            **self._common(panel),
        )

    def _check_options(self) -> None:
        super()._check_options()
        check_strategy(self.strategy, self.horizon, self.training)

    @property
    def lags_(self) -> tuple[int, ...]:
        """Lags of the first layer."""
        config = self.config_
        kept = isinstance(config, NARXConfig)
        return config.lags if kept else tuple(delay + 1 for delay in config.layers[0].delays)

    def _depths(self) -> list[int]:
        depths = self._each("delays", self.delays, isinstance(self.delays, int))
        return [check_count("delays", depth, minimum=0) for depth in depths]

    def _activations(self) -> list[str | None]:
        single = self.activation is None or isinstance(self.activation, str)
        return [check_activation(each) for each in self._each("activation", self.activation, single)]

    def _each(self, name: str, value: Any, single: bool) -> list[Any]:
        """A value for each hidden layer, from a single one or one per layer."""
        count = len(self.hidden)
        if single:
            return [value] * count
        allowed = f"one value, or one for each of the {count} hidden layers"
        check_listed(name, value, allowed, f"Pass a single value of {name}")
        if len(value) != count:
            raise ValueError(
                explain(name, allowed, tuple(value), "Pass a single one for the same everywhere")
            )
        return list(value)
