"""Small series for examples and tests, made or bundled: nothing is downloaded."""

import numpy as np
import pandas as pd


def load_temperature():
    """Make the 8,000 daily temperatures of a well-known GRU tutorial.

    They are white noise, ``25 + 5 * RandomState(42).randn(8000)``: no model can
    forecast them better than by their mean, whose squared error is the noise's
    variance (0.0175 in MinMax units).

    Returns
    -------
    pandas.DataFrame of shape (8000, 1)
        Column "temperature" in °C, with a daily DatetimeIndex from 2000-01-01.

    Examples
    --------
    >>> load_temperature()["temperature"].head(3).round(6).tolist()
    [27.483571, 24.308678, 28.238443]
    """
    noise = np.random.RandomState(42).randn(8000)
    days = pd.date_range("2000-01-01", periods=len(noise), freq="D", name="date")
    return pd.DataFrame({"temperature": 25 + 5 * noise}, index=days)


def make_sine(n_rows=1000, period=50.0, noise=0.0, random_state=None):
    """Make a sine wave.

    Parameters
    ----------
    n_rows : int, default=1000
    period : float, default=50.0
        Rows in a full turn.
    noise : float, default=0.0
        Standard deviation of normal noise added to the wave.
    random_state : int or None, default=None
        Seeds the noise.

    Returns
    -------
    ndarray of shape (n_rows, 1), float64

    Examples
    --------
    >>> make_sine(4, period=4).round(6).ravel()
    array([ 0.,  1.,  0., -1.])
    """
    wave = np.sin(2 * np.pi * np.arange(n_rows) / period)
    noise = noise * np.random.default_rng(random_state).normal(size=n_rows)
    return (wave + noise)[:, None]
