"""What X is: the training series, an overlap with it, or what comes after it."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_gru import GRUForecaster, datasets
from sklearn_gru.estimators._matching import Matcher
from sklearn_gru.estimators._recognition import recognise
from sklearn_gru.estimators.forecasting import History, Rows

RNG = np.random.default_rng(0)
# One network, which forecasts from ten rows and no more.
QUICK = {
    "window_length": 10,
    "units": 4,
    "max_epochs": 1,
    "weights": None,
    "random_state": 0,
}
WAVE = 20 + 5 * np.sin(np.arange(200) / 4)[:, None] + 0.3 * RNG.normal(size=(200, 1))
N_TRAINED = 150


def fitted(series=WAVE, n_trained=N_TRAINED, **settings):
    return GRUForecaster(**{**QUICK, **settings}).fit(series[:n_trained])


def oracle(model, series, start):
    """Forecasts of the rows from `start` on, one window at a time."""
    ten = [series[max(0, t - 10) : t] for t in range(start, len(series))]
    if hasattr(model, "feature_names_in_"):
        ten = [pd.DataFrame(rows, columns=["a"]) for rows in ten]
    return np.array([model.predict(rows, steps=1, context="apply")[0] for rows in ten])


# A continuation, unless there is strong evidence for something else


@pytest.mark.parametrize("n_rows", [1, 2, 9, 10, 50])
def test_rows_that_are_nothing_else_continue_the_series(n_rows):
    model = fitted()
    rest = WAVE[N_TRAINED:][:n_rows]
    expected = oracle(model, WAVE[: N_TRAINED + n_rows], N_TRAINED)
    np.testing.assert_allclose(model.predict(rest), expected, rtol=1e-6)


@pytest.mark.parametrize("night", [2, 5, 9, 10, 30])
@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler()])
def test_zeros_are_not_the_zeros_that_the_series_began_with(night, scaler):
    """Hourly solar power: nights of zeros, at the series' beginning as well."""
    day = np.maximum(0, np.sin(2 * np.pi * (np.arange(480) - 30) / 48))
    power = (day * RNG.uniform(0.5, 1, 480))[:, None]
    power[:30] = 0.0
    pipe = make_pipeline(scaler, GRUForecaster(**QUICK)).fit(power[:450], power[:450])
    dark = np.zeros((night, 1))
    model, known = pipe[-1], scaler.transform(np.concatenate([power[:450], dark]))
    expected = oracle(model, known, 450)
    np.testing.assert_allclose(pipe.predict(dark), expected, rtol=1e-6)
    rolling = model.rolling_forecast(known[450:], 2)
    np.testing.assert_allclose(rolling[:-1, 0], expected[1:], rtol=1e-6)


def test_a_few_equal_rows_are_no_evidence():
    counts = RNG.integers(0, 3, size=(120, 1)).astype(float)
    model = fitted(counts, 100)
    rest = np.concatenate([counts[:9], counts[100:]])  # begins as the series did
    expected = oracle(model, np.concatenate([counts[:100], rest]), 100)
    np.testing.assert_allclose(model.predict(rest), expected, rtol=1e-6)


def test_one_row_that_differs_is_another_series():
    model = fitted(n_trained=100)
    revised = WAVE[:100].copy()
    revised[60] += 0.01
    expected = oracle(model, np.concatenate([WAVE[:100], revised]), 100)
    np.testing.assert_allclose(model.predict(revised), expected, rtol=1e-6)


# (a) The training series itself


FORMS = {
    "as they were": lambda rows: rows,
    "float32": lambda rows: rows.astype(np.float32),
    "rounded": lambda rows: rows.round(10),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@every_form
@pytest.mark.parametrize("n_rows", [10, 40, 149, 150, 151, 200])
@pytest.mark.parametrize("n_before", [0, 5_000])
def test_the_training_series_is_recognised(form, n_rows, n_before):
    series = np.concatenate([RNG.normal(size=(n_before, 1)) + 20, WAVE])[:, :]
    n_trained = n_before + N_TRAINED
    model = fitted(series, n_trained)
    rows = series if n_rows == 200 else series[:n_rows]
    expected = model.predict(rows, context="apply")
    np.testing.assert_allclose(model.predict(form(rows)), expected, rtol=1e-5)


@every_form
def test_a_window_of_one_row_hinders_nothing(form):
    model = fitted(window_length=1)
    expected = model.predict(WAVE[:150], context="apply")
    np.testing.assert_allclose(model.predict(form(WAVE[:150])), expected, rtol=1e-5)
    few = model.predict(WAVE[:3], context="apply")
    np.testing.assert_allclose(model.predict(form(WAVE[:3])), few, rtol=1e-5)


@every_form
@pytest.mark.parametrize("offset", [0, 1000])
def test_scalers_in_front_may_round_once_more(form, offset):
    series = WAVE + offset
    pipe = make_pipeline(StandardScaler(), GRUForecaster(**QUICK))
    pipe.fit(series[:150], series[:150])
    expected = pipe.predict(series[:150])
    np.testing.assert_allclose(pipe.predict(form(series[:150])), expected, rtol=1e-4)


def test_a_constant_series_is_recognised_as_a_whole_only():
    constant = np.full((60, 1), 7.0)
    model = fitted(constant, 60)
    for n_rows in (5, 30, 60, 90):
        forecast = model.predict(np.full((n_rows, 1), 7.0))
        np.testing.assert_allclose(forecast, 7.0, atol=0.5)


# (b) An overlap


@every_form
@pytest.mark.parametrize("k", [2, 3, 9, 10, 48, 100, 149])
def test_rows_that_overlap_are_not_read_twice(form, k):
    model = fitted()
    expected = oracle(model, WAVE, N_TRAINED - k)
    overlapping = form(WAVE[N_TRAINED - k :])
    np.testing.assert_allclose(model.predict(overlapping), expected, rtol=1e-5)
    ahead = model.predict(WAVE, steps=3)
    np.testing.assert_allclose(model.predict(overlapping, steps=3), ahead, rtol=1e-5)


@pytest.mark.parametrize("k", [200, 256, 257, 266, 300, 1000])
def test_overlaps_of_a_long_series(k):
    """Only the last rows are kept; where windows would need others, they are padded."""
    series = RNG.normal(size=(2_100, 1)).cumsum(axis=0)
    model = fitted(series, 2_000)
    expected = oracle(model, series, 2_000 - k)
    n_padded, warns = 0, nullcontext()
    if k > 256:
        n_padded, warns = 10, pytest.warns(UserWarning, match=f"at row {2000 - k}, and")
    with warns:
        forecast = model.predict(series[2_000 - k :])
    np.testing.assert_allclose(forecast[n_padded:], expected[n_padded:], rtol=1e-5)


@pytest.mark.parametrize("k", [17, 24, 30, 48, 100])
def test_overlaps_that_begin_and_end_at_night(k):
    """The row before the overlap is like the last one: both are zero."""
    rng = np.random.default_rng(1)
    day = np.maximum(0, np.sin(2 * np.pi * (np.arange(200) - 7) / 24))
    power = (day * rng.uniform(0.5, 1, 200))[:, None]
    assert power[149] == 0
    assert (power[150 - k : 150] > 0).any()
    model = fitted(power)
    expected = oracle(model, power, 150 - k)
    forecast = model.predict(power[150 - k :])
    np.testing.assert_allclose(forecast, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("k", [1, 5])
def test_one_row_or_a_constant_stretch_is_no_overlap(k):
    series = WAVE.copy()
    series[145:155] = 20.0
    model = fitted(series)
    rest = series[150:][:k]
    expected = oracle(model, np.concatenate([series[:150], rest]), 150)
    np.testing.assert_allclose(model.predict(rest), expected, rtol=1e-6)


# With an index, the index decides

INDEXES = {
    "days": pd.date_range("2020-01-01", periods=200, freq="D"),
    "days without freq": pd.date_range("2020-01-01", periods=200)._with_freq(None),
    "hours of a zone": pd.date_range("2024-03-25", periods=200, freq="h", tz="CET"),
    "months": pd.date_range("2001-01-31", periods=200, freq="ME")._with_freq(None),
    "business days": pd.bdate_range("2020-01-01", periods=200)._with_freq(None),
    "periods": pd.period_range("2001-01", periods=200, freq="M"),
    "seconds": pd.timedelta_range(0, periods=200, freq="s"),
    "rows": pd.RangeIndex(200),
    "later rows": pd.RangeIndex(7, 607, 3),
}
every_index = pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)


@every_index
@pytest.mark.parametrize("start", [0, 1, 60, 140, 149, 150])
def test_the_index_tells_where_rows_belong(index, start):
    table = pd.DataFrame(WAVE, index, columns=["a"])
    model = fitted(table)
    if start == 0:
        expected = model.predict(table, context="apply")
    else:
        expected = oracle(model, WAVE, start)
    np.testing.assert_allclose(model.predict(table[start:]), expected, rtol=1e-6)


@every_index
def test_the_index_passes_through_scalers_that_keep_it(index):
    table = pd.DataFrame(WAVE, index, columns=["a"])
    pipe = make_pipeline(MinMaxScaler(), GRUForecaster(**QUICK))
    pipe.set_output(transform="pandas").fit(table[:150], table[:150])
    expected = pipe.predict(table)[149:]
    np.testing.assert_allclose(pipe.predict(table[149:]), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["days", "months", "periods", "later rows"])
def test_a_gap_is_said(name):
    table = pd.DataFrame(WAVE, INDEXES[name], columns=["a"])
    model = fitted(table)
    with pytest.warns(UserWarning, match="does not follow the training series"):
        forecast = model.predict(table[160:])
    expected = model.predict(table[160:].reset_index(drop=True))
    np.testing.assert_array_equal(forecast, expected)


def test_row_numbers_of_another_table_mean_nothing():
    model = fitted(pd.DataFrame(WAVE, columns=["a"]))
    test = pd.DataFrame(WAVE[150:], columns=["a"])  # numbered from 0 again
    expected = oracle(model, WAVE, 150)
    np.testing.assert_allclose(model.predict(test), expected, rtol=1e-6)
    later = model.predict(test[5:])
    rows = np.concatenate([WAVE[:150], WAVE[155:]])
    np.testing.assert_allclose(later, oracle(model, rows, 150), rtol=1e-6)


def test_times_between_those_of_the_series_are_an_error():
    days = INDEXES["days"]
    model = fitted(pd.DataFrame(WAVE, days, columns=["a"]))
    between = pd.DataFrame(WAVE[:20], days[:20] + pd.Timedelta("12h"), columns=["a"])
    with pytest.raises(ValueError, match="2020-01-01 12:00:00, between two rows"):
        model.predict(between)


def test_an_index_of_another_zone_is_an_error():
    days = INDEXES["days"]
    model = fitted(pd.DataFrame(WAVE, days, columns=["a"]))
    zoned = pd.DataFrame(WAVE[:20], days[150:170].tz_localize("UTC"), columns=["a"])
    with pytest.raises(ValueError, match=r"can't be compared.*same time zone"):
        model.predict(zoned)


# Discrete and repeating series, and large offsets


def share_taken_for_a_continuation(make, n_draws=60):
    rng = np.random.default_rng(0)
    n_right = 0
    for _ in range(n_draws):
        rows = make(rng)[:, None].astype(float)
        history = History.of(Rows(rows[:300]), (128, 266))
        place = recognise(Rows(rows[300:]), history, 10)
        n_right += place.start == 300
    return n_right / n_draws


MADE = {
    "a coin": lambda rng: rng.random(320) < 0.5,
    "rare events": lambda rng: rng.random(320) < 0.1,
    "counts": lambda rng: rng.poisson(2, 320),
    "larger counts": lambda rng: rng.poisson(10, 320),
    "a rounded walk": lambda rng: rng.normal(size=320).cumsum().round(1),
    "rain": lambda rng: rng.gamma(0.3, 3, 320).round(1),
    "an offset": lambda rng: 1e6 + 0.1 * rng.normal(size=320),
    "an outlier": lambda rng: np.r_[1e5, rng.normal(size=319)],
    "a profile": lambda rng: np.tile(rng.normal(size=20), 16),
    "float32": lambda rng: (1e6 + 0.1 * rng.normal(size=320)).astype(np.float32),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_chance_and_habit_are_no_evidence(make):
    assert share_taken_for_a_continuation(make) >= 0.95


def test_a_wave_goes_on_where_it_ended():
    wave = datasets.make_sine(500, period=50)
    model = fitted(wave, 400)
    expected = oracle(model, wave, 400)
    np.testing.assert_allclose(model.predict(wave[400:]), expected, rtol=1e-6)


@pytest.mark.parametrize("k", [2, 7, 30, 48])
def test_overlaps_of_a_wave_that_repeats_itself(k):
    """Only its phase tells where it is."""
    wave = datasets.make_sine(500, period=50)
    model = fitted(wave, 390)
    expected = oracle(model, wave, 390 - k)
    forecast = model.predict(wave[390 - k :])
    np.testing.assert_allclose(forecast, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("k", [2, 48, 300])
def test_overlaps_in_a_mapped_file(tmp_path, k):
    series = RNG.normal(size=(700, 1))
    series.tofile(tmp_path / "series")
    mapped = np.memmap(tmp_path / "series", np.float64, "r", shape=series.shape)
    model = fitted(mapped, 600)
    with pytest.warns(UserWarning, match="begins inside") if k > 256 else nullcontext():
        forecast = model.predict(mapped[600 - k :])
    expected = oracle(model, series, 600 - k)
    skipped = 10 if k > 256 else 0
    np.testing.assert_allclose(forecast[skipped:], expected[skipped:], rtol=1e-5)


def test_other_steps_than_those_of_the_series_are_an_error():
    hours = pd.date_range("2024-01-01", periods=200, freq="h")
    table = pd.DataFrame(WAVE, hours, columns=["a"])
    model = fitted(table, 48)
    for wrong in (table[20:90:2], table.iloc[[48, 55]], table[48::24]):
        with pytest.raises(ValueError, match=r"01:00:00\. Bring both"):
            model.predict(wrong)
        with pytest.raises(ValueError, match="Bring both to the same steps"):
            model.partial_fit(wrong)


@pytest.mark.parametrize("name", ["days", "business days", "later rows", "periods"])
def test_rows_without_an_index_are_dated_by_those_before(name):
    index = INDEXES[name]
    table = pd.DataFrame(WAVE, index, columns=["a"])
    model = fitted(table)
    model.partial_fit(table[150:160].reset_index(drop=True))
    pd.testing.assert_index_equal(
        model.engine_.history.last.index, index[:160], exact="equiv", check_names=False
    )
    expected = oracle(model, WAVE, 155)
    np.testing.assert_allclose(model.predict(table[155:]), expected, rtol=1e-6)


def test_a_row_of_a_calendar_is_known_once():
    days = pd.bdate_range("2010-01-01", periods=2_100)
    series = RNG.normal(size=(2_100, 1)).cumsum(axis=0)
    table = pd.DataFrame(series, days, columns=["a"])
    model = fitted(table, 2_000).partial_fit(table[777:2_010])
    assert model.engine_.history.n_rows == 2_010
    assert model.engine_.history.last.index.is_unique


@pytest.mark.parametrize("n_trained", [40, 68])
def test_holidays_of_a_calendar_are_no_other_steps(n_trained):
    holidays = ["2023-04-07", "2023-04-10", "2023-05-01"]
    days = pd.bdate_range("2023-01-02", periods=120, freq="C", holidays=holidays)
    table = pd.DataFrame(WAVE[:120], days, columns=["a"])
    model = fitted(table, n_trained)
    start = days.get_loc("2023-04-06")  # Thursday before Easter
    assert start == 68
    warns = nullcontext()
    if n_trained < start:
        warns = pytest.warns(UserWarning, match="does not follow")
    with warns:
        assert len(model.predict(table[start : start + 10])) == 10


def test_a_weekend_without_rows_is_a_gap_in_daily_data():
    days = pd.DatetimeIndex(list(pd.date_range("2020-01-01", periods=200)))
    table = pd.DataFrame(WAVE, days, columns=["a"])
    friday = days.get_loc("2020-06-05")
    model = fitted(table, friday + 1)
    with pytest.warns(UserWarning, match="2020-06-08 .* does not follow"):
        model.predict(table[friday + 3 :])


def test_a_long_series_of_zeros_is_searched_at_once():
    """Not by comparing every place of it with the zeros of the other."""
    known = np.zeros((20_000, 1))
    rows = np.zeros((20_000, 1))
    known[RNG.choice(19_000, 100), 0] = RNG.gamma(1, 3, 100)
    rows[300 + RNG.choice(19_000, 100), 0] = RNG.gamma(1, 3, 100)
    matcher = Matcher(rows, History.of(Rows(known), (128, 266)))
    n_compared = 0
    agree = matcher._agree

    def counting(some, others):
        nonlocal n_compared
        n_compared += np.broadcast(some, others).size
        return agree(some, others)

    matcher._agree = counting
    assert matcher.overlap() == 0
    assert n_compared < 100_000


def test_values_that_float32_cannot_hold_are_recognised_without_a_warning():
    series = 2.0**200 * WAVE
    expected = oracle(fitted(series), series, 100)
    np.testing.assert_array_equal(fitted(series).predict(series[90:])[10:], expected)
