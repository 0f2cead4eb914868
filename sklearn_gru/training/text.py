"""Training on running text: streams side by side, the state carried along.

The texts lie end to end on a circle, which is cut into *streams* of equal length, at
places drawn anew in every epoch. The streams are read side by side, a window at a time.
The state is carried from one window to the next, the gradient is not.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from sklearn_gru.nets import IGNORED
from sklearn_gru.training.batches import Batch
from sklearn_gru.training.net import Net

if TYPE_CHECKING:
    from sklearn_gru._types import Array
    from sklearn_gru.data import Corpus

# Windows of the shortest stream; a short text has fewer streams, not shorter ones.
SHORTEST_STREAM = 16
# Share of the training windows that begin with a boundary, as prompts do, instead of
# the carried state. Only for a text that may begin anywhere.
SHARE_COLD = 1 / 24
# Share of the training characters that are read as unknown, so that the network learns
# what to do with unknown characters.
SHARE_UNKNOWN = 1e-3
ALMOST_NOTHING = 1e-100


class TextDataset(Dataset):
    """A corpus, and how training reads it.

    Parameters
    ----------
    corpus : Corpus
    class_of : ndarray of shape (n_symbols,)
        The target class of each symbol, or `IGNORED`.
    window_length : int
        Symbols of a stream that one step reads.
    device : torch.device
    boundary, unknown : int
        The symbols of the boundary between texts and of unknown characters.
    anywhere : bool
        Whether a text may begin anywhere. Streams then begin with a boundary, and in
        training some of their windows do.
    validation : TextDataset, default=None
        The held-out texts.
    """

    def __init__(
        self,
        corpus: Corpus,
        class_of: Array,
        window_length: int,
        device: torch.device,
        *,
        boundary: int,
        unknown: int,
        anywhere: bool,
        validation: TextDataset | None = None,
    ) -> None:
        self.corpus = corpus
        self.class_of = class_of
        self.window_length = window_length
        self.device = device
        self.boundary = boundary
        self.unknown = unknown
        self.anywhere = anywhere
        self.validation = validation

    def __len__(self) -> int:
        return len(self.corpus)


class Streams:
    """Iterates over a TextDataset; skorch's `iterator_train` and `iterator_valid`.

    Every symbol is a target exactly once in a pass. The inputs of a batch are `symbols`
    (B, T) and `fresh` (B,), which tells whether the streams begin in this batch. The
    targets are (B, T). T is at most `window_length`, and varies by one.

    Parameters
    ----------
    dataset : TextDataset
    batch_size : int
        Largest number of streams.
    rng : numpy.random.Generator, default=None
        Draws the order of the texts, the places where they are cut, the windows that
        begin with a boundary and the characters that are made unknown. None keeps the
        texts as they are.
    """

    def __init__(self, dataset, batch_size, rng=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.rng = rng

    def __len__(self):
        """Count the windows of a stream."""
        return -(-self._length // self.dataset.window_length)

    @property
    def n_streams(self):
        fewest = len(self.dataset) // (SHORTEST_STREAM * self.dataset.window_length)
        return min(max(fewest, 1), self.batch_size)

    @property
    def _length(self):
        """Length of the longest stream; others may have one symbol less."""
        return -(-len(self.dataset) // self.n_streams)

    def __iter__(self):
        corpus, n = self.dataset.corpus, len(self.dataset)
        edges = np.arange(self.n_streams + 1) * n // self.n_streams
        order = np.arange(corpus.n_texts)
        if self.rng is not None:
            edges += self.rng.integers(n)
            self.rng.shuffle(order)
        read = corpus.reader(order)
        columns = np.arange(len(self) + 1) * self._length // len(self)
        for start, end in pairwise(columns):
            places = edges[:-1, None] + np.arange(start - 1, end)
            symbols = read(places)  # (B, 1 + T)
            targets = self.dataset.class_of[symbols[:, 1:]]
            targets[places[:, 1:] >= edges[1:, None]] = IGNORED
            inputs = self._as_inputs(symbols[:, :-1], fresh=start == 0)
            fresh = torch.full((len(inputs),), bool(start == 0))
            inputs = {"symbols": self._tensor(inputs), "fresh": fresh}
            yield Batch(inputs, self._tensor(targets))

    def _as_inputs(self, symbols, fresh):
        """Make some symbols unknown, and let some windows begin with a boundary."""
        text, cold = self.dataset, np.full(len(symbols), fresh)
        if self.rng is not None:
            hide = self.rng.random(symbols.shape) < SHARE_UNKNOWN
            symbols[hide & (symbols != text.boundary)] = text.unknown
            cold |= self.rng.random(len(symbols)) < SHARE_COLD
        if text.anywhere:
            symbols[cold, 0] = text.boundary
        return symbols

    def _tensor(self, values):
        return torch.from_numpy(values).to(self.dataset.device, torch.long)


class TextNet(Net):
    """A skorch net that carries the state from one window of a text to the next."""

    iterator = Streams
    schedule_every = "batch"
    carries_state = True

    def size_of(self, batch):
        """Count the targets of a batch; without targets, it counts almost nothing.

        An epoch's loss is the mean over all targets: skorch weighs the batches' losses
        by their sizes, and divides by the sum of these.
        """
        return (batch.targets != IGNORED).sum().double().clamp(min=ALMOST_NOTHING)

    def predictions(self, batch, module):
        state = None if batch.inputs["fresh"].all() else self.state_
        logits, state = module(batch.inputs["symbols"], state)
        self.state_ = tuple(layer.detach() for layer in state)
        return logits

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        finally:
            self.state_ = None
