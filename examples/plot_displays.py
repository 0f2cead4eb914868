"""
Displays: pictures of fitted estimators
=======================================

:mod:`sklearn_gru.plotting` draws what one looks at before trusting a network: its
training, its forecasts, its errors by horizon, what the errors still know, and its
gates. The displays work as those of scikit-learn do: ``from_estimator`` and
``from_predictions`` compute and draw, ``plot`` draws again.

The series is the monthly number of airline passengers. Two years are held out.
"""

import warnings

import numpy as np
from matplotlib import pyplot as plt
from sktime.datasets import load_airline
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.naive import NaiveForecaster
from sktime.performance_metrics.forecasting import MeanAbsoluteError
from sktime.performance_metrics.forecasting.probabilistic import EmpiricalCoverage
from sktime.split import ExpandingWindowSplitter

import sklearn_gru.sktime
from sklearn_gru import GRUClassifier, GRUForecaster
from sklearn_gru.plotting import (
    BacktestDisplay,
    ForecastDisplay,
    GateDisplay,
    ResidualDisplay,
    TrainingDisplay,
)

passengers = load_airline().rename("passengers (thousands)")
table = passengers.to_frame()
train, test = table[:-24], table[-24:]

forecaster = GRUForecaster(
    window_length=24,
    horizon=12,
    target_transform="log",
    calibration_fraction=0.3,
    early_stopping=True,
    validation_fraction=0.2,
    max_epochs=60,
    lr=0.005,
    random_state=0,
)
forecaster.fit(train)

# %%
# Training
# --------
# The loss on the held-out part says when to stop, and which epoch was the best. The
# learning rate has an axis of its own.

display = TrainingDisplay.from_estimator(forecaster)
display.ax_.set_title("Training")

# %%
# Forecasts
# ---------
# Forecasts of the next twelve months stand beside the naive ones: as in the same month
# of the year before. The bands hold half and nine tenths of the values.

display = ForecastDisplay.from_estimator(
    forecaster, table, coverage=[0.5, 0.9], n_shown=60
)
display.ax_.set_title("The next year")

# %%
# A backtest
# ----------
# ``evaluate`` of sktime forecasts from many moments of the past, and
# ``return_data=True`` keeps the forecasts. The naive forecaster goes through the same
# folds.

cv = ExpandingWindowSplitter(fh=range(1, 13), initial_window=84, step_length=12)
mae = MeanAbsoluteError()


def backtest(forecaster, scoring=mae):
    return evaluate(
        forecaster, cv, passengers, scoring=scoring, return_data=True, backend=None
    )


gru = sklearn_gru.sktime.GRUForecaster(
    window_length=24, target_transform="log", max_epochs=30, random_state=0
)
folds = backtest(gru, [mae, EmpiricalCoverage(coverage=0.8)])
# sktime 1.2 warns of a coming change each time that its own NaiveForecaster is made.
with warnings.catch_warnings(record=True, action="ignore"):
    naive_folds = backtest(NaiveForecaster(strategy="last", sp=12))

display = BacktestDisplay.from_evaluation(folds, naive_folds)
display.axes_["folds"].set_title("Five forecasts, twelve months each")
for name, results in (("GRU", folds), ("naive", naive_folds)):
    print(f"{name:6s} {results['test_MeanAbsoluteError'].mean():.1f} thousand")

# %%
# Residuals
# ---------
# What can still be known of the errors shows in them. First the network, one month
# ahead: neighbouring errors are alike, and the first autocorrelation leaves the band.
# It was trained on the years before the calibration rows; a model for use would be
# fitted anew on all of them.

display = ResidualDisplay.from_estimator(forecaster, test)
display.figure_.suptitle("GRU, one month ahead")

# %%
# Then the naive forecast. Its errors all lie above zero, for it knows nothing of the
# growth since last year. Their autocorrelation does not tell, as it is that of what is
# left when their mean is taken away: look at all three pictures.

last_year = passengers.shift(12)[-24:]
display = ResidualDisplay.from_predictions(passengers[-24:], last_year)
display.figure_.suptitle("As in the year before")
for name, forecast in (
    ("GRU", forecaster.predict(test)[:, 0]),
    ("naive", last_year),
):
    error = np.abs(passengers[-24:] - forecast).mean()
    print(f"{name:6s} mean absolute error {error:.1f} thousand")

# %%
# Gates
# -----
# Each sequence has two pulses, each up or down, and its class is the first one. The
# network must keep it over the steps between, and not be misled by the second. The
# baseline is the sign of the sum: it is right where both pulses agree, and a coin where
# they don't.

rng = np.random.default_rng(0)
n_samples, n_steps = 500, 24
X = 0.1 * rng.normal(size=(n_samples, n_steps))
first, second = rng.integers(2, 8, n_samples), rng.integers(12, 20, n_samples)
up_first = rng.random(n_samples) < 0.5
X[np.arange(n_samples), first] += np.where(up_first, 1, -1)
X[np.arange(n_samples), second] += rng.choice([-1, 1], n_samples)
y = np.where(up_first, "up", "down")

classifier = GRUClassifier(
    units=16,
    bidirectional=False,
    pooling="last",
    segment_length=1,
    normalized=False,
    differences=False,
    conv_filters=None,
    time_warp=0,
    max_epochs=60,
    lr=0.01,
    random_state=0,
)
classifier.fit(X[:300], y[:300])
baseline = np.mean(np.where(X[300:].sum(axis=1) > 0, "up", "down") == y[300:])
print(f"GRU accuracy {classifier.score(X[300:], y[300:]):.2f}, baseline {baseline:.2f}")

display = GateDisplay.from_estimator(classifier, X[300:], names=["height"])
display.axes_["sequence"].set_title(f'A sequence with "{y[300]}" first')
plt.show()
