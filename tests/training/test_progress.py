import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_gru.training.progress import DivergenceGuard, ProgressBar, watched_loss

NAN, INF = float("nan"), float("inf")


def run_guard(guard, losses, train_loss, n_epochs=1):
    """Let the guard see the batches' losses, then the end of an epoch."""
    net = SimpleNamespace(history=[{"train_loss": train_loss}] * n_epochs, lr=0.25)
    for training, loss in losses:
        guard.on_batch_end(net, training=training, loss=torch.tensor(loss))
    guard.on_epoch_end(net)


@pytest.fixture
def guard():
    guard = DivergenceGuard()
    guard.on_train_begin(None)
    return guard


# A constant prediction of standardised targets has a loss of 1: a start below it
# does not lower the bound.
@pytest.mark.parametrize(
    ("first", "bound"), [(0.01, 1e4), (1.0, 1e4), (50.0, 5e5), (-3.0, 1e4)]
)
def test_a_loss_far_above_the_first_is_divergence(guard, first, bound):
    run_guard(guard, [(True, first)], 0.99 * bound)
    with pytest.raises(ValueError, match="Training diverged"):
        run_guard(guard, [], 1.01 * bound)


@pytest.mark.parametrize("first", [0.5, NAN, INF])
@pytest.mark.parametrize("loss", [NAN, INF, -INF])
def test_a_loss_that_is_not_finite_is_divergence(guard, first, loss):
    with pytest.raises(ValueError, match="Training diverged"):
        run_guard(guard, [(True, first)], loss)


def test_the_first_loss_is_that_of_the_first_training_batch(guard):
    with pytest.raises(ValueError, match=r"after 0\.5 in the first batch"):
        run_guard(guard, [(False, 1e9), (True, 0.5), (True, 1e9)], 2e4)


def test_the_message_names_the_epoch_and_what_to_try(guard):
    with pytest.raises(ValueError, match=r"in epoch 3: .*smaller lr \(it is 0.25\)"):
        run_guard(guard, [(True, 0.5)], NAN, n_epochs=3)


def test_every_training_run_has_a_first_loss_of_its_own(guard):
    run_guard(guard, [(True, 0.5)], 0.4)
    guard.on_train_begin(None)
    run_guard(guard, [(True, 100.0)], 5e5)


def test_training_that_diverges_is_stopped(make_model, make_dataset):
    model = make_model(optimizer="sgd", lr=1e8)
    with pytest.raises(ValueError, match="Training diverged in epoch 1"):
        model.train(make_dataset(), 50)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({"train_loss": 1.0}, 1.0),
        ({"train_loss": 1.0, "valid_loss": 2.0}, 2.0),
    ],
)
def test_the_held_out_loss_is_watched_if_there_is_any(last, expected):
    assert watched_loss(SimpleNamespace(history=[{"train_loss": 9.0}, last])) == (
        expected
    )


def final_line(capsys):
    out, err = capsys.readouterr()
    assert not out
    return err.strip().rsplit("\r", 1)[-1]


@pytest.mark.parametrize("held_out", [None, np.array([7, 8, 9])])
def test_the_bar_shows_epochs_losses_and_learning_rate(
    capsys, make_model, make_dataset, held_out
):
    model = make_model(verbose=1, lr=0.05)
    model.train(make_dataset(held_out=held_out), 3)
    line, last = final_line(capsys), model.net.history[-1]
    assert line.startswith("Training: 100%")
    assert "3/3" in line
    assert f" loss={last['train_loss']:.4g}," in line
    assert "lr=5.0e-02" in line
    assert ("valid_loss=" in line) == (held_out is not None)
    if held_out is not None:
        assert f"valid_loss={last['valid_loss']:.4g}" in line


def test_further_training_has_a_bar_of_its_own(capsys, make_model, make_dataset):
    model = make_model(verbose=1)
    model.train(make_dataset(), 3)
    final_line(capsys)
    model.train(make_dataset(), 2)
    assert "2/2" in final_line(capsys)


class Interruption(Callback):
    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


def test_the_bar_is_closed_when_training_is_interrupted(
    capsys, make_model, make_dataset
):
    model = make_model(verbose=1, callbacks=[Interruption()])
    with pytest.warns(match="interrupted"):
        model.train(make_dataset(), 5)
    assert "2/5" in final_line(capsys)
    assert dict(model.net.callbacks_)["progress"].bar_.disable  # what tqdm calls closed


def test_without_verbosity_nothing_is_shown(capsys, make_model, make_dataset):
    make_model(verbose=0).train(make_dataset(), 3)
    assert capsys.readouterr() == ("", "")


def test_verbosity_of_two_prints_a_line_per_epoch(capsys, make_model, make_dataset):
    model = make_model(verbose=2)
    model.train(make_dataset(), 3)
    out, err = capsys.readouterr()
    assert not err
    lines = out.splitlines()[2:]  # below the table's head
    assert len(lines) == 3
    for line, loss in zip(lines, model.losses, strict=True):
        assert f"{loss:.4f}" in line


def test_a_bar_that_was_shown_can_be_pickled(make_model, make_dataset, capsys):
    model = make_model(verbose=1)
    model.train(make_dataset(), 1)
    bar = dict(model.net.callbacks_)["progress"]
    assert isinstance(pickle.loads(pickle.dumps(bar)), ProgressBar)


@pytest.mark.filterwarnings("error")  # tqdm warns of a bar that goes too far
@pytest.mark.parametrize("n_batches", [3, 7, 23, 50])
def test_the_bar_never_passes_its_end(monkeypatch, n_batches):
    monkeypatch.setenv("TQDM_MININTERVAL", "0")
    bar = ProgressBar()
    loader, recurrent = [None] * n_batches, SimpleNamespace(prepare=lambda: None)
    net = SimpleNamespace(
        max_epochs=3,
        module_=SimpleNamespace(recurrent=recurrent),
        get_iterator=lambda X, training: loader,
        optimizer_=SimpleNamespace(param_groups=[{"lr": 0.1}]),
        history=[],
    )
    bar.on_train_begin(net)
    for epoch in range(3):
        for batch in range(n_batches):
            bar.on_batch_end(net, training=True, loss=torch.tensor(1.0))
            assert bar.bar_.n == pytest.approx(epoch + (batch + 1) / n_batches)
            assert bar.bar_.n <= epoch + 1
        net.history.append({"train_loss": 0.5})
        bar.on_epoch_end(net)
        assert bar.figures_["loss"] == "0.5"
    bar.on_train_end(net)
