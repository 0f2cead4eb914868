"""sktime's own suite over the forecaster, and that the forecaster itself is silent."""

import copy
import warnings

import pytest
from sktime.datasets import load_airline
from sktime.utils.estimator_checks import check_estimator, parametrize_with_checks

from sklearn_gru.sktime import GRUForecaster


# The suite asks for 90 % intervals of some 20 rows, for predict_proba without skpro,
# and makes sktime join indexes with what pandas 3 deprecates.
@pytest.mark.filterwarnings("ignore:.*calibration errors are too few:UserWarning")
@pytest.mark.filterwarnings("ignore:.*requires skpro to be present:UserWarning")
@pytest.mark.filterwarnings("ignore:Sorting by default when concatenating all")
@parametrize_with_checks(GRUForecaster)
def test_sktime_check(obj, test_name):
    results = check_estimator(
        obj, tests_to_run=test_name, raise_exceptions=True, verbose=0
    )
    assert set(results.values()) == {"PASSED"}


def test_there_are_enough_settings_to_check():
    assert len(GRUForecaster.get_test_params()) >= 3


def test_the_forecaster_is_silent():
    y = load_airline()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecaster = GRUForecaster(window_length=6, units=4, max_epochs=1)
        forecaster.clone().fit(y, fh=[1, 2]).predict()
        forecaster.fit(y[:130]).update(y[130:140]).predict([1, -1])
        forecaster.update(y[140:], update_params=False).predict_interval([1])
        copy.deepcopy(forecaster).reset()
