"""The estimators with and without the compiled recurrence."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_gru import (
    CharGRUGenerator,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    datasets,
)
from sklearn_gru.nets import execution

pytest.importorskip("llvmlite")

from sklearn_gru.nets.fused import _kernels

SETTINGS = {"units": (9, 5), "max_epochs": 3, "random_state": 0}


def series():
    return datasets.make_sine(400, noise=0.1, random_state=0)


def sequences(n=80):
    return np.random.default_rng(0).normal(size=(n, 12, 2)).cumsum(axis=1)


CASES = {
    "forecaster": lambda **kw: GRUForecaster(**SETTINGS, **kw).fit(series()),
    "before": lambda **kw: GRUForecaster(reset_after=False, **SETTINGS, **kw).fit(
        series()
    ),
    "relu": lambda **kw: GRUForecaster(activation="relu", **SETTINGS, **kw).fit(
        series()
    ),
    "regressor": lambda **kw: GRURegressor(bidirectional=True, **SETTINGS, **kw).fit(
        sequences(), sequences().mean(axis=(1, 2))
    ),
    "ragged": lambda **kw: GRUClassifier(**SETTINGS, **kw).fit(
        [x[: 3 + i % 9] for i, x in enumerate(sequences())], np.arange(80) % 3
    ),
    "float64": lambda **kw: GRURegressor(dtype="float64", **SETTINGS, **kw).fit(
        sequences(), sequences().mean(axis=(1, 2))
    ),
    "text": lambda **kw: CharGRUGenerator(**SETTINGS, **kw).fit("to be or not " * 50),
    "lstm": lambda **kw: GRUForecaster(cell="lstm", **SETTINGS, **kw).fit(series()),
    "rnn": lambda **kw: GRUForecaster(cell="rnn", **SETTINGS, **kw).fit(series()),
    "lstm both ways": lambda **kw: GRUClassifier(
        cell="lstm", bidirectional=True, **SETTINGS, **kw
    ).fit([x[: 3 + i % 9] for i, x in enumerate(sequences())], np.arange(80) % 3),
    "lstm text": lambda **kw: CharGRUGenerator(cell="lstm", **SETTINGS, **kw).fit(
        ["to be", "or", "not to be"] * 20
    ),
    "texts": lambda **kw: CharGRUGenerator(**SETTINGS, **kw).fit(["to be", "or"] * 20),
}


@pytest.mark.parametrize("case", CASES)
def test_the_kernels_train_alike(case):
    fused, torch = CASES[case](kernel="fused"), CASES[case](kernel="torch")
    assert fused.net_.module_.recurrent.is_fused
    assert not torch.net_.module_.recurrent.is_fused
    assert len(fused.loss_curve_) == 3
    assert_allclose(fused.loss_curve_, torch.loss_curve_, rtol=1e-3)


def test_the_kernels_forecast_alike():
    model = CASES["forecaster"](kernel="fused")
    forecasts = model.predict(series())
    model.net_.module_.recurrent.use_kernel("torch")
    assert_allclose(model.predict(series()), forecasts, rtol=1e-4, atol=1e-5)


def test_the_kernels_write_alike():
    model = CASES["text"](kernel="fused")
    texts = model.generate("to", 50, n=3, random_state=0)
    score = model.score("not to be")
    model.net_.module_.recurrent.use_kernel("torch")
    assert model.generate("to", 50, n=3, random_state=0) == texts
    assert_allclose(model.score("not to be"), score, rtol=1e-5)


@pytest.mark.parametrize("case", ["lstm", "rnn", "lstm text"])
def test_other_cells_predict_alike(case):
    model = CASES[case](kernel="fused")
    read = model.score if "text" in case else model.predict
    data = ["not to be"] if "text" in case else series()
    fused = read(data)
    model.net_.module_.recurrent.use_kernel("torch")
    assert_allclose(read(data), fused, rtol=1e-4, atol=1e-5)


def test_an_lstm_writes_alike():
    model = CASES["lstm text"](kernel="fused")
    texts = model.generate("to", 50, n=3, random_state=0)
    model.net_.module_.recurrent.use_kernel("torch")
    assert model.generate("to", 50, n=3, random_state=0) == texts


def test_without_llvmlite_everything_works_but_fused(monkeypatch):
    expected = CASES["forecaster"](kernel="torch").predict(series())
    monkeypatch.setattr(execution, "has_compiler", lambda: False)
    model = CASES["forecaster"](kernel="auto")
    assert not model.net_.module_.recurrent.is_fused
    assert_allclose(model.predict(series()), expected)
    message = r"llvmlite is not installed.*sklearn-gru\[fast\]"
    with pytest.raises(ValueError, match=message):
        CASES["forecaster"](kernel="fused")


@pytest.fixture
def _no_compiled_code(monkeypatch):
    """Let every cell be compiled anew."""
    execution._failure.cache_clear()
    _kernels._recurrence.cache_clear()
    yield
    execution._failure.cache_clear()


@pytest.mark.usefixtures("_no_compiled_code")
def test_a_compiler_that_fails_is_replaced_by_pytorch(monkeypatch):
    def fail(*args):
        raise RuntimeError("unknown processor")

    expected = CASES["forecaster"](kernel="torch").predict(series())
    monkeypatch.setattr(_kernels, "Functions", fail)
    with pytest.warns(RuntimeWarning, match="slower: .* unknown processor"):
        forecasts = CASES["forecaster"](kernel="auto").predict(series())
    assert_allclose(forecasts, expected)
    with pytest.raises(ValueError, match=r"GRU layers: .* unknown processor.*torch"):
        CASES["forecaster"](kernel="fused")


def test_llvmlite_is_imported_by_the_first_fit_only():
    code = "import sys, sklearn_gru; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
