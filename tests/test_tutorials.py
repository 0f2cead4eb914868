"""The classic tutorial programmes, and skill on series that have structure."""

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from statsmodels.datasets import co2
from vega_datasets import local_data

from sklearn_gru import CharGRUGenerator, GRUForecaster, datasets


def one_step_errors(series, season, n_train, **settings):
    """RMSE on the rows after the first `n_train`: GRU, naive, seasonal naive."""
    model = make_pipeline(MinMaxScaler(), GRUForecaster(random_state=0, **settings))
    model.fit(series[:n_train], series[:n_train])
    truth = series[n_train:]
    forecasts = (
        model.predict(truth),
        series[n_train - 1 : -1],
        series[n_train - season : -season],
    )
    return [root_mean_squared_error(truth, forecast) for forecast in forecasts]


def test_temperature_table_settles_at_its_noise_floor():
    table = datasets.load_temperature()
    z = MinMaxScaler().fit_transform(table)
    floor = z.var()
    assert floor == pytest.approx(0.0175, abs=2e-4)
    model = GRUForecaster(
        100, (50, 50), lr=1e-3, batch_size=32, max_epochs=2, random_state=0
    ).fit(z[:6400])
    error = mean_squared_error(z[6400:], model.predict(z[6400:]))
    # The held-out rows' own variance: no forecast of noise does better.
    assert 0.98 < error / z[6400:].var() < 1.03


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_sine_wave_with_relu_units(cell):
    wave = datasets.make_sine(500, period=50)
    model = GRUForecaster(
        10, 50, cell=cell, activation="relu", max_epochs=50, random_state=0
    ).fit(wave[:400])
    error = root_mean_squared_error(wave[400:], model.predict(wave[400:]))
    naive = root_mean_squared_error(wave[400:], wave[399:-1])
    assert error < 0.1 * naive


@pytest.mark.parametrize(("cell", "gates"), [("gru", 3), ("lstm", 4), ("rnn", 1)])
def test_cells_differ_by_their_number_of_gates(cell, gates):
    wave = datasets.make_sine(100)
    model = GRUForecaster(5, 7, cell=cell, max_epochs=1, linear_path=False)
    module = model.fit(wave).net_.module_
    n_parameters = sum(p.numel() for p in module.parameters())
    assert n_parameters == gates * 7 * (7 + 1 + 2) + 7 + 1


def test_beats_both_naive_forecasts_on_daily_weather():
    weather = local_data.seattle_weather().set_index("date")[["temp_max"]]
    error, naive, seasonal = one_step_errors(weather.to_numpy(), 365, 1168)
    assert error < 0.97 * min(naive, seasonal)


def test_beats_both_naive_forecasts_on_monthly_co2():
    monthly = co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    series = monthly.to_numpy()[:, None]
    error, naive, seasonal = one_step_errors(series, 12, 420)
    assert error < 0.5 * min(naive, seasonal)


@pytest.mark.parametrize("cell", ["rnn", "gru"])
@pytest.mark.parametrize("seed", range(5))
def test_a_sentence_is_learned_from_windows_of_three_characters(cell, seed):
    text = "This is GeeksforGeeks a software training institute"
    model = CharGRUGenerator(
        50,
        window_length=3,
        cell=cell,
        activation="relu",
        max_epochs=100,
        random_state=seed,
    ).fit(text)
    assert model.loss_curve_[-1] < 0.5
    # In windows by themselves, and after all that comes before. "eks" is followed by
    # both "f" and a space: no model could have all windows right.
    windows = [text[i : i + 3] for i in range(len(text) - 3)]
    assert (model.predict(windows) == list(text[3:])).mean() > 0.9
    beginnings = [text[:i] for i in range(1, len(text))]
    assert (model.predict(beginnings) == list(text[1:])).mean() > 0.9
    written = model.generate("This is G", 20, temperature=0)
    assert written.startswith("This is GeeksforGeeks")


def test_temperature_table_has_the_tutorials_values():
    table = datasets.load_temperature()
    assert table.shape == (8000, 1)
    first = [27.483571, 24.308678, 28.238443, 32.615149, 23.829233]
    np.testing.assert_allclose(table["temperature"].head(5), first, atol=1e-6)
