"""Streams of text: every symbol once, the state carried, the gradient cut."""

import tracemalloc
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_gru.data import Corpus, Vocabulary
from sklearn_gru.data._text import BLOCK_CHARACTERS
from sklearn_gru.nets import IGNORED, LanguageNet, NextSymbol
from sklearn_gru.training import (
    Architecture,
    TextDataset,
    TextNet,
    TrainingSettings,
    build_net,
    loss_curve,
    train,
)
from sklearn_gru.training import text as text_module
from sklearn_gru.training.text import SHORTEST_STREAM, Streams

BOUNDARY, UNKNOWN = 0, 1
CPU = torch.device("cpu")
SIZES = [(1, 1, 4), (5, 3, 4), (51, 3, 64), (700, 4, 8), (1000, 7, 8), (999, 1, 5)]


def corpus_of(*lengths, distinct=True):
    """Texts of these lengths, in which no symbol occurs twice."""
    symbols, starts = [], [0]
    for length in lengths:
        first = 2 + len(symbols) - (len(starts) - 1)
        symbols += [*range(first, first + length), BOUNDARY]
        starts.append(len(symbols))
    symbols = np.array(symbols, dtype=np.int32)
    if not distinct:
        symbols[symbols > UNKNOWN] = 2 + symbols[symbols > UNKNOWN] % 5
    return Corpus(symbols, np.array(starts))


def dataset_of(corpus, window_length, endless=False, validation=None):
    class_of = np.arange(corpus.symbols.max() + 1) - 1
    class_of[[BOUNDARY, UNKNOWN]] = IGNORED if endless else 0, IGNORED
    return TextDataset(
        corpus,
        class_of,
        window_length,
        CPU,
        boundary=BOUNDARY,
        unknown=UNKNOWN,
        anywhere=endless,
        validation=validation,
    )


def epoch_of(streams):
    """Inputs and targets of all windows side by side, each (B, length)."""
    batches = list(streams)
    fresh = [bool(batch.inputs["fresh"].any()) for batch in batches]
    assert fresh == [True] + [False] * (len(batches) - 1)
    inputs = [batch.inputs["symbols"].numpy() for batch in batches]
    targets = [batch.targets.numpy() for batch in batches]
    return np.concatenate(inputs, axis=1), np.concatenate(targets, axis=1)


@pytest.fixture
def undisguised(monkeypatch):
    """Inputs as they are in the text."""
    monkeypatch.setattr(text_module, "SHARE_COLD", 0)
    monkeypatch.setattr(text_module, "SHARE_UNKNOWN", 0)


@pytest.mark.parametrize(("n", "window", "batch"), SIZES)
@pytest.mark.parametrize("seed", [None, 0])
def test_every_character_is_a_target_once_in_an_epoch(n, window, batch, seed):
    rng = None if seed is None else np.random.default_rng(seed)
    dataset = dataset_of(corpus_of(n), window, endless=True)
    for _ in range(3):
        _, targets = epoch_of(Streams(dataset, batch, rng))
        assert sorted(targets[targets != IGNORED]) == list(range(1, n + 1))


def test_the_ends_of_texts_are_targets_too():
    lengths = [3, 0, 40, 7, 0, 12]
    streams = Streams(dataset_of(corpus_of(*lengths), 2), 2, np.random.default_rng(0))
    for _ in range(3):
        _, targets = epoch_of(streams)
        assert sorted(targets[targets != IGNORED]) == [0] * 6 + list(range(1, 63))


@pytest.mark.parametrize(("n", "window", "batch"), SIZES)
def test_windows_are_of_even_length_and_as_many_as_announced(n, window, batch):
    dataset = dataset_of(corpus_of(n), window, endless=True)
    streams = Streams(dataset, batch, np.random.default_rng(0))
    widths = [batch.targets.shape[1] for batch in streams]
    assert len(widths) == len(streams)
    assert max(widths) <= window
    assert max(widths) - min(widths) <= 1


def test_long_texts_have_all_streams_and_short_ones_no_short_streams():
    for n, n_streams in [(10, 1), (16 * 5 * 3, 3), (16 * 5 * 64, 64), (10**5, 64)]:
        dataset = dataset_of(corpus_of(n - 1), 5, endless=True)
        streams = Streams(dataset, 64)
        assert streams.n_streams == n_streams
        assert len(streams) >= min(SHORTEST_STREAM, n // 5)


@pytest.mark.usefixtures("undisguised")
def test_a_stream_reads_on_and_is_asked_for_what_comes_next():
    corpus = corpus_of(300)
    inputs, targets = epoch_of(
        Streams(dataset_of(corpus, 4, endless=True), 4, np.random.default_rng(0))
    )
    assert len(inputs) == 4
    assert (inputs[:, 0] == BOUNDARY).all()
    after = np.append(corpus.symbols, corpus.symbols)
    place = {symbol: i for i, symbol in enumerate(corpus.symbols)}
    for row, coming in zip(inputs[:, 1:], targets[:, 1:], strict=True):
        start = place[row[0]]
        assert_array_equal(row, after[start : start + len(row)])
        expected = after[start + 1 : start + 1 + len(row)] - 1
        known = coming != IGNORED
        assert_array_equal(coming[known], expected[known])
        # Where none is asked for, there is none, or it is another stream's.
        assert (known[:-1] | (expected[:-1] == BOUNDARY - 1)).all()


@pytest.mark.usefixtures("undisguised")
def test_texts_come_whole_and_in_another_order_every_epoch():
    lengths = [5, 3, 8, 1, 4]
    corpus = corpus_of(*lengths)
    texts = [tuple(t) for t in np.split(corpus.symbols, corpus.starts[1:-1])]
    orders = set()
    streams = Streams(dataset_of(corpus, 4), 1, np.random.default_rng(0))
    for _ in range(6):
        inputs, targets = epoch_of(streams)
        assert_array_equal(
            inputs[0, 1:], np.where(targets == 0, 0, targets + 1)[0, :-1]
        )
        circle = np.roll(inputs[0], -1 - list(inputs[0]).index(BOUNDARY))
        ends = np.flatnonzero(circle == BOUNDARY)
        order = [tuple(t) for t in np.split(circle, ends[:-1] + 1)]
        assert sorted(order) == sorted(texts)
        orders.add(tuple(order))
    assert len(orders) > 3


def test_streams_begin_elsewhere_in_every_epoch_and_alike_with_the_same_seed():
    dataset = dataset_of(corpus_of(500), 4, endless=True)
    epochs = [
        [epoch_of(streams)[1] for _ in range(2)]
        for streams in (Streams(dataset, 4, np.random.default_rng(0)) for _ in range(2))
    ]
    assert_array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[0][0], epochs[0][1])


@pytest.mark.parametrize("endless", [True, False])
def test_some_characters_are_unknown_and_some_windows_begin_anew(endless):
    dataset = dataset_of(corpus_of(60_000, distinct=False), 4, endless)
    streams = Streams(dataset, 16, np.random.default_rng(0))
    inputs, targets = epoch_of(streams)
    share = (inputs == UNKNOWN).mean()
    assert share == pytest.approx(text_module.SHARE_UNKNOWN, rel=0.3)
    n_cold = (inputs == BOUNDARY).sum() - 1
    expected = text_module.SHARE_COLD * len(streams) * 16 + 16
    assert n_cold == (pytest.approx(expected, rel=0.1) if endless else 0)
    assert (targets != IGNORED).sum() == 60_000 + (not endless)


def test_held_out_text_is_read_as_it_is():
    inputs, _ = epoch_of(Streams(dataset_of(corpus_of(600), 4, endless=True), 4))
    assert (inputs != UNKNOWN).all()
    assert (inputs[:, 0] == BOUNDARY).all()
    assert (inputs[:, 1:] == BOUNDARY).sum() == 0


class Model:
    """A TextNet with the settings that it is trained by."""

    settings = {
        "kernel": "auto",
        "batch_size": 3,
        "lr": 0.5,
        "lr_schedule": "constant",
        "optimizer": "sgd",
        "weight_decay": 0.0,
        "gradient_clip": None,
        "early_stopping": False,
        "n_iter_no_change": 3,
        "tol": 1e-4,
        "callbacks": None,
        "verbose": 0,
    }

    def __init__(self, dataset, **settings):
        self.settings = TrainingSettings(**self.settings | settings)
        others = {
            "n_symbols": len(dataset.class_of),
            "n_classes": dataset.class_of.max() + 1,
            "boundary": BOUNDARY,
            "unknown": UNKNOWN,
        }
        self.net = build_net(
            LanguageNet,
            NextSymbol,
            Architecture((6,), "gru", "tanh", True, 0.0, torch.float64, others),
            self.settings,
            device=CPU,
            seed=3,
            net_class=TextNet,
        )
        self.dataset = dataset

    def train(self, epochs=3):
        train(self.net, self.dataset, self.settings, epochs)
        return self


def plain_training(net, dataset, batch_size, epochs, lr):
    """Train with a loop over windows, rows and characters; the epochs' mean losses."""
    streams = Streams(dataset, batch_size, np.random.default_rng(3))
    cell, curve = net.recurrent.layers[0][0], []
    for _ in range(epochs):
        states, losses = [torch.zeros(1, 6).double()] * streams.n_streams, []
        for batch in streams:
            targets, loss = batch.targets, []
            for row, symbols in enumerate(batch.inputs["symbols"]):
                h = states[row].detach()
                for symbol, target in zip(symbols, targets[row], strict=True):
                    if symbol == BOUNDARY:
                        h = torch.zeros_like(h)
                    h, _ = cell.step(cell.projected(symbol[None, None])[:, 0], h)
                    if target != IGNORED:
                        loss.append(-net.head(h).log_softmax(1)[0, target])
                states[row] = h
            net.zero_grad()
            torch.stack(loss).mean().backward()
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter -= lr * parameter.grad
            losses += [character.item() for character in loss]
        curve.append(np.mean(losses))
    return curve


class HearOfBatches(Callback):
    def on_batch_end(self, net, **kwargs):
        pass


@pytest.mark.parametrize("callbacks", [None, [HearOfBatches()]], ids=["own", "skorch"])
@pytest.mark.parametrize("endless", [True, False])
def test_trains_like_a_plain_loop_that_carries_the_state(endless, callbacks):
    corpus = corpus_of(*([150] if endless else [30, 5, 60, 55]), distinct=False)
    dataset = dataset_of(corpus, 3, endless)
    model, twin = Model(dataset, callbacks=callbacks), Model(dataset)
    curve = plain_training(twin.net.module_, dataset, 3, epochs=3, lr=0.5)
    model.train(3)
    assert Streams(dataset, 3).n_streams == 3
    assert_allclose(loss_curve(model.net), curve, rtol=1e-10)
    for parameter, expected in zip(
        model.net.module_.parameters(), twin.net.module_.parameters(), strict=True
    ):
        assert_allclose(parameter.detach(), expected.detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("callbacks", [None, [HearOfBatches()]], ids=["own", "skorch"])
def test_the_held_out_loss_is_that_of_the_text_read_in_one_go(callbacks):
    held_out = dataset_of(corpus_of(91, distinct=False), 4, endless=True)
    # Of characters that can't be predicted there are more in some windows.
    held_out.corpus.symbols[5:25] = UNKNOWN
    dataset = dataset_of(
        corpus_of(150, distinct=False), 4, endless=True, validation=held_out
    )
    model = Model(dataset, batch_size=1, callbacks=callbacks).train(2)
    symbols = held_out.corpus.symbols
    with torch.no_grad():
        logits, _ = model.net.module_(torch.tensor([BOUNDARY, *symbols[:-1]])[None])
    losses = [
        -of_one.log_softmax(0)[held_out.class_of[symbol]].item()
        for of_one, symbol in zip(logits[0], symbols, strict=True)
        if symbol not in (UNKNOWN, BOUNDARY)
    ]
    assert len(losses) == 71
    valid_loss = model.net.history[-1]["valid_loss"]
    assert valid_loss == pytest.approx(np.mean(losses), rel=1e-9)


@pytest.mark.parametrize("callbacks", [None, [HearOfBatches()]], ids=["own", "skorch"])
def test_text_without_any_target_has_a_loss_of_zero(callbacks):
    model = Model(dataset_of(corpus_of(150, distinct=False), 3, endless=True))
    model.dataset.class_of[:] = IGNORED
    model.settings = replace(model.settings, callbacks=callbacks)
    assert loss_curve(model.train(1).net) == [0.0]


def test_the_cosine_falls_with_every_step():
    seen = []

    class Look(Callback):
        def on_batch_begin(self, net, training, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["lr"])

    dataset = dataset_of(corpus_of(150, distinct=False), 3, endless=True)
    model = Model(dataset, lr_schedule="cosine", callbacks=[Look()]).train(2)
    n_steps = 2 * len(Streams(dataset, 3))
    expected = 0.5 * (1 + np.cos(np.pi * np.arange(n_steps) / n_steps)) / 2
    assert_allclose(seen, expected, rtol=1e-9)
    seen.clear()
    model.train(2)
    assert_allclose(seen, expected, rtol=1e-9)


def test_no_state_is_left_behind():
    dataset = dataset_of(corpus_of(150, distinct=False), 3, endless=True)
    assert Model(dataset).train(1).net.state_ is None


def test_memory_grows_by_four_bytes_a_character():
    text = "abcdefgh" * (1 << 19)
    vocabulary = Vocabulary.of([text])
    tracemalloc.start()
    try:
        dataset = dataset_of(Corpus.of([text], vocabulary), 64, endless=True)
        _, making = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in islice(Streams(dataset, 64, np.random.default_rng(0)), 20):
            pass
        kept, reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 4 * len(text) + 200_000
    assert reading < 4 * len(text) + 1_000_000
    assert making < 4 * len(text) + 60 * BLOCK_CHARACTERS
