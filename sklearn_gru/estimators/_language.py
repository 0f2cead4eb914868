"""The engine of CharGRUGenerator: alphabet, training, reading, writing."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted
from torch.nn import functional as F

from sklearn_gru.data import BOUNDARY, N_SPECIAL, UNKNOWN, Corpus, Vocabulary
from sklearn_gru.estimators._base import BaseRecurrent
from sklearn_gru.estimators._private import Interval
from sklearn_gru.estimators._texts import as_texts, check_text
from sklearn_gru.estimators._writing import Continuation, as_strings, write
from sklearn_gru.nets import IGNORED, LanguageNet, NextSymbol, Sampler
from sklearn_gru.training import TextDataset, TextNet, Writer, one_thread, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Self

    from sklearn_gru._types import Array

ENOUGH_TO_HOLD_OUT = 100_000


class BaseLanguageModel(BaseRecurrent):
    """A recurrent estimator that learns which character comes next.

    A text is read as a boundary followed by its characters. All unknown characters
    share one symbol. The *classes* are what can come next: the known characters and,
    if the training texts have ends, the boundary.
    """

    _parameter_constraints = {
        **BaseRecurrent._parameter_constraints,
        "window_length": [Interval(Integral, 1, None, closed="left")],
    }
    del _parameter_constraints["standardize"]

    _net_class = TextNet
    _counted = "characters"

    # Fitted attributes.
    classes_: Array
    vocabulary_: Vocabulary

    def _fit(
        self, X: Iterable[str], characters: str = "", continuing: bool = False
    ) -> Self:
        reset = self._starts_anew(continuing)
        endless = isinstance(X, str)
        texts = _texts_to_learn(X)
        with self._fitting(X):
            self._choose_device(reset)
            if reset:
                self._set_alphabet(Vocabulary.of([*texts, characters]), endless)
            seed = self._draw_seed(continuing)
            dataset = self._dataset(texts, endless, seed, hold_out=not continuing)
            net = self._make_net(
                LanguageNet,
                NextSymbol,
                seed,
                reset,
                n_symbols=len(self.vocabulary_),
                n_classes=len(self.classes_),
                boundary=BOUNDARY,
                unknown=UNKNOWN,
            )
            self._train(net, dataset, 1 if continuing else self.max_epochs)
            self.net_.module_.eval()
        return self

    def _set_alphabet(self, vocabulary: Vocabulary, endless: bool) -> None:
        characters = list(vocabulary.characters)
        symbols = np.arange(N_SPECIAL, len(vocabulary))
        if not endless:
            characters, symbols = ["", *characters], np.r_[BOUNDARY, symbols]
        self.vocabulary_ = vocabulary
        # Python's own str: NumPy's strings would drop a character 0.
        self.classes_ = np.array(characters, dtype=object)
        self._symbol_of = symbols
        self._class_of = np.full(len(vocabulary), IGNORED)
        self._class_of[symbols] = np.arange(len(symbols))
        self._endless = endless

    def _dataset(
        self, texts: list[str], endless: bool, seed: int, hold_out: bool
    ) -> TextDataset:
        """Encode texts, and split off the part that early stopping watches."""
        validation = None
        if hold_out and self._holds_out(texts, endless):
            split = _split_text if endless else _split_texts
            texts, held_out = split(texts, self.validation_fraction, seed)
            validation = self._corpus_dataset(held_out)
        return self._corpus_dataset(texts, validation)

    def _holds_out(self, texts: list[str], endless: bool) -> bool:
        """Tell whether a fit on these texts watches a held-out part of them."""
        if self.early_stopping == "auto":
            can_be_split = endless or len(texts) > 1
            return can_be_split and sum(map(len, texts)) >= ENOUGH_TO_HOLD_OUT
        return bool(self.early_stopping)

    def _corpus_dataset(
        self, texts: list[str], validation: TextDataset | None = None
    ) -> TextDataset:
        return TextDataset(
            Corpus.of(texts, self.vocabulary_),
            self._class_of,
            self.window_length,
            self._device,
            boundary=BOUNDARY,
            unknown=UNKNOWN,
            anywhere=self._endless,
            validation=validation,
        )

    def _encode(self, text: str) -> Array:
        return np.concatenate([[BOUNDARY], self.vocabulary_.encode(text)])

    def _read_to_the_end(self, X: Iterable[str]) -> torch.Tensor:
        """Return the hidden states at the ends of texts, a tensor (n, units)."""
        check_is_fitted(self)
        texts = [self._encode(text) for text in as_texts(X)]
        lengths = np.array([len(text) for text in texts])
        last: list[Any] = [None] * len(texts)
        for members, start, hidden, _ in read(self.net_.module_, texts, UNKNOWN):
            ends = lengths[members] - start - 1
            for row in np.flatnonzero(ends < hidden.shape[1]):
                last[members[row]] = hidden[row, ends[row]].clone()
        return torch.stack(last)

    def _write(
        self,
        prompt: str,
        length: int,
        stop: str | Iterable[str] | None,
        sampler: Sampler,
        n: int = 1,
        at_once: int = 1,
    ) -> Iterator[list[str]]:
        """Iterate over what is added to each of `n` texts that begin with a prompt.

        Reading a prompt is not put off until the first character is asked for.
        """
        check_text(prompt, "The 'prompt' parameter")
        check_is_fitted(self)
        prompt, stop = self._encode(prompt), as_strings(stop)
        writer = Writer(self.net_.module_, prompt, n, sampler, self._symbol_of)
        texts = [Continuation(self.classes_, stop) for _ in range(n)]
        return write(texts, writer.blocks(length, at_once), length)

    def _log_likelihood(self, texts: list[str]) -> tuple[float, int]:
        """Sum the log-likelihood of all known characters, and count them."""
        module = self.net_.module_
        texts = [self._encode(text) for text in texts if text]
        total, count = 0.0, 0
        inputs = [text[:-1] for text in texts]
        for members, start, hidden, _ in read(module, inputs, UNKNOWN):
            classes = np.full(hidden.shape[:2], IGNORED)
            for row, member in zip(classes, members, strict=True):
                next_symbols = texts[member][start + 1 : start + 1 + len(row)]
                row[: len(next_symbols)] = self._class_of[next_symbols]
            total -= _surprise(module, hidden, classes)
            count += int((classes != IGNORED).sum())
        return total, count


def _texts_to_learn(X: Iterable[str]) -> list[str]:
    texts = [X] if isinstance(X, str) else as_texts(X)
    if not any(texts):
        raise ValueError("X has 0 characters; at least 1 is required to learn from.")
    return texts


def _split_text(
    texts: list[str], fraction: float, seed: int
) -> tuple[list[str], list[str]]:
    """Hold out the end of an endless text."""
    (text,) = texts
    n_held_out = max(1, round(fraction * len(text)))
    if n_held_out >= len(text):
        raise ValueError(
            f"X has {len(text)} characters, which leaves 0 for training and "
            f"{n_held_out} for validation; use more text, a smaller "
            "validation_fraction, or early_stopping=False."
        )
    return [text[:-n_held_out]], [text[-n_held_out:]]


def _split_texts(
    texts: list[str], fraction: float, seed: int
) -> tuple[list[str], list[str]]:
    """Hold out some of several texts, drawn at random."""
    if len(texts) < 2:
        raise ValueError(
            "X has 1 text, of which none can be held out; use more texts, a str "
            "instead of a list, or early_stopping=False."
        )
    training, held_out = train_test_split(texts, test_size=fraction, random_state=seed)
    if not any(training) or not any(held_out):
        raise ValueError(
            f"Of the {len(texts)} texts, those for training or those for validation "
            "have 0 characters; use more texts, or early_stopping=False."
        )
    return training, held_out


def _surprise(module: LanguageNet, hidden: torch.Tensor, classes: Array) -> float:
    """Sum ``-log p`` over the classes (b, T) that are not `IGNORED`."""
    with one_thread(brief=True), torch.inference_mode():
        logits = module.head(hidden).double().flatten(0, 1)
        classes = torch.from_numpy(classes).flatten().to(logits.device)
        return F.cross_entropy(
            logits, classes, ignore_index=IGNORED, reduction="sum"
        ).item()
