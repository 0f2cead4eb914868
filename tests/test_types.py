"""Users and their type checkers see what the public functions take and return."""

import inspect
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

import sklearn_gru
import sklearn_gru.plotting
import sklearn_gru.sktime

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sklearn_gru"
NAMESPACES = sklearn_gru, sklearn_gru.plotting, sklearn_gru.sktime
# `warm_up` stands beside what runs the layers, which has no types.
UNCHECKED = {PACKAGE / "nets" / "execution.py"}

# What a user writes. The checker complains of the lines that say so, and of no others.
SCRIPT = """
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    Checkpoint,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
    datasets,
    load,
    make_windows,
    save,
    warm_up,
)
from sklearn_gru.plotting import ForecastDisplay, GateDisplay
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

Floats = NDArray[np.float64]
series, texts = datasets.make_sine(200, noise=0.1), ["to be", "or not"]
assert_type(series, Floats)
assert_type(make_windows([1, 2, 3], window_length=2)[0], NDArray[Any])

forecaster = GRUForecaster(12, (8, 4), cell="lstm", checkpoint=Path("unfinished"))
assert_type(forecaster.fit(series), GRUForecaster)
assert_type(forecaster.partial_fit(series).predict(series, steps=3), Floats)
assert_type(forecaster.forecast(3), Floats)
assert_type(forecaster.predict_interval(series, coverage=0.8), Floats)
assert_type(forecaster.predict_quantiles(steps=3, alpha=0.5), Floats)
assert_type(forecaster.score(series), float)
assert_type(forecaster.loss_curve_, list[float])
forecaster.to_onnx(Path("model.onnx"))
GRUForecaster(cell="gruu")  # arg-type
GRUForecaster(horizon="auto")  # arg-type
forecaster.forecast("3")  # arg-type
forecaster.forecast(3).append(1)  # attr-defined
GRUForecaster(window=12)  # call-arg

ragged = [np.zeros((5, 2)), np.zeros((3, 2))]
regressor = GRURegressor(pooling=("last", "max"), random_state=0)
assert_type(regressor.fit(ragged, [0.1, 0.2]), GRURegressor)
assert_type(regressor.predict(ragged), Floats | Any)
assert_type(regressor.transform(ragged), Floats)
regressor.predict(ragged).shap  # union-attr
classifier = GRUClassifier(class_weight="balanced", verbose=1).fit(ragged, ["a", "b"])
assert_type(classifier, GRUClassifier)
assert_type(classifier.predict_proba(ragged), Floats)
assert_type(classifier.classes_, NDArray[Any])

generator = CharGRUGenerator(max_epochs=1).fit(texts)
assert_type(generator.generate("to ", length=3).upper(), str | Any)
assert_type("".join(generator.stream("to ")), str)
assert_type(CharSequenceTransformer().fit(texts).vocabulary_.characters, str)
assert_type(SlidingWindowTransformer(pad="zero").fit(series), SlidingWindowTransformer)
SlidingWindowTransformer(pad="zeros")  # arg-type

save(forecaster, "model.safetensors")
kept: GRUForecaster = load(Path("model.safetensors"), device="cpu")
assert_type(warm_up(), Path | None)
Checkpoint(Path("unfinished"), seconds=30)
Checkpoint(3)  # arg-type

display = ForecastDisplay.from_estimator(kept, series, steps=3, coverage=[0.5, 0.8])
assert_type(display, ForecastDisplay)
assert_type(display.ax_, Axes)
assert_type(display.figure_, Figure)
assert_type(display.lines_["ahead"], Line2D)
assert_type(display.plot(line_kw={"color": "black"}), ForecastDisplay)
GateDisplay.from_estimator(regressor, ragged, names="one")  # arg-type

assert_type(SktimeForecaster(horizon=3).pretrain(series), SktimeForecaster)
SktimeForecaster(channels="each")  # arg-type
"""


def test_a_user_sees_types(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    monkeypatch.setenv("MYPYPATH", str(ROOT))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # Of installed packages, mypy reports no errors; this package is silent likewise.
    options = ["--strict", "--follow-imports=silent", "--config-file="]
    report, failure, _ = api.run([*options, f"--cache-dir={os.devnull}", str(script)])
    assert not failure
    found = re.findall(r"script\.py:(\d+): error: .*\[([\w-]+)\]$", report, re.M)
    marked = [line.split("  # ") for line in SCRIPT.splitlines()]
    expected = [(str(i), line[1]) for i, line in enumerate(marked, 1) if line[1:]]
    assert found == expected, report


def own_functions(name, value):
    """Yield the functions that a public name leads to, by name."""
    if inspect.ismodule(value):
        for key, member in vars(value).items():
            if not key.startswith("_") and inspect.isfunction(member):
                yield f"{name}.{key}", member
    elif inspect.isclass(value):
        for key in dir(value):
            if key == "__init__" or not key.startswith("_"):
                yield from own_functions(
                    f"{name}.{key}", inspect.getattr_static(value, key)
                )
    else:
        # Of properties, class methods, and methods that exist with some parameters.
        for attribute in ("fget", "__func__", "fn"):
            value = getattr(value, attribute, value)
        if inspect.isfunction(value):
            yield name, inspect.unwrap(value)


FUNCTIONS = {
    f"{namespace.__name__}.{found}": function
    for namespace in NAMESPACES
    for name in namespace.__all__
    for found, function in own_functions(name, getattr(namespace, name))
    if function.__module__.startswith("sklearn_gru")
}


def test_public_functions_are_found():
    assert {
        "sklearn_gru.GRUForecaster.__init__",
        "sklearn_gru.GRUForecaster.predict",
        "sklearn_gru.GRURegressor.loss_curve_",
        "sklearn_gru.SlidingWindowTransformer.get_feature_names_out",
        "sklearn_gru.datasets.make_sine",
        "sklearn_gru.plotting.GateDisplay.from_predictions",
        "sklearn_gru.sktime.GRUForecaster.get_test_params",
    } <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_have_types(name):
    signature = inspect.signature(FUNCTIONS[name])
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].name in ("self", "cls"):
        del parameters[0]
    bare = [each.name for each in parameters if each.annotation is each.empty]
    assert bare == []
    assert signature.return_annotation is not signature.empty


def test_modules_of_public_functions_are_checked():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    checked = {path for pattern in settings["files"] for path in ROOT.glob(pattern)}
    checked |= {path for folder in checked for path in folder.glob("*.py")}
    modules = {function.__module__ for function in FUNCTIONS.values()}
    public = {Path(sys.modules[name].__file__) for name in modules}
    assert settings["strict"]
    assert public - checked == UNCHECKED
