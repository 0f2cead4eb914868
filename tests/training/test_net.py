import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import LOSSES, CrossEntropy
from sklearn_gru.nets.pooling import mean
from sklearn_gru.training import Batch
from sklearn_gru.training.steps import clip


def batch_of(targets, **others):
    """Make a batch whose inputs do not matter."""
    others = {k: v if v is None else torch.tensor(v) for k, v in others.items()}
    return Batch({}, targets, **others)


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 0.0]])
@pytest.mark.parametrize("lengths", [None, [4, 1, 2]])
@pytest.mark.parametrize("shape", [(3, 2), (3, 4, 1), (3, 4, 2)])
def test_each_sequence_counts_by_its_own_steps_and_weight(
    make_model, weight, lengths, shape
):
    rng = np.random.default_rng(0)
    y_pred, y_true = torch.from_numpy(rng.normal(size=(2, *shape)))
    batch = batch_of(y_true, lengths=lengths, weight=weight)
    expected = 0.0
    for i in range(3):
        errors = ((y_pred[i] - y_true[i]) ** 2).numpy()
        if lengths is not None and errors.ndim == 2:
            errors = errors[: lengths[i]]
        expected += errors.mean() * (1 if weight is None else weight[i]) / 3
    net = make_model(return_sequences=len(shape) == 3).net
    loss = net.mean_loss(y_pred, batch)
    assert_allclose(loss, expected, rtol=1e-12)


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 0.0]])
@pytest.mark.parametrize("lengths", [None, [4, 1, 2]])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_the_loss_of_several_networks_is_the_mean_of_theirs(
    make_model, weight, lengths, return_sequences
):
    rng = np.random.default_rng(0)
    shape = (4, 2) if return_sequences else (2,)
    # As many networks as steps: mixing them up would go unnoticed by the shapes.
    y_pred = torch.from_numpy(rng.normal(size=(3, 4, *shape)))
    y_true = torch.from_numpy(rng.normal(size=(3, *shape)))
    batch = batch_of(y_true, lengths=lengths, weight=weight)
    net = make_model(return_sequences=return_sequences).net
    alone = [net.mean_loss(y_pred[:, n], batch) for n in range(4)]
    loss = net.mean_loss(y_pred, batch)
    assert_allclose(loss, np.mean(alone), rtol=1e-12)


def test_steps_are_averaged_for_each_network_and_output():
    rng = np.random.default_rng(0)
    losses, lengths = torch.from_numpy(rng.uniform(size=(3, 5, 4, 2))), [4, 1, 2]
    means = mean(losses, torch.tensor(lengths))
    assert means.shape == (3, 5, 2)
    for i, n in enumerate(lengths):
        for network in range(5):
            for output in range(2):
                expected = sum(losses[i, network, :n, output].tolist()) / n
                assert_allclose(means[i, network, output], expected, rtol=1e-12)


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 0.0]])
def test_classes_count_by_their_weight(make_model, weight):
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 4)))
    classes = torch.tensor([2, 0, 3])
    log_p = logits.log_softmax(dim=1).numpy()
    expected = 0.0
    for i, c in enumerate(classes):
        expected -= log_p[i, c] * (1 if weight is None else weight[i]) / 3
    net = make_model(criterion=CrossEntropy).net
    loss = net.mean_loss(logits, batch_of(classes, weight=weight))
    assert_allclose(loss, expected, rtol=1e-12)


def plain_loss(module, dataset):
    """Mean of the samples' weighted losses, one by one."""
    total = 0.0
    for i in range(len(dataset)):
        inputs, target, _, weight = dataset[i]
        weight = 1.0 if weight is None else weight
        total = total + weight * ((module(**inputs) - target) ** 2).mean()
    return total.item() / len(dataset)


@pytest.mark.parametrize("weight", [None, np.arange(10.0) / 4])
def test_recorded_losses_are_means_over_samples(make_model, make_dataset, weight):
    # Of 10 and 5 samples in batches of 4 the last is smaller: it counts for less.
    dataset = make_dataset(weight, held_out=np.array([1, 5, 6, 7, 8]))
    model = make_model(lr=0.0).train(dataset, 2)
    expected = plain_loss(model.module, dataset)
    assert_allclose(model.losses, [expected, expected], rtol=1e-12)
    expected = plain_loss(model.module, dataset.validation)
    assert_allclose(model.recorded("valid_loss"), [expected, expected], rtol=1e-12)


def test_settings_reach_the_module(make_model):
    settings = {"cell": "lstm", "dropout": 0.2, "dtype": torch.float32, "units": (3, 5)}
    model = make_model(return_sequences=True, **settings, criterion=LOSSES["huber"])
    layers = model.module.recurrent.layers
    assert [layer[0].hidden_size for layer in layers] == [3, 5]
    assert layers[0][0].GATES == ("input", "forget", "output")
    assert model.module.recurrent.dropout.probability == 0.2
    assert model.module.head.weight.dtype == torch.float32
    assert model.module.return_sequences
    assert isinstance(model.net.criterion_, LOSSES["huber"])


@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_clipping_is_pytorchs(limit):
    def gradients(function):
        weights = [torch.zeros(3, 2), torch.zeros(5), torch.zeros(2)]
        for weight in weights[:2]:  # the last has none
            weight.grad = torch.linspace(-1, 2, weight.numel()).view_as(weight)
        function(weights, limit)
        return torch.cat([weight.grad.flatten() for weight in weights[:2]])

    expected = gradients(torch.nn.utils.clip_grad_norm_)
    assert torch.equal(gradients(clip), expected)
