"""Models whose files are kept, so that every later version is seen to read them.

``python -m tests.golden.models`` writes those of the present format. Files of a format
that was released are never written again.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)
from sklearn_gru.files import FORMAT_VERSION

FOLDER = Path(__file__).parent
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 6, 2))
SYMBOLS = RNG.integers(0, 5, size=(20, 6))
SERIES = 20 + RNG.normal(size=(60, 2)).cumsum(axis=0)
MONTHS = pd.period_range("2015-01", periods=60, freq="M")
TABLE = pd.DataFrame(SERIES, MONTHS, columns=["a", "b"])
TEXTS = ["to be or not to be", "that is the question"]
QUICK = {"units": 3, "max_epochs": 2, "random_state": 0}
ALONE = {**QUICK, "weights": None}


def models():
    """Return unfitted models by name, each with what it is fitted on."""
    y = X.sum(axis=(1, 2))
    labels = np.where(y > 0, "up", "down")
    return {
        "regressor": (
            GRURegressor(**QUICK, cell="lstm", dropout=0.2, conv_filters=None),
            (X, y),
        ),
        "classifier": (GRUClassifier(**QUICK, conv_filters=(2,)), (X, labels)),
        "symbols": (GRUClassifier(**QUICK, embedding_dim=2), (SYMBOLS, labels)),
        "forecaster": (GRUForecaster(**ALONE, calibration_fraction=0.3), (TABLE,)),
        "quantiles": (
            GRUForecaster(**ALONE, loss="quantile", calibration_fraction=0.3),
            (SERIES,),
        ),
        "generator": (CharGRUGenerator(**QUICK), (TEXTS,)),
        "letters": (CharSequenceTransformer(), (TEXTS,)),
        "windows": (SlidingWindowTransformer(3, flatten=True), (SERIES,)),
    }


def sktime_models():
    """Return the same of the sktime face."""
    from sklearn_gru.sktime import GRUForecaster as Face

    return {"face": (Face(**ALONE), (TABLE["a"], None, [1, 2, 3]))}


def outputs(model, data):
    """Return what a fitted model makes of its data, as an array."""
    if hasattr(model, "predict_proba") and not hasattr(model, "fh"):
        return np.asarray(model.predict_proba(data[0]))
    if hasattr(model, "predict_interval"):
        given = {} if hasattr(model, "fh") else {"X": data[0]}
        return np.asarray(model.predict_interval(coverage=0.3, **given))
    if hasattr(model, "predict"):
        return np.asarray(model.predict(data[0]))
    return np.concatenate([np.ravel(row) for row in model.transform(data[0])])


def main():
    folder = FOLDER / f"format_{FORMAT_VERSION}"
    folder.mkdir()
    expected = {}
    for name, (model, data) in (models() | sktime_models()).items():
        model.fit(*data)
        model.save(folder / f"{name}.safetensors")
        expected[name] = np.ascontiguousarray(outputs(model, data), dtype=np.float64)
    save_file(expected, folder / "expected_outputs")


if __name__ == "__main__":
    main()
