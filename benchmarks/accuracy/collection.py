"""Real series that come with sktime, statsmodels, vega_datasets and pmdarima.

Monthly to half-hourly, 36 to 8,759 rows; with and without trend, season and noise.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

N_ORIGINS = 4
HORIZONS = {"Y": 6, "Q": 8, "M": 12, "W": 13, "D": 14, "h": 48, "30min": 48}
SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "D": 7, "h": 24, "30min": 48}


@dataclass(frozen=True)
class Series:
    """A series with its name and frequency."""

    name: str
    freq: str
    y: pd.Series

    @property
    def horizon(self):
        """Steps to forecast."""
        return HORIZONS[self.freq]

    @property
    def season(self):
        """Rows of a season, by the frequency alone."""
        return SEASONS[self.freq]

    def splits(self):
        """Yield training rows and the `horizon` rows after them, for each origin."""
        most = (len(self.y) - 2 * self.season) // self.horizon
        for back in range(min(N_ORIGINS, most), 0, -1):
            end = len(self.y) - back * self.horizon
            yield self.y.iloc[:end], self.y.iloc[end : end + self.horizon]

    def scale(self, train):
        """Denominator of MASE: the mean seasonal step of the training rows."""
        values = train.to_numpy()
        m = self.season if len(values) > 2 * self.season else 1
        return np.abs(values[m:] - values[:-m]).mean()


def load():
    """Load all series.

    Returns
    -------
    list of Series
    """
    return [*_from_pmdarima(), *_from_sktime(), *_from_statsmodels(), *_from_vega()]


def _series(name, freq, start, values):
    values = np.asarray(values, dtype=float)
    index = pd.period_range(start, periods=len(values), freq=freq)
    return Series(name, freq, pd.Series(values, index=index, name=name))


def _from_pmdarima():
    from pmdarima import datasets

    for name, freq, start in [
        ("airpassengers", "M", "1949-01"),
        ("ausbeer", "Q", "1956Q1"),
        ("austres", "Q", "1971Q2"),
        ("lynx", "Y", "1821"),
        ("sunspots", "M", "1749-01"),
        ("taylor", "30min", "2000-06-05 00:00"),
        ("wineind", "M", "1980-01"),
        ("woolyrnq", "Q", "1965Q1"),
    ]:
        values = getattr(datasets, f"load_{name}")()
        yield _series(name, freq, start, values[np.isfinite(values)])
    yield _series("msft", "D", "1986-03-13", datasets.load_msft()["Close"].iloc[-2000:])


def _from_sktime():
    from sktime.datasets import load_macroeconomic, load_PBS_dataset, load_shampoo_sales

    yield _series("shampoo", "M", "1991-01", load_shampoo_sales())
    yield _series("pbs", "M", "1991-07", load_PBS_dataset())
    economy = load_macroeconomic()
    for name in ("realgdp", "infl", "unemp"):
        yield _series(name, "Q", "1959Q1", economy[name])


def _from_statsmodels():
    from statsmodels.datasets import co2, elnino, nile, sunspots

    weekly = co2.load_pandas().data["co2"].interpolate()
    yield _series("co2 weekly", "W", weekly.index[0], weekly)
    monthly = weekly.resample("MS").mean()
    yield _series("co2 monthly", "M", monthly.index[0], monthly)
    months = elnino.load_pandas().data.set_index("YEAR").to_numpy().ravel()
    yield _series("elnino", "M", "1950-01", months)
    yield _series("nile", "Y", "1871", nile.load_pandas().data["volume"])
    yearly = sunspots.load_pandas().data["SUNACTIVITY"]
    yield _series("sunspots yearly", "Y", "1700", yearly)


def _from_vega():
    from vega_datasets import local_data

    seattle = local_data.seattle_weather()
    for name in ("temp_max", "precipitation", "wind"):
        yield _series(f"seattle {name}", "D", "2012-01-01", seattle[name])
    for city, load_city in [
        ("seattle", local_data.seattle_temps),
        ("sf", local_data.sf_temps),
    ]:
        hourly = load_city()["temp"]
        yield _series(f"{city} hourly", "h", "2010-01-01 00:00", hourly)
    jobs = local_data.us_employment()
    for name in ("construction", "government"):
        yield _series(f"jobs {name}", "M", jobs["month"].iloc[0], jobs[name])
