"""Training on running text: streams side by side, the state carried along.

The texts lie end to end on a circle, which is cut at places drawn anew in every epoch
into *streams* of equal length. They are read side by side, a window at a time; the
state goes from one window to the next, the gradient does not.
"""

from itertools import pairwise

import numpy as np
import torch
from torch.utils.data import Dataset

from sklearn_gru.nets import IGNORED
from sklearn_gru.training.net import Net

# In windows; a short text has fewer streams instead of shorter ones.
SHORTEST_STREAM = 16
# Of the windows of a text that may begin anywhere: they begin with a boundary in
# training, as prompts do, and not with what came before.
SHARE_COLD = 1 / 24
# Of the characters that are read in training, so that it is learned what to do about
# an unknown one.
SHARE_UNKNOWN = 1e-3
ALMOST_NOTHING = 1e-100


class TextDataset(Dataset):
    """A corpus, and how it is read.

    Parameters
    ----------
    corpus : Corpus
    class_of : ndarray of shape (n_symbols,)
        The class that is the target where a symbol comes next, or `IGNORED`.
    window_length : int
        Symbols that are read in one step.
    device : torch.device
    boundary, unknown : int
        The symbols of a text's boundary and of an unknown character.
    anywhere : bool
        Whether a text may begin anywhere. Streams then begin with a boundary, and in
        training some of their windows do.
    validation : TextDataset, default=None
        What was held out.
    """

    def __init__(
        self,
        corpus,
        class_of,
        window_length,
        device,
        *,
        boundary,
        unknown,
        anywhere,
        validation=None,
    ):
        self.corpus = corpus
        self.class_of = class_of
        self.window_length = window_length
        self.device = device
        self.boundary = boundary
        self.unknown = unknown
        self.anywhere = anywhere
        self.validation = validation

    def __len__(self):
        return len(self.corpus)


class Streams:
    """Iterates over a TextDataset; skorch's `iterator_train` and `iterator_valid`.

    Every symbol is a target exactly once in a pass. A batch is a dict with `symbols`
    (B, T) and `fresh` (B,), which tells whether the streams begin there, and the
    targets (B, T). T is at most the window's length, and varies by one.

    Parameters
    ----------
    dataset : TextDataset
    batch_size : int
        Most streams side by side.
    rng : numpy.random.Generator, default=None
        Draws the order of the texts, the places where they are cut, the windows that
        begin with a boundary and the characters that are made unknown; None changes
        nothing.
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
        read = corpus.arranged(order)
        columns = np.arange(len(self) + 1) * self._length // len(self)
        for start, end in pairwise(columns):
            places = edges[:-1, None] + np.arange(start - 1, end)
            symbols = read(places)  # (B, 1 + T)
            targets = self.dataset.class_of[symbols[:, 1:]]
            targets[places[:, 1:] >= edges[1:, None]] = IGNORED
            inputs = self._disguised(symbols[:, :-1], fresh=start == 0)
            fresh = torch.full((len(inputs),), bool(start == 0))
            inputs = {"symbols": self._tensor(inputs), "fresh": fresh}
            yield inputs, self._tensor(targets)

    def _disguised(self, symbols, fresh):
        """Make some symbols unknown, and begin some windows anew."""
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
        """Count the targets, or almost nothing if there are none.

        An epoch's loss is the mean over them: skorch divides by the sum of the sizes.
        """
        _, targets = batch
        return (targets != IGNORED).sum().double().clamp(min=ALMOST_NOTHING)

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        # Where skorch itself has recorded the number of streams.
        prefix = "train" if training else "valid"
        self.history.record_batch(f"{prefix}_batch_size", self.size_of(batch).item())

    def infer(self, x, **fit_params):
        state = None if x["fresh"].all() else self.state_
        logits, state = self.module_(x["symbols"], state)
        self.state_ = tuple(layer.detach() for layer in state)
        return logits

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        finally:
            self.state_ = None
