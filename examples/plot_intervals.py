"""
Intervals: how sure is the forecast?
====================================

:meth:`~sklearn_gru.GRUForecaster.predict_interval` puts bounds around a forecast that
contain a chosen share of the values: the model is trained without the latest rows, and
its errors on those rows say how wide the bounds must be (split-conformal intervals).
Here the share that they really contain is counted on a year of weather that neither
training nor calibration has seen.
"""

# %%
# Two years to train on, one to calibrate on, one to test on
# ----------------------------------------------------------
# ``calibration_fraction`` keeps the latest rows of the training table for calibration;
# a whole year of them has every season in it.

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.base import clone
from vega_datasets import local_data

from sklearn_gru import GRUForecaster

plt.rcParams["date.converter"] = "concise"

weather = local_data.seattle_weather().set_index("date")[["temp_max"]]
train, test = weather[:-365], weather[-365:]
truth = test["temp_max"].to_numpy()

forecaster = GRUForecaster(
    window_length=28,
    units=16,
    horizon=7,
    center="last",
    max_epochs=10,
    early_stopping=False,
    calibration_fraction=1 / 3,
    random_state=0,
)
forecaster.fit(train, train["temp_max"])

# %%
# Coverage of one-day-ahead intervals
# -----------------------------------
# For comparison, a naive interval: yesterday's value, with the errors that this
# forecast made over the same calibration year.

yesterday = weather["temp_max"].shift(1)
naive_errors = (weather["temp_max"] - yesterday)[-730:-365]


def report(lower, upper):
    """Share of the truth between the bounds, and their mean distance."""
    inside = (lower <= truth) & (truth <= upper)
    return inside.mean(), (upper - lower).mean()


rows = []
for coverage in (0.5, 0.8, 0.9, 0.95):
    bounds = forecaster.predict_interval(test, coverage=coverage)  # (365, 2)
    tails = naive_errors.quantile([(1 - coverage) / 2, (1 + coverage) / 2])
    naive = yesterday[-365:].to_numpy()[:, None] + tails.to_numpy()
    measured, width = report(bounds[:, 0], bounds[:, 1])
    naive_measured, naive_width = report(naive[:, 0], naive[:, 1])
    rows.append([coverage, measured, width, naive_measured, naive_width])
columns = ["asked", "GRU contains", "GRU width °C", "naive contains", "naive width °C"]
print(pd.DataFrame(rows, columns=columns).round(2).to_string(index=False))

# %%
# Bounds that follow the season
# -----------------------------
# The promise holds on average over days like those of the calibration year, not for
# each day: the bounds have the same width in calm weeks and in changeable ones. With
# ``interval_method="adaptive"`` each day's bounds know the errors of the days before
# it. They widen when values fall outside, and narrow while none do.

adaptive = clone(forecaster).set_params(interval_method="adaptive")
adaptive.fit(train, train["temp_max"])
quarters = np.array_split(np.arange(365), 4)
rows = []
for name, model in (("split", forecaster), ("adaptive", adaptive)):
    low, high = model.predict_interval(test, coverage=0.8).T
    within = (low <= truth) & (truth <= high)
    rows.append([name, *(within[quarter].mean() for quarter in quarters)])
columns = ["asked: 80 %", "Jan-Mar", "Apr-Jun", "Jul-Sep", "Oct-Dec"]
print(pd.DataFrame(rows, columns=columns).round(2).to_string(index=False))

# %%
# The adaptive ones for 90 %:

lower, upper = adaptive.predict_interval(test, coverage=0.9).T
outside = (truth < lower) | (truth > upper)
shown = slice(120, 240)

fig, ax = plt.subplots(figsize=(9, 4), layout="constrained")
days = test.index[shown]
ax.fill_between(days, lower[shown], upper[shown], alpha=0.25, label="90 % interval")
ax.plot(days, forecaster.predict(test)[shown], color="C0", lw=1.2, label="forecast")
ax.plot(days, truth[shown], ".", color="0.25", label="observed")
ax.plot(
    days[outside[shown]],
    truth[shown][outside[shown]],
    "o",
    color="C3",
    label="outside",
)
ax.set(ylabel="highest temperature (°C)", title="One day ahead")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, ncols=4, loc="upper left")
ax.set_ylim(top=upper[shown].max() + 5)

# %%
# Further ahead
# -------------
# With ``steps`` the bounds are for the rows after the input, each step with the errors
# of forecasts that far ahead. Coverage is counted from 59 origins, so chance alone
# moves a share by about five points.

steps = 7
origins = np.arange(10, 359, 6)
inside = np.empty((len(origins), steps))
for i, origin in enumerate(origins):
    bounds = forecaster.predict_interval(test[:origin], steps, coverage=0.8)
    ahead = truth[origin : origin + steps]
    inside[i] = (bounds[:, 0] <= ahead) & (ahead <= bounds[:, 1])
width = bounds[:, 1] - bounds[:, 0]
for step in range(steps):
    print(
        f"{step + 1} days ahead: {width[step]:4.1f} °C wide, "
        f"contain {inside[:, step].mean():.0%} (asked: 80%)"
    )

# %%
# Quantiles draw the same thing as a fan.

levels = [0.05, 0.25, 0.5, 0.75, 0.95]
fan = forecaster.predict_quantiles(weather, 14, alpha=levels)  # (14, 5)
days = pd.date_range(weather.index[-1], periods=15, freq="D")[1:]

fig, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
recent = weather["temp_max"][-45:]
ax.plot(recent.index, recent, color="0.25", lw=1.2, label="observed")
ax.fill_between(days, fan[:, 0], fan[:, 4], color="C0", alpha=0.2, label="5 to 95 %")
ax.fill_between(days, fan[:, 1], fan[:, 3], color="C0", alpha=0.4, label="25 to 75 %")
ax.plot(days, fan[:, 2], color="C0", label="median")
ax.set(ylabel="highest temperature (°C)", title="The next 14 days")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="lower left", ncols=2)
plt.show()
