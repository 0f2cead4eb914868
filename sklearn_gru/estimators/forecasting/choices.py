"""What "auto" means for a series or a panel, decided from training rows alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators.forecasting.season import find_season

if TYPE_CHECKING:
    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.history import Rows

# Rows of a window: without a season, in short series and in long ones; with one, whole
# seasons, as many as fit several times into the series, within these limits.
SHORT_WINDOW, LONG_WINDOW, LONG_SERIES = 24, 52, 1000
FEWEST_SEASONS, MOST_SEASONS, TIMES = 2, 7, 6
# Solving the linear path takes the cube of the window's length in time.
MOST_LINEAR_ROWS = 1024


@dataclass(frozen=True)
class Choices:
    """Settings with every "auto" replaced.

    Parameters
    ----------
    window_length : int
    segment_length : int
    season_length : int
        1 if there is no season.
    scale : {"series", "window"}
    transform : {"log"} or None
    linear_path : bool
    """

    window_length: int
    segment_length: int
    season_length: int
    scale: str
    transform: str | None
    linear_path: bool

    @classmethod
    def of(
        cls, settings: GRUForecaster, panel: list[Rows], usual_season: int | None = None
    ) -> Choices:
        """Choose for a series, a panel of one, or for several.

        Parameters
        ----------
        settings : GRUForecaster
        panel : list of Rows
        usual_season : int, default=None
            Rows of the season that the index of the rows suggests, 1 for none; None if
            the index says nothing.

        Returns
        -------
        Choices

        Raises
        ------
        ValueError
            If settings contradict one another.
        """
        _require_one_kind_of_interval(settings)
        series = [rows.values for rows in panel]
        season = chosen_season(settings, panel, usual_season)
        lengths = [len(rows) for rows in series]
        window, segment = _window(settings, min(lengths), season)
        _warn_of_a_short_series(settings, lengths, window, season)
        if season > window:
            _require_no_season(settings, window, season)
            _warn_of_a_long_season(settings, window, season)
            season = 1
        return cls(
            window,
            segment,
            season,
            "window" if settings.scale == "auto" else settings.scale,
            _transform(settings, series, season),
            settings.linear_path and window <= MOST_LINEAR_ROWS,
        )

    def asked_for(self, settings):
        """Tell what settings ask for, as far as windows of this length allow."""
        asked = {
            "window_length": settings.window_length,
            "segment_length": settings.segment_length,
            "season_length": settings.season_length or 1,
            "scale": settings.scale,
            "transform": settings.target_transform,
            "linear_path": settings.linear_path,
        }
        season, window = asked["season_length"], self.window_length
        if season != "auto" and season > window:
            asked["season_length"] = 1
        if window > MOST_LINEAR_ROWS:
            asked["linear_path"] = False
        return asked


def chosen_season(settings, panel, usual_season=None):
    """Return the rows of a season, 1 if there is none, as `Choices.of` does."""
    season = settings.season_length
    if season == "auto":
        season = find_season([*map(forecast_columns, panel)], usual_season)
    return int(season or 1)  # grids hold NumPy's, which torch's layers refuse


def forecast_columns(rows):
    """Return the columns that are forecast; what stands beside them has no say."""
    return rows.values if rows.targets is None else rows.targets


def _require_one_kind_of_interval(settings):
    if settings.loss == "quantile" and settings.interval_method == "adaptive":
        raise ValueError(
            'loss="quantile" makes intervals of its own, and '
            'interval_method="adaptive" makes others around a point forecast: use '
            'interval_method="split", or another loss.'
        )


def _require_no_season(settings, window, season):
    if settings.center == "season":
        raise ValueError(
            f'center="season" needs a window of a whole season: window_length={window} '
            f"is less than season_length={season}."
        )


def _warn_of_a_long_season(settings, window, season):
    """Warn if a season that was asked for is longer than half the series."""
    if settings.window_length == "auto" and settings.season_length != "auto":
        warnings.warn(
            f"season_length={season} is not used: it needs windows of as many rows, "
            f"and the series is long enough for windows of {window}. Give a longer "
            "series or a shorter season.",
            stacklevel=2,
        )


def _transform(settings, series, season):
    """Choose logarithms for panels of positive series that have a season."""
    if settings.target_transform != "auto":
        return settings.target_transform
    if len(series) == 1 or season == 1:
        return None
    return None if any((rows <= 0).any() for rows in series) else "log"


def _window(settings, n_rows, season):
    """Choose the lengths of windows and segments, in rows."""
    window, segment = settings.window_length, settings.segment_length
    if window == "auto":
        window = _usual_window(n_rows, settings.horizon, season)
        if segment != "auto":
            window = max(window - window % segment, segment)
    if segment == "auto":
        segment = season if window % season == 0 else 1
    if window % segment:
        lower = window - window % segment
        raise ValueError(
            f"window_length={window} is not a multiple of segment_length={segment}: "
            f"use {lower or segment} or {lower + segment}."
        )
    return int(window), int(segment)


def _warn_of_a_short_series(settings, lengths, window, season):
    """Warn if one series gives a whole panel much shorter windows than most have."""
    usual, _ = _window(settings, int(np.median(lengths)), season)
    if 2 * window < usual:
        number = int(np.argmin(lengths))
        warnings.warn(
            f"window_length is {window}, since series {number} of the panel has "
            f"{lengths[number]} rows; for most series it would be {usual}. Leave that "
            "series out, or set window_length.",
            stacklevel=2,
        )


def _usual_window(n_rows, horizon, season):
    most = max(1, (n_rows - horizon + 1) // 2)
    if season == 1:
        return min(SHORT_WINDOW if n_rows < LONG_SERIES else LONG_WINDOW, most)
    n_seasons = n_rows // (TIMES * season)
    n_seasons = int(np.clip(n_seasons, FEWEST_SEASONS, MOST_SEASONS))
    n_seasons = max(n_seasons, -(-SHORT_WINDOW // season))
    n_seasons = min(n_seasons, most // season)
    return n_seasons * season if n_seasons else most
