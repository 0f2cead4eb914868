"""Gated recurrent units with the interface of scikit-learn."""

from sklearn_gru import datasets
from sklearn_gru.data import make_windows
from sklearn_gru.estimators import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
    trusted_types,
)
from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.nets import warm_up
from sklearn_gru.saving import load, save
from sklearn_gru.training import Checkpoint

__version__ = "0.1.0.dev0"

__all__ = [
    "CharGRUGenerator",
    "CharSequenceTransformer",
    "Checkpoint",
    "GRUClassifier",
    "GRUForecaster",
    "GRURegressor",
    "ModelFileError",
    "SlidingWindowTransformer",
    "datasets",
    "load",
    "make_windows",
    "save",
    "trusted_types",
    "warm_up",
]
