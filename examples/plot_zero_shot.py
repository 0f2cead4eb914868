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
# The first call takes longer: it reads the weights and compiled code.
#
# Beside training
# ---------------
# By default a network is trained on the series, and the errors of both on the latest
# rows say how much of a forecast is zero-shot. Errors over four origins, relative to
# those of the naive forecast:

ways = {"zero-shot": "synthetic", "trained": None, "both": "auto"}
print(f"{'':34s}" + "".join(f"{way:>11s}" for way in ways) + "   zero-shot share")
for name, (table, steps) in series.items():
    errors = dict.fromkeys([*ways, "naive"], 0.0)
    for end in range(len(table) - 4 * steps, len(table), steps):
        known, truth = table[:end], table[end : end + steps].to_numpy()
        for way, weights in ways.items():
            model = GRUForecaster(horizon=steps, weights=weights, random_state=0)
            errors[way] += np.abs(model.fit(known).forecast(steps) - truth).mean()
        naive = np.resize(known.to_numpy()[-model.season_length_ :], (steps, 1))
        errors["naive"] += np.abs(naive - truth).mean()
    ratios = "".join(f"{errors[way] / errors['naive']:11.2f}" for way in ways)
    share = model.zero_shot_share_[[0, -1], 0]
    print(f"{name:34s}{ratios}   {share[0]:.2f} to {share[1]:.2f}")

# %%
# The share is that of the last origin, for the first and the last step. Both together
# are better than either, or nearer to the better one: nobody has to know which that is.
# :doc:`/user_guide/zero_shot` has figures of more series.
