import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import SequenceNet, sequence_net
from sklearn_gru.nets.convolutions import Normalization
from sklearn_gru.nets.side_by_side import SEEDS_APART
from sklearn_gru.nets.time_warp import TimeWarp

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


# Segments, differences, convolutions, pools


def rich_net(input_size=2, seed=0, **choices):
    """A network whose normalisations are not what they are at first."""
    net = SequenceNet(
        input_size, 3, (5, 4), seed=seed, dtype=torch.float64, **choices
    ).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        net.head.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
        for part in net.modules():
            if isinstance(part, Normalization):
                part.bias.normal_(generator=generator)
                part.mean.normal_(generator=generator)
                part.variance.uniform_(0.5, 2, generator=generator)
    return net


def normalized(norm, rows):
    scaled = (rows - norm.mean) / (norm.variance + 1e-5).sqrt()
    return (norm.gain * scaled + norm.bias).detach()


def plain_features(net, sequence):
    """What the head reads of one sequence (t, k), step by step."""
    if net.embedding is not None:
        sequence = net.embedding.weight[sequence[:, 0]]
    if net.changes is not None:
        changes = torch.zeros_like(sequence)
        for t in range(1, len(sequence)):
            changes[t] = sequence[t] - sequence[t - 1]
        sequence = torch.cat([sequence, normalized(net.changes, changes)], dim=1)
    beside = []
    if net.convolutions is not None:
        sequence = net.convolutions(sequence[None])[0][0]
        beside = [sequence.mean(dim=0)]
    segments = []
    for start in range(0, len(sequence), net.segment_length):
        segment = torch.zeros(net.segment_length, sequence.shape[1], dtype=float)
        rows = sequence[start : start + net.segment_length]
        segment[: len(rows)] = rows
        segments.append(segment.flatten())
    hidden = net.recurrent(torch.stack(segments)[None])[0]
    last = hidden[-1]
    if net.recurrent.directions == 2:
        last = torch.cat([hidden[-1, :4], hidden[0, 4:]])
    pools = {"last": last, "mean": hidden.mean(0), "max": hidden.max(0).values}
    return torch.cat([pools[name] for name in net.pooling] + beside)


POOLINGS = [("last",), ("mean",), ("max", "last"), ("last", "mean", "max")]
CONVOLUTIONS = [
    {},
    {"conv_filters": (3,), "conv_kernel_size": 4},
    {"conv_filters": (3, 2), "conv_kernel_size": 3, "conv_stride": 2},
]
CELLS = [
    {"cell": "gru"},
    {"cell": "gru", "reset_after": False},
    {"cell": "lstm"},
    {"cell": "rnn"},
]
combinations = pytest.mark.parametrize(
    "choices",
    [
        {
            "pooling": pooling,
            "segment_length": segment_length,
            "differences": differences,
            **convolutions,
        }
        for pooling in POOLINGS
        for segment_length in (1, 3)
        for differences in (False, True)
        for convolutions in CONVOLUTIONS
    ],
    ids=str,
)


@both_directions
@combinations
def test_the_head_reads_the_pooled_states_and_the_mean_convolved_row(
    choices, bidirectional
):
    net = rich_net(bidirectional=bidirectional, **choices)
    x, lengths = padded()
    expected = torch.stack([plain_features(net, row[0]) for row in alone(x)])
    assert net.n_features == expected.shape[1]
    for row, n in zip(x, LENGTHS, strict=True):
        row[n:] = torch.nan
    features = net.features(x, lengths)
    assert_same(features, expected)
    assert_same(net(x, lengths), plain_head(net, expected))
    for number, sequence in enumerate(alone(x)):
        assert_same(net.features(sequence)[0], features[number])


@both_directions
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("convolutions", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("differences", [False, True])
def test_every_cell_reads_what_is_in_front(
    cell, bidirectional, convolutions, differences
):
    net = rich_net(
        pooling=("last", "mean", "max"),
        segment_length=2,
        bidirectional=bidirectional,
        differences=differences,
        **cell,
        **convolutions,
    )
    x, lengths = padded()
    expected = torch.stack([plain_features(net, row[0]) for row in alone(x)])
    assert_same(net.features(x, lengths), expected)
    assert net(x, lengths).isfinite().all()


@both_directions
@pytest.mark.parametrize("pooling", POOLINGS[::3], ids=str)
@pytest.mark.parametrize("convolutions", CONVOLUTIONS, ids=str)
def test_symbols_may_be_segmented_and_convolved(bidirectional, pooling, convolutions):
    net = rich_net(
        6,
        embedding_dim=2,
        pooling=pooling,
        segment_length=3,
        bidirectional=bidirectional,
        **convolutions,
    )
    x, lengths = symbols()
    expected = torch.stack([plain_features(net, row[0]) for row in alone(x)])
    assert_same(net.features(x, lengths), expected)


@both_directions
@pytest.mark.parametrize("differences", [False, True])
@pytest.mark.parametrize("filters", [(), (3,), (4, 2)])
def test_outputs_of_each_step_may_be_convolved(bidirectional, differences, filters):
    net = rich_net(
        return_sequences=True,
        bidirectional=bidirectional,
        differences=differences,
        conv_filters=filters,
        conv_kernel_size=3,
    )
    x, lengths = padded()
    together = net(x, lengths)
    assert together.shape == (4, 7, 3)
    for row, sequence in zip(together, alone(x), strict=True):
        assert_same(row[: sequence.shape[1]], net(sequence)[0])
    features = net.features(x, lengths)
    assert features.shape == (4, net.n_features)
    for row, sequence in zip(features, alone(x), strict=True):
        assert_same(row, net.features(sequence)[0])


@pytest.mark.parametrize("segment_length", [1, 2, 5, 16])
@pytest.mark.parametrize("conv_stride", [1, 2, 3])
def test_there_are_gates_for_every_segment(segment_length, conv_stride):
    whole_strides = -(-segment_length // conv_stride) * conv_stride
    net = rich_net(
        segment_length=segment_length,
        conv_filters=(3,),
        conv_kernel_size=3,
        conv_stride=conv_stride,
        bidirectional=True,
    )
    x, lengths = padded()
    together = net.gates(x, lengths)
    expected = [-(-n // whole_strides) for n in LENGTHS]
    assert net.n_segments(lengths).tolist() == expected
    assert net.n_segments(np.array(LENGTHS)).tolist() == expected
    for gate in together.values():
        assert gate.shape == (4, max(expected), 8)
    for number, sequence in enumerate(alone(x)):
        for name, gate in net.gates(sequence).items():
            assert_same(together[name][number, : expected[number]], gate[0])


@pytest.mark.parametrize("n_steps", [1, 2, 50])
def test_sequences_may_be_shorter_or_longer_than_a_segment(n_steps):
    net = rich_net(
        pooling=("last", "mean", "max"),
        segment_length=16,
        differences=True,
        conv_filters=(3, 2),
        conv_kernel_size=7,
        conv_stride=2,
        bidirectional=True,
    )
    x = torch.randn(3, n_steps, 2, dtype=float)
    expected = torch.stack([plain_features(net, sequence) for sequence in x])
    assert_same(net.features(x), expected)
    assert net.train()(x).isfinite().all()


def test_training_in_a_padded_batch_learns_from_no_padding():
    net = rich_net(
        pooling=("last", "mean", "max"),
        segment_length=3,
        differences=True,
        conv_filters=(3, 2),
        conv_kernel_size=3,
        time_warp=0.3,
        bidirectional=True,
    ).train()
    gradients = []
    for padding in (0.0, 1e6):
        net.zero_grad()
        net.time_warp.calls = 0
        x, lengths = padded()
        for row, n in zip(x, LENGTHS, strict=True):
            row[n:] = padding
        net(x, lengths).square().sum().backward()
        gradients.append([weight.grad.clone() for weight in net.parameters()])
    for one, other in zip(*gradients, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("padded", [False, True])
def test_constant_sequences_have_a_course_of_zero(dtype, padded):
    net = SequenceNet(1, 1, (3,), normalized=True, seed=0, dtype=dtype)
    levels = torch.linspace(-1, 1, 20, dtype=dtype)
    lengths = torch.arange(20) + 18 if padded else None
    net(levels[:, None, None].repeat(1, 37, 1), lengths)
    assert net.courses.mean == 0
    assert net.courses.variance == 0


def test_time_is_warped_in_training_only_and_before_anything_else():
    x, lengths = padded()
    warped, plain = (rich_net(time_warp=w, pooling=("mean",)) for w in (0.9, 0.0))
    assert_same(warped(x, lengths), plain(x, lengths))
    bent = TimeWarp(0.9, 0)(x, lengths)
    assert_same(warped.train()(x, lengths), plain(bent, lengths))
    assert (bent != x).any()


def test_dropout_drops_states_and_convolved_rows():
    choices = {"conv_filters": (3,), "pooling": ("last", "max"), "dropout": 0.5}
    net = rich_net(**choices).train()
    features = net.features(padded()[0])
    assert (features[:, :8] == 0).any()
    assert (features[:, 8:] == 0).any()


# Several networks


def make_nets(n_estimators, **choices):
    nets = sequence_net(
        2, 3, (5, 4), n_estimators=n_estimators, seed=0, dtype=torch.float64, **choices
    )
    return nets.eval()


RICH = {
    "pooling": ("last", "mean", "max"),
    "segment_length": 2,
    "differences": True,
    "conv_filters": (3,),
    "conv_kernel_size": 3,
    "bidirectional": True,
}
kinds = pytest.mark.parametrize("choices", [{}, RICH, {"return_sequences": True}])


@kinds
def test_one_network_is_by_itself(choices):
    one = make_nets(1, **choices)
    assert type(one) is SequenceNet
    x, lengths = padded()
    expected = SequenceNet(2, 3, (5, 4), seed=0, dtype=torch.float64, **choices)
    assert_same(one(x, lengths), expected.eval()(x, lengths))


@kinds
def test_several_networks_put_out_their_mean(choices):
    nets = make_nets(3, **choices)
    x, lengths = padded()
    alone = [
        SequenceNet(
            2, 3, (5, 4), seed=n * SEEDS_APART, dtype=torch.float64, **choices
        ).eval()
        for n in range(3)
    ]
    expected = sum(net(x, lengths) for net in alone) / 3
    assert_same(nets(x, lengths), expected)
    features = [net.features(x, lengths) for net in alone]
    assert_same(nets.features(x, lengths), torch.cat(features, dim=1))
    assert nets.n_features == 3 * alone[0].n_features
    assert nets.return_sequences == alone[0].return_sequences
    for name, gate in nets.gates(x, lengths).items():
        joined = torch.cat([net.gates(x, lengths)[name] for net in alone], dim=2)
        assert_same(gate, joined)
    assert nets.n_segments(lengths).tolist() == alone[0].n_segments(lengths).tolist()


@kinds
def test_in_training_outputs_of_several_networks_stay_apart(choices):
    nets = make_nets(3, dropout=0.5, **choices).train()
    x, lengths = padded()
    outputs = nets(x, lengths)
    assert outputs.shape[:2] == (4, 3)
    assert outputs.shape[2:] == nets.eval()(x, lengths).shape[1:]
    first, second, _ = outputs.unbind(dim=1)
    assert (first != second).any()


def test_several_networks_draw_numbers_of_their_own():
    nets = make_nets(2, time_warp=0.9, dropout=0.5).train()
    nets.members[1].load_state_dict(nets.members[0].state_dict())
    warps = [net.time_warp(padded()[0]) for net in nets.members]
    assert not torch.equal(*warps)
    dropped = [net.recurrent.dropout(torch.ones(50)) for net in nets.members]
    assert not torch.equal(*dropped)


def test_the_recurrent_layers_of_several_networks_are_asked_at_once():
    nets = make_nets(2)
    nets.recurrent.use_kernel("torch")
    kernels = {net.recurrent.kernel for net in nets.members}
    assert kernels == {"torch"}
    assert nets.recurrent.output_size == 8
