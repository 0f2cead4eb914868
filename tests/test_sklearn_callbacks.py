"""scikit-learn's callbacks: what they are told, what they may do, what stays behind."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from deaths import after_deaths, assert_same_bits, with_checkpoint
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

import sklearn_gru
from sklearn_gru import CharGRUGenerator, GRUClassifier, GRUForecaster, GRURegressor

callback = pytest.importorskip("sklearn.callback")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6))
Y = X[:, 0] + 3 * X[:, -1]
LABELS = np.where(Y > 0, "up", "down")
SERIES = RNG.normal(size=(90, 1)).cumsum(axis=0) + 50
TEXTS = ["to be or not to be", "that is the question"] * 4
QUICK = {"units": 3, "max_epochs": 3, "dropout": 0.3, "random_state": 0}
SMALL = {**QUICK, "conv_filters": None, "pooling": "last"}
HELD_OUT = {"early_stopping": True, "validation_fraction": 0.3}
STOPS = {**HELD_OUT, "n_iter_no_change": 1, "tol": 0.5, "max_epochs": 30}
CASES = {
    "regressor": (GRURegressor(**SMALL), (X, Y)),
    "several": (GRURegressor(**SMALL, n_estimators=2, time_warp=0.2), (X, Y)),
    "stops": (GRURegressor(**SMALL | STOPS), (X, Y)),
    "classifier": (GRUClassifier(**SMALL), (X, LABELS)),
    "forecaster": (GRUForecaster(**QUICK), (SERIES, SERIES)),
    "automatic": (GRUForecaster(units=3, random_state=0), (SERIES,)),
    "generator": (CharGRUGenerator(**QUICK), (TEXTS,)),
}
OF_A_FIT = {"_callback_fit_ctx", "_fit_task", "_skl_callbacks_to_teardown"}


class Recorder:
    """Records the hooks that are called, may fail in one, and may stop training."""

    def __init__(self, fail_at=None, error=ZeroDivisionError, stop_after=None):
        self.fail_at = fail_at
        self.error = error
        self.stop_after = stop_after
        self.hooks = []
        self.kept = []

    def setup(self, estimator, context):
        self._note("setup", context)

    def on_fit_task_begin(self, estimator, context):
        self._note("begin", context)

    def on_fit_task_end(self, estimator, context):
        self._note("end", context)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def teardown(self, estimator, context):
        self._note("teardown", context)

    def _note(self, hook, context):
        number = None if context.task_name == "fit" else context.task_id
        self.hooks.append((hook, context.task_name, number))
        if self.hooks[-1] == self.fail_at:
            raise self.error

    def count(self, hook):
        return [name for name, *_ in self.hooks].count(hook)


class Keeper(Recorder):
    """Keeps the estimators that it gets after every epoch, and after the fit."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        super().on_fit_task_end(estimator, context)
        self.kept.append(fitted_estimator)


class Beginner(Recorder):
    """Keeps the estimators that it gets before every epoch."""

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        super().on_fit_task_begin(estimator, context)
        self.kept.append(fitted_estimator)


def with_callbacks(model, *callbacks):
    return clone(model).set_callbacks(*callbacks)


def predictions(model, data):
    if isinstance(model, CharGRUGenerator):
        return model.predict_proba(TEXTS)
    return model.predict(data[0])


def hooks_of(n_epochs):
    """List the hooks of a fit of so many epochs."""
    epochs = [(h, "epoch", i) for i in range(n_epochs) for h in ("begin", "end")]
    return [
        ("setup", "fit", None),
        ("begin", "fit", None),
        *epochs,
        ("end", "fit", None),
        ("teardown", "fit", None),
    ]


def assert_nothing_stays(model, *recorders):
    assert not OF_A_FIT & vars(model).keys()
    for recorder in recorders:
        assert recorder.count("setup") == recorder.count("teardown")
    assert "RichProgressMonitor" not in [
        type(t).__name__ for t in threading.enumerate()
    ]
    if model.__sklearn_is_fitted__():
        assert model.net_.run is None


@pytest.mark.parametrize("name", CASES)
def test_callbacks_are_told_of_every_epoch_and_change_no_bit(name):
    model, data = CASES[name]
    expected, recorder, keeper = clone(model).fit(*data), Recorder(), Keeper()
    told = with_callbacks(model, recorder, keeper).fit(*data)
    assert recorder.hooks == hooks_of(expected.n_iter_)
    assert_same_bits(told, expected)
    assert_nothing_stays(told, recorder, keeper)
    assert vars(told).keys() == vars(expected).keys() | {"_skl_callbacks"}


@pytest.mark.parametrize("name", ["regressor", "classifier", "forecaster", "generator"])
def test_the_estimator_of_an_epoch_is_that_of_a_fit_of_so_many_epochs(name):
    model, data = CASES[name]
    model = clone(model).set_params(lr_schedule="constant")
    keeper, beginner = Keeper(), Beginner()
    fitted = with_callbacks(model, keeper, beginner).fit(*data)
    *epochs, whole = keeper.kept
    assert_array_equal(predictions(whole, data), predictions(fitted, data))
    assert beginner.kept[0] is None  # nothing is learned when a fit begins
    for n_epochs, after in enumerate(epochs, start=1):
        expected = clone(model).set_params(max_epochs=n_epochs).fit(*data)
        assert after.n_iter_ == n_epochs
        assert_array_equal(predictions(after, data), predictions(expected, data))
        assert not OF_A_FIT & vars(after).keys()
    for after, before in zip(epochs[:-1], beginner.kept[2:], strict=True):
        assert_array_equal(predictions(before, data), predictions(after, data))


SCORED = [
    ("r2", r2_score, GRURegressor(**SMALL), (X, Y)),
    ("accuracy", accuracy_score, GRUClassifier(**SMALL), (X, LABELS)),
    ("r2", r2_score, GRUForecaster(**QUICK), (SERIES, SERIES)),
]


@pytest.mark.parametrize(("scoring", "score", "model", "data"), SCORED)
@pytest.mark.parametrize("in_a_search", [False, True])
def test_a_monitor_logs_the_scores_of_fits_of_so_many_epochs(
    scoring, score, model, data, in_a_search
):
    model = clone(model).set_params(lr_schedule="constant")
    monitor = callback.ScoringMonitor(scoring=scoring)
    monitored = with_callbacks(model, monitor)
    if in_a_search:
        monitored = GridSearchCV(monitored, {"units": [3]}, cv=2)
    monitored.fit(*data)
    *_, whole, first, second, third = sorted(
        (len(row["task_id_path"]), row["task_id_path"], row[scoring])
        for row in monitor.get_logs().data
        if not in_a_search or row["task_id_path"][1] == 1  # the refit
    )
    logged = [first[-1], second[-1], third[-1], whole[-1]]
    fits = [clone(model).set_params(max_epochs=n).fit(*data) for n in (1, 2, 3, 3)]
    assert logged == [score(data[1], fit.predict(data[0])) for fit in fits]


@pytest.mark.parametrize(("cls", "y"), [(GRURegressor, Y), (GRUClassifier, LABELS)])
def test_a_monitor_weighs_samples_as_the_fit_does(cls, y):
    scoring = "r2" if cls is GRURegressor else "accuracy"
    monitor, weight = callback.ScoringMonitor(scoring=scoring), np.arange(60) % 3
    fitted = with_callbacks(cls(**SMALL), monitor).fit(X, y, weight)
    assert monitor.get_logs().data[0][scoring] == fitted.score(X, y, weight)


@pytest.mark.parametrize("name", CASES)
def test_a_callback_ends_training(name):
    model, data = CASES[name]
    recorder = Recorder(stop_after=2)
    stopped = with_callbacks(model, recorder).fit(*data)
    assert stopped.n_iter_ == 2
    assert recorder.hooks == hooks_of(2)
    assert_nothing_stays(stopped, recorder)


def test_the_epoch_that_a_callback_ends_is_whole():
    model = GRURegressor(**SMALL, lr_schedule="constant")
    stopped = with_callbacks(model, Recorder(stop_after=2)).fit(X, Y)
    assert_same_bits(stopped, model.set_params(max_epochs=2).fit(X, Y))


def nested(n_jobs):
    model = make_pipeline(StandardScaler(), GRURegressor(**SMALL))
    grid = {"gruregressor__lr": [0.01, 0.02]}
    return GridSearchCV(model, grid, cv=2, n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_nested_bars_of_a_search(n_jobs, capsys):
    pytest.importorskip("rich")
    bar = callback.ProgressBar(max_propagation_depth=None)
    search = nested(n_jobs).set_callbacks(bar).fit(X, Y)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    of_fits = [line for line in lines if "| GRURegressor - fit #1" in line]
    assert len(of_fits) == 5  # two candidates, two folds, and the refit
    assert all("100%" in line for line in of_fits)
    model = search.best_estimator_[-1]
    assert not {"_skl_callbacks", "_parent_callback_ctx"} & vars(model).keys()
    assert_nothing_stays(model)


def test_a_bar_moves_from_epoch_to_epoch(monkeypatch):
    pytest.importorskip("rich")
    from sklearn.callback._progressbar import RichProgressMonitor

    end, seen = RichProgressMonitor._on_task_end, []

    def end_and_look(monitor, task):
        end(monitor, task)
        seen.append(monitor.root_rich_task.progress)

    monkeypatch.setattr(RichProgressMonitor, "_on_task_end", end_and_look)
    model, data = CASES["automatic"]  # whose epochs are not known before the fit
    fitted = with_callbacks(model, callback.ProgressBar()).fit(*data)
    n_epochs = fitted.n_iter_
    assert seen == [*(n / n_epochs for n in range(1, n_epochs + 1)), 1.0]


def test_a_search_without_callbacks_sets_nothing_on_its_estimators():
    model = nested(1).fit(X, Y).best_estimator_[-1]
    assert vars(model).keys() == vars(GRURegressor(**SMALL).fit(X, Y)).keys()


class Fails(Callback):
    """Raises in the second epoch, as Ctrl-C does or as an error."""

    def __init__(self, error):
        self.error = error

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise self.error


@pytest.mark.parametrize("name", ["regressor", "forecaster", "generator"])
@pytest.mark.parametrize("is_fitted", [False, True])
@pytest.mark.parametrize(
    "fail_at",
    [
        ("setup", "fit", None),
        ("begin", "fit", None),
        ("begin", "epoch", 1),
        ("end", "epoch", 1),
        ("end", "fit", None),
    ],
)
def test_an_error_in_a_callback_leaves_the_estimator_as_it_was(
    name, is_fitted, fail_at, capsys
):
    pytest.importorskip("rich")
    model, data = CASES[name]
    model = clone(model)
    if is_fitted:
        model.fit(*data)
    recorder = Recorder(fail_at)
    model.set_callbacks(callback.ProgressBar(), recorder)
    before = dict(vars(model))
    with pytest.raises(ZeroDivisionError):
        model.fit(*data)
    assert vars(model) == before
    assert_nothing_stays(model, recorder)
    assert model.set_callbacks().fit(*data).n_iter_ == 3


@pytest.mark.parametrize("name", ["regressor", "forecaster", "generator"])
def test_an_error_in_an_epoch_leaves_nothing(name, capsys):
    pytest.importorskip("rich")
    model, data = CASES[name]
    recorder = Recorder()
    model = with_callbacks(model, callback.ProgressBar(), recorder)
    model.set_params(callbacks=[Fails(ValueError("as it should"))])
    before = dict(vars(model))
    with pytest.raises(ValueError, match="as it should"):
        model.fit(*data)
    assert vars(model) == before
    assert_nothing_stays(model, recorder)


BAD_DATA = {
    "regressor": (X * np.nan, Y),
    "forecaster": (SERIES * np.nan,),
    "generator": ([""],),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_end_a_fit_that_callbacks_were_not_told_of(name, capsys):
    pytest.importorskip("rich")
    recorder = Recorder()
    model = with_callbacks(CASES[name][0], callback.ProgressBar(), recorder)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="X"):
        model.fit(*BAD_DATA[name])
    assert vars(model) == before
    assert [hook for hook, *_ in recorder.hooks] in ([], ["setup", "teardown"])
    assert_nothing_stays(model, recorder)


@pytest.mark.parametrize("name", ["regressor", "forecaster", "generator"])
def test_ctrl_c_ends_all_tasks(name):
    model, data = CASES[name]
    recorder = Recorder()
    model = with_callbacks(model, recorder).set_params(
        callbacks=[Fails(KeyboardInterrupt)]
    )
    with pytest.warns(ConvergenceWarning, match="after 1 whole epochs"):
        model.fit(*data)
    assert recorder.hooks == hooks_of(2)
    assert_nothing_stays(model, recorder)


@pytest.mark.parametrize(
    ("fail_at", "n_epochs"),
    [
        (("begin", "fit", None), 0),
        (("begin", "epoch", 1), 1),
        (("end", "epoch", 1), 2),
    ],
)
def test_ctrl_c_in_a_callback_keeps_what_was_learned(fail_at, n_epochs):
    recorder = Recorder(fail_at, KeyboardInterrupt)
    model = with_callbacks(GRURegressor(**SMALL), recorder)
    with pytest.warns(ConvergenceWarning, match=f"after {n_epochs} whole epochs"):
        model.fit(X, Y)
    assert model.n_iter_ == n_epochs
    assert recorder.count("begin") == recorder.count("end")
    assert_nothing_stays(model, recorder)


def test_ctrl_c_in_a_search_ends_it():
    recorder = Recorder()
    model = GRURegressor(**SMALL, callbacks=[Fails(KeyboardInterrupt)])
    search = GridSearchCV(with_callbacks(model, recorder), {"lr": [0.01]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert_nothing_stays(search.estimator, recorder)
    assert recorder.count("setup") == 1


@pytest.mark.parametrize("name", ["regressor", "forecaster", "generator"])
def test_fits_that_go_on(name):
    model, data = CASES[name]
    recorder = Recorder()
    expected = clone(model).fit(*data).partial_fit(*data)
    model = with_callbacks(model, recorder).fit(*data).partial_fit(*data)
    assert_same_bits(model, expected)
    assert recorder.hooks == hooks_of(3) + hooks_of(1)
    expected.set_params(warm_start=True).fit(*data)
    assert_same_bits(model.set_params(warm_start=True).fit(*data), expected)
    assert recorder.hooks == hooks_of(3) + hooks_of(1) + hooks_of(3)
    assert_nothing_stays(model, recorder)


def test_a_fit_that_has_nothing_to_train_on():
    model = GRUForecaster(**QUICK, missing="mask").fit(SERIES)
    recorder = Recorder()
    model.set_callbacks(recorder).partial_fit(np.full((3, 1), np.nan))
    assert recorder.hooks == hooks_of(0)
    assert_nothing_stays(model, recorder)


def test_a_checkpoint_is_continued(tmp_path, monkeypatch):
    expected = GRURegressor(**SMALL).fit(X, Y)
    recorder = Recorder()
    model = with_checkpoint(expected, tmp_path).set_callbacks(recorder)
    model, n_deaths = after_deaths(monkeypatch, lambda: model.fit(X, Y))
    assert n_deaths == 2
    assert_same_bits(model, expected)
    died = [*hooks_of(1)[:4], ("teardown", "fit", None)]
    assert recorder.hooks == died + died + hooks_of(1)
    assert_nothing_stays(model, recorder)


def test_clones_are_fitted_at_once_in_threads(capsys):
    pytest.importorskip("rich")
    model, data = CASES["regressor"]
    expected, keeper, bar = clone(model).fit(*data), Keeper(), callback.ProgressBar()
    models = [with_callbacks(model, keeper, bar) for _ in range(2)]
    assert models[0]._skl_callbacks[0] is models[1]._skl_callbacks[0]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: each.fit(*data), models))
    assert sorted(keeper.hooks, key=str) == sorted(hooks_of(3) * 2, key=str)
    for each in models:
        assert_same_bits(each, expected)
        assert_nothing_stays(each, keeper)


@pytest.mark.parametrize("name", ["regressor", "forecaster", "generator"])
def test_callbacks_are_not_in_files(name, tmp_path):
    model, data = CASES[name]
    keeper = Keeper()
    model = with_callbacks(model, keeper).fit(*data)
    for estimator in (model, keeper.kept[1], keeper.kept[-1]):
        estimator.save(tmp_path / "model.safetensors")
        loaded = sklearn_gru.load(tmp_path / "model.safetensors")
        assert not hasattr(loaded, "_skl_callbacks")
        expected = predictions(estimator, data)
        assert_array_equal(predictions(loaded, data), expected)


def test_an_estimator_that_a_search_showed_can_be_saved(tmp_path):
    keeper = Keeper()
    model = with_callbacks(GRURegressor(**SMALL), keeper)
    GridSearchCV(model, {"lr": [0.01]}, cv=2).fit(X, Y)
    kept = keeper.kept[1]
    kept.save(tmp_path / "model.safetensors")
    loaded = sklearn_gru.load(tmp_path / "model.safetensors")
    assert_array_equal(loaded.predict(X), kept.predict(X))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_have_the_callbacks_and_nothing_of_a_fit(copied):
    model, data = CASES["regressor"]
    keeper = Keeper()
    model = with_callbacks(model, keeper).fit(*data)
    for estimator in (model, keeper.kept[1]):
        assert_nothing_stays(copied(estimator))
    expected = clone(model).set_callbacks().fit(*data)
    assert b"allback" not in pickle.dumps(model.net_)
    assert_same_bits(copied(model).fit(*data), expected)
