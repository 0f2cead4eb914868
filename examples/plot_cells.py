"""
GRU, LSTM, plain RNN: the same series, three cells
==================================================

``cell="gru"``, ``"lstm"`` or ``"rnn"`` exchanges the recurrent cell and nothing else,
so the three can be compared on equal terms. The series is the yearly number of
sunspots since 1700, whose cycle of about eleven years is never quite regular.
"""

# %%
# Train each cell with three seeds
# --------------------------------
# One seed proves little: the spread between seeds is as large as many a difference
# between cells. The last 60 years are held out, and forecast one year ahead.

import time

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from statsmodels.datasets import sunspots

from sklearn_gru import GRUForecaster

spots = sunspots.load_pandas().data.set_index("YEAR")
spots.index = pd.PeriodIndex(spots.index.astype(int).astype(str), freq="Y")
train, test = spots[:-60], spots[-60:]
truth = test["SUNACTIVITY"].to_numpy()

rows, predictions, curves = [], {}, {}
for cell in ("gru", "lstm", "rnn"):
    errors, seconds = [], []
    for seed in range(3):
        forecaster = GRUForecaster(
            window_length=24,
            units=32,
            cell=cell,
            weights=None,  # the cells alone, without zero-shot forecasts beside them
            lr=0.002,
            max_epochs=60,
            early_stopping=False,
            random_state=seed,
        )
        start = time.perf_counter()
        forecaster.fit(train)
        seconds.append(time.perf_counter() - start)
        predictions[cell] = forecaster.predict(test)[:, 0]
        curves[cell] = forecaster.loss_curve_
        errors.append(np.abs(predictions[cell] - truth).mean())
    parameters = forecaster.net_.module_.parameters()
    rows.append(
        {
            "cell": cell,
            "parameters": sum(p.numel() for p in parameters),
            "seconds": np.mean(seconds),
            "mean absolute error": np.mean(errors),
            "its spread": np.std(errors),
        }
    )
print(pd.DataFrame(rows).set_index("cell").round(2))

# %%
# Two naive forecasts for comparison: as last year, and as eleven years ago.

for name, years in (("as last year", 1), ("as eleven years ago", 11)):
    naive = spots["SUNACTIVITY"].shift(years)[-60:].to_numpy()
    print(f"{name:20s} mean absolute error {np.abs(naive - truth).mean():.2f}")

# %%
# The three cells differ little here. A GRU has three weight blocks for every hidden
# unit, an LSTM four, a plain RNN one, and the parameter counts follow.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.6), width_ratios=[1, 2], layout="constrained"
)
for cell, curve in curves.items():
    left.plot(np.arange(1, len(curve) + 1), curve, label=cell)
    right.plot(test.index.year, predictions[cell], lw=1.2, label=cell)
left.set(xlabel="epoch", ylabel="training loss", yscale="log")
right.plot(test.index.year, truth, color="0.2", lw=1.2, ls=":", label="observed")
right.set(xlabel="year", ylabel="sunspots", title="One year ahead, held-out years")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
right.legend(frameon=False, ncols=4, loc="upper left")
right.set_ylim(top=1.2 * truth.max())
plt.show()
