"""Models are kept by mlflow in its own way."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gru import GRUForecaster, trusted_types

mlflow = pytest.importorskip("mlflow")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SERIES = np.sin(np.arange(120) / 5)[:, None] + [[3.0, 5.0]]


def test_a_pipeline_comes_back_from_mlflow_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    forecaster = GRUForecaster(units=4, max_epochs=2, random_state=0)
    model = make_pipeline(StandardScaler(), forecaster).fit(SERIES, SERIES)
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(
            model, name="model", skops_trusted_types=trusted_types()
        )
    kept = mlflow.sklearn.load_model(info.model_uri)
    np.testing.assert_array_equal(kept.predict(SERIES), model.predict(SERIES))
    np.testing.assert_array_equal(
        kept.predict(SERIES, steps=9), model.predict(SERIES, steps=9)
    )
