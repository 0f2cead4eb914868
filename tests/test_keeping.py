"""Fitted estimators are kept as plain data, whatever keeps them."""

import copy
import importlib
import io
import pickle
import tempfile
from functools import cache
from importlib.metadata import version

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io as sio
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.optim import Adagrad
from ways_to_keep import WAYS

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    Checkpoint,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
    trusted_types,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 7, 2))
Y = X[:, :, 0].sum(axis=1)
LABELS = np.where(Y > 0, "up", "down")
RAGGED = [x[: 3 + i % 5] for i, x in enumerate(X)]
SERIES = RNG.normal(size=(90, 2)).cumsum(axis=0) + 50
MONTHS = pd.date_range("2015-01", periods=90, freq="MS", tz="Europe/Berlin")
TABLE = pd.DataFrame(SERIES, columns=["a", "b"], index=MONTHS)
WITH_HOLES = np.where(RNG.random(SERIES.shape) < 0.05, np.nan, SERIES)
TEXTS = ["to be or not to be", "that is the question", "whether it is nobler"] * 4
QUICK = {"units": 4, "max_epochs": 2, "random_state": 3}
IN_A_FOLDER = Checkpoint(tempfile.gettempdir())
HELD_OUT = {"early_stopping": True, "validation_fraction": 0.3}


def letters():
    classifier = GRUClassifier(**QUICK, embedding_dim=3)
    return make_pipeline(CharSequenceTransformer(), classifier)


CASES = {
    "regressor": (GRURegressor(**QUICK), (X, Y)),
    "dropout": (GRURegressor(**QUICK | {"units": (4, 3)}, dropout=0.3), (X, Y)),
    "bidirectional": (GRURegressor(**QUICK, bidirectional=True), (RAGGED, Y)),
    "bending": (GRURegressor(**QUICK, time_warp=0.3, conv_filters=4), (X, Y)),
    "several": (GRURegressor(**QUICK, n_estimators=2, dropout=0.2), (X, Y)),
    "stopped": (GRURegressor(**QUICK, **HELD_OUT, lr_schedule="plateau"), (X, Y)),
    "adamw": (GRURegressor(**QUICK, optimizer="adamw", weight_decay=0.1), (X, Y)),
    "rmsprop": (GRURegressor(**QUICK, optimizer="rmsprop"), (X, Y)),
    "sgd": (GRURegressor(**QUICK, optimizer="sgd", dtype="float64"), (X, Y)),
    "torch": (GRURegressor(**QUICK, kernel="torch"), (X, Y)),
    "lstm": (GRUClassifier(**QUICK, cell="lstm"), (X, LABELS)),
    "rnn": (GRUClassifier(**QUICK, cell="rnn", label_smoothing=0.1), (X, LABELS)),
    "checkpoint": (GRURegressor(**QUICK, checkpoint=IN_A_FOLDER), (X, Y)),
    "forecaster": (GRUForecaster(**QUICK), (SERIES,)),
    "dates": (GRUForecaster(**QUICK, **HELD_OUT, dropout=0.2), (TABLE,)),
    "calibrated": (
        GRUForecaster(**QUICK, calibration_fraction=0.3, target_transform="log"),
        (SERIES,),
    ),
    "quantiles": (GRUForecaster(**QUICK, loss="quantile", n_estimators=2), (SERIES,)),
    "missing": (GRUForecaster(**QUICK, missing="mask"), (WITH_HOLES,)),
    "generator": (CharGRUGenerator(**QUICK, dropout=0.1), (TEXTS,)),
}
WINDOWS = SlidingWindowTransformer(3, flatten=True)
PIPELINES = {
    "scaled": (make_pipeline(StandardScaler(), GRUForecaster(**QUICK)), (SERIES,)),
    "letters": (letters(), (TEXTS, np.arange(12) % 2)),
    "windows": (make_pipeline(WINDOWS, StandardScaler()), (SERIES,)),
}


WAYS_OF_PIPELINES = [way for way in WAYS if way != "save"]


@cache
def fitted(name):
    model, data = (CASES | PIPELINES)[name]
    return clone(model).fit(*data), data


def results(model, data):
    """Return what a model tells of some rows, as a list of arrays."""
    if isinstance(model, CharGRUGenerator):
        return [model.predict_proba(data[0]), model.generate("to", 20, random_state=0)]
    if isinstance(model, GRUForecaster):
        losses = model.net_.history[:, "train_loss"]
        return [model.forecast(5), model.predict(data[0]), losses]
    return [model.predict(data[0]), model.transform(data[0])]


def assert_same(model, other, data):
    pairs = zip(results(model, data), results(other, data), strict=True)
    for expected, result in pairs:
        assert_array_equal(result, expected)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", ["pickle", "skops", "save"])
def test_a_kept_model_predicts_and_learns_like_the_original(name, way):
    check_kept(WAYS[way], *fitted(name))


@pytest.mark.parametrize("name", ["dropout", "dates", "generator"])
@pytest.mark.parametrize("way", ["joblib", "deepcopy"])
def test_other_ways_keep_as_much(name, way):
    check_kept(WAYS[way], *fitted(name))


def check_kept(way, model, data):
    kept = way(model)
    assert_same(model, kept, data)
    originals = [copy.copy(model), copy.copy(model).set_params(warm_start=True)]
    first, second = copy.copy(kept), copy.copy(kept).set_params(warm_start=True)
    assert_same(originals[0].partial_fit(*data), first.partial_fit(*data), data)
    assert_same(originals[1].fit(*data), second.fit(*data), data)
    assert second.loss_curve_ == originals[1].loss_curve_


@pytest.mark.parametrize("way", WAYS_OF_PIPELINES, ids=WAYS_OF_PIPELINES)
@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_are_kept(name, way):
    model, data = fitted(name)
    method = "transform" if name == "windows" else "predict"
    expected = getattr(model, method)(data[0])
    assert_array_equal(getattr(WAYS[way](model), method)(data[0]), expected)


@pytest.mark.parametrize("way", WAYS)
def test_surrogates_side_by_side_stay_two_characters(way):
    first, second = "\ud800", "\udfff"
    model = CharSequenceTransformer().fit([first + second])
    kept = WAYS[way](model)
    assert kept.vocabulary_ == model.vocabulary_
    assert_array_equal(kept.transform([second])[0], model.transform([second])[0])


def test_the_trusted_types_are_those_that_skops_asks_about():
    kept = [sio.dumps(fitted(name)[0]) for name in CASES | PIPELINES]
    asked = {name for data in kept for name in sio.get_untrusted_types(data=data)}
    assert sorted(asked) == trusted_types()


def test_the_trusted_types_exist():
    for name in trusted_types():
        module, cls = name.rsplit(".", 1)
        assert isinstance(getattr(importlib.import_module(module), cls), type)


class Imports(pickle.Unpickler):
    """Notes what a pickle imports."""

    def __init__(self, data):
        super().__init__(io.BytesIO(data))
        self.modules = set()

    def find_class(self, module, name):
        self.modules.add(module.split(".")[0])
        return super().find_class(module, name)


@pytest.mark.parametrize("name", CASES)
def test_a_pickle_imports_nothing_of_torch_skorch_or_pandas(name):
    imports = Imports(pickle.dumps(fitted(name)[0]))
    imports.load()
    assert imports.modules <= {"sklearn_gru", "numpy"}


INDEXES = {
    "rows": pd.RangeIndex(90),
    "every fifth": pd.RangeIndex(5, 455, 5, name="row"),
    "numbers": pd.Index(np.arange(90, dtype=np.int32)),
    "days": pd.date_range("2024-01-01", periods=90, name=("day", 1)),
    "labels of days": pd.to_datetime([f"2024-01-{day:02}" for day in range(1, 31)]),
    "business days": pd.date_range("2024-01-01", periods=90, freq="B", tz="UTC"),
    "nanoseconds": pd.date_range("2024-01-01", periods=90, freq="7ns", unit="ns"),
    "summer time": pd.date_range("2024-03-29", periods=90, freq="h", tz="Asia/Beirut"),
    "an offset": pd.date_range("2024-01-01 00:00+01:00", periods=90, freq="h"),
    "quarters": pd.period_range("1990", periods=90, freq="Q-NOV"),
    "hours passed": pd.timedelta_range("1h", periods=90, freq="h"),
}
OWN_HOLIDAYS = pd.bdate_range(
    "2024-01-01", periods=90, freq="C", holidays=["2024-01-03"]
)
MAY_BE_MISSING = pd.Index(range(90), dtype="Int64")


def index_after(way, index):
    table = pd.DataFrame(SERIES[: len(index)], index=index)
    table.columns = ["a", "b"]
    model = GRUForecaster(4, units=2, max_epochs=1, random_state=0).fit(table)
    return way(model).engine_.history.last.index


@pytest.mark.parametrize("way", ["save", "skops"])
@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_time_indexes_are_kept(index, way):
    kept = index_after(WAYS[way], index)
    assert kept.identical(index)
    assert getattr(kept, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize("index", [OWN_HOLIDAYS, MAY_BE_MISSING])
def test_indexes_that_only_pickle_can_keep_are_refused_by_others(index):
    kept = index_after(WAYS["pickle"], index)
    assert kept.identical(index)
    assert getattr(kept, "freq", None) == getattr(index, "freq", None)
    for way in ("save", "skops"):
        with pytest.raises(TypeError):
            index_after(WAYS[way], index)


def test_a_users_optimizer_must_be_trusted():
    model = GRURegressor(**QUICK, optimizer=Adagrad).fit(X, Y)
    data = sio.dumps(model)
    (name,) = set(sio.get_untrusted_types(data=data)) - set(trusted_types())
    assert name == f"{Adagrad.__module__}.Adagrad"
    kept = sio.loads(data, trusted=[*trusted_types(), name])
    assert_same(model.partial_fit(X, Y), kept.partial_fit(X, Y), (X, Y))


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU is not missing")
def test_what_was_on_a_missing_gpu_is_loaded_on_the_cpu():
    model, data = copy.deepcopy(fitted("dropout")[0]), fitted("dropout")[1]
    expected = copy.deepcopy(model)
    model.net_.device = "cuda:1"
    model.net_.set_params(optimizer__capturable=True)
    for group in model.net_.optimizer_.param_groups:
        group.update(capturable=True, lr=torch.tensor(group["lr"]))
    kept = pickle.loads(pickle.dumps(model))
    assert kept.net_.device == "cpu"
    assert_same(expected, kept, data)
    assert_same(expected.partial_fit(*data), kept.partial_fit(*data), data)


def test_a_pickle_of_another_version_warns():
    model, data = fitted("regressor")
    older = pickle.dumps(model).replace(
        version("sklearn-gru").encode(), version("sklearn-gru")[:-1].encode() + b"X"
    )
    with pytest.warns(InconsistentVersionWarning, match="was kept by sklearn-gru"):
        kept = pickle.loads(older)
    assert_same(model, kept, data)


def test_what_was_mapped_from_a_file_can_be_trained(tmp_path):
    model, data = fitted("regressor")
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    expected = copy.copy(model).partial_fit(*data)
    assert_same(expected, mapped.partial_fit(*data), data)


def test_loading_leaves_the_global_random_state_alone():
    kept = pickle.dumps(fitted("several")[0])
    state = torch.get_rng_state()
    with torch.inference_mode():
        pickle.loads(kept)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy", "save"])
def test_a_pretrained_sktime_forecaster_is_kept(way):
    pytest.importorskip("sktime")
    from sklearn_gru.sktime import GRUForecaster as Forecaster

    names = pd.MultiIndex.from_product([["m", "n"], MONTHS.tz_localize(None)])
    panel = pd.DataFrame({"y": np.r_[SERIES[:, 0], SERIES[:, 1]]}, index=names)
    way, y = WAYS[way], panel.loc["m"].asfreq("MS")
    model = way(Forecaster(**QUICK).pretrain(panel)).fit(y[:60], fh=[1, 2])
    expected = Forecaster(**QUICK).pretrain(panel).fit(y[:60], fh=[1, 2])
    for each in (way(model), expected):
        each.update(y[60:])
        assert_array_equal(each.predict(), model.update(y[60:]).predict())
