"""What is used of sktime though it is not public; hooks stand in the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sktime.datatypes._dtypekind import DtypeKind

if TYPE_CHECKING:
    import pandas as pd
    from sktime.forecasting.base import BaseForecaster

__all__ = ["DtypeKind", "column_names", "set_cutoff"]


def set_cutoff(forecaster: BaseForecaster, cutoff: pd.Index) -> None:
    """Set up to where a forecaster knows its series: an index of one label."""
    forecaster._cutoff = cutoff


def column_names(forecaster: BaseForecaster) -> pd.Index:
    """Return the names by which sktime labels the columns of forecasts."""
    return forecaster._get_varnames()
