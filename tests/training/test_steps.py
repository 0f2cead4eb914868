"""Kinds of steps, which one a training takes, and what a net has only in training."""

import copy
import pickle
from types import SimpleNamespace

import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback

from sklearn_gru.training.accelerated import AcceleratedStep, accelerated
from sklearn_gru.training.fitting import choose_step
from sklearn_gru.training.graph import RecordedStep
from sklearn_gru.training.steps import ClosureStep, EagerStep


class Twice(torch.optim.SGD):
    """Evaluates the loss a second time after moving the weights."""

    def step(self, closure):
        super().step(closure)
        return closure()


def kind_of_step(model, *callbacks):
    return type(choose_step(model.net, model.settings, callbacks))


def capturable(model):
    for group in model.net.optimizer_.param_groups:
        group["capturable"] = True
    return model


class Watch(Callback):
    def on_grad_computed(self, net, named_parameters, **kwargs):
        pass


def test_only_optimizers_of_users_get_a_closure(make_model):
    assert kind_of_step(make_model()) is EagerStep
    assert kind_of_step(make_model(optimizer="sgd")) is EagerStep
    assert kind_of_step(make_model(optimizer=Twice)) is ClosureStep


def test_steps_are_recorded_if_nobody_watches_and_all_are_alike(make_model):
    assert kind_of_step(capturable(make_model())) is RecordedStep
    assert kind_of_step(capturable(make_model()), Callback()) is RecordedStep
    assert kind_of_step(capturable(make_model()), Watch()) is EagerStep
    assert kind_of_step(capturable(make_model(dropout=0.5))) is EagerStep


def test_an_accelerator_takes_all_steps(make_model):
    accelerator = SimpleNamespace(prepare=lambda *parts: parts)
    for model in make_model(), make_model(optimizer=Twice), capturable(make_model()):
        with accelerated(accelerator):
            assert kind_of_step(model) is AcceleratedStep
        assert kind_of_step(model) is not AcceleratedStep


@pytest.mark.parametrize("optimizer", ["sgd", Twice])
def test_a_step_tells_of_the_state_before_it(make_model, make_dataset, optimizer):
    model = make_model(optimizer=optimizer, lr=0.1)
    module = copy.deepcopy(model.module)
    batch = next(iter(model.net.get_iterator(make_dataset())))
    expected = module(**batch.inputs)
    loss = (expected - batch.targets).square().mean()
    outcome = choose_step(model.net, model.settings, [])(batch)
    assert_allclose(outcome["y_pred"], expected.detach(), rtol=1e-12)
    assert_allclose(outcome["loss"], loss.detach(), rtol=1e-12)
    assert not outcome["loss"].requires_grad
    loss.backward()
    torch.optim.SGD(module.parameters(), lr=0.1).step()
    by_hand = module.state_dict()
    for name, moved in model.weights.items():
        assert_allclose(moved, by_hand[name], rtol=1e-12)


def test_what_is_held_out_moves_nothing(make_model, make_dataset):
    model = make_model(dropout=0.5)
    before, step = model.weights, EagerStep(model.net)
    batch = next(iter(model.net.get_iterator(make_dataset())))
    losses = [step.held_out(batch)["loss"] for _ in range(2)]
    assert losses[0] == losses[1]  # without dropout
    assert all(torch.equal(before[name], new) for name, new in model.weights.items())
    assert step(batch)["loss"] != losses[0]


class PickleTheNet(Callback):
    def on_batch_end(self, net, **kwargs):
        self.in_training = net.run is not None
        self.pickled = pickle.dumps(net)

    def __getstate__(self):
        return {}


def test_a_pickle_has_nothing_of_the_training_it_was_made_in(make_model, make_dataset):
    pickling = PickleTheNet()
    model = make_model(callbacks=[pickling]).train(make_dataset(), 1)
    assert pickling.in_training
    assert pickle.loads(pickling.pickled).run is None
    assert model.net.run is None
