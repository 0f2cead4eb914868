import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import SequenceNet

LENGTHS = [4, 1, 7, 2]
both_directions = pytest.mark.parametrize("bidirectional", [False, True])


def make_net(return_sequences=False, **recurrent):
    net = SequenceNet(
        2,
        3,
        (5, 4),
        return_sequences=return_sequences,
        seed=0,
        dtype=torch.float64,
        **recurrent,
    )
    with torch.no_grad():
        net.head.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return net.eval()


def padded():
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(len(LENGTHS), max(LENGTHS), 2)))
    return x, torch.tensor(LENGTHS)


def alone(x):
    """Each sequence without its padding, as a batch of one."""
    return [row[None, :length] for row, length in zip(x, LENGTHS, strict=True)]


def assert_same(actual, expected):
    assert_allclose(actual.detach(), expected.detach(), rtol=1e-12, atol=1e-12)


def plain_head(net, hidden):
    return hidden @ net.head.weight.T + net.head.bias


@both_directions
def test_the_head_reads_the_last_hidden_state(bidirectional):
    net = make_net(bidirectional=bidirectional)
    x, _ = padded()
    hidden = net.recurrent(x)
    last = hidden[:, -1]
    if bidirectional:
        last = torch.cat([last[:, :4], hidden[:, 0, 4:]], dim=1)
    assert_same(net.features(x), last)
    assert_same(net(x), plain_head(net, last))


@both_directions
def test_the_head_reads_every_hidden_state(bidirectional):
    net = make_net(return_sequences=True, bidirectional=bidirectional)
    x, _ = padded()
    expected = [plain_head(net, step) for step in net.recurrent(x).unbind(dim=1)]
    assert_same(net(x), torch.stack(expected, dim=1))


@both_directions
@pytest.mark.parametrize("method", ["forward", "features"])
def test_each_sequence_is_read_up_to_its_length(bidirectional, method):
    run = getattr(make_net(bidirectional=bidirectional), method)
    x, lengths = padded()
    assert_same(run(x, lengths), torch.cat([run(sequence) for sequence in alone(x)]))


@both_directions
def test_outputs_of_each_step_are_as_without_padding(bidirectional):
    net = make_net(return_sequences=True, bidirectional=bidirectional)
    x, lengths = padded()
    for row, sequence in zip(net(x, lengths), alone(x), strict=True):
        assert_same(row[: sequence.shape[1]], net(sequence)[0])


def test_gates_are_as_without_padding():
    net = make_net(bidirectional=True)
    x, lengths = padded()
    together = net.gates(x, lengths)
    assert list(together) == ["reset", "update"]
    for i, sequence in enumerate(alone(x)):
        for name, gate in net.gates(sequence).items():
            assert_same(together[name][i, : sequence.shape[1]], gate[0])


def make_symbolic(return_sequences=False, **choices):
    choices = {"seed": 0, "dtype": torch.float64, **choices}
    return SequenceNet(
        6, 3, (5, 4), return_sequences=return_sequences, embedding_dim=2, **choices
    ).eval()


def symbols():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, size=(len(LENGTHS), max(LENGTHS), 1), dtype=np.int32)
    lengths = torch.tensor(LENGTHS)
    x[np.arange(max(LENGTHS)) >= np.array(LENGTHS)[:, None]] = 4  # the padding
    return torch.from_numpy(x), lengths


@both_directions
@pytest.mark.parametrize("return_sequences", [False, True])
def test_symbols_are_read_as_their_vectors(bidirectional, return_sequences):
    net = make_symbolic(return_sequences, bidirectional=bidirectional)
    plain = make_net(return_sequences, bidirectional=bidirectional)
    weights = net.state_dict()
    table = weights.pop("embedding.weight")
    plain.load_state_dict(weights)
    x, lengths = symbols()
    vectors = torch.stack([torch.stack([table[i] for i in row[:, 0]]) for row in x])
    assert_same(net(x, lengths), plain(vectors, lengths))
    assert_same(net.features(x), plain.features(vectors))
    for name, gate in plain.gates(vectors, lengths).items():
        assert_same(net.gates(x, lengths)[name], gate)


@both_directions
def test_vectors_learn_from_what_is_read_and_not_from_padding(bidirectional):
    net = make_symbolic(bidirectional=bidirectional)
    x, lengths = symbols()
    net(x, lengths).square().sum().backward()
    learned = net.embedding.weight.grad.abs().sum(dim=1) > 0
    assert learned.tolist() == [True, True, True, True, False, False]
    step = 1e-6
    for symbol, k in [(0, 1), (3, 0)]:
        losses = []
        for sign in (1, -1):
            with torch.no_grad():
                net.embedding.weight[symbol, k] += sign * step
                losses.append(net(x, lengths).square().sum())
                net.embedding.weight[symbol, k] -= sign * step
        slope = (losses[0] - losses[1]) / (2 * step)
        assert_allclose(net.embedding.weight.grad[symbol, k], slope, rtol=1e-6)


def test_the_last_vector_is_zero_and_the_others_standard_normal():
    net = SequenceNet(
        3001,
        1,
        (2,),
        return_sequences=False,
        embedding_dim=4,
        seed=0,
        dtype=torch.float64,
    )
    table = net.embedding.weight.detach()
    assert not table[-1].any()
    ordered = table[:-1].flatten().sort().values
    normal = torch.special.ndtr(ordered)  # uniform, if ordered is normal
    uniform = torch.linspace(0, 1, len(ordered), dtype=float)
    assert (normal - uniform).abs().max() < 2 / len(ordered) ** 0.5
