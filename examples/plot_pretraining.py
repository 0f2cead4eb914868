"""
Pretraining: one model for many series
======================================

A short series has too little in it to learn a network from. If there are many of its
kind, ``pretrain`` learns one network from all of them; ``fit`` on a new series then
trains nothing, and only reads its rows. That is called a zero-shot forecast.
"""

# %%
# A family of series
# ------------------
# Monthly sales of shops that have one pattern in common: a steep rise and a slow fall.
# Each shop has its own size, swing, trend and month of the peak. A hundred shops with
# five years each are there to learn from. Of twenty more, which training will not see,
# three years are known and the fourth is to be forecast. Random noise is a part of all
# sales: a forecast that knew everything else would be wrong by 2.4 on average.

import time
import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sktime.forecasting.naive import NaiveForecaster

from sklearn_gru.sktime import GRUForecaster

plt.rcParams["date.converter"] = "concise"


def make_shops(n_shops, n_months, random_state):
    """Sales of some shops, with shop and month as index."""
    rng = np.random.default_rng(random_state)
    months = pd.period_range("2018-01", periods=n_months, freq="M")
    t = np.arange(n_months)
    shops = {}
    for shop in range(n_shops):
        angle = 2 * np.pi * (t + rng.integers(12)) / 12
        season = np.sin(angle) + 0.5 * np.sin(2 * angle)
        size, swing = rng.uniform(50, 150), rng.uniform(8, 20)
        noise = rng.normal(0, 3, n_months)
        sales = size + rng.uniform(-0.3, 0.6) * t + swing * season + noise
        shops[f"shop {shop:03d}"] = pd.DataFrame({"sales": sales}, months)
    return pd.concat(shops, names=["shop", "month"])


training = make_shops(100, 60, random_state=0)
unseen = make_shops(20, 48, random_state=1)
horizon = range(1, 13)
months = unseen.index.get_level_values("month")
known, future = unseen[months < "2021-01"], unseen[months >= "2021-01"]

# %%
# One training
# ------------
# ``fit`` on a panel keeps one forecaster per series, as sktime does. Pretrained ones
# share the network, which forecasts all series in one pass; each has its own level and
# spread. The network forecasts the distance from the mean of the window, the last two
# years: ``center="auto"`` finds that shops differ in size and trend, not in pattern.
#
# For comparison, twenty networks that know nothing but their own three years, and a
# naive forecast per shop: "as in the same month of the year before".

start = time.perf_counter()
settings = {"max_epochs": 30, "random_state": 0}
pretrained = GRUForecaster(window_length=24, **settings)
pretrained.pretrain(training, fh=horizon)
print(f"pretraining on 100 shops      {time.perf_counter() - start:5.1f} s")

start = time.perf_counter()
zero_shot = pretrained.fit(known, fh=horizon).predict()
print(f"zero-shot, 20 unseen shops    {time.perf_counter() - start:5.1f} s")

start = time.perf_counter()
alone = GRUForecaster(window_length=12, **settings)
alone = alone.fit(known, fh=horizon).predict()
print(f"20 networks, one per shop     {time.perf_counter() - start:5.1f} s")

# sktime 1.2 warns of a coming change each time that its own NaiveForecaster is made.
with warnings.catch_warnings(record=True, action="ignore"):
    naive = NaiveForecaster(sp=12).fit(known, fh=horizon).predict()

forecasts = {"zero-shot": zero_shot, "one network per shop": alone, "naive": naive}
errors = {
    name: (forecast - future)["sales"].abs().groupby("shop").mean()
    for name, forecast in forecasts.items()
}
print("\nMean absolute error, unseen shops")
for name, error in errors.items():
    print(f"{name:22s} {error.mean():5.2f}")
wins = (errors["zero-shot"] < errors["naive"]).sum()
print(f"zero-shot beats naive in {wins} of {len(errors['naive'])} shops")

# %%
# Six shops that the network has never seen
# -----------------------------------------

fig, axes = plt.subplots(2, 3, figsize=(10, 5), sharex=True, layout="constrained")
shown = unseen.index.unique("shop")[:6]
for ax, shop in zip(axes.flat, shown, strict=True):
    history, truth = known.loc[shop, "sales"], future.loc[shop, "sales"]
    ahead = truth.index.to_timestamp()
    ax.plot(history.index.to_timestamp(), history, color="0.6", lw=1.2, label="known")
    ax.plot(ahead, truth, color="0.25", lw=1.2, label="what came")
    ax.plot(ahead, naive.loc[shop], color="C1", ls=":", label="naive")
    ax.plot(ahead, zero_shot.loc[shop], color="C0", lw=1.8, label="zero-shot")
    ax.set_title(shop, fontsize="medium")
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_ylabel("sales")
axes[1, 0].set_ylabel("sales")
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)

# %%
# All twenty
# ----------
# Below the line the pretrained network is the better one.

fig, ax = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
ax.scatter(errors["naive"], errors["zero-shot"], color="C0", label="zero-shot")
ax.scatter(
    errors["naive"],
    errors["one network per shop"],
    facecolors="none",
    edgecolors="C4",
    label="one network per shop",
)
limit = 1.05 * max(error.max() for error in errors.values())
ax.plot([0, limit], [0, limit], color="0.6", lw=1)
ax.set(xlim=(0, limit), ylim=(0, limit), aspect="equal")
ax.set(xlabel="error of the naive forecast", ylabel="error of the network")
ax.set_title("Mean absolute error, one dot per shop", fontsize="medium")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="upper left")
plt.show()
