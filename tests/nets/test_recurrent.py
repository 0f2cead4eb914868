import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Dropout, Recurrent

LENGTHS = [4, 1, 7, 2]
UNITS = (5, 3)
GATES = {
    "gru": ["reset", "update"],
    "lstm": ["input", "forget", "output"],
    "rnn": [],
}
every_kind = pytest.mark.parametrize(
    "kind",
    [
        {"cell": "gru"},
        {"cell": "gru", "reset_after": False},
        {"cell": "lstm", "activation": "relu"},
        {"cell": "rnn"},
    ],
    ids=lambda kind: "-".join(map(str, kind.values())),
)
both_directions = pytest.mark.parametrize("bidirectional", [False, True])


def make_recurrent(input_size=2, units=UNITS, **kind):
    net = torch.nn.Module()
    with initialized(net, 0, torch.float64):
        net.recurrent = Recurrent(input_size, units, **kind)
    return net.recurrent.eval()


def sequences():
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.normal(size=(length, 2))) for length in LENGTHS]


def pad(sequences):
    # With NaN: a single number read from the padding would spoil what it touches.
    padded = torch.full((len(LENGTHS), max(LENGTHS), 2), torch.nan, dtype=float)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, torch.tensor(LENGTHS)


def assert_same(actual, expected):
    assert_allclose(
        actual.detach().numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-12
    )


@every_kind
def test_layers_feed_each_other(kind):
    net = make_recurrent(**kind)
    x = torch.stack([sequences()[2], sequences()[2].flip(0)])
    (first,), (second,) = net.layers
    assert_same(net(x), second(first(x)[0])[0])
    assert net.output_size == 3


@every_kind
def test_the_second_direction_reads_backwards(kind):
    net = make_recurrent(bidirectional=True, **kind)
    hidden = sequences()[2][None]
    for ahead, back in net.layers:
        hidden = torch.cat([ahead(hidden)[0], back(hidden.flip(1))[0].flip(1)], dim=2)
    assert_same(net(sequences()[2][None]), hidden)
    assert net.output_size == 6


@every_kind
@both_directions
def test_padded_sequences_are_as_by_themselves(kind, bidirectional):
    net = make_recurrent(bidirectional=bidirectional, **kind)
    together = net(*pad(sequences()))
    for row, sequence in zip(together, sequences(), strict=True):
        assert_same(row[: len(sequence)], net(sequence[None])[0])


@every_kind
@both_directions
def test_summaries_of_padded_sequences_are_as_by_themselves(kind, bidirectional):
    net = make_recurrent(bidirectional=bidirectional, **kind)
    x, lengths = pad(sequences())
    together = net.summarize(net(x, lengths), lengths)
    for row, sequence in zip(together, sequences(), strict=True):
        assert_same(row, net.summarize(net(sequence[None]))[0])


@every_kind
@both_directions
def test_gates_of_padded_sequences_are_as_by_themselves(kind, bidirectional):
    net = make_recurrent(bidirectional=bidirectional, **kind)
    together = net.gates(*pad(sequences()))
    assert list(together) == GATES[kind["cell"]]
    for i, sequence in enumerate(sequences()):
        alone = net.gates(sequence[None])
        for gate in together:
            assert_same(together[gate][i, : len(sequence)], alone[gate][0])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gates_are_those_of_the_last_layer(cell):
    net = make_recurrent(bidirectional=True, cell=cell)
    x = sequences()[2][None]
    (ahead1, back1), (ahead2, back2) = net.layers
    x = torch.cat([ahead1(x)[0], back1(x.flip(1))[0].flip(1)], dim=2)
    gates = zip(ahead2.gates(x), back2.gates(x.flip(1)), strict=True)
    for gate, (ahead, back) in zip(GATES[cell], gates, strict=True):
        expected = torch.cat([ahead, back.flip(1)], dim=2)
        assert_same(net.gates(sequences()[2][None])[gate], expected)


def test_summary_holds_what_each_direction_saw_last():
    hidden = torch.arange(2 * 4 * 6.0).view(2, 4, 6)
    both = make_recurrent(bidirectional=True)
    assert_array_equal(both.summarize(hidden)[1], [42, 43, 44, 27, 28, 29])
    lengths = torch.tensor([4, 2])
    assert_array_equal(both.summarize(hidden, lengths)[1], [30, 31, 32, 27, 28, 29])


def test_dropout_drops_and_scales_the_others():
    dropout, x = Dropout(0.25, seed=0), torch.full((100, 100), 3.0)
    dropped = dropout(x)
    assert_array_equal(dropped.unique(), torch.tensor([0.0, 4.0]))
    # Of 10,000 fair draws the share is within four standard deviations of 0.25.
    assert abs((dropped == 0).double().mean() - 0.25) < 4 * (0.25 * 0.75 / 1e4) ** 0.5


def test_almost_everything_can_be_dropped():
    x = torch.ones(1000, 1000)
    dropped = Dropout(0.999999, seed=0)(x)
    assert set(dropped.unique().tolist()) == {0.0, 65536.0}
    assert dropped.mean().item() == pytest.approx(1, abs=0.8)


@pytest.mark.parametrize(
    ("probability", "training"), [(0.5, False), (0.0, True), (1e-6, True)]
)
def test_without_dropout_nothing_changes(probability, training):
    x = torch.ones(3, 2)
    assert Dropout(probability, seed=0).train(training)(x) is x


def test_dropout_draws_anew_in_each_call_and_alike_for_equal_seeds():
    x = torch.ones(50, 50)
    one, same, other = Dropout(0.5, seed=3), Dropout(0.5, seed=3), Dropout(0.5, seed=8)
    first, second = one(x), one(x)
    assert not torch.equal(first, second)
    assert torch.equal(same(x), first)
    assert torch.equal(same(x), second)
    assert not torch.equal(other(x), first)


@both_directions
def test_dropout_neither_reads_nor_changes_torchs_random_state(bidirectional):
    x = sequences()[2][None]
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        net = make_recurrent(bidirectional=bidirectional, dropout=0.5).train()
        results.append(net(x))
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*results)


def test_dropout_acts_on_every_layer_in_training_and_never_in_evaluation():
    net = make_recurrent(dropout=0.5, seed=5)
    x = sequences()[2][None]
    (first,), (second,) = net.layers
    assert_same(net(x), second(first(x)[0])[0])
    dropout = Dropout(0.5, seed=5)
    assert_same(net.train()(x), dropout(second(dropout(first(x)[0]))[0]))


def test_a_copy_of_a_frozen_network_packs_weights_of_its_own():
    net = make_recurrent()
    net.freeze()
    x = sequences()[2][None]
    with torch.no_grad():
        expected = net(x)
        for duplicate in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            assert duplicate.execution.packed == {}
            assert_same(duplicate(x), expected)


def test_threads_share_a_frozen_network():
    net = make_recurrent()
    x = sequences()[2][None]
    with torch.no_grad():
        expected = net(x)
        net.freeze()

        def read(_):
            with torch.no_grad():
                return net(x)

        with ThreadPoolExecutor(8) as pool:
            for hidden in pool.map(read, range(200)):
                assert torch.equal(hidden, expected)
