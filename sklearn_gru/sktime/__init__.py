"""The forecaster behind sktime's interface; the only room that imports sktime."""

from sklearn_gru.sktime.forecaster import GRUForecaster

__all__ = ["GRUForecaster"]
