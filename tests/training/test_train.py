import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_gru.training.batches import BatchIterator

EXACTLY = {"rtol": 0, "atol": 0}
ROUNDED = {"rtol": 1e-11, "atol": 1e-12}


def assert_same_weights(actual, expected, **tolerance):
    assert actual.keys() == expected.keys()
    for name in actual:
        assert_allclose(actual[name], expected[name], err_msg=name, **tolerance)


def plain_training(module, dataset, epochs, optimizer, *, lr, seed=0, clip=None):
    """Train without skorch; `lr` gives the learning rate of every epoch."""
    batches = BatchIterator(dataset, 4, np.random.default_rng(seed))
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = lr(epoch)
        for batch in batches:
            optimizer.zero_grad()
            ((module(**batch.inputs) - batch.targets) ** 2).mean().backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(module.parameters(), clip)
            optimizer.step()


OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    torch.optim.Adagrad: torch.optim.Adagrad,
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}], ids=str)
def test_trains_like_a_plain_loop(make_model, make_dataset, optimizer, options):
    model = make_model(seed=7, optimizer=optimizer, lr=0.03, **options)
    module = copy.deepcopy(model.module)
    options = {"weight_decay": 0.0} | options
    plain = OPTIMIZERS[optimizer](module.parameters(), **options)
    plain_training(module, make_dataset(), 3, plain, lr=lambda epoch: 0.03, seed=7)
    model.train(make_dataset(), 3)
    assert_same_weights(model.weights, module.state_dict(), **ROUNDED)


def test_clips_the_gradient_of_every_step(make_model, make_dataset):
    model = make_model(optimizer="sgd", lr=0.5, gradient_clip=0.1)
    module = copy.deepcopy(model.module)
    plain = torch.optim.SGD(module.parameters())
    plain_training(module, make_dataset(), 3, plain, lr=lambda epoch: 0.5, clip=0.1)
    model.train(make_dataset(), 3)
    assert_same_weights(model.weights, module.state_dict(), **ROUNDED)


def cosine(epoch, epochs):
    return 0.03 * (1 + np.cos(np.pi * epoch / epochs)) / 2


def test_the_cosine_falls_from_the_full_rate_to_zero(make_model, make_dataset):
    model = make_model(lr=0.03, lr_schedule="cosine")
    module = copy.deepcopy(model.module)
    plain = torch.optim.Adam(module.parameters())
    plain_training(module, make_dataset(), 6, plain, lr=lambda e: cosine(e, 6))
    model.train(make_dataset(), 6)
    assert_same_weights(model.weights, module.state_dict(), **ROUNDED)


def test_further_training_runs_through_the_cosine_again(make_model, make_dataset):
    model = make_model(lr=0.03, lr_schedule="cosine")
    for _ in range(3):
        model.train(make_dataset(), 4)
    expected = [cosine(epoch, 4) for epoch in range(4)] * 3
    assert_allclose(model.recorded("event_lr"), expected, rtol=1e-12)


def test_single_epochs_are_trained_at_the_full_rate(make_model, make_dataset):
    model = make_model(lr=0.03, lr_schedule="cosine")
    for _ in range(10):
        model.train(make_dataset(), 1)
    assert_allclose(model.recorded("event_lr"), [0.03] * 10, rtol=1e-12)


def test_a_plateau_divides_the_rate_by_ten(make_model, make_dataset):
    # Steps this small change no loss by a ten-thousandth of it.
    model = make_model(optimizer="sgd", lr=1e-6, lr_schedule="plateau")
    rates = model.train(make_dataset(), 13).recorded("event_lr")
    assert_allclose([rates[0], rates[-1]], [1e-6, 1e-7], rtol=1e-12)


def test_the_plateau_is_that_of_the_held_out_loss(make_model, make_dataset):
    dataset = make_dataset(held_out=np.arange(10), turned_round=True)
    model = make_model(optimizer="sgd", lr=1e-3, lr_schedule="plateau")
    model.train(dataset, 13)
    assert (np.diff(model.losses) < 0).all()
    assert_allclose(model.recorded("event_lr")[-1], 1e-4, rtol=1e-12)


def test_further_training_goes_by_the_settings_of_its_time(make_model, make_dataset):
    seen = []

    class Look(Callback):
        def on_batch_end(self, net, batch, **kwargs):
            seen.append((len(batch[1]), net.optimizer_.param_groups[0]["lr"]))

    model = make_model(lr=0.03, batch_size=5, callbacks=[Look()])
    model.train(make_dataset(), 1)
    model.set(lr=0.01, batch_size=10)
    model.train(make_dataset(), 1)
    assert seen == [(5, 0.03), (5, 0.03), (10, 0.01)]


def test_equal_seeds_train_alike_and_leave_global_random_states_alone(
    make_model, make_dataset
):
    models = []
    for seed, global_seed in [(5, 1), (5, 2), (6, 2)]:
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002, the global state is meant
        torch_state = torch.get_rng_state()
        numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
        models.append(make_model(seed=seed, dropout=0.3).train(make_dataset(), 3))
        assert torch.equal(torch.get_rng_state(), torch_state)
        assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    one, same, other = models
    assert one.losses == same.losses != other.losses
    assert_same_weights(one.weights, same.weights, **EXACTLY)


def test_a_copy_goes_on_as_the_original_would(make_model, make_dataset):
    model = make_model(dropout=0.3).train(make_dataset(), 2)
    before = model.weights
    twin = copy.deepcopy(model).train(make_dataset(), 2)
    assert_same_weights(model.weights, before, **EXACTLY)
    model.train(make_dataset(), 2)
    assert model.losses == twin.losses
    assert_same_weights(model.weights, twin.weights, **EXACTLY)


def test_trains_on_one_thread(make_model, make_dataset):
    seen = []

    class Look(Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append(torch.get_num_threads())

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        make_model(callbacks=[Look()]).train(make_dataset(), 1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


class EveryBatch(Callback):
    """Reads what skorch promises to callbacks of batches."""

    def __init__(self):
        self.losses = []

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.losses.append(net.history[-1, "batches", -1, "train_loss"])


def test_who_listens_to_batches_finds_their_records(make_model, make_dataset):
    listener = EveryBatch()
    heard = make_model(callbacks=[listener]).train(make_dataset(), 2)
    alone = make_model().train(make_dataset(), 2)
    n_batches = len(BatchIterator(make_dataset(), 4))
    assert len(listener.losses) == 2 * n_batches
    assert_same_weights(heard.weights, alone.weights, **EXACTLY)
    assert_allclose(heard.losses, alone.losses, rtol=1e-12)


def test_an_optimizer_may_take_a_step_several_times(make_model, make_dataset):
    steps = []

    class Twice(torch.optim.SGD):
        def step(self, closure):
            steps.append([closure().item(), super().step(closure).item()])

    model = make_model(optimizer=Twice, lr=0.01)
    model.train(make_dataset(), 2)
    assert steps
    assert all(first == again for first, again in steps)
