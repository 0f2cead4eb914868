"""
Grid search: how much history, how many units
=============================================

A :class:`~sklearn_gru.GRUForecaster` in a pipeline is tuned like any other estimator.
:class:`~sklearn.model_selection.TimeSeriesSplit` makes folds that always train on the
past and test on what follows. The series is the monthly CO2 concentration at Mauna Loa:
a trend and a yearly cycle.
"""

# %%
# The series and the grid
# -----------------------

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import co2

from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import ForecastDisplay

monthly = co2.load_pandas().data.resample("MS").mean().interpolate()
train, test = monthly[:-60], monthly[-60:]

pipe = Pipeline(
    [
        ("scale", StandardScaler()),
        ("gru", GRUForecaster(max_epochs=30, early_stopping=False, random_state=0)),
    ]
)
search = GridSearchCV(
    pipe,
    {"gru__window_length": [6, 12, 24, 36], "gru__units": [8, 32, (16, 16)]},
    scoring="neg_mean_absolute_error",
    cv=TimeSeriesSplit(3),
)
search.fit(train, train)
print("best:", search.best_params_)

# %%
# What the folds say
# ------------------
# Naive forecasts on the same folds put the errors in proportion: "as last month", and
# "as the same month last year plus the change of the year before".


def mean_absolute_error(forecast, rows):
    """Error on some rows, in parts per million."""
    return float(np.abs(forecast - monthly).iloc[rows].mean().iloc[0])


last_month = monthly.shift(1)
last_year = 2 * monthly.shift(12) - monthly.shift(24)
folds = [rows for _, rows in TimeSeriesSplit(3).split(train)]
for name, naive in (("last month", last_month), ("last year and trend", last_year)):
    error = np.mean([mean_absolute_error(naive, rows) for rows in folds])
    print(f"{name:20s} {error:.2f} ppm")
print(f"{'best GRU':20s} {-search.best_score_:.2f} ppm")

results = pd.DataFrame(search.cv_results_)
results["units"] = results["param_gru__units"].astype(str)
table = -results.pivot_table(
    index="units",
    columns="param_gru__window_length",
    values="mean_test_score",
    sort=False,
)

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
image = ax.imshow(table, cmap="viridis_r", aspect="auto")
for (i, j), error in np.ndenumerate(table.to_numpy()):
    color = "white" if image.norm(error) > 0.5 else "black"
    ax.text(j, i, f"{error:.2f}", ha="center", va="center", color=color)
ax.set_xticks(range(table.shape[1]), table.columns)
ax.set_yticks(range(table.shape[0]), table.index)
ax.set(xlabel="window_length (months)", ylabel="units")
ax.set_title("Mean absolute error over three folds (ppm)")
fig.colorbar(image)

# %%
# Five years that the search has not seen
# ---------------------------------------
# The search refits the best pipeline on all of ``train``. Its forecasts of ``test``
# are one month ahead; the two years after ``test`` are forecast by feeding back.

held_out = range(len(train), len(monthly))
predicted = pd.DataFrame(search.predict(test), test.index, test.columns)
print(f"best GRU             {mean_absolute_error(predicted, held_out):.2f} ppm")
print(f"last month           {mean_absolute_error(last_month, held_out):.2f} ppm")
print(f"last year and trend  {mean_absolute_error(last_year, held_out):.2f} ppm")

display = ForecastDisplay.from_estimator(
    search.best_estimator_, test, steps=24, name="CO2 (ppm)"
)
display.ax_.set_title("Mauna Loa: held-out months, and the next 24")
plt.show()
