import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback


def have_equal_weights(model, other):
    pairs = zip(model.module.parameters(), other.module.parameters(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


def test_early_stopping_keeps_the_weights_that_were_best(make_model, make_dataset):
    # Held-out targets are turned round, so learning only makes them worse.
    dataset = make_dataset(held_out=np.arange(10), turned_round=True)
    model = make_model(early_stopping=True, n_iter_no_change=3).train(dataset, 20)
    assert len(model.losses) == 4
    assert np.argmin(model.recorded("valid_loss")) == 0
    assert have_equal_weights(model, make_model().train(dataset, 1))


def test_early_stopping_without_held_out_data_does_nothing(make_model, make_dataset):
    # No loss improves with steps as small as these.
    settings = {"lr": 1e-9, "n_iter_no_change": 3}
    watching = make_model(early_stopping=True, **settings).train(make_dataset(), 8)
    other = make_model(early_stopping=False, **settings).train(make_dataset(), 8)
    assert len(watching.losses) == 8
    assert have_equal_weights(watching, other)


class Raise(Callback):
    """Raises at the end of an epoch's first training or held-out batch, or after it."""

    def __init__(self, where, epoch, error):
        self.where, self.epoch, self.error = where, epoch, error

    def on_batch_end(self, net, training=False, **kwargs):
        where = "training" if training else "held-out data"
        if (where, len(net.history)) == (self.where, self.epoch):
            raise self.error

    def on_epoch_end(self, net, **kwargs):
        if (self.where, len(net.history)) == ("between epochs", self.epoch):
            raise self.error


@pytest.mark.parametrize("where", ["training", "held-out data"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_ctrl_c_keeps_whole_epochs_and_warns(make_model, make_dataset, where, epoch):
    dataset = make_dataset(held_out=np.arange(5))
    model = make_model(callbacks=[Raise(where, epoch, KeyboardInterrupt)])
    message = f"interrupted by user after {epoch - 1} whole epochs"
    with pytest.warns(ConvergenceWarning, match=message):
        model.train(dataset, 5)
    until_then = make_model().train(dataset, epoch - 1)
    assert model.losses == until_then.losses
    # What the part of an epoch taught is kept as well.
    assert not have_equal_weights(model, until_then)


# Best is the first of all epochs, or the last whole one: learning the right targets
# lowers their loss, learning those turned round raises it.
@pytest.mark.parametrize(("turned_round", "best"), [(True, 1), (False, 2)])
def test_ctrl_c_keeps_the_best_weights_of_early_stopping(
    make_model, make_dataset, turned_round, best
):
    dataset = make_dataset(held_out=np.arange(10), turned_round=turned_round)
    interruption = Raise("training", 3, KeyboardInterrupt)
    model = make_model(early_stopping=True, callbacks=[interruption])
    with pytest.warns(ConvergenceWarning, match="after 2 whole epochs"):
        model.train(dataset, 5)
    assert np.argmin(model.recorded("valid_loss")) + 1 == best
    assert have_equal_weights(model, make_model().train(dataset, best))


def test_ctrl_c_in_the_first_epoch_leaves_early_stopping_nothing(
    make_model, make_dataset
):
    interruption = Raise("training", 1, KeyboardInterrupt)
    model = make_model(early_stopping=True, callbacks=[interruption])
    with pytest.warns(ConvergenceWarning, match="after 0 whole epochs"):
        model.train(make_dataset(held_out=np.arange(5)), 5)
    assert model.losses == []


def test_training_goes_on_after_ctrl_c(make_model, make_dataset):
    model = make_model(callbacks=[Raise("training", 3, KeyboardInterrupt)])
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model.train(make_dataset(), 5)
    model.set(callbacks=None)
    model.train(make_dataset(), 2)
    assert len(model.losses) == 4


def test_a_callback_can_end_training_without_a_warning(make_model, make_dataset):
    model = make_model(callbacks=[Raise("between epochs", 2, KeyboardInterrupt)])
    assert len(model.train(make_dataset(), 5).losses) == 2


def test_other_errors_are_raised(make_model, make_dataset):
    model = make_model(callbacks=[Raise("training", 2, OSError("disk"))])
    with pytest.raises(OSError, match="disk"):
        model.train(make_dataset(), 5)
