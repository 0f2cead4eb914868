"""
Known future: the calendar helps a month ahead
==============================================

Some columns are known before their row comes: the season, holidays, prices. The
parameter ``known_columns`` of :class:`~sklearn_gru.GRUForecaster` names them. Here the
highest temperature of each day in Seattle is forecast for four weeks. Two weeks of
history do not say whether spring or autumn follows; the time of the year does.

Beside it stand the same network without these columns, "as on the last known day", "as
on the same day last year", and the wave that the season by itself draws.
"""

# %%
# Columns from the calendar
# -------------------------
# A :class:`~sklearn.preprocessing.FunctionTransformer` in the pipeline makes two
# columns from the index: a point that goes round a circle once a year. They are there
# for every row whose date is known, the future ones included.

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from vega_datasets import local_data

from sklearn_gru import GRUForecaster

plt.rcParams["date.converter"] = "concise"

weather = local_data.seattle_weather().set_index("date")[["temp_max"]].asfreq("D")
train, test = weather[:-365], weather[-365:]


def with_season(table):
    """Add where in the year each row is, on a circle."""
    angle = 2 * np.pi * table.index.dayofyear / 365.25
    return table.assign(season_x=np.cos(angle), season_y=np.sin(angle))


SEASON = ["season_x", "season_y"]
settings = {
    "window_length": 14,
    "units": 16,
    "horizon": 7,
    "max_epochs": 30,
    "early_stopping": True,
    "weights": None,  # with known columns, a network forecasts alone anyway
    "random_state": 0,
}
without = GRUForecaster(**settings).fit(train, train)
pipe = make_pipeline(
    FunctionTransformer(with_season), GRUForecaster(**settings, known_columns=SEASON)
)
pipe.fit(train, train)

# %%
# One to 28 days ahead
# --------------------
# Entry ``[i, j]`` of a rolling forecast is that of row ``i + 1 + j``, made with the
# temperatures up to row i and the season of rows i + 1 to i + 1 + j. From the last 28
# rows there is none: the table does not say what is known of the rows behind it.

steps = 28
known = pipe[-1].rolling_forecast(with_season(test), steps)[:, :, 0]
n_origins = len(known)

temperature = weather["temp_max"].to_numpy()
rows = len(train) + 1 + np.arange(n_origins)[:, None] + np.arange(steps)
season = with_season(weather)[SEASON]
wave = LinearRegression().fit(season[:-365], train["temp_max"]).predict(season)
forecasts = {
    "GRU, season known": known,
    "GRU, history alone": without.rolling_forecast(test, steps)[:n_origins, :, 0],
    "wave of the season": wave[rows],
    "as last year": temperature[rows - 365],
    "as on the last day": temperature[rows[:, :1] - 1],
}
errors = pd.DataFrame(
    {
        name: np.abs(forecast - temperature[rows]).mean(axis=0)
        for name, forecast in forecasts.items()
    },
    index=pd.RangeIndex(1, steps + 1, name="days ahead"),
)
print("Mean absolute error, °C:")
print(errors.loc[[1, 3, 7, 14, 28]].round(2).T.to_string())
print("\nOver all 28 days:")
print(errors.mean().round(2).to_string())

ax = errors.plot(figsize=(7, 4), ylabel="mean absolute error (°C)", ylim=(2, 5))
ax.set_title("Highest temperature in Seattle, the held-out year")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, ncols=2)
plt.tight_layout()

# %%
# History alone is good for the first days, and the season by itself is as good for the
# last day as for the first. The network that knows both starts like the former and ends
# close to the latter; between the two it is better than either.
#
# Eight weeks of spring
# ---------------------
# ``predict(X, steps=k)`` takes an ``X`` that ends in k future rows: NaN in what is not
# known yet. ``reindex`` appends such rows, and the pipeline fills in the season.

past = weather[:"2015-03-15"]
days = pd.date_range(past.index[0], periods=len(past) + 56, freq="D")
ahead = pipe.predict(past.reindex(days), steps=56)
from_history = without.predict(past, steps=56)
last_year = weather.shift(365).loc[days[-56:]]

fig, ax = plt.subplots(figsize=(9, 3.8), layout="constrained")
shown = weather.loc[days[-116:]]
ax.plot(shown.index, shown, color="0.25", lw=1.2, label="observed")
ax.plot(last_year.index, last_year, color="C3", lw=0.8, label="as last year")
ax.plot(days[-56:], from_history, color="C1", lw=2, label="GRU, history alone")
ax.plot(days[-56:], ahead, color="C0", lw=2, label="GRU, season known")
ax.axvline(past.index[-1], color="0.7", lw=1)
ax.set(ylabel="highest temperature (°C)", title="Forecast on the 15th of March")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="upper left")
plt.show()
# sphinx_gallery_thumbnail_number = 2
