import numpy as np
import pytest
from sklearn.metrics import r2_score
from skorch.callbacks import Callback

from benchmarks.plain_network import PLAIN
from sklearn_gru import GRURegressor, make_windows

QUICK = {"units": 6, "max_epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 8, 2))
    return X, 3 + 10 * X[:, :, 0].mean(axis=1) - 5 * X[:, -1, 1]


def ragged(X, seed=0):
    rng = np.random.default_rng(seed)
    return [x[: rng.integers(2, len(x) + 1)] for x in X]


def test_learns_what_it_is_shown(data):
    X, y = data
    model = GRURegressor(
        16, **PLAIN, max_epochs=100, random_state=0, dtype="float64"
    ).fit(X[:90], y[:90])
    assert model.score(X[90:], y[90:]) > 0.9
    assert len(model.loss_curve_) == model.n_iter_ == 100


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_ragged_sample_is_predicted_as_if_alone(data, cell, bidirectional):
    X, y = ragged(data[0]), data[1]
    model = GRURegressor(
        **QUICK, cell=cell, bidirectional=bidirectional, dtype="float64"
    ).fit(X, y)
    together = model.predict(X)
    alone = np.concatenate([model.predict(x[None]) for x in X])
    # A prediction near 0 is a difference of numbers that are as large as y.
    atol = 4 * np.spacing(np.abs(y).max())
    np.testing.assert_allclose(together, alone, rtol=1e-12, atol=atol)
    hidden = np.concatenate([model.transform(x[None]) for x in X])
    np.testing.assert_allclose(model.transform(X), hidden, rtol=1e-12, atol=1e-15)
    pooled = 3 * (12 if bidirectional else 6)
    assert hidden.shape == (120, pooled + 32)


def test_equal_lengths_as_list_or_array_are_the_same(data):
    X, y = data
    expected = GRURegressor(**QUICK).fit(X, y).predict(X)
    np.testing.assert_array_equal(
        GRURegressor(**QUICK).fit(list(X), y).predict(list(X)), expected
    )
    swapped = np.swapaxes(X, 1, 2)
    model = GRURegressor(**QUICK, time_axis=2).fit(swapped, y)
    np.testing.assert_array_equal(model.predict(swapped), expected)


def test_two_dimensions_are_one_feature(data):
    X, y = data[0][:, :, 0], data[1]
    model = GRURegressor(**QUICK).fit(X, y)
    expected = GRURegressor(**QUICK).fit(X[:, :, None], y).predict(X[:, :, None])
    np.testing.assert_array_equal(model.predict(X), expected)
    np.testing.assert_array_equal(model.predict(X[:, :, None]), expected)


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
def test_outputs_have_the_shape_of_y(data, n_outputs):
    X, y = data
    y = y if n_outputs is None else np.stack([y] * n_outputs, axis=1)
    assert GRURegressor(**QUICK).fit(X, y).predict(X).shape == y.shape


@pytest.mark.parametrize("shape", [(120, 8), (120, 8, 1), (120, 8, 2)])
def test_a_target_per_time_step(data, shape):
    X = data[0]
    y = np.cumsum(X, axis=1)[:, :, : shape[2] if len(shape) == 3 else 1].reshape(shape)
    model = GRURegressor(16, return_sequences=True, max_epochs=60, random_state=0)
    predicted = model.fit(X, y).predict(X)
    assert predicted.shape == shape
    assert model.score(X, y) > 0.8
    expected = r2_score(y.reshape(960, -1), predicted.reshape(960, -1))
    assert model.score(X, y) == pytest.approx(expected)


def test_ragged_targets_per_time_step(data):
    X = ragged(data[0])
    y = [np.cumsum(x[:, 0]) for x in X]
    model = GRURegressor(16, return_sequences=True, max_epochs=60, random_state=0)
    predicted = model.fit(X, y).predict(X)
    assert [p.shape for p in predicted] == [t.shape for t in y]
    assert model.score(X, y) > 0.8
    with pytest.raises(ValueError, match=r"Sequence 0 of X has \d time steps, but"):
        model.fit(X, [y[0][:-1], *y[1:]])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("units", [4, (5, 3)])
def test_gates_lie_between_zero_and_one_at_every_step(data, cell, units):
    X, y = data
    model = GRURegressor(units, cell=cell, max_epochs=1, **PLAIN).fit(X, y)
    gates = model.gates(X)
    names = {"gru": {"reset", "update"}, "lstm": {"input", "forget", "output"}}
    assert set(gates) == names[cell]
    for gate in gates.values():
        assert gate.shape == (120, 8, units if units == 4 else 3)
        assert ((gate > 0) & (gate < 1)).all()
    lengths = (
        [len(gate) for gate in model.gates(ragged(X))["reset"]] if cell == "gru" else []
    )
    assert lengths == ([len(x) for x in ragged(X)] if cell == "gru" else [])


def test_gates_reproduce_the_hidden_states(data):
    X, y = data
    model = GRURegressor(**QUICK, **PLAIN, dtype="float64").fit(X, y)
    gates = model.gates(X)
    layer = model.net_.module_.recurrent.layers[0][0]
    w, u = layer.weight_ih_l0.detach().numpy(), layer.weight_hh_l0.detach().numpy()
    b, c = layer.bias_ih_l0.detach().numpy(), layer.bias_hh_l0.detach().numpy()
    z = (X - X.mean((0, 1))) / X.std((0, 1))
    h = np.zeros((120, 6))
    for t in range(8):
        r, keep = gates["reset"][:, t], gates["update"][:, t]
        n = np.tanh(z[:, t] @ w[12:].T + b[12:] + r * (h @ u[12:].T + c[12:]))
        h = (1 - keep) * n + keep * h
    np.testing.assert_allclose(model.transform(X), h, rtol=1e-10)


def test_a_plain_rnn_has_no_gates(data):
    model = GRURegressor(cell="rnn", max_epochs=1).fit(*data)
    with pytest.raises(ValueError, match='use cell="gru" or "lstm"'):
        model.gates(data[0])


def test_units_of_the_data_do_not_matter(data):
    X, y = data
    plain = GRURegressor(**QUICK, dtype="float64").fit(X, y).predict(X)
    moved = GRURegressor(**QUICK, dtype="float64").fit(1e6 + 300 * X, 50 * y - 7)
    np.testing.assert_allclose(moved.predict(1e6 + 300 * X), 50 * plain - 7, rtol=1e-6)


def test_weights_count_like_repetitions(data):
    X, y = data[0][:10], data[1][:10]
    weight = np.array([0, 1, 2, 3, 0, 1, 1, 2, 1, 4])
    # A warp is drawn for every row of a batch, and batch statistics ignore weights.
    settings = {**QUICK, **PLAIN, "dtype": "float64", "max_epochs": 20}
    weighted = GRURegressor(**settings).fit(X, y, sample_weight=weight)
    repeated = GRURegressor(**settings).fit(X.repeat(weight, 0), y.repeat(weight))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)


def test_windows_are_not_materialised_by_fit_or_predict():
    series = np.sin(np.arange(600.0) / 9)
    windows, targets = make_windows(series, 50)
    model = GRURegressor(8, max_epochs=3, random_state=0)
    assert model.fit(windows, targets).predict(windows).shape == (550, 1)
    copied = GRURegressor(8, max_epochs=3, random_state=0).fit(windows.copy(), targets)
    np.testing.assert_allclose(model.predict(windows), copied.predict(windows), 1e-5)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "plateau"])
def test_learning_rate_schedules(data, schedule):
    model = GRURegressor(units=4, lr=0.01, lr_schedule=schedule, max_epochs=40)
    model.set_params(random_state=0).fit(*data)
    last = model.net_.optimizer_.param_groups[0]["lr"]
    assert last < 1e-4 if schedule == "cosine" else last in (0.01, 0.001, 0.0001)
    assert schedule != "constant" or last == 0.01


def test_training_goes_on_at_full_rate_after_a_cosine(data):
    model = GRURegressor(**QUICK).fit(*data)
    before = model.predict(data[0])
    model.partial_fit(*data)
    assert np.abs(model.predict(data[0]) - before).max() > 1e-3


def test_gradients_are_clipped(data):
    class Norms(Callback):
        def __init__(self):
            self.norms = []

        def on_grad_computed(self, net, named_parameters, **kwargs):
            gradients = [p.grad for _, p in named_parameters]
            self.norms.append(sum(float((g**2).sum()) for g in gradients) ** 0.5)

    free, clipped = Norms(), Norms()
    GRURegressor(**QUICK, gradient_clip=None, callbacks=[free]).fit(*data)
    GRURegressor(**QUICK, gradient_clip=0.01, callbacks=[clipped]).fit(*data)
    assert max(free.norms) > 0.1
    assert max(clipped.norms) < 0.0101


def test_early_stopping_keeps_the_best_epoch(data):
    rng = np.random.default_rng(1)
    X, y = data[0], rng.normal(size=120)  # nothing to learn: training overfits
    model = GRURegressor(32, early_stopping=True, lr=0.02, random_state=0).fit(X, y)
    held_out = model.net_.history[:, "valid_loss"]
    assert len(held_out) == np.argmin(held_out) + 1 + 10
    assert model.n_iter_ < 100


@pytest.mark.parametrize(("n", "stops"), [(1999, False), (2000, True)])
def test_automatic_early_stopping_starts_at_2000_samples(n, stops):
    X, y = np.zeros((n, 2, 1)), np.arange(n)
    history = GRURegressor(units=2, max_epochs=1).fit(X, y).net_.history
    assert ("valid_loss" in history[0]) == stops


def test_dropout_is_active_in_training_only(data):
    plain = GRURegressor(**QUICK).fit(*data)
    dropped = GRURegressor(**QUICK, dropout=0.5).fit(*data)
    assert plain.loss_curve_ != dropped.loss_curve_
    np.testing.assert_array_equal(dropped.predict(data[0]), dropped.predict(data[0]))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_every_optimizer_lowers_every_loss(data, optimizer, loss):
    model = GRURegressor(
        units=6, max_epochs=15, lr=0.01, optimizer=optimizer, loss=loss, random_state=0
    ).fit(*data)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
