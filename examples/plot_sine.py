"""
A sine wave: forecasts that feed themselves
===========================================

The first series of many tutorials: a sine wave, windows of 10 rows, one layer of 50
units with ReLU, 50 epochs. Where the temperatures of
:ref:`sphx_glr_auto_examples_plot_tutorial_temperature.py` hold nothing to learn, this
series holds nothing but structure.
"""

# %%
# Train on the first 800 rows
# ---------------------------
# ``activation="relu"`` replaces the tanh of the candidate state, as it does in Keras.

import numpy as np
from matplotlib import pyplot as plt

from sklearn_gru import GRUForecaster
from sklearn_gru.datasets import make_sine

wave = make_sine(n_rows=1000, period=50)
train, test = wave[:800], wave[800:]

forecaster = GRUForecaster(
    window_length=10,
    units=50,
    activation="relu",
    max_epochs=50,
    early_stopping=False,
    random_state=0,
)
forecaster.fit(train)

# %%
# One step ahead
# --------------
# The naive forecast repeats the last row. The error is a root mean square, of a wave
# that swings between -1 and 1.


def rms(error):
    """Root mean square."""
    return float(np.sqrt(np.mean(error**2)))


naive = wave[799:-1]
print(f"GRU:   {rms(forecaster.predict(test) - test):.5f}")
print(f"naive: {rms(naive - test):.5f}")

# %%
# Two hundred steps ahead
# -----------------------
# ``forecast(200)`` never sees a row of ``test``: each forecast becomes the last row of
# the window of the next one. Errors can add up on the way; here the wave keeps its
# shape for four turns.

ahead = forecaster.forecast(200)
print(f"200 steps, fed back: {rms(ahead - test):.5f}")
print(f"always the mean:     {rms(train.mean() - test):.5f}")

fig, (top, bottom) = plt.subplots(
    2,
    1,
    figsize=(8, 5),
    sharex=True,
    height_ratios=[2, 1],
    layout="constrained",
)
rows = np.arange(1000)
top.plot(rows[700:], wave[700:], color="0.7", lw=4, label="the wave")
top.plot(rows[800:], ahead, color="C3", lw=1.5, label="200 steps from row 800")
top.axvline(800, color="0.5", lw=1, ls=":")
top.set_ylabel("value")
top.legend(frameon=False, loc="upper left", ncols=2, bbox_to_anchor=(0, 1.17))
bottom.plot(rows[800:], ahead - test, color="C3", lw=1.5)
bottom.axhline(0, color="0.5", lw=1)
bottom.set(xlabel="row", ylabel="error")
for ax in (top, bottom):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
