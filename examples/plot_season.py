"""
A series with a season: what "auto" decides
===========================================

Carbon dioxide over Mauna Loa, week by week: a season on top of growth. The forecaster
is given the series and nothing else. It finds the season, corrects the seasonal naive
forecast, and beats it.
"""

import matplotlib.pyplot as plt
import numpy as np
from statsmodels.datasets import co2

from sklearn_gru import GRUForecaster

series = co2.load_pandas().data.interpolate()  # a weekly DatetimeIndex
YEAR, AHEAD = 52, 104
train, test = series[:-AHEAD], series[-AHEAD:]

# %%
# ``engine_.choices`` says what "auto" came to mean: a season of 52 weeks, which the
# index suggests and the autocorrelation of the changes confirms, and windows of whole
# years, read in segments of a year.

forecaster = GRUForecaster(horizon=YEAR, random_state=0).fit(train)
print(forecaster.engine_.choices)
print("naive forecast:", forecaster.net_.module_.center)

# %%
# Two years ahead: the second year is forecast from the forecast of the first.

forecast = forecaster.forecast(AHEAD)[:, 0]
last_year = np.resize(train["co2"][-YEAR:], AHEAD)
truth = test["co2"].to_numpy()
for name, values in [("GRU", forecast), ("as last year", last_year)]:
    print(f"{name:13s} mean error {np.abs(values - truth).mean():.2f} ppm")

# %%
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
known = train[-3 * YEAR :]
ax.plot(known.index, known["co2"], color="0.5", label="known")
ax.plot(test.index, truth, color="black", label="what came")
ax.plot(test.index, forecast, color="tab:blue", label="GRU")
ax.plot(test.index, last_year, color="tab:orange", ls="--", label="as last year")
ax.set(ylabel="CO₂ (ppm)", title="Two years ahead, from one origin")
ax.legend()
