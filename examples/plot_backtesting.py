"""
Backtesting: every forecast of five years, with sktime
======================================================

:class:`sklearn_gru.sktime.GRUForecaster` is the same network behind sktime's interface.
``evaluate`` forecasts a series again and again from moments of its past, each time with
the rows that were known then. The series is the number of airline passengers per month,
1949 to 1960: a trend, and a yearly cycle that grows with it.
"""

# %%
# Seven folds
# -----------
# Training begins with five years. Each fold adds one year and forecasts the twelve
# months after that. The naive forecast is "as in the same month of the year before".

import time
import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sktime.datasets import load_airline
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.naive import NaiveForecaster
from sktime.performance_metrics.forecasting import MeanAbsolutePercentageError
from sktime.split import ExpandingWindowSplitter

from sklearn_gru.plotting import BacktestDisplay
from sklearn_gru.sktime import GRUForecaster

y = load_airline()
cv = ExpandingWindowSplitter(fh=range(1, 13), initial_window=60, step_length=12)
metric = MeanAbsolutePercentageError()


def backtest(forecaster, strategy="refit"):
    """Evaluate, with forecasts and errors of all folds."""
    start = time.perf_counter()
    folds = evaluate(
        forecaster,
        cv,
        y,
        strategy=strategy,
        scoring=metric,
        return_data=True,
        error_score="raise",
    )
    seconds = time.perf_counter() - start
    return folds, folds[f"test_{metric.name}"].to_numpy(), seconds


gru = GRUForecaster(window_length=24, random_state=0)
folds, errors, _ = backtest(gru)
# sktime 1.2 warns of a coming change each time that its own NaiveForecaster is made.
with warnings.catch_warnings(record=True, action="ignore"):
    naive_folds, naive_errors, _ = backtest(NaiveForecaster(strategy="last", sp=12))

table = pd.DataFrame(
    {"GRU": errors, "naive": naive_errors},
    index=pd.Index([p.index[0].year for p in folds["y_pred"]], name="year"),
)
table.loc["mean"] = table.mean()
print("Mean absolute percentage error")
print(table.map("{:.1%}".format).to_string())

# %%
# All forecasts
# -------------
# :class:`~sklearn_gru.plotting.BacktestDisplay` draws the folds, and the error of each
# step ahead beside the naive one. All twelve months of a fold are made at once, because
# ``fit`` was told how far ahead ``fh`` goes.

display = BacktestDisplay.from_evaluation(
    folds, naive_folds, name="passengers (thousands)"
)
display.axes_["folds"].set_title("Seven forecasts, twelve months each")

# %%
# What a strategy costs
# ---------------------
# ``"refit"`` trains anew for each fold. ``"update"`` trains once, and then one more
# epoch on the rows that each fold adds. ``"no-update_params"`` trains once and then
# only reads new rows: the model of the first fold makes the forecasts of all folds.

scores = {"naive": naive_errors}
for strategy in ("refit", "update", "no-update_params"):
    _, scores[strategy], seconds = backtest(gru, strategy)
    mean = scores[strategy].mean()
    print(f"{strategy:17s} error {mean:6.1%}   {seconds:5.2f} s")
print(f"{'naive':17s} error {naive_errors.mean():6.1%}")

fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
years = table.index[:-1]
positions = np.arange(len(years))
colors = {"naive": "0.7", "refit": "C0", "update": "C2", "no-update_params": "C4"}
for k, (name, values) in enumerate(scores.items()):
    offset = 0.2 * (k - 1.5)
    ax.bar(positions + offset, 100 * values, 0.2, color=colors[name], label=name)
ax.set_xticks(positions, years)
ax.set(ylabel="error (%)", title="Mean absolute percentage error of each fold")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, ncols=4, loc="upper center")
ax.set_ylim(top=1.2 * 100 * max(map(max, scores.values())))
plt.show()
