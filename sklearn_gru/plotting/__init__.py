"""Displays: pictures of fitted estimators. The only room that needs matplotlib.

A display holds what it draws. `from_estimator` and `from_predictions` compute it and
draw it, and `plot` draws it again, in other axes or another style.
"""

from sklearn_gru.plotting._backtest import BacktestDisplay
from sklearn_gru.plotting._forecast import ForecastDisplay
from sklearn_gru.plotting._gates import GateDisplay
from sklearn_gru.plotting._residuals import ResidualDisplay
from sklearn_gru.plotting._training import TrainingDisplay

__all__ = [
    "BacktestDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "ResidualDisplay",
    "TrainingDisplay",
]
