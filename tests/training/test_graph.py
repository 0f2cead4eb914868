"""Recorded training steps: the bookkeeping with a stand-in, the real thing on a GPU."""

from contextlib import contextmanager

import pytest
import torch
from numpy.testing import assert_allclose
from skorch.utils import noop

from sklearn_gru import GRUForecaster, datasets
from sklearn_gru.nets.convolutions import Normalization
from sklearn_gru.training import Batch, fitting
from sklearn_gru.training.fitting import choose_step
from sklearn_gru.training.graph import WARM_UP_STEPS, RecordedStep
from sklearn_gru.training.steps import EagerStep


class StandIn:
    """Does at `replay` what was "recorded", which like a real graph did nothing."""

    def replay(self):
        self.n_replays += 1
        self.step.zero_grad()
        outcome = self.step.gradient(self.step.batch)
        self.step.optimizer.step()
        self.step.loss.copy_(outcome["loss"])
        if self.off_by != 1:
            with torch.no_grad():
                next(self.step.module.parameters()).mul_(self.off_by)


@pytest.fixture
def stand_in(monkeypatch, make_model):
    """Return a function that makes a model whose steps go through a StandIn."""

    def make(off_by=1, error=None):
        model = make_model(lr=0.03)
        step = RecordedStep(model.net, None, reports.append)
        fake = StandIn()
        fake.step, fake.off_by, fake.n_replays = step, off_by, 0

        @contextmanager
        def record(graph):
            if error:
                raise RuntimeError(error)
            before = [tensor.clone() for tensor in step._state()]
            yield
            with torch.no_grad():
                for tensor, old in zip(step._state(), before, strict=True):
                    tensor.copy_(old)

        monkeypatch.setattr(torch.cuda, "synchronize", noop)
        monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: fake)
        monkeypatch.setattr(torch.cuda, "graph", record)
        monkeypatch.setattr(fitting, "choose_step", lambda *_: step)
        return model, fake, reports

    reports = []
    return make


def test_recorded_steps_train_like_eager_ones(stand_in, make_model, make_dataset):
    eager = make_model(lr=0.03).train(make_dataset(), 4)
    model, fake, reports = stand_in()
    model.train(make_dataset(), 4)
    assert not reports
    assert fake.n_replays > 4
    assert_allclose(model.losses, eager.losses, rtol=1e-12)
    for name, weight in model.weights.items():
        assert_allclose(weight, eager.weights[name], rtol=1e-9, atol=1e-12)


def test_steps_that_differ_stay_eager(stand_in, make_model, make_dataset):
    eager = make_model(lr=0.03).train(make_dataset(), 4)
    model, fake, reports = stand_in(off_by=1.5)
    model.train(make_dataset(), 4)
    assert fake.n_replays == 1
    assert len(reports) == 1
    assert reports[0].endswith("a replayed step differs from an eager one.")
    assert_allclose(model.losses, eager.losses, rtol=1e-12)


def test_what_cannot_be_recorded_stays_eager(stand_in, make_model, make_dataset):
    eager = make_model(lr=0.03).train(make_dataset(), 4)
    model, fake, reports = stand_in(error="operation not permitted\nmore")
    model.train(make_dataset(), 4)
    assert fake.n_replays == 0
    assert reports == [
        "Training steps are not replayed as a CUDA graph: it can't be recorded "
        "(operation not permitted)."
    ]
    assert_allclose(model.losses, eager.losses, rtol=1e-12)


def test_batches_of_another_shape_are_eager(make_model):
    step = RecordedStep(make_model().net, None, noop)
    usual, last = (
        Batch({"x": torch.zeros(n, 3, 2)}, torch.zeros(n, 1)) for n in (4, 2)
    )
    for _ in range(WARM_UP_STEPS):
        assert step.take_recorded(usual) is None
    assert step.take_recorded(last) is None
    assert step.n_eager == WARM_UP_STEPS


def kind_of_step(model, *callbacks):
    return type(choose_step(model.net, model.settings, callbacks))


def test_steps_that_differ_from_call_to_call_are_not_recorded(make_model):
    model = make_model()
    for group in model.net.optimizer_.param_groups:
        group["capturable"] = True
    assert kind_of_step(model) is RecordedStep
    model.module.time_warp.strength = 0.1
    assert kind_of_step(model) is EagerStep
    model.module.time_warp.strength = 0.0
    model.module.changes = Normalization(2)
    assert kind_of_step(model) is EagerStep


gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@gpu
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("lr_schedule", ["constant", "cosine"])
def test_on_a_gpu_losses_are_those_of_eager_steps(monkeypatch, lr_schedule, cell):
    series = datasets.make_sine(500, noise=0.1, random_state=0)
    model = GRUForecaster(
        cell=cell,
        max_epochs=5,
        early_stopping=False,
        random_state=0,
        lr_schedule=lr_schedule,
    )
    replays = []
    real = RecordedStep._replay
    monkeypatch.setattr(
        RecordedStep, "_replay", lambda *a: (replays.append(0), real(*a))[1]
    )
    recorded = model.fit(series).loss_curve_
    assert len(replays) > 50
    monkeypatch.setattr(
        fitting, "choose_step", lambda net, *_: EagerStep(net, model.gradient_clip)
    )
    assert_allclose(recorded, model.fit(series).loss_curve_, rtol=1e-3)
