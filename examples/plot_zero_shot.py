"""
Zero-shot: forecasts without training
=====================================

The package brings weights of a network that has seen synthetic series only: a third of
a megabyte. ``GRUForecaster(weights="synthetic")`` reads a series and forecasts it, in
milliseconds, without training on it. Four series that it has never seen, each beside
its naive forecast.
"""

import time

import numpy as np
from matplotlib import pyplot as plt
from sktime.datasets import load_airline
from statsmodels.datasets import co2, sunspots
from vega_datasets import local_data

from sklearn_gru import GRUForecaster

weather = local_data.seattle_weather().set_index("date")
series = {
    "airline passengers (thousands)": (load_airline().to_frame(), 24),
    "CO₂ (ppm)": (co2.load_pandas().data.interpolate(), 104),
    "sunspots": (sunspots.load_pandas().data[["SUNACTIVITY"]], 22),
    "highest temperature, Seattle (°C)": (weather[["temp_max"]], 28),
}

# %%
# ``fit`` finds the season by the index and a test, and keeps the rows. The forecast of
# a row is a mixture of naive forecasts, weighed by the network, and a correction.

fig, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained")
for ax, (name, (table, steps)) in zip(axes.flat, series.items(), strict=True):
    known, truth = table[:-steps], table[-steps:].to_numpy()[:, 0]
    start = time.perf_counter()
    model = GRUForecaster(weights="synthetic").fit(known)
    forecast = model.forecast(steps)[:, 0]
    took = time.perf_counter() - start
    low, high = model.predict_interval(steps=steps, coverage=0.8)[:, 0].T
    naive = np.resize(known.to_numpy()[-model.season_length_ :], steps)
    error, of_naive = (np.abs(f - truth).mean() for f in (forecast, naive))
    print(
        f"{name:34s} season of {model.season_length_:2d} rows, "
        f"{1000 * took:4.0f} ms; "
        f"mean absolute error {error:6.2f}, naive {of_naive:6.2f}"
    )
    shown = min(len(known), 5 * steps)
    place = np.arange(shown + steps)
    ax.plot(place, table[-shown - steps :], color="0.15", lw=1.2, label="observed")
    ahead = place[shown:]
    ax.fill_between(ahead, low, high, color="C0", alpha=0.3, lw=0, label="80 %")
    ax.plot(ahead, naive, color="C1", ls="--", lw=1, label="naive")
    ax.plot(ahead, forecast, color="C0", lw=1.5, label="zero-shot")
    ax.set(title=name, xlabel="rows")
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].legend(frameon=False)
plt.show()

# %%
# The first call takes longer: it reads the weights and compiled code. On long series
# with structure of their own, training (``weights=None``) is better:
# :doc:`/user_guide/zero_shot` has the figures.
