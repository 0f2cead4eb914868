"""The types of which fitted estimators consist."""

from __future__ import annotations

from sklearn_gru.data import AffineMap, LogScaler, Scaler, Symbols, Vocabulary
from sklearn_gru.estimators.char_sequence import CharSequenceTransformer
from sklearn_gru.estimators.classifier import GRUClassifier
from sklearn_gru.estimators.forecaster import GRUForecaster
from sklearn_gru.estimators.forecasting import ForecastEngine, Form, Rows
from sklearn_gru.estimators.forecasting.calibration import Calibration
from sklearn_gru.estimators.forecasting.choices import Choices
from sklearn_gru.estimators.forecasting.history import History
from sklearn_gru.estimators.forecasting.mixture import Mixture
from sklearn_gru.estimators.forecasting.relation import Relation
from sklearn_gru.estimators.generator import CharGRUGenerator
from sklearn_gru.estimators.regressor import GRURegressor
from sklearn_gru.estimators.sliding_window import SlidingWindowTransformer
from sklearn_gru.training import Checkpoint, Net, NetOfKnown, TextNet

ESTIMATORS = (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)
LEARNED = AffineMap, LogScaler, Scaler, Symbols, Vocabulary
FORECASTING = (
    Calibration,
    Choices,
    ForecastEngine,
    Form,
    History,
    Mixture,
    Relation,
    Rows,
)
NETS = Net, NetOfKnown, TextNet
PARAMETERS = (Checkpoint,)


def trusted_types() -> list[str]:
    """List the types of this package that fitted estimators consist of.

    They are what `skops.io.load` must be told to trust. All else in a fitted estimator
    is numbers, strings, NumPy arrays and containers of these, unless a parameter is an
    object of your own, such as a callback or an optimizer's class.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from sklearn_gru import trusted_types
    >>> trusted_types()[0]
    'sklearn_gru.data._affine.AffineMap'
    """
    types = *ESTIMATORS, *LEARNED, *FORECASTING, *NETS, *PARAMETERS
    return sorted(f"{cls.__module__}.{cls.__name__}" for cls in types)
