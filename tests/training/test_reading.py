import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import LanguageNet, Sampler
from sklearn_gru.training import Writer, reading

BOUNDARY, UNKNOWN = 0, 1


@pytest.fixture(params=[("gru", (6,)), ("lstm", (5, 4)), ("rnn", (6,))], ids=str)
def net(request):
    cell, units = request.param
    return LanguageNet(
        9,
        7,
        units,
        cell=cell,
        boundary=BOUNDARY,
        unknown=UNKNOWN,
        seed=0,
        dtype=torch.float64,
    ).eval()


@pytest.mark.parametrize("at_once", [1, 3, 64])
@pytest.mark.parametrize("numbers", [1, 500, 1 << 22])
def test_reads_every_text_as_if_it_were_alone(monkeypatch, net, at_once, numbers):
    monkeypatch.setattr(reading, "TEXTS_AT_ONCE", at_once)
    monkeypatch.setattr(reading, "NUMBERS_AT_ONCE", numbers)
    rng = np.random.default_rng(0)
    lengths = [5, 1, 40, 17, 5, 2, 9]
    texts = [np.r_[BOUNDARY, rng.integers(1, 9, length - 1)] for length in lengths]
    hidden = [[] for _ in texts]
    states = {}
    for members, start, window, state in reading.read(net, texts, UNKNOWN):
        for row, member in enumerate(members):
            assert sum(map(len, hidden[member])) == start
            hidden[member].append(window[row, : lengths[member] - start])
            states[member] = [layer[:, row] for layer in state]
    for member, text in enumerate(texts):
        with torch.inference_mode():
            alone, _ = net.carry(torch.from_numpy(text)[None])
        assert_allclose(torch.cat(hidden[member]), alone[0], rtol=1e-10, atol=1e-13)


@torch.inference_mode()
def test_the_state_behind_a_single_text_is_whole(monkeypatch, net):
    monkeypatch.setattr(reading, "NUMBERS_AT_ONCE", 200)
    text = np.r_[BOUNDARY, np.random.default_rng(0).integers(1, 9, 30)]
    *_, (_, _, _, state) = reading.read(net, [text], UNKNOWN)
    _, expected = net.carry(torch.from_numpy(text)[None])
    for layer, whole in zip(state, expected, strict=True):
        assert_allclose(layer, whole, rtol=1e-10, atol=1e-13)


@torch.inference_mode()
@pytest.mark.parametrize("at_once", [1, 5, 12, 64])
def test_writes_what_reading_its_own_text_makes_likely(net, at_once):
    prompt = np.array([BOUNDARY, 3, 5, 2])
    symbol_of = np.arange(2, 9)
    greedy = Sampler(None, temperature=0)
    blocks = list(Writer(net, prompt, 2, greedy, symbol_of).blocks(12, at_once))
    assert len(blocks) == -(-12 // at_once)
    written = np.concatenate(blocks, axis=1)
    assert written.shape == (2, 12)
    for classes in written:
        text = prompt
        for chosen in classes:
            logits, _ = net(torch.from_numpy(text)[None])
            assert chosen == logits[0, -1].argmax()
            text = np.append(text, symbol_of[chosen])
