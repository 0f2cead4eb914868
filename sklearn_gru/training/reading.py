"""Reading texts with a trained network, and continuing them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import torch

from sklearn_gru.training.device import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sklearn_gru._types import Array
    from sklearn_gru.nets import LanguageNet

TEXTS_AT_ONCE = 64
# Limit for the hidden states, and for the logits, that are held at a time.
NUMBERS_AT_ONCE = 1 << 22


def read(
    module: LanguageNet, texts: list[Array], unknown: int
) -> Iterator[tuple[Array, int, torch.Tensor, tuple[torch.Tensor, ...]]]:
    """Read texts side by side, a window at a time, and carry the state along.

    Parameters
    ----------
    module : LanguageNet
    texts : list of ndarray of int
        The symbols of each text, at least one.
    unknown : int
        The symbol of unknown characters.

    Yields
    ------
    members : ndarray of shape (b,)
        Positions, in `texts`, of those that are being read.
    start : int
        The number of their symbols that were read before.
    hidden : Tensor of shape (b, T, size)
        The hidden states after each of the next T symbols; arbitrary after a text's
        end.
    state : tuple of Tensor of shape (n_states, b, units)
        The whole state after the last of them.
    """
    lengths = np.array([len(text) for text in texts])
    order = np.argsort(-lengths, kind="stable")
    for first in range(0, len(order), TEXTS_AT_ONCE):
        members = order[first : first + TEXTS_AT_ONCE]
        yield from _read_together(module, texts, lengths, members, unknown)


def _read_together(module, texts, lengths, members, unknown):
    widest = max(4 * module.recurrent.output_size, module.head.out_features)
    device = module.head.weight.device
    state, start = None, 0
    while len(members):
        length = max(1, NUMBERS_AT_ONCE // (widest * len(members)))
        end = min(start + length, lengths[members[0]])
        symbols = np.full((len(members), end - start), unknown)
        for row, member in zip(symbols, members, strict=True):
            part = texts[member][start:end]
            row[: len(part)] = part
        with one_thread(brief=True), torch.inference_mode():
            hidden, state = module.carry(torch.from_numpy(symbols).to(device), state)
        yield members, start, hidden, state
        # The longest texts come first, so the texts that go on are the first rows.
        members = members[lengths[members] > end]
        state = tuple(layer[:, : len(members)].contiguous() for layer in state)
        start = end


class Writer:
    """Continues a prompt with one or several texts, one symbol per step.

    Parameters
    ----------
    module : LanguageNet
    prompt : ndarray of int
        Its symbols, at least one.
    n : int
        Number of texts.
    sampler : callable
        Maps logits (n, n_classes) to classes (n,).
    symbol_of : ndarray of shape (n_classes,)
        The symbol of each class.
    """

    def __init__(
        self,
        module: LanguageNet,
        prompt: Array,
        n: int,
        sampler: Callable[[Array], Array],
        symbol_of: Array,
    ) -> None:
        self.n = n
        self.sampler = sampler
        self.symbol_of = symbol_of
        windows = read(module, [prompt], module.boundary)
        ((_, _, hidden, state),) = deque(windows, maxlen=1)
        with one_thread(brief=True), torch.inference_mode():
            self.logits = module.head(hidden[0, -1]).expand(n, -1).cpu().numpy()
            self.read = module.steps(tuple(layer.repeat(1, n, 1) for layer in state))

    def blocks(self, length: int, at_once: int) -> Iterator[Array]:
        """Yield the next `length` classes of all texts, in blocks (n, at_once).

        Raises
        ------
        ValueError
            If the network's numbers are not finite.
        """
        for start in range(0, length, at_once):
            written = np.empty((min(at_once, length - start), self.n), dtype=np.int64)
            with one_thread(brief=True), torch.inference_mode():
                for chosen in written:
                    # Read only now: no logits are needed after the last character.
                    if self.logits is None:
                        self.logits = self.read(self.symbols)
                    logits = self.logits
                    chosen[:] = self.sampler(logits)
                    self.symbols = self.symbol_of[chosen]
                    self.logits = None
            _require_finite(logits)  # once is enough: a state stays infinite
            yield written.T


def _require_finite(logits):
    if not np.isfinite(logits).all():
        raise ValueError(
            "No text can be written, since the network's numbers are not finite. Train "
            "with a smaller lr, or with activation='tanh'."
        )
