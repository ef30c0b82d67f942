"""What a forecaster says about the distribution of the values to come: intervals, quantiles and sample paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast._checks import check_count, check_seed
from forecast.estimators import conformal
from forecast.panel import Panel, Request


class Distribution:
    """Answers from errors of held-out forecasts, or from quantiles that a family forecasts itself."""

    if TYPE_CHECKING:
        panel_: Panel
        _in_levels: Any  # the hooks below, of a model of differences from its errors in levels
        _request: Callable[[Any], Request]
        _values: Callable[[Panel, Request], np.ndarray]
        _points: Callable[[Request, np.ndarray], np.ndarray]
        _outward: Callable[[Panel, np.ndarray, np.ndarray], np.ndarray]

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Levels of the quantiles that the model itself forecasts, in ascending order; none for most."""
        return ()

    def _forecast_quantiles(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        """Quantiles (S, H, O, Q) at the levels `quantiles`, as in `_forecast`."""
        raise NotImplementedError

    def _quantiles(self, request: Request, shares: Sequence[float], center: np.ndarray) -> np.ndarray:
        """Quantiles (R, O, shares) around the forecasts `center` (R, O), from errors of held-out forecasts."""
        return conformal.quantiles(self, request, shares, center)

    def _paths(
        self, request: Request, count: int, rng: np.random.Generator, center: np.ndarray
    ) -> np.ndarray:
        """Sample paths (R, O, count) around the forecasts `center` (R, O), from errors of held-out forecasts."""
        return conformal.sample_paths(self, request, count, rng, center)

    def predict_interval(self, X: Any = None, level: float | Iterable[float] = (80, 95)) -> Any:
        """Forecasts with split-conformal intervals (see `forecast.estimators.conformal`).

        Args:
            X: as in `predict`.
            level: nominal coverage of each interval in percent, between 0 and 100.

        Returns:
            A frame with the columns `<Name>`, `<Name>-lo-80`, `<Name>-hi-80`, ...; with several targets
            `<Name>-<target>` and so on. The bounds of level 80 are the quantiles 0.1 and 0.9, or the forecast
            itself where that lies beyond one of them.

        Raises:
            ValueError, TypeError: as `predict`, a level out of range, or a history too short to hold rows out.
        """
        levels = conformal.check_levels(level)
        request = self._request(X)
        center = self._values(self.panel_, request)  # (R, O)
        shares = [side for p in levels for side in ((100 - p) / 200, (100 + p) / 200)]
        bounds = self._in_levels._quantiles(request, shares, center)  # (R, O, 2 * levels)
        bounds[..., ::2] = np.minimum(bounds[..., ::2], center[..., None])
        bounds[..., 1::2] = np.maximum(bounds[..., 1::2], center[..., None])
        point, bounds = self._points(request, center), self._outward(self.panel_, request.series, bounds)
        columns = conformal.column_names(self._output_names(), levels)
        return self._framed(request, np.concatenate([point[..., None], bounds], axis=-1), columns)

    def predict_quantiles(self, X: Any = None, quantiles: float | Iterable[float] = (0.1, 0.5, 0.9)) -> Any:
        """Quantiles of the next values, from the same calibrated errors as `predict_interval`; they never cross.

        Args:
            X: as in `predict`.
            quantiles: levels, the probabilities that a value lies below, each above 0 and below 1.

        Returns:
            A frame with the columns `<Name>-q0.1`, `<Name>-q0.5`, ...; with several targets `<Name>-<target>-q0.1`.

        Raises:
            ValueError, TypeError: as `predict`, a quantile out of range, or a history too short to hold rows out.
        """
        shares = conformal.check_shares(quantiles)
        request = self._request(X)
        values = self._in_levels._quantiles(request, shares, self._values(self.panel_, request))
        values = self._outward(self.panel_, request.series, values)
        return self._framed(
            request, values, [f"{n}-q{share:g}" for n in self._output_names() for share in shares]
        )

    def sample(self, X: Any = None, n: int = 100, random_state: int | None = None) -> Any:
        """Sample paths: the forecast plus error paths of held-out forecasts, so steps and targets stay dependent.

        Args:
            X: as in `predict`.
            n: number of paths.
            random_state: seed of the draw; each series draws for itself.

        Returns:
            A frame with the columns `<Name>-sample-1` to `<Name>-sample-<n>`, one per path; with several targets
            `<Name>-<target>-sample-1` and so on.

        Raises:
            ValueError, TypeError: as `predict`, `n` below 1, or a history too short for that many steps.
        """
        check_count("n", n)
        check_seed(random_state)
        request = self._request(X)
        rng = np.random.default_rng(random_state)
        values = self._in_levels._paths(request, n, rng, self._values(self.panel_, request))
        values = self._outward(self.panel_, request.series, values)
        return self._framed(
            request, values, [f"{k}-sample-{i}" for k in self._output_names() for i in range(1, n + 1)]
        )

    def _framed(self, request: Request, values: np.ndarray, columns: list[str]) -> Any:
        """Values (R, O, K) as a frame of O * K columns on the requested rows."""
        return request.restore(values.reshape(len(values), -1), columns=columns, name=type(self).__name__)

    def _output_names(self) -> list[str]:
        name, targets = type(self).__name__, self.panel_.layout.target_names
        return [name] if len(targets) == 1 else [f"{name}-{target}" for target in targets]
