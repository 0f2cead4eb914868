"""The forecasting engine: frozen state, and one plain class that both faces own."""

from sklearn_gru.estimators.forecasting.calibration import HeldOutErrors
from sklearn_gru.estimators.forecasting.engine import ForecastEngine
from sklearn_gru.estimators.forecasting.history import History, Rows
from sklearn_gru.estimators.forecasting.origins import Origins
from sklearn_gru.estimators.forecasting.panel import forecast_panel, share_networks
from sklearn_gru.estimators.forecasting.ready import comes_trained, with_own_seasons
from sklearn_gru.estimators.forecasting.relation import Form, Relation
from sklearn_gru.estimators.forecasting.season import usual_season
from sklearn_gru.estimators.forecasting.windows import split_windows

__all__ = [
    "ForecastEngine",
    "Form",
    "HeldOutErrors",
    "History",
    "Origins",
    "Relation",
    "Rows",
    "comes_trained",
    "forecast_panel",
    "share_networks",
    "split_windows",
    "usual_season",
    "with_own_seasons",
]
