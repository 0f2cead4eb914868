"""Memory: windows are never materialised, and mapped files are never copied."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from sklearn_gru import GRUForecaster, GRURegressor, make_windows
from sklearn_gru.training import sources

RNG = np.random.default_rng(0)


def added_mib(make_series, tmp_path):
    """Peak MiB that a fit adds in a process of its own, and the series' MiB."""
    code = f"""
    import resource
    import numpy as np
    from sklearn_gru import GRUForecaster

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    settings = dict(window_length=100, units=4, max_epochs=1, batch_size=256)
    GRUForecaster(**settings).fit(np.random.default_rng(0).normal(size=(400, 1)))
    {make_series}
    before = peak()
    GRUForecaster(**settings, stride=400).fit(series)
    print(series.nbytes / 2**20, peak() - before)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.stderr == ""
    return map(float, run.stdout.split())


def test_a_million_rows_add_little_more_than_themselves(tmp_path):
    make = "series = np.random.default_rng(0).random((1_000_000, 1), dtype=np.float32)"
    size, added = added_mib(make, tmp_path)
    assert added < 3 * size + 200


def test_a_mapped_file_is_not_read_into_memory(tmp_path):
    np.tile(RNG.random((100_000, 8), dtype=np.float32), (100, 1)).tofile(
        tmp_path / "series"
    )
    make = "series = np.memmap('series', np.float32, 'r', shape=(10_000_000, 8))"
    size, added = added_mib(make, tmp_path)
    assert size > 300
    assert added < 150


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_a_mapped_file_gives_the_results_of_an_array(tmp_path, dtype):
    series = (1000 * RNG.normal(size=(300, 2)).cumsum(axis=0)).astype(dtype)
    series.tofile(tmp_path / "series")
    mapped = np.memmap(tmp_path / "series", dtype, "r", shape=series.shape)
    settings = {"window_length": 10, "units": 4, "max_epochs": 2, "random_state": 0}
    expected = GRUForecaster(**settings).fit(series)
    model = GRUForecaster(**settings).fit(mapped)
    np.testing.assert_allclose(model.predict(mapped), expected.predict(series), 1e-5)
    np.testing.assert_allclose(model.forecast(3), expected.forecast(3), 1e-5)


def test_nan_in_a_mapped_file_is_found(tmp_path):
    series = np.zeros((1000, 1), np.float32)
    series[777] = np.nan
    series.tofile(tmp_path / "series")
    mapped = np.memmap(tmp_path / "series", np.float32, "r", shape=series.shape)
    with pytest.raises(ValueError, match="first at row 777: nan"):
        GRUForecaster(max_epochs=1).fit(mapped)
    with pytest.raises(ValueError, match="first at row 777: nan"):
        GRUForecaster(max_epochs=1, standardize=False).fit(mapped)


def test_sequences_may_be_mapped(tmp_path):
    X = RNG.normal(size=(50, 6, 2))
    X.tofile(tmp_path / "X")
    mapped = np.memmap(tmp_path / "X", np.float64, "r", shape=X.shape)
    settings = {"units": 4, "max_epochs": 2, "random_state": 0}
    expected = GRURegressor(**settings).fit(X, X[:, 0, 0]).predict(X)
    model = GRURegressor(**settings).fit(mapped, X[:, 0, 0])
    np.testing.assert_allclose(model.predict(mapped), expected, rtol=1e-5)


def test_views_of_windows_are_not_copied(monkeypatch):
    windows, targets = make_windows(RNG.normal(size=2_000), 500)
    largest = 0
    gather = sources.gather

    def watching(values, indices):
        nonlocal largest
        taken = gather(values, indices)
        largest = max(largest, taken.nbytes)
        return taken

    monkeypatch.setattr(sources, "gather", watching)
    GRURegressor(units=2, max_epochs=1).fit(windows, targets)
    assert 0 < largest <= 32 * 500 * 8
