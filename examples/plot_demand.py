"""
Electricity demand: each day ahead, with an interval
====================================================

Twelve weeks of electricity demand in England and Wales, every half hour (Taylor 2003,
`doi:10.1057/palgrave.jors.2601589 <https://doi.org/10.1057/palgrave.jors.2601589>`_).
Each midnight of the last two weeks, a :class:`~sklearn_gru.GRUForecaster` forecasts the
day that begins, and says how sure it is. Days of the week differ, so the naive forecast
to beat is the same time a week ago.
"""

# %%
# Fit
# ---
# The forecaster is told how far ahead it will forecast, and nothing else: it finds the
# season of a day, and takes a week of history. A sixth of the rows is kept to measure
# its errors, which the intervals are made of.

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from pmdarima.datasets import load_taylor

from sklearn_gru import GRUForecaster

DAY, WEEK = 48, 7 * 48
index = pd.date_range("2000-06-05", periods=12 * WEEK, freq="30min")
demand = pd.DataFrame({"demand": load_taylor() / 1000}, index=index)  # GW
train, test = demand[: -2 * WEEK], demand[-2 * WEEK :]

forecaster = GRUForecaster(horizon=DAY, calibration_fraction=1 / 6, random_state=0)
forecaster.fit(train, train["demand"])
print(forecaster.engine_.choices)

# %%
# Fourteen days, each forecast at midnight
# ----------------------------------------
# Nothing is trained again: ``predict`` reads what is known at midnight, and forecasts
# the rows after it.

forecasts, bounds = [], []
for midnight in range(len(train), len(demand), DAY):
    known = demand[:midnight]
    forecasts.append(forecaster.predict(known, steps=DAY))  # (48,)
    bounds.append(forecaster.predict_interval(known, DAY, coverage=0.9))  # (48, 2)
forecast = np.concatenate(forecasts)
lower, upper = np.concatenate(bounds).T

truth = test["demand"].to_numpy()
naive = {
    "the same time yesterday": demand["demand"].shift(DAY)[-2 * WEEK :].to_numpy(),
    "the same time a week ago": demand["demand"].shift(WEEK)[-2 * WEEK :].to_numpy(),
}
for name, values in {"GRU": forecast, **naive}.items():
    print(f"{name:25s} mean absolute error {np.abs(values - truth).mean():.2f} GW")
inside = (lower <= truth) & (truth <= upper)
print(f"{inside.mean():.0%} of the values lie in the 90 % interval")

# %%
# The first week
# --------------
# Above, what came and what was forecast. Below, how far off both forecasts were. A week
# ago people used less electricity at nearly every hour, and the GRU has seen it change.

shown = slice(0, WEEK)
times = test.index[shown]
a_week_ago = naive["the same time a week ago"]

plt.rcParams["date.converter"] = "concise"
fig, (above, below) = plt.subplots(
    2, figsize=(9, 5), sharex=True, height_ratios=[2, 1], layout="constrained"
)
above.fill_between(
    times,
    lower[shown],
    upper[shown],
    color="C0",
    alpha=0.3,
    lw=0,
    label="90 % interval",
)
above.plot(times, a_week_ago[shown], color="C1", ls="--", lw=1, label="a week ago")
above.plot(times, truth[shown], color="0.15", lw=1.6, label="observed")
above.plot(times, forecast[shown], color="C0", lw=1.3, label="forecast at midnight")
above.set(ylabel="demand (GW)", title="Half-hourly electricity demand, a day ahead")
above.set_ylim(top=truth[shown].max() + 5)
above.legend(frameon=False, ncols=4, loc="upper center")

below.plot(times, (a_week_ago - truth)[shown], color="C1", ls="--", lw=1)
below.plot(times, (forecast - truth)[shown], color="C0", lw=1.3)
below.axhline(0, color="0.15", lw=0.8)
below.set(ylabel="error (GW)")
for ax in (above, below):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
