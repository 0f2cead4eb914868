"""
A tutorial's temperatures: know the noise floor
===============================================

A widely copied tutorial trains two GRU layers of 50 units on 8,000 daily
"temperatures", made as ``25 + 5 * randn(8000)``. Its loss falls to about 0.0175 and
stays there. Here is the same programme, and the reason: the table is white noise.
Tomorrow does not depend on today, the best possible forecast is the mean, and 0.0175
is the variance of the noise in MinMax units. Nothing can beat the mean.
"""

# %%
# The tutorial's programme
# ------------------------
# Scale to [0, 1], then take the first 80 percent for training: windows of 100 days, two
# layers of 50 units, Adam with a learning rate of 0.001, batches of 32. (Scaling before
# splitting shows the network the range of days to come. It does no harm here; a
# pipeline avoids it.) The extras of :class:`~sklearn_gru.GRUForecaster` are switched
# off, so that its loss is the tutorial's, in MinMax units.

import time

import numpy as np
from matplotlib import pyplot as plt
from sklearn.preprocessing import MinMaxScaler

from sklearn_gru import GRUForecaster
from sklearn_gru.datasets import load_temperature
from sklearn_gru.plotting import ForecastDisplay

temperature = load_temperature()
scaled = MinMaxScaler().set_output(transform="pandas").fit_transform(temperature)

forecaster = GRUForecaster(
    window_length=100,
    units=(50, 50),
    batch_size=32,
    lr=0.001,
    max_epochs=5,
    standardize=False,
    center=None,
    weights=None,
    gradient_clip=None,
    lr_schedule="constant",
    early_stopping=False,
    random_state=0,
)
start = time.perf_counter()
forecaster.fit(scaled[:6400], scaled[:6400])
seconds = time.perf_counter() - start

# %%
# The loss settles at the noise floor
# -----------------------------------
# The floor is the error of the best constant forecast: the variance of the series.

losses = forecaster.loss_curve_
floor = float(scaled.to_numpy().var())
for epoch, loss in enumerate(losses, start=1):
    print(f"epoch {epoch}: loss {loss:.4f}")
print(f"noise floor:  {floor:.4f}")
print(f"{seconds / len(losses):.1f} s per epoch")

fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.plot(np.arange(1, len(losses) + 1), losses, "o-", label="training loss")
ax.axhline(floor, color="C3", ls="--", label="noise floor: the variance")
ax.set(
    xlabel="epoch",
    ylabel="mean squared error (MinMax units)",
    ylim=(0, None),
    xticks=np.arange(1, len(losses) + 1),
)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="lower left")

# %%
# On days that training has not seen
# ----------------------------------
# Nothing beats the mean of the training days; the network comes close to it. "As
# yesterday" has twice the error: it adds yesterday's noise to today's. Next to that
# forecast alone, the network would look like a success.

train, test = scaled[:6400], scaled[6400:]
truth = test["temperature"].to_numpy()
forecasts = {
    "GRU": forecaster.predict(test)[:, 0],
    "mean of the training days": np.full(len(test), train["temperature"].mean()),
    "as yesterday": scaled["temperature"].shift(1)[6400:].to_numpy(),
}
for name, forecast in forecasts.items():
    print(f"{name:26s} mean squared error {np.mean((forecast - truth) ** 2):.4f}")

# %%
# What the network learned is the mean: its forecasts are nearly flat, one day ahead
# and thirty.

display = ForecastDisplay.from_estimator(
    forecaster, test, steps=30, n_shown=120, name="temperature (MinMax units)"
)
display.ax_.set_title("White noise, and the best that can be said of it")
plt.show()
# sphinx_gallery_thumbnail_number = 2
