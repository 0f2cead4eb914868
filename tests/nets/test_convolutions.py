import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets.convolutions import MOMENTUM, Convolutions, Normalization
from sklearn_gru.nets.initialization import initialized

LENGTHS = [4, 1, 9, 2]
RNG = np.random.default_rng(0)


def make_convolutions(*args, **kwargs):
    module = torch.nn.Module()
    with initialized(module, 0, torch.float64):
        module.layers = Convolutions(*args, **kwargs)
    for norm in module.layers.norms:
        norm.reset()
        with torch.no_grad():
            norm.bias.copy_(torch.linspace(-0.5, 0.5, len(norm.bias)))
            norm.mean.copy_(torch.linspace(-0.2, 0.1, len(norm.bias)))
            norm.variance.copy_(torch.linspace(0.5, 2, len(norm.bias)))
    return module.layers.eval()


def make_normalization(size):
    norm = Normalization(size).double()
    norm.reset()
    with torch.no_grad():
        norm.gain.copy_(torch.linspace(0.5, 2, size))
        norm.bias.copy_(torch.linspace(-1, 1, size))
    return norm


def sequences(n_channels=2):
    return [torch.from_numpy(RNG.normal(size=(n, n_channels))) for n in LENGTHS]


def pad(sequences):
    # With NaN: a single number read from the padding would spoil what it touches.
    size = sequences[0].shape[1]
    padded = torch.full((len(LENGTHS), max(LENGTHS), size), torch.nan, dtype=float)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, torch.tensor(LENGTHS)


def apply(norm, x, lengths=None):
    """Normalise rows x (B, T, size)."""
    return norm(x.transpose(1, 2), lengths).transpose(1, 2)


def plain_normalization(norm, rows):
    scale = norm.gain / (norm.variance + 1e-5).sqrt()
    return (rows - norm.mean) * scale + norm.bias


def plain_convolutions(layers, sequence):
    """Convolve one sequence (t, k), row by row; beyond its ends are zeros."""
    stride = layers.stride
    for convolution, norm in zip(layers.layers, layers.norms, strict=True):
        weight = convolution.weight.detach().numpy()  # (width, k, size)
        size = weight.shape[2]
        before = (size - stride) // 2
        outputs = []
        for start in range(0, len(sequence), stride):
            total = np.zeros(len(weight))
            for tap in range(size):
                row = start - before + tap
                if 0 <= row < len(sequence):
                    total += weight[:, :, tap] @ sequence[row].numpy()
            outputs.append(total)
        rows = plain_normalization(norm, torch.from_numpy(np.array(outputs)))
        sequence = rows.detach().clamp(min=0)
        stride = 1
    return sequence


shapes = pytest.mark.parametrize(
    ("filters", "kernel_size", "stride"),
    [
        ((3,), 1, 1),
        ((3, 4), 3, 1),
        ((4, 3), 4, 1),
        ((3, 4), 7, 1),
        ((3, 4), 3, 2),
        ((4, 3), 4, 3),
        ((5,), 7, 3),
        ((3, 2), 7, 5),
        ((2,), 1, 12),
    ],
)


@shapes
def test_every_output_is_a_weighted_sum_of_the_rows_around_it(
    filters, kernel_size, stride
):
    layers = make_convolutions(2, filters, kernel_size, stride)
    for sequence in sequences():
        outputs, lengths = layers(sequence[None])
        expected = plain_convolutions(layers, sequence)
        assert lengths is None
        assert len(expected) == -(-len(sequence) // stride)
        assert_allclose(outputs[0].detach(), expected, rtol=1e-12, atol=1e-12)
    assert layers.output_size == filters[-1]


@shapes
def test_padded_sequences_are_as_by_themselves(filters, kernel_size, stride):
    layers = make_convolutions(2, filters, kernel_size, stride)
    given = sequences()
    outputs, lengths = layers(*pad(given))
    assert lengths.tolist() == [-(-n // stride) for n in LENGTHS]
    for row, length, sequence in zip(outputs, lengths, given, strict=True):
        expected = layers(sequence[None])[0][0]
        assert_allclose(
            row[:length].detach(), expected.detach(), rtol=1e-12, atol=1e-12
        )
        assert not row[length:].any()


def test_training_learns_nothing_from_padding():
    layers = make_convolutions(2, (3, 4), 3, 2).train()
    x, lengths = pad(sequences())
    x.requires_grad_()
    outputs, _ = layers(x, lengths)
    outputs.square().sum().backward()
    for row, length in zip(x.grad, LENGTHS, strict=True):
        assert not row[length:].any()
    for weight in layers.parameters():
        assert weight.grad.isfinite().all()


# Batch normalisation


def pytorchs(norm):
    theirs = torch.nn.BatchNorm1d(len(norm.gain), dtype=float, momentum=None)
    with torch.no_grad():
        theirs.weight.copy_(norm.gain)
        theirs.bias.copy_(norm.bias)
    return theirs


def test_rows_are_normalised_as_by_pytorch():
    norm = make_normalization(3)
    x = torch.from_numpy(5 + 2 * RNG.normal(size=(4, 6, 3)))
    theirs = pytorchs(norm)
    expected = theirs(x.flatten(0, 1)).view_as(x)
    assert_allclose(apply(norm, x).detach(), expected.detach(), rtol=1e-12)
    assert_allclose(norm.mean, theirs.running_mean, rtol=1e-12)
    assert_allclose(norm.variance, theirs.running_var, rtol=1e-12)


def test_only_the_rows_of_the_sequences_are_normalised():
    norm, given = make_normalization(3), sequences(3)
    theirs = pytorchs(norm)
    expected = theirs(torch.cat(given))
    outputs = apply(norm, *pad(given))
    inside = [row[:n] for row, n in zip(outputs, LENGTHS, strict=True)]
    assert_allclose(torch.cat(inside).detach(), expected.detach(), rtol=1e-12)
    assert not any(row[n:].any() for row, n in zip(outputs, LENGTHS, strict=True))
    assert_allclose(norm.mean, theirs.running_mean, rtol=1e-12)
    assert_allclose(norm.variance, theirs.running_var, rtol=1e-12)


def test_one_batch_is_enough_for_the_running_statistics():
    norm = make_normalization(3)
    x = torch.from_numpy(5 + 2 * RNG.normal(size=(4, 6, 3)))
    apply(norm, x)
    rows = x.flatten(0, 1)
    assert_allclose(norm.mean, rows.mean(0), rtol=1e-12)
    assert_allclose(norm.variance, rows.var(0), rtol=1e-12)
    expected = plain_normalization(norm, x)
    assert_allclose(apply(norm.eval(), x).detach(), expected.detach(), rtol=1e-12)


def test_running_statistics_are_means_at_first_and_then_move_slowly():
    norm = make_normalization(1)
    batches = torch.from_numpy(RNG.normal(size=(25, 6, 4, 1)))
    expected = torch.zeros(1, dtype=float)
    for number, batch in enumerate(batches, start=1):
        share = max(1 / number, MOMENTUM)
        expected = (1 - share) * expected + share * batch.mean()
        apply(norm, batch)
        assert_allclose(norm.mean, expected, rtol=1e-12)
        if number <= 10:
            assert_allclose(norm.mean[0], batches[:number].mean(), rtol=1e-12)


@pytest.mark.parametrize("lengths", [None, torch.tensor([1])])
def test_a_single_row_teaches_nothing_and_is_normalised_by_what_is_known(lengths):
    norm = make_normalization(3)
    row = torch.tensor([[[7.0, -3.0, 0.5]]], dtype=float)
    first = apply(norm, row, lengths)
    assert_allclose(first.detach(), (norm.gain * row + norm.bias).detach(), rtol=1e-4)
    apply(norm, torch.from_numpy(5 + 2 * RNG.normal(size=(4, 6, 3))))
    before = norm.mean.clone(), norm.variance.clone()
    expected = plain_normalization(norm, row)
    assert_allclose(apply(norm, row, lengths).detach(), expected.detach(), rtol=1e-12)
    assert_array_equal(norm.mean, before[0])
    assert_array_equal(norm.variance, before[1])


def test_what_never_varied_says_nothing():
    norm = make_normalization(2)
    x = torch.from_numpy(RNG.normal(size=(4, 6, 2)))
    x[:, :, 1] = 0.5
    apply(norm, x)
    norm.eval()
    expected = apply(norm, x).detach()
    x[:, :, 1] = 0.6
    assert_array_equal(apply(norm, x).detach(), expected)
    assert_allclose(expected[:, :, 1], norm.bias[1].item())


def test_evaluation_changes_no_statistics():
    norm = make_normalization(3).eval()
    before = [buffer.clone() for buffer in norm.buffers()]
    apply(norm, *pad(sequences(3)))
    for buffer, old in zip(norm.buffers(), before, strict=True):
        assert_array_equal(buffer, old)


def test_a_new_normalisation_changes_nothing():
    norm = Normalization(3)
    norm.reset()
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    assert_allclose(apply(norm.eval(), x).detach(), x, rtol=1e-5)
