"""The sequence-to-sequence estimator: an encoder over the history, a decoder over the horizon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from forecast._checks import check_choice, check_horizon, explain
from forecast.estimators.neural.attention import mean_of_members, weights_by_lag
from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.options import Delays, lags_within, resolve_window
from forecast.networks import NARXConfig, NetworkConfig, Seq2SeqConfig, attention_reader
from forecast.panel import Panel
from forecast.training.fit import TEACHER_FORCING
from forecast.training.options import Options
from forecast.training.window_program import WindowProgram
from forecast.windows import history_end


@dataclass(kw_only=True, eq=False, repr=False)
class Seq2Seq(NeuralForecaster):
    """An encoder reads the history, a decoder forecasts the next `horizon` steps; one network for all series.

        m_j, s = encoder of (y_{t-L+j}, x_{t-L+j+1}),   j = 0, ..., L-1
        y_{t+h} = a_h'u + decoder([y_{t+h-1}, x_{t+h}], context of m, s) + noise,   h = 0, ..., H-1

    u is the window and x_{t+1}, ..., x_{t+h}. Before training the linear path a_h is the least-squares solution
    for each step, and the decoder adds nothing. Longer forecasts continue in blocks of H steps.

    Args:
        window: L, rows of history that are read; "auto" is the AR order or the season if longer, at
            most a third of a typical series.
        cell: name of the recurrent cell of encoder and decoder, one of `forecast.layers.CELLS`.
        units: size of its state.
        attention: None, "additive" (Bahdanau et al. 2015) or "multiplicative" (Luong et al. 2015): how every step
            weighs the rows of the window, see `attention_weights`.
        context: "first", the encoder's last state starts the decoder (Sutskever et al. 2014); "every", its last
            row is also an input at every step (Cho et al. 2014).
        decoding: what the decoder reads as y_{t+h-1} in training: "free-run" its own forecast,
            "teacher-forcing" the true value, "scheduled-sampling" the true value at ever fewer steps
            (all, 3/4, 1/2, 1/4, none; Bengio et al. 2015), each for a fifth of the epochs. Validation is
            always free-running.
        linear: whether there is a linear path beside the decoder.
        horizon: H, the steps of the decoder.
        training: "one-step", over all H steps at once.

    References:
        Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to sequence learning with neural networks.
        NeurIPS.
        Bengio, S., Vinyals, O., Jaitly, N. and Shazeer, N. (2015). Scheduled sampling for sequence prediction with
        recurrent neural networks. NeurIPS.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(80) * 0.7)
        >>> model = Seq2Seq(window=6, units=3, horizon=4, epochs=3, random_state=0).fit(y)
        >>> bool(np.abs(model.predict(6) - np.sin(np.arange(80, 86) * 0.7)).max() < 0.05)
        True
    """

    window: int | str = "auto"
    cell: str = "gru"
    units: int = 16
    attention: str | None = None
    context: str = "first"
    decoding: str = "free-run"
    linear: bool = True
    solver: str = "lbfgs"

    _config: ClassVar[type[NetworkConfig]] = Seq2SeqConfig

    def _configure(self, panel: Panel) -> Seq2SeqConfig:
        return Seq2SeqConfig(
            length=resolve_window(self.window, panel, self.season),
            horizon=check_horizon(self.horizon),
            cell=self.cell,
            units=self.units,
            attention=self.attention,
            context=self.context,
            linear=self.linear,
            **self._common(panel),
        )

    def _rival_lags(self, panel: Panel, config: Any) -> Delays:
        return lags_within(config.window, panel, self.season)

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("decoding", self.decoding, TEACHER_FORCING)
        check_choice("training", self.training, ("one-step",))

    def _has_evidence(self, solver: str) -> bool:
        return super()._has_evidence(solver) and self.decoding != "teacher-forcing"

    def _options(self, program: WindowProgram, rows: int) -> Options:
        return replace(super()._options(program, rows), decoding=self.decoding)

    def attention_weights(self, X: Any = None) -> Any:
        """The attention weights of the rows of the history at each step of the forecast, in the form of a forecast.

        Args:
            X: as in `predict`, up to `horizon` steps after the history.

        Returns:
            One row per step, the columns `lag<L>`, ..., `lag1`; a row sums to one. The mean of all members.

        Raises:
            ValueError: the model has no attention, or steps outside of the horizon are asked for.
        """
        request = self._request(X)
        step = request.position - self.panel_.lengths[request.series]
        if isinstance(self.config_, NARXConfig) or self.config_.attention is None:
            raise ValueError(explain("attention", "one to read", None, 'Fit with attention="additive"'))
        if step.min() < 0 or step.max() >= self.config_.horizon:
            allowed = f"at most horizon={self.config_.horizon} steps after the history"
            raise ValueError(
                explain("X", allowed, f"steps {step.min() + 1} to {step.max() + 1}", "Ask for fewer")
            )
        inner, program = self._inner(), self._compiled()
        panel, inputs = inner.panel_, inner._scaled(inner.panel_)
        y, x = (history_end(values, panel, program.window) for values in (inputs.y, inputs.x))
        window = program.window_at(y, x, inputs.future(np.nan_to_num(request.future_x)))
        weights = mean_of_members(self, lambda network: attention_reader(network, panel.n_targets), window)
        return weights_by_lag(self, request, weights)
