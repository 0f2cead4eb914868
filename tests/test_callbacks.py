"""skorch's callbacks: scores in the user's units, checkpoints, and what is refused."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import f1_score, log_loss, make_scorer, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    PassthroughScoring,
    TrainEndCheckpoint,
)

from sklearn_gru import CharGRUGenerator, GRUClassifier, GRUForecaster, GRURegressor
from sklearn_gru.data import memory_map_of
from sklearn_gru.training import accelerated

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5, 2))
Y = 5000 + 1000 * np.c_[X.sum(axis=(1, 2)), X[:, -1, 0]]
BINARY = np.where(X[:, 0, 0] > 0, "yes", "no")
THIRDS = np.digitize(X[:, 0, 0], [-0.4, 0.4]) * 10
SERIES = 300 + 20 * RNG.normal(size=(120, 2)).cumsum(axis=0)
OTHER = np.hypot(*SERIES.T) * 1000  # no affine image of a column
TEXT = "to be or not to be, that is the question. " * 10
SETTINGS = {"units": 4, "max_epochs": 4, "dropout": 0.3, "lr": 0.02, "random_state": 0}
HELD_OUT = {"early_stopping": True, "validation_fraction": 0.3, "tol": 0.0}


def max_mean_error(y_true, y_pred):
    return np.abs((y_true - y_pred).mean(axis=0)).max()


def largest_error(model, X, y):
    """Score as a user's own function may."""
    return np.abs(model.predict(X) - y).max()


# What is scored, and the same by hand from the truth, predictions and probabilities.
OF_CLASSES = [
    ("accuracy", lambda y, p, proba: (y == p).mean()),
    ("f1_macro", lambda y, p, proba: f1_score(y, p, average="macro")),
    ("neg_log_loss", lambda y, p, proba: -log_loss(y, proba)),
    (None, lambda y, p, proba: (y == p).mean()),
]
ROC = ("roc_auc", lambda y, p, proba: roc_auc_score(y, proba[:, 1]))
ROC_OVR = (
    "roc_auc_ovr",
    lambda y, p, proba: roc_auc_score(y, proba, multi_class="ovr"),
)
OF_NUMBERS = [
    ("r2", lambda y, p, _: r2_score(y, p)),
    ("neg_mean_absolute_error", lambda y, p, _: -np.abs(y - p).mean()),
    (
        make_scorer(max_mean_error, greater_is_better=False),
        lambda y, p, _: -np.abs((y - p).mean(axis=0)).max(),
    ),
    (largest_error, lambda y, p, _: np.abs(y - p).max()),
    (None, lambda y, p, _: r2_score(y, p)),
]
CASES = {
    "two classes": (GRUClassifier, X, BINARY, [*OF_CLASSES, ROC]),
    "three classes": (GRUClassifier, X, THIRDS, [*OF_CLASSES, ROC_OVR]),
    "one output": (GRURegressor, X, Y[:, 0], OF_NUMBERS),
    "two outputs": (GRURegressor, X, Y, OF_NUMBERS),
    "its own columns": (GRUForecaster, SERIES, SERIES, OF_NUMBERS),
    "one of its columns": (GRUForecaster, SERIES, SERIES[:, 1] * 3, OF_NUMBERS),
    "something else": (GRUForecaster, SERIES, OTHER, OF_NUMBERS),
}


class Keep:
    """A scorer that keeps the rows that it is given."""

    def __call__(self, net, X, y):
        self.X = X
        return 0.0


def rows_by_hand(model, X, on_train, kept):
    """Rows of X that are trained on or held out."""
    if isinstance(model, GRUForecaster):
        n_held_out = round(0.3 * (len(X) - 24)) if model.early_stopping else 0
        first = len(X) - n_held_out
        return np.arange(24, first) if on_train else np.arange(first, len(X))
    return [np.flatnonzero((x == X).all(axis=(1, 2))).item() for x in np.asarray(kept)]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("hold_out", "on_train"), [(True, False), (True, True), (False, True)]
)
@pytest.mark.parametrize("caching", [True, False])
def test_scores_are_those_of_the_estimator(case, hold_out, on_train, caching):
    cls, X, y, scored = CASES[case]
    settings = SETTINGS | (HELD_OUT if hold_out else {"early_stopping": False})
    options = {"on_train": on_train, "use_caching": caching}
    callbacks = [
        EpochScoring(scoring, name=f"score {i}", **options)
        for i, (scoring, _) in enumerate(scored)
    ]
    keep = Keep()
    callbacks.append(EpochScoring(keep, name="keep", **options))
    model = cls(**settings, callbacks=callbacks).fit(X, y)
    history = model.net_.history
    best = int(np.argmin(history[:, "valid_loss"])) if hold_out else -1
    rows = rows_by_hand(model, X, on_train, keep.X)
    assert len(rows) == len(keep.X)
    proba = model.predict_proba(X)[rows] if cls is GRUClassifier else None
    for i, (_, by_hand) in enumerate(scored):
        expected = by_hand(y[rows], model.predict(X)[rows], proba)
        assert_allclose(history[best, f"score {i}"], expected, rtol=1e-9)


@pytest.mark.parametrize("on_train", [True, False])
@pytest.mark.parametrize("flat", [True, False])
def test_targets_of_every_step_are_scored_by_score(on_train, flat):
    sequences = [x[:, :1] for x in X]
    if not flat:
        sequences = [s[: 2 + i % 4] for i, s in enumerate(sequences)]
    targets = [7 + 3 * s[:, 0] for s in sequences]
    keep = Keep()
    callbacks = [
        EpochScoring(None, name="mine", on_train=on_train),
        EpochScoring(keep, name="keep", on_train=on_train),
    ]
    model = GRURegressor(
        return_sequences=True, callbacks=callbacks, **SETTINGS, **HELD_OUT
    ).fit(sequences, targets)
    sequences_kept = np.asarray(keep.X)[..., :1] if flat else keep.X.split()
    firsts = [s[0, 0] for s in sequences_kept]
    rows = [i for i, s in enumerate(sequences) if s[0, 0] in firsts]
    assert len(rows) == len(keep.X)
    history = model.net_.history
    best = int(np.argmin(history[:, "valid_loss"]))
    expected = model.score([sequences[i] for i in rows], [targets[i] for i in rows])
    assert_allclose(history[best, "mine"], expected, rtol=1e-9)


@pytest.mark.parametrize("time_axis", [1, 2])
@pytest.mark.parametrize("weight", [None, np.arange(90) % 3])
def test_scores_see_the_layout_and_the_samples_that_training_sees(time_axis, weight):
    callback = EpochScoring("neg_mean_absolute_error", on_train=True)
    model = GRURegressor(
        time_axis=time_axis, early_stopping=False, callbacks=[callback], **SETTINGS
    )
    data = np.swapaxes(X, 1, 2) if time_axis == 2 else X
    model.fit(data, Y, sample_weight=weight)
    used = slice(None) if weight is None else weight > 0
    expected = -np.abs(model.predict(data)[used] - Y[used]).mean()
    assert_allclose(model.net_.history[-1, callback.name_], expected, rtol=1e-9)


@pytest.mark.parametrize(("horizon", "stride"), [(1, 3), (4, 1), (3, 5)])
def test_a_forecaster_is_scored_one_step_behind_each_window(horizon, stride):
    callback = EpochScoring("neg_mean_absolute_error", on_train=True)
    model = GRUForecaster(
        window_length=10, horizon=horizon, stride=stride, callbacks=[callback],
        **SETTINGS,
    ).fit(SERIES)  # fmt: skip
    rows = np.arange(10, len(SERIES) - horizon + 1, stride)
    expected = -np.abs(model.predict(SERIES)[rows] - SERIES[rows]).mean()
    assert_allclose(model.net_.history[-1, callback.name_], expected, rtol=1e-9)


def test_new_rows_are_scored_with_their_own_targets():
    callback = EpochScoring("neg_mean_absolute_error", on_train=True)
    model = GRUForecaster(window_length=10, callbacks=[callback], **SETTINGS)
    model.fit(SERIES[:80], OTHER[:80]).partial_fit(SERIES[80:], OTHER[80:])
    expected = -np.abs(model.predict(SERIES)[80:] - OTHER[80:]).mean()
    assert_allclose(model.net_.history[-1, callback.name_], expected, rtol=1e-9)


def test_a_memory_map_is_scored_without_being_copied(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    keep = Keep()
    keeping = ("keep", EpochScoring(keep, name="keep", on_train=True))
    callbacks = [EpochScoring("r2", on_train=True), keeping]
    settings = {**SETTINGS, "early_stopping": False, "callbacks": callbacks}
    model = GRURegressor(**settings).fit(mapped, Y)
    assert memory_map_of(keep.X.values) is not None
    expected = r2_score(Y, model.predict(X))
    assert_allclose(model.net_.history[-1, "r2"], expected, rtol=1e-9)


def test_scores_change_nothing_about_a_fit():
    settings = SETTINGS | HELD_OUT
    plain = GRURegressor(**settings).fit(X, Y)
    callbacks = [EpochScoring("r2"), EpochScoring("r2", on_train=True, name="train")]
    scored = GRURegressor(**settings, callbacks=callbacks).fit(X, Y)
    assert scored.loss_curve_ == plain.loss_curve_
    assert_array_equal(scored.predict(X), plain.predict(X))


def remember_history(net, X, y):
    return len(net.history) + 0.001 * net.module_.recurrent.output_size


def on_other_data(net, X, y):
    return -np.abs(net.predict(SERIES[:30]) - SERIES[:30]).mean()


def test_a_scorer_may_ask_net_and_estimator_for_more():
    callbacks = [
        EpochScoring(remember_history, on_train=True),
        EpochScoring(on_other_data, on_train=True),
    ]
    model = GRUForecaster(window_length=10, callbacks=callbacks, **SETTINGS).fit(SERIES)
    history = model.net_.history
    assert_allclose(history[:, "remember_history"], np.arange(1, 5) + 0.004)
    assert history[-1, "on_other_data"] == on_other_data(model, None, None)


@pytest.mark.parametrize("first", [True, False])
def test_the_last_epoch_is_scored_whoever_stops_it(first):
    stop = EarlyStopping("train_loss", patience=1, threshold=0.9)
    callbacks = [EpochScoring("r2", on_train=True), EpochTimer()]
    callbacks.insert(0 if first else 2, stop)
    model = GRURegressor(**SETTINGS | {"max_epochs": 30}, callbacks=callbacks)
    model.fit(X, Y)
    assert model.n_iter_ < 30
    assert len(model.net_.history[:, "r2"]) == model.n_iter_


def test_own_early_stopping_leaves_no_epoch_without_scores(tmp_path):
    checkpoint = Checkpoint(dirname=str(tmp_path))
    callbacks = [EpochScoring("r2", lower_is_better=False), checkpoint]
    settings = SETTINGS | HELD_OUT | {"max_epochs": 60, "n_iter_no_change": 2}
    model = GRURegressor(**settings | {"tol": 0.5}, callbacks=callbacks).fit(X, Y)
    history = model.net_.history
    assert model.n_iter_ < 60
    assert len(history[:, "r2"]) == len(history[:, "event_cp"]) == model.n_iter_


def test_training_stops_when_a_score_no_longer_rises():
    callbacks = [
        EpochScoring("accuracy", lower_is_better=False),
        EarlyStopping("accuracy", patience=2, threshold=0.5, lower_is_better=False),
    ]
    model = GRUClassifier(**SETTINGS | HELD_OUT | {"max_epochs": 30, "tol": 0.0})
    model.set_params(callbacks=callbacks).fit(X, BINARY)
    assert model.n_iter_ < 30


def test_scored_estimators_are_cloned_pickled_and_go_on():
    callbacks = [EpochScoring("r2", on_train=True), EpochScoring("r2", name="held")]
    model = GRURegressor(**SETTINGS, **HELD_OUT, callbacks=callbacks, warm_start=True)
    model = pickle.loads(pickle.dumps(clone(model).fit(X, Y))).fit(X, Y)
    assert len(model.net_.history[:, "held"]) == 8
    size = len(pickle.dumps(model))
    plain = clone(model).set_params(callbacks=None).fit(X, Y).fit(X, Y)
    assert size < len(pickle.dumps(plain)) + 5000  # no data, no second network
    model.set_params(callbacks=[EpochScoring("r2", on_train=True)]).partial_fit(X, Y)
    assert_allclose(model.net_.history[-1, "r2"], model.score(X, Y), rtol=1e-9)


def test_a_search_clones_scoring_callbacks():
    model = GRUClassifier(**SETTINGS, **HELD_OUT, callbacks=[EpochScoring("accuracy")])
    search = GridSearchCV(model, {"units": [2, 3]}, cv=2).fit(X, BINARY)
    assert "accuracy" in search.best_estimator_.net_.history[-1]


# Checkpoints


def files(tmp_path):
    return {"dirname": str(tmp_path), "fn_prefix": ""}


ESTIMATORS = [(GRURegressor, (X, Y)), (GRUForecaster, (SERIES,))]
ESTIMATORS += [(GRUClassifier, (X, BINARY)), (CharGRUGenerator, (TEXT,))]
WITH_SCORES = ESTIMATORS[:3]


def weights(model):
    return {k: v.numpy() for k, v in model.net_.module_.state_dict().items()}


def assert_same_weights(model, other):
    assert weights(model).keys() == weights(other).keys()
    for name, value in weights(model).items():
        assert_array_equal(value, weights(other)[name])


@pytest.mark.parametrize(("cls", "data"), ESTIMATORS)
@pytest.mark.parametrize("hold_out", [True, False])
@pytest.mark.parametrize("kind", ["best", "end"])
def test_checkpoints_are_saved_and_loaded(cls, data, hold_out, kind, tmp_path):
    settings = SETTINGS | (HELD_OUT if hold_out else {"early_stopping": False})
    checkpoint = TrainEndCheckpoint(**files(tmp_path), f_pickle="net.pkl")
    if kind == "best":
        monitor = "valid_loss_best" if hold_out else "train_loss_best"
        checkpoint = Checkpoint(
            monitor, **files(tmp_path), f_pickle="net.pkl", load_best=True
        )
    model = cls(**settings, callbacks=[checkpoint]).fit(*data)
    other = cls(**settings | {"random_state": 1, "max_epochs": 1}).fit(*data)
    other.net_.load_params(
        f_params=tmp_path / "params.pt",
        f_optimizer=tmp_path / "optimizer.pt",
        f_history=tmp_path / "history.json",
    )
    assert_same_weights(model, other)
    assert other.loss_curve_ == model.loss_curve_[: other.n_iter_]
    if kind == "best":
        other.net_.load_params(checkpoint=checkpoint)
    with open(tmp_path / "net.pkl", "rb") as file:
        other.net_ = pickle.load(file)
    assert_same_weights(model, other)


@pytest.mark.parametrize(("cls", "data"), ESTIMATORS)
def test_the_first_fit_goes_on_from_a_checkpoint(cls, data, tmp_path):
    settings = SETTINGS | {"early_stopping": False}
    end = TrainEndCheckpoint(**files(tmp_path))
    expected = cls(**settings, warm_start=True, callbacks=[end]).fit(*data)
    loads = LoadInitState(TrainEndCheckpoint(**files(tmp_path)).initialize())
    # Of dropout, the state of the generator is not in the file.
    model = cls(**settings, callbacks=[loads]).fit(*data)
    assert model.n_iter_ == 8
    rates = [e["event_lr"] for e in model.net_.history[-4:] if "event_lr" in e]
    assert rates == [e["event_lr"] for e in expected.net_.history if "event_lr" in e]
    assert model.loss_curve_[4] < expected.loss_curve_[1]
    before = model.n_iter_
    assert model.partial_fit(*data).n_iter_ == before + 1


# Refused before training

NOT_HELD = "nothing is held out: set early_stopping=True.*partial_fit never does"
ONCE = EpochScoring("r2", on_train=True)
REFUSED = [
    ([EarlyStopping()], f"EarlyStopping watches 'valid_loss', but {NOT_HELD}"),
    ([EarlyStopping()], "let it watch 'train_loss'"),
    ([EarlyStopping], f"EarlyStopping watches 'valid_loss', but {NOT_HELD}"),
    ([Checkpoint()], "Checkpoint watches 'valid_loss_best'.*watch 'train_loss_best'"),
    ([LRScheduler("ReduceLROnPlateau", monitor="valid_loss")], NOT_HELD),
    ([PassthroughScoring("valid_loss")], NOT_HELD),
    ([EpochScoring("r2")], rf"EpochScoring\('r2'\) scores what is held.*{NOT_HELD}"),
    ([EpochScoring("r2")], "or on_train=True"),
    ([EarlyStopping("accuracy")], "watches 'accuracy', which no callback before"),
    ([EarlyStopping("r2"), ONCE], "watches 'r2', which no callback before it records"),
    ([ONCE, EpochScoring("r2", on_train=True)], "records 'r2', which is taken"),
    ([BatchScoring("r2")], "BatchScoring scores .* Use EpochScoring"),
    ([InputShapeSetter()], "InputShapeSetter is not needed"),
    ([EpochScoring("acuracy", on_train=True)], "can't score this GRU.*'acuracy'"),
    ([EpochScoring("roc_auc", on_train=True)], r"EpochScoring\('roc_auc'\) can't"),
    ([EpochScoring("neg_mean_poisson_deviance", on_train=True)], "Multioutput"),
]


@pytest.mark.parametrize(("callbacks", "message"), REFUSED)
def test_what_would_fail_is_refused_before_training(callbacks, message):
    model = GRURegressor(**SETTINGS, early_stopping=False, lr_schedule="constant")
    model.set_params(callbacks=callbacks)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.fit(X, Y - Y.mean(axis=0))
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("entry", ["accuracy", EpochScoring, largest_error, ("a", 1)])
def test_what_is_no_callback_is_refused(entry):
    model = GRURegressor(callbacks=[EpochTimer(), entry])
    with pytest.raises(TypeError, match=r"skorch callbacks.*Entry 1 is|argument"):
        model.fit(X, Y)


def test_targets_of_every_step_have_no_scorer_of_scikit_learns():
    callback = EpochScoring("r2", on_train=True)
    model = GRURegressor(return_sequences=True, callbacks=[callback], **SETTINGS)
    with pytest.raises(ValueError, match=r"every time step.*scoring=None"):
        model.fit(X, X)


def test_partial_fit_holds_nothing_out_to_score():
    model = GRURegressor(**SETTINGS, **HELD_OUT, callbacks=[EpochScoring("r2")])
    before = model.fit(X, Y).predict(X)
    with pytest.raises(ValueError, match="partial_fit never does"):
        model.partial_fit(X, Y)
    assert_array_equal(model.predict(X), before)


def test_two_schedules_are_refused():
    model = GRURegressor(**SETTINGS, callbacks=[LRScheduler("StepLR", step_size=1)])
    with pytest.raises(ValueError, match="lr_schedule='cosine': set lr_schedule=\"con"):
        model.fit(X, Y)
    history = model.set_params(lr_schedule="constant").fit(X, Y).net_.history
    assert_allclose(history[:, "event_lr"], 0.02 * 0.1 ** np.arange(4))


@pytest.mark.parametrize("scoring", ["accuracy", None, largest_error])
def test_texts_have_no_rows_to_score(scoring):
    callback = EpochScoring(scoring, on_train=True)
    model = CharGRUGenerator(**SETTINGS, callbacks=[callback])
    with pytest.raises(ValueError, match=r"neither texts nor panels.*valid_loss"):
        model.fit(TEXT)


def test_several_processes_do_not_score():
    processes = SimpleNamespace(num_processes=2, device=torch.device("cpu"))
    model = GRURegressor(**SETTINGS, callbacks=[EpochScoring("r2", on_train=True)])
    with (
        accelerated(processes),
        pytest.raises(ValueError, match=r"inside accelerated\(\)"),
    ):
        model.fit(X, Y)


class Record(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("mine", -len(net.history))


def test_own_callbacks_may_record_what_others_watch():
    callbacks = [Record(), EarlyStopping("mine", patience=2, lower_is_better=False)]
    model = GRURegressor(**SETTINGS | {"max_epochs": 9}, callbacks=callbacks)
    assert model.fit(X, Y).n_iter_ == 3


@pytest.mark.parametrize(("cls", "data"), ESTIMATORS)
def test_callbacks_of_weights_and_gradients_work(cls, data):
    freezer, clipping = Freezer("recurrent*"), GradientNormClipping(1e-3)
    start = cls(**SETTINGS | {"max_epochs": 1, "lr": 1e-30}).fit(*data)
    model = cls(**SETTINGS, callbacks=[freezer, clipping]).fit(*data)
    for name, value in weights(start).items():
        if name.startswith("recurrent"):
            assert_allclose(weights(model)[name], value, atol=1e-20)
        elif name.startswith("head"):
            assert not np.array_equal(weights(model)[name], value)


class SeeBatches(Callback):
    """Keeps what it is told of batches, at all three events."""

    def __init__(self):
        self.seen = []

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        self.seen.append(batch)

    def on_grad_computed(self, net, named_parameters, batch=None, **kwargs):
        assert any(weight.grad is not None for _, weight in named_parameters)
        self.seen.append(batch)

    def on_batch_end(self, net, batch=None, loss=None, y_pred=None, **kwargs):
        assert len(y_pred) == len(batch[1])
        assert not loss.requires_grad
        self.seen.append(batch)


RAGGED = [x[: 2 + i % 4] for i, x in enumerate(X)]
WEIGHT = {"sample_weight": np.ones(90)}


@pytest.mark.parametrize(
    ("cls", "data", "options", "names"),
    [
        (GRURegressor, (X, Y), {}, None),  # the sequences alone
        (GRURegressor, (X, Y), WEIGHT, ["x", "weight"]),
        (GRUClassifier, (RAGGED, BINARY), {}, ["x", "lengths"]),
        (GRUClassifier, (RAGGED, BINARY), WEIGHT, ["x", "lengths", "weight"]),
        (GRUForecaster, (SERIES,), {}, ["window"]),
        (CharGRUGenerator, (TEXT,), {}, ["symbols", "fresh"]),
    ],
)
def test_callbacks_get_a_batch_as_inputs_and_targets(cls, data, options, names):
    see = SeeBatches()
    cls(**SETTINGS, early_stopping=False, callbacks=[see]).fit(*data, **options)
    for inputs, targets in see.seen:
        if names is None:
            assert isinstance(inputs, torch.Tensor)
        else:
            assert list(inputs) == names
        rows = [inputs] if names is None else inputs.values()
        assert all(len(values) == len(targets) for values in rows)
    assert len(see.seen) % 3 == 0
