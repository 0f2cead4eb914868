"""Small tables and fits that the tests of all displays share."""

import numpy as np
import pandas as pd
import pytest

from sklearn_gru import GRUForecaster

INDEX = pd.date_range("2020-01-01", periods=80, freq="D")


@pytest.fixture(scope="session")
def table():
    waves = np.sin(np.arange(80) / 3)
    return pd.DataFrame({"a": waves, "b": np.arange(80.0)}, index=INDEX)


@pytest.fixture(scope="session")
def model(table):
    return GRUForecaster(8, 4, max_epochs=2, random_state=0).fit(table[:60])


@pytest.fixture(scope="session")
def calibrated(table):
    forecaster = GRUForecaster(
        8, 4, max_epochs=2, calibration_fraction=0.4, random_state=0
    )
    return forecaster.fit(table[["a"]])
