"""NARX: one step ahead from lagged targets and inputs, a linear path beside a multilayer perceptron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import keras

from forecast._checks import check_count, explain
from forecast.layers.narx import lagged, narx_outputs
from forecast.networks.config import NetworkConfig, check_columns, measured, window_network
from forecast.networks.roles import Role, numbered


@dataclass(frozen=True, kw_only=True)
class NARXConfig(NetworkConfig):
    """What a NARX network is made of; see `narx` for the equation.

    Args:
        lags: delays of the targets, each at least 1; may be empty when there are exogenous lags.
        exog_lags: delays of the exogenous columns, each at least 0; empty when E = 0.
        hidden: units of each hidden layer; () for a purely linear model.
        activation: Keras name of the activation of the hidden layers.
        linear: whether there is a linear path beside the hidden layers.
        targets, exog, embedded, exog_kept, window_norm, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import NARXConfig
        >>> NARXConfig(exog=1, lags=(1, 12), exog_lags=(0, 1)).window
        12
        >>> NARXConfig.from_dict(NARXConfig(hidden=(4, 2)).to_dict()).hidden
        (4, 2)
    """

    lags: tuple[int, ...] = (1,)
    exog_lags: tuple[int, ...] = ()
    hidden: tuple[int, ...] = (8,)
    activation: str = "tanh"
    linear: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_columns(self.targets, self.exog, self.lags, self.exog_lags)
        for units in self.hidden:
            check_count("hidden", units)
        if self.embedded and not self.hidden:
            allowed, remedy = "at least one layer, to read the learned vectors", "Pass hidden=(8,)"
            raise ValueError(explain("hidden", allowed, self.hidden, remedy))

    @property
    def autoregressive(self) -> bool:
        """Whether there is a linear path."""
        return self.linear or not self.hidden

    @property
    def delays(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(lags, exog_lags, exog_kept) of the network."""
        return self.lags, self.exog_lags, self.exog_kept

    @property
    def compact(self) -> tuple[Self, tuple[int, ...]] | None:
        """The network on only the rows at its lags, unless the mean of the window scales it."""
        if self.window_norm:
            return None
        rows = tuple(sorted({0, *(lag - 1 for lag in self.lags), *self.exog_lags}))
        lags = tuple(rows.index(lag - 1) + 1 for lag in self.lags)
        return replace(self, lags=lags, exog_lags=tuple(map(rows.index, self.exog_lags))), rows

    @property
    def only_linear(self) -> bool:
        """Whether there is no hidden layer."""
        return not self.hidden

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return max(max(self.lags, default=1), max(self.exog_lags, default=0) + 1)

    @property
    def roles(self) -> Mapping[str, Role]:
        """The layers of the network with a role in training, by name."""
        return {**super().roles, **numbered("hidden", len(self.hidden))}

    def build(self) -> keras.Model:
        """See `narx`."""
        return narx(self)


def narx(config: NARXConfig) -> keras.Model:
    """The one-step NARX network, not compiled: paired window (B, L, O+E) -> (B, 1, O).

    Equation:
        y_t = A u_t + C phi(B u_t + b) + c
        u_t = [y_{t-l_1}, ..., y_{t-l_n}, x_{t-k_1}, ..., x_{t-k_m}]

    Symbols:
        l_1, ..., l_n: `config.lags`; k_1, ..., k_m: `config.exog_lags`.
        u_t: lag by lag; the O targets of l_1, then of l_2, ..., then the E columns of k_1, then of k_2, ...;
            with `config.exog_kept`, only the latter at these positions.
        A: kernel of the layer "linear", when `config.linear`.
        B, b: the layers "hidden_1", "hidden_2", ... with phi = `config.activation`.
        C, c: kernel and bias of the layer "output"; C starts at zero: the network starts at its linear path.
        B also has columns for the vectors of `config.embedded`, taken from the row of x_t.
        With hidden=() the network is A u_t + c, both in the layer "linear".
        Row j = 0, ..., L-1 of the window carries (y_{t-L+j}, x_{t-L+j+1}), all that is known when y_t is
            forecast; rows before the start of a short record are zero.
        With `window_norm` all y above are in the normalised units of `ReversibleNormalization`.

    References:
        Narendra, K. S. and Parthasarathy, K. (1990). Identification and control of dynamical systems using
        neural networks. IEEE Transactions on Neural Networks 1(1), 4-27.
        Lin, T., Horne, B. G., Tino, P. and Giles, C. L. (1996). Learning long-term dependencies in NARX
        recurrent neural networks. IEEE Transactions on Neural Networks 7(6), 1329-1338.

    Example:
        >>> from forecast.networks import NARXConfig, narx
        >>> network = narx(NARXConfig(lags=(1, 2, 12), hidden=(4,)))
        >>> network.input_shape, network.output_shape
        ((None, 12, 1), (None, 1, 1))
        >>> network.count_params()             # linear 3, hidden 3 * 4 + 4, output 4 + 1
        24
    """

    def outputs(rows: Any) -> Any:
        plain = measured(rows, config)
        features = lagged(
            plain,
            targets=config.targets,
            lags=config.lags,
            exog_lags=config.exog_lags,
            dtype=config.dtype,
            kept=config.exog_kept,
        )
        return narx_outputs(
            features,
            vectors=rows[:, -1, plain.shape[2] :] if config.embedded else None,
            targets=config.targets,
            hidden=config.hidden,
            activation=config.activation,
            linear=config.linear,
            dtype=config.dtype,
        )

    return window_network(config, outputs, name="narx")
