"""Levels of windows, and the naive forecasts that a network corrects.

A new level is a function here and an entry in `LEVELS`.
"""

import torch


def last(window, horizon, season_length):
    """The last row; the naive forecast repeats it."""
    level = window[:, -1:]
    return level, level.expand(-1, horizon, -1)


def mean(window, horizon, season_length):
    """The mean of the window; the naive forecast repeats it."""
    level = window.mean(dim=1, keepdim=True)
    return level, level.expand(-1, horizon, -1)


def season(window, horizon, season_length):
    """The mean of the last season; the naive forecast repeats that season."""
    latest = window[:, -season_length:]
    steps = torch.arange(horizon, device=window.device) % season_length
    return latest.mean(dim=1, keepdim=True), latest[:, steps]


LEVELS = {"last": last, "mean": mean, "season": season}

# Another level than the usual one is taken if its naive forecast is better by this
# share of the error, in both halves of the latest share of the windows, if those are
# enough to tell.
MARGIN = 0.1
LATEST = 0.4
ENOUGH_WINDOWS = 24


def best_level(window, block, season_length, one_series):
    """Choose the level whose naive forecast suits the latest windows best.

    The usual level is that of the last season if there is a season, else the last
    row. The alternatives are the last row, the mean of the window and, for windows of
    one series, None, for which the mean of all earlier rows is the forecast.

    Parameters
    ----------
    window : Tensor of shape (B, window_length, n_series)
        In the order of time.
    block : Tensor of shape (B, horizon, n_series)
        The rows that follow each window. NaN does not count.
    season_length : int
        1 if there is no season.
    one_series : bool
        Whether all windows belong to one series.

    Returns
    -------
    {"last", "mean", "season"} or None
    """
    usual = "season" if season_length > 1 else "last"
    if len(window) < ENOUGH_WINDOWS:
        return usual
    first = int(len(window) * (1 - LATEST))
    latest, truth = window[first:], block[first:]
    errors = {
        name: truth - LEVELS[name](latest, truth.shape[1], season_length)[1]
        for name in dict.fromkeys([usual, "last", "mean"])
    }
    if one_series:
        errors[None] = truth - block[:first].nanmean(dim=(0, 1))
    sizes = {  # of the errors, in both halves
        name: torch.stack([half.abs().nanmean() for half in error.chunk(2)])
        for name, error in errors.items()
    }
    limit = (1 - MARGIN) * sizes[usual]
    better = [name for name, size in sizes.items() if (size < limit).all()]
    return min(better, key=lambda name: sizes[name].sum(), default=usual)
