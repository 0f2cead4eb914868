"""Both faces make the same forecasts from what is known of the future."""

import numpy as np
import pandas as pd
import pytest

from sklearn_gru import GRUForecaster
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

N, N_AHEAD = 90, 14
INDEX = pd.period_range("2015-01", periods=N + N_AHEAD, freq="M")
RNG = np.random.default_rng(0)
KNOWN = pd.DataFrame(RNG.normal(size=(N + N_AHEAD, 2)), INDEX, ["p", "q"])
LEVELS = RNG.normal(size=(N + N_AHEAD, 2)).cumsum(axis=0)
SERIES = pd.DataFrame(20 + LEVELS + 3 * KNOWN[["p"]].to_numpy(), INDEX, ["a", "b"])
# Columns in an order in which none stands where it would without the others.
TABLE = pd.concat([KNOWN[["p"]], SERIES[["a"]], KNOWN[["q"]], SERIES[["b"]]], axis=1)


def with_future(n_known):
    """Forget what is not known after that many rows."""
    table = TABLE.copy()
    table.iloc[n_known:, [1, 3]] = np.nan
    return table


@pytest.mark.parametrize(
    "settings",
    [
        {"horizon": 1},
        {"horizon": 4, "center": None},
        {"horizon": 3, "channels": "independent", "center": "mean"},
        {"horizon": 2, "segment_length": 3, "cell": "lstm", "units": (4, 3)},
        {"horizon": 1, "standardize": False},
    ],
)
def test_same_forecasts_as_with_exogenous_x(settings):
    settings = {
        "window_length": 6,
        "units": 5,
        "max_epochs": 4,
        "dtype": "float64",
        "random_state": 3,
        **settings,
    }
    mine = GRUForecaster(**settings, known_columns=["q", "p"])
    mine.fit(TABLE[:N], SERIES[:N])
    theirs = SktimeForecaster(**settings).fit(SERIES[:N], KNOWN[:N])
    np.testing.assert_allclose(
        mine.predict(with_future(N), steps=N_AHEAD),
        theirs.predict(range(1, N_AHEAD + 1), KNOWN[N:]),
        rtol=1e-9,
    )
    in_sample = theirs.predict(range(-N + 1, 1), KNOWN[:N])
    np.testing.assert_allclose(mine.predict(TABLE[:N]), in_sample, rtol=1e-9)
    mine.partial_fit(TABLE[N : N + 8], SERIES[N : N + 8])
    theirs.update(SERIES[N : N + 8], KNOWN[N : N + 8])
    np.testing.assert_allclose(
        mine.predict(with_future(N + 8), steps=6),
        theirs.predict(range(1, 7), KNOWN[N + 8 :]),
        rtol=1e-9,
    )
