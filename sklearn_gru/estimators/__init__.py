"""The estimators, one file each."""

from sklearn_gru.estimators._trusted_types import trusted_types
from sklearn_gru.estimators.char_sequence import CharSequenceTransformer
from sklearn_gru.estimators.classifier import GRUClassifier
from sklearn_gru.estimators.forecaster import GRUForecaster
from sklearn_gru.estimators.generator import CharGRUGenerator
from sklearn_gru.estimators.regressor import GRURegressor
from sklearn_gru.estimators.sliding_window import SlidingWindowTransformer

__all__ = [
    "CharGRUGenerator",
    "CharSequenceTransformer",
    "GRUClassifier",
    "GRUForecaster",
    "GRURegressor",
    "SlidingWindowTransformer",
    "trusted_types",
]
