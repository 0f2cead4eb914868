"""CharGRUGenerator: learns text character by character, and writes more of it."""

from numbers import Integral, Real

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import _fit_context
from sklearn.model_selection import train_test_split
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted
from torch.nn import functional as F

from sklearn_gru.data import (
    BOUNDARY,
    N_SPECIAL,
    UNKNOWN,
    Corpus,
    StopStrings,
    Vocabulary,
)
from sklearn_gru.estimators._base import (
    BaseRecurrent,
    document_parameters,
    draw_seed,
    require_finite,
)
from sklearn_gru.estimators._texts import as_texts
from sklearn_gru.nets import IGNORED, LanguageNet, NextSymbol, Sampler
from sklearn_gru.training import TextDataset, TextNet, Writer, read

ENOUGH_TO_HOLD_OUT = 100_000
WRITTEN_AT_ONCE = 64
SAMPLING = {
    "prompt": [str],
    "length": [Interval(Integral, 0, None, closed="left")],
    "temperature": [Interval(Real, 0, None, closed="left")],
    "top_k": [Interval(Integral, 1, None, closed="left"), None],
    "top_p": [Interval(Real, 0, 1, closed="right"), None],
    "stop": [str, list, tuple, None],
    "random_state": ["random_state"],
}


@document_parameters
class CharGRUGenerator(BaseRecurrent):
    """Recurrent network that learns text character by character, and writes more.

    Every text is read from a boundary on: what comes first is learned as well, and an
    empty prompt will do.

    Parameters
    ----------
    units : int or tuple of int, default=256
        Width of the recurrent layer, or of each of the stacked layers.
    window_length : int, default=64
        Characters that are read in a training step. The gradient reaches this far
        back; the state is carried on from window to window and reaches further.
    {training_parameters}

    Attributes
    ----------
    classes_ : ndarray of str
        What can come next, in order: the characters of the training texts, and first
        of all "", the end of the text, if `fit` was given several texts.
    """

    _parameter_constraints = {
        **BaseRecurrent._parameter_constraints,
        "window_length": [Interval(Integral, 1, None, closed="left")],
    }
    del _parameter_constraints["standardize"]

    _net_class = TextNet

    def __init__(
        self,
        units=256,
        *,
        window_length=64,
        cell="gru",
        activation="tanh",
        reset_after=True,
        dropout=0.0,
        max_epochs=10,
        batch_size=64,
        lr=0.005,
        lr_schedule="cosine",
        optimizer="adamw",
        weight_decay=0.01,
        gradient_clip=1.0,
        early_stopping="auto",
        validation_fraction=0.05,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        callbacks=None,
        device="auto",
        dtype="float32",
        kernel="auto",
        random_state=None,
        verbose=0,
    ):
        self.units = units
        self.window_length = window_length
        self.cell = cell
        self.activation = activation
        self.reset_after = reset_after
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.device = device
        self.dtype = dtype
        self.kernel = kernel
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Train on text."""
        return self._fit(X)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, characters=""):
        """Train for one more epoch, on this text."""
        return self._fit(X, characters, continuing=True)

    def _fit(self, X, characters="", continuing=False):
        reset = self._starts_anew(continuing)
        endless = isinstance(X, str)
        texts = [X] if endless else as_texts(X)
        if not any(texts):
            raise ValueError(
                "X has 0 characters; at least 1 is required to learn from."
            )
        with self._all_or_nothing():
            if reset:
                self._resolve_device()
                self._set_alphabet(Vocabulary.of([*texts, characters]), endless)
            seed = self._draw_seed()
            self._train(
                LanguageNet,
                NextSymbol,
                self._dataset(texts, endless, seed, hold_out=not continuing),
                1 if continuing else self.max_epochs,
                reset,
                seed,
                n_symbols=len(self.vocabulary_),
                n_classes=len(self.classes_),
                boundary=BOUNDARY,
            )
            self.net_.module_.eval()
        return self

    def _set_alphabet(self, vocabulary, endless):
        self.vocabulary_ = vocabulary
        characters = list(vocabulary.characters)
        symbols = np.arange(N_SPECIAL, len(vocabulary))
        if not endless:
            characters, symbols = ["", *characters], np.r_[BOUNDARY, symbols]
        self.classes_ = np.array(characters, dtype=object)
        self._symbol_of = symbols
        self._class_of = np.full(len(vocabulary), IGNORED)
        self._class_of[symbols] = np.arange(len(symbols))
        self._endless = endless

    def _dataset(self, texts, endless, seed, hold_out):
        """Encode texts, and split off what early stopping watches."""
        validation = None
        enough = endless or len(texts) > 1 or self.early_stopping != "auto"
        if hold_out and enough and self._holds_out(sum(map(len, texts))):
            split = _split_text if endless else _split_texts
            texts, held_out = split(texts, self.validation_fraction, seed)
            validation = self._read_by_the_window(held_out)
        return self._read_by_the_window(texts, validation)

    def _read_by_the_window(self, texts, validation=None):
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

    def _holds_out(self, n_samples):
        if self.early_stopping == "auto":
            return n_samples >= ENOUGH_TO_HOLD_OUT
        return self.early_stopping

    def predict_proba(self, X):
        """Compute the probability of every character to come next."""
        hidden = self._read_prompts(X)
        with torch.inference_mode():
            logits = self.net_.module_.head(hidden).double().cpu().numpy()
        return require_finite(softmax(logits, axis=1), "The probability")

    def predict(self, X):
        """Predict the most likely next character of each prompt."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def transform(self, X):
        """Map each text to the hidden state behind it."""
        hidden = self._read_prompts(X).double().cpu().numpy()
        return require_finite(hidden, "The hidden state")

    def _read_prompts(self, X):
        """Read texts to their ends: hidden states (n, units)."""
        check_is_fitted(self)
        texts = [self._with_boundary(text) for text in as_texts(X)]
        lengths = np.array([len(text) for text in texts])
        last = [None] * len(texts)
        for members, start, hidden, _ in read(self.net_.module_, texts, UNKNOWN):
            ends = lengths[members] - start - 1
            for row in np.flatnonzero(ends < hidden.shape[1]):
                last[members[row]] = hidden[row, ends[row]].clone()
        return torch.stack(last)

    def _with_boundary(self, text):
        return np.r_[BOUNDARY, self.vocabulary_.encode(text)]

    def score(self, X, y=None):
        """Compute the mean log-likelihood of a character, given those before it."""
        check_is_fitted(self)
        texts = [X] if isinstance(X, str) else as_texts(X)
        texts = [self._with_boundary(text) for text in texts if text]
        total, n_characters = 0.0, 0
        module = self.net_.module_
        inputs = [text[:-1] for text in texts]
        for members, start, hidden, _ in read(module, inputs, UNKNOWN):
            classes = np.full(hidden.shape[:2], IGNORED)
            for row, member in zip(classes, members, strict=True):
                coming = texts[member][start + 1 : start + 1 + len(row)]
                row[: len(coming)] = self._class_of[coming]
            total -= _surprise(module, hidden, classes)
            n_characters += (classes != IGNORED).sum()
        if n_characters == 0:
            raise ValueError(
                "X has no character that the training texts have; at least 1 is needed "
                "to compute a score."
            )
        return float(require_finite(total / n_characters, "The score"))

    def bits_per_char(self, X):
        """Compute the mean number of bits by which a character surprises."""
        return -self.score(X) / np.log(2)

    @validate_params(
        {**SAMPLING, "n": [Interval(Integral, 1, None, closed="left")]},
        prefer_skip_nested_validation=True,
    )
    def generate(
        self,
        prompt="",
        length=200,
        *,
        temperature=1.0,
        top_k=None,
        top_p=None,
        stop=None,
        n=1,
        random_state=None,
    ):
        """Write on from a prompt."""
        stops = [StopStrings(_stop_strings(stop)) for _ in range(n)]
        writer = self._writer(prompt, n, temperature, top_k, top_p, random_state)
        texts = [[prompt] for _ in range(n)]
        going = list(range(n))
        while going and length > 0:
            block = writer.write(min(length, WRITTEN_AT_ONCE))
            length -= block.shape[1]
            for i in going:
                characters, ended = self._decode(block[i])
                last = ended or not length
                texts[i].append(stops[i].pass_on(characters, last))
                stops[i].found |= ended
            going = [i for i in going if not stops[i].found]
        texts = ["".join(pieces) for pieces in texts]
        return texts[0] if n == 1 else texts

    @validate_params(SAMPLING, prefer_skip_nested_validation=True)
    def stream(
        self,
        prompt="",
        length=200,
        *,
        temperature=1.0,
        top_k=None,
        top_p=None,
        stop=None,
        random_state=None,
    ):
        """Write on from a prompt, and yield every character as it is made."""
        stops = StopStrings(_stop_strings(stop))
        writer = self._writer(prompt, 1, temperature, top_k, top_p, random_state)
        return self._stream(writer, stops, length)

    def _stream(self, writer, stops, length):
        for n_left in reversed(range(length)):
            characters, ended = self._decode(writer.write(1)[0])
            yield from stops.pass_on(characters, last=ended or n_left == 0)
            if ended or stops.found:
                return

    def _decode(self, classes):
        """Join characters up to the end of the text; tell whether it came."""
        characters = self.classes_[classes]
        ends = np.flatnonzero(characters == "")
        if len(ends):
            return "".join(characters[: ends[0]]), True
        return "".join(characters), False

    def _writer(self, prompt, n, temperature, top_k, top_p, random_state):
        check_is_fitted(self)
        _require_finite_temperature(temperature)
        module = self.net_.module_
        text = self._with_boundary(prompt)
        for _, _, hidden, state in read(module, [text], UNKNOWN):
            pass
        rng = np.random.default_rng(draw_seed(random_state))
        sampler = Sampler(rng, temperature, top_k, top_p)
        return Writer(module, hidden[0, -1], state, n, sampler, self._symbol_of)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _split_text(texts, fraction, seed):
    """Hold out the end of an endless text."""
    (text,) = texts
    n_held_out = max(1, round(fraction * len(text)))
    if n_held_out == len(text):
        raise ValueError(
            f"X has {len(text)} characters, which leaves 0 for training and "
            f"{n_held_out} for validation; use more text, a smaller "
            "validation_fraction, or early_stopping=False."
        )
    return [text[:-n_held_out]], [text[-n_held_out:]]


def _split_texts(texts, fraction, seed):
    """Hold out some of several texts, drawn at random."""
    training, held_out = train_test_split(texts, test_size=fraction, random_state=seed)
    if not any(training) or not any(held_out):
        raise ValueError(
            "A part of the texts, training or validation, has 0 characters; use more "
            "texts, or early_stopping=False."
        )
    return training, held_out


def _stop_strings(stop):
    strings = [stop] if isinstance(stop, str) else list(stop or [])
    for string in strings:
        if not isinstance(string, str) or not string:
            raise ValueError(
                f"stop holds {string!r}; expected strings of at least 1 character."
            )
    return strings


def _require_finite_temperature(temperature):
    if not np.isfinite(temperature):
        raise ValueError(f"temperature={temperature}; expected a finite number.")


def _surprise(module, hidden, classes):
    """Sum ``-log p`` of classes (b, T) that are not `IGNORED`."""
    with torch.inference_mode():
        logits = module.head(hidden).double().flatten(0, 1)
        classes = torch.from_numpy(classes).flatten().to(logits.device)
        losses = F.cross_entropy(logits, classes, ignore_index=IGNORED, reduction="sum")
    return losses.item()
