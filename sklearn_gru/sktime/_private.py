"""What is used of sktime though it is not public; hooks stand in the classes."""

from sktime.datatypes._dtypekind import DtypeKind

__all__ = ["DtypeKind", "column_names", "set_cutoff"]


def set_cutoff(forecaster, cutoff):
    """Set up to where a forecaster knows its series: an index of one label."""
    forecaster._cutoff = cutoff


def column_names(forecaster):
    """Return the names by which sktime labels the columns of forecasts."""
    return forecaster._get_varnames()
