"""What the columns of X are to a forecaster: categories, known up to now alone, features of the calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from forecast.estimators import validation
from forecast.estimators.documentation import Documented
from forecast.panel import Coding, Panel
from forecast.panel.calendar import calendar_frame, check_calendar
from forecast.panel.categories import Levels
from forecast.panel.long import STANDARD, Names
from forecast.panel.past_covariates import columns_named, projected


@dataclass(kw_only=True, eq=False, repr=False)
class CovariateRoles(Documented):
    """The roles of covariates, which the families of forecasters do not see.

    Args:
        categories: columns of X that hold categories beside those of text and of pandas categories, as a list. A model
            sees a column with K + 1 categories as K columns of 0 and 1 (`forecast.panel.categories`); a category that
            was not seen in `fit` counts as the first one, with a warning.
        calendar: covariates computed from the timestamps, past and future: a list of "minute", "hour", "weekday",
            "weekend", "day", "month", "quarter", of "holiday:AU" or "holiday:AU-VIC" (public holidays of a country or
            of its part on the local day, by the package holidays), and of pairs (steps of a season, harmonics) for
            Fourier terms; "auto" = hour, weekday and month, where they change and the history has two cycles;
            None = none.
        past: columns of X that are known up to now alone, such as measured weather. They are never asked for: in the
            steps ahead stand their last season and what is left of its last change (`forecast.panel.past_covariates`).
        static: columns of X that hold one value for each series, such as the size of a shop; never asked for again.
            Those in a frame of their own are joined first: long.merge(shops, on="unique_id").
    """

    uses_covariates: ClassVar[bool] = True
    """False when forecasts do not depend on the covariates, which are then not asked for."""

    categories: Any = None
    calendar: Any = None
    past: Any = None
    static: Any = None

    panel_: Panel = field(init=False)

    def calendar_frame(self, index: pd.Index) -> pd.DataFrame:
        """The columns that `calendar` adds to the covariates, at the timestamps of an index; none without a calendar.

        Nobody has to give them to this model; a file that `export` wrote takes them like any covariate.

        Args:
            index: timestamps of the kind and the frequency of the history, in the past or in the future.

        Raises:
            TypeError, ValueError: another kind of index, or timestamps between the steps of the history.

        Example:
            >>> import numpy as np
            >>> from forecast import AR
            >>> y = pd.Series(np.arange(40.0), pd.period_range("2020-01", periods=40, freq="M"))
            >>> AR(lags=1, calendar=["quarter"]).fit(y).calendar_frame(pd.period_range("2023-03", periods=2, freq="M"))
                     quarter=2  quarter=3  quarter=4
            2023-03        0.0        0.0        0.0
            2023-04        1.0        0.0        0.0
        """
        check_is_fitted(self, "panel_")
        return calendar_frame(self.panel_, index)

    def _check_roles(self) -> None:
        """Refuse options that name no columns and no features."""
        validation.check_names("categories", self.categories)
        validation.check_names("past", self.past)
        validation.check_names("static", self.static)
        if self.calendar is not None:
            check_calendar(self.calendar)

    def _check_columns(self, panel: Panel) -> None:
        """Refuse names in `past` and `static` that are no covariates, and static columns that change."""
        if self.past:
            columns_named("past", panel, self.past)
        if self.static:
            validation.check_static(panel, columns_named("static", panel, self.static))

    def _indicated(self) -> list[Any]:
        """Columns named as categories that the model sees as indicators."""
        return list(self.categories or ())

    def _coding(self, like: Panel | None, names: Names = STANDARD) -> Coding:
        """How data are read: as those of a history, or in `fit`, where a long frame has these names."""
        if like is not None:
            return Coding.of(like.layout)
        calendar = self.calendar if self.uses_covariates else None
        return Coding(self._indicated(), calendar=calendar, names=names)

    def _first_lags(self) -> np.ndarray:
        """Lag (E,) from which a fitted model reads each covariate, infinite where it does not."""
        return np.full(self.panel_.n_exog, 0.0 if self.uses_covariates else np.inf)

    def _asked_lags(self) -> np.ndarray:
        """Lag (E,) from which the user is asked for each covariate, infinite where it is past or static."""
        lags = self._first_lags()
        for option, names in (("past", self.past), ("static", self.static)):
            if names:
                lags = np.where(columns_named(option, self.panel_, names), np.inf, lags)
        return lags

    def _codes(self) -> Levels:
        """The categories of the columns in whose place a model sees their numbers."""
        return {}

    def _without_hindsight(self, panel: Panel, future_x: np.ndarray) -> np.ndarray:
        """Covariates (S, H, E) of the steps ahead, as they are known at the end of `panel`."""
        if not self.past:
            return future_x
        columns, known = columns_named("past", panel, self.past), future_x.copy()
        known[..., columns] = projected(panel, columns, future_x.shape[1])
        return known
