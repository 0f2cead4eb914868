"""
Weather: forecast the next week
===============================

Four years of daily weather in Seattle. A :class:`~sklearn_gru.GRUForecaster` in a
stock scikit-learn pipeline learns from the first three, is measured on the fourth, and
forecasts the seven days that follow the last row.

Two naive forecasts stand beside it: "as on the last known day" and "as on the same day
last year". A model that does not beat them is not worth its training time.
"""

# %%
# The data, and the model
# -----------------------
# The rows of a table are days, oldest first. ``fit(train, train)`` means: learn to
# forecast the columns of the second table, in its own units, from the scaled columns
# of the first. The forecast of a day is made from the two weeks before it. The
# latest tenth of the training rows decides when to stop.

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from vega_datasets import local_data

from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import ForecastDisplay

weather = local_data.seattle_weather().set_index("date")
weather = weather[["temp_max", "temp_min", "precipitation", "wind"]]
train, test = weather[:-365], weather[-365:]

pipe = Pipeline(
    [
        ("scale", MinMaxScaler()),
        (
            "gru",
            GRUForecaster(
                window_length=14,
                units=16,
                max_epochs=30,
                early_stopping=True,
                random_state=0,
            ),
        ),
    ]
)
pipe.fit(train, train)

# %%
# One day ahead
# -------------
# ``predict`` returns one row per row of its input. Each is made from the days *before*
# it, so the result can be compared with the same rows of the data; the first rows of
# ``test`` are forecast from the end of ``train``.

predicted = pd.DataFrame(pipe.predict(test), test.index, test.columns)
as_yesterday = weather.shift(1)[-365:]
as_last_year = weather.shift(365)[-365:]


def skill(forecast, reference, truth):
    """Share of the reference's squared error that a forecast avoids."""
    error, of_reference = (((f - truth) ** 2).mean() for f in (forecast, reference))
    return 1 - error / of_reference


one_day_ahead = pd.DataFrame(
    {
        "skill against yesterday": skill(predicted, as_yesterday, test),
        "skill against last year": skill(predicted, as_last_year, test),
    }
)
print(one_day_ahead.round(2))

# %%
# A skill of 0 is no better than the naive forecast, 1 is perfect.
#
# One to seven days ahead
# -----------------------
# ``rolling_forecast`` forecasts a week from *every* row at once: entry ``[i, j]`` is
# the forecast of row ``i + 1 + j``, made with what was known on row ``i``. It is a
# method of the last step, which sees scaled columns and answers in degrees.

forecaster = pipe.named_steps["gru"]
rolling = forecaster.rolling_forecast(pipe[:-1].transform(test), steps=7)

temperature = weather["temp_max"].to_numpy()
n_train, n_origins = len(train), len(test) - 7
against_today, against_last_year = [], []
for ahead in range(1, 8):
    rows = n_train + ahead + np.arange(n_origins)
    truth, forecast = temperature[rows], rolling[:n_origins, ahead - 1, 0]
    today = temperature[rows - ahead]
    last_year = temperature[rows - 365]
    against_today.append(skill(forecast, today, truth))
    against_last_year.append(skill(forecast, last_year, truth))
    print(
        f"{ahead} days ahead: mean absolute error "
        f"{np.abs(forecast - truth).mean():.2f} °C "
        f"(as today {np.abs(today - truth).mean():.2f}, "
        f"as last year {np.abs(last_year - truth).mean():.2f})"
    )

fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
days = np.arange(1, 8)
ax.plot(days, against_today, "o-", label="against the last known day")
ax.plot(days, against_last_year, "s-", label="against the same day last year")
ax.axhline(0, color="0.5", lw=1)
ax.set(
    xlabel="days ahead",
    ylabel="skill, highest temperature",
    ylim=(-0.05, 1),
    title="Share of the squared error avoided in the held-out year",
)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# The next seven days
# -------------------
# ``predict(weather, steps=7)`` forecasts the rows after the last row of its input.

next_days = pd.DataFrame(
    pipe.predict(weather, steps=7),
    index=pd.date_range(weather.index[-1], periods=8, freq="D", name="date")[1:],
    columns=weather.columns,
)
print(next_days.round(1))

# %%
# :class:`~sklearn_gru.plotting.ForecastDisplay` draws both kinds of forecast: one day
# ahead along the series, and the week after it.

display = ForecastDisplay.from_estimator(
    pipe, weather, steps=7, n_shown=90, name="highest temperature (°C)"
)
display.ax_.set_title("Seattle: the last 90 days, and the next 7")
plt.show()
# sphinx_gallery_thumbnail_number = 2
