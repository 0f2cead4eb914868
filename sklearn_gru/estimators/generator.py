"""CharGRUGenerator: learns text character by character, and writes more text."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._base import require_finite
from sklearn_gru.estimators._language import BaseLanguageModel
from sklearn_gru.estimators._parameters import document_parameters
from sklearn_gru.estimators._private import Interval, fit_context, validate_params
from sklearn_gru.estimators._texts import TextInputMixin, as_texts, check_text
from sklearn_gru.estimators._writing import WRITING_CONSTRAINTS, make_sampler
from sklearn_gru.training import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Self

    from sklearn_gru._types import (
        Activation,
        Array,
        Auto,
        Callbacks,
        Cell,
        CheckpointPlace,
        Device,
        Floats,
        Kernel,
        LearningRateSchedule,
        Optimizer,
        Precision,
        RandomState,
        Units,
        Verbosity,
    )

# `generate` writes so many at a time, `stream` one.
CHARACTERS_AT_ONCE = 64


@document_parameters
class CharGRUGenerator(TextInputMixin, BaseLanguageModel):
    """Gated recurrent network that learns text and writes more, character by character.

    It learns how likely each character is to come next, given all characters before it
    in its text. The network reads one character per step and remembers the text in its
    state, so the cost of writing a character does not depend on how much text came
    before.

    Parameters
    ----------
    units : int or tuple of int, default=256
        Width of the recurrent layer, or of each of the stacked layers.
    window_length : int, default=64
        Characters per training step. The gradient reaches back this far; the state is
        carried from window to window and reaches further.
    {training_parameters}
    max_epochs : int, default=10
        Passes over the training text.
    batch_size : int, default=64
        Places of the text that are read side by side in a training step. A text of
        less than ``16 * window_length * batch_size`` characters is read at fewer
        places.
    lr : float, default=0.008
        Learning rate; with a schedule, its first value.
    lr_schedule : {"constant", "cosine", "plateau"}, default="cosine"
        How the learning rate changes: not at all, step by step along a half cosine
        down to zero, or divided by ten when an epoch's loss does not fall any more.
    optimizer : {"adam", "adamw", "sgd", "rmsprop"} or class, default="adamw"
        The optimizer; a class is called as those in :mod:`torch.optim` are.
    weight_decay : float, default=0.01
        The optimizer's weight decay.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out a part of the training text, stop when the loss on it no
        longer falls, and keep the weights that were best on it. "auto" does so with
        100,000 characters or more. If `X` is a str, its end is held out; of several
        texts, some whole ones are. `partial_fit` never holds anything out.
    validation_fraction : float, default=0.05
        Fraction of the training text that `early_stopping` holds out.
    tol : float, default=1e-4
        Smallest fall of the held-out loss, as a fraction of it, that counts as an
        improvement.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), of str
        What can come next, in order: the characters of the training text. If `fit` was
        given several texts, "" is the first and stands for the end of a text.
    vocabulary_ : Vocabulary
        The known characters, as the string `vocabulary_.characters`.
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the PyTorch module.
    loss_curve_ : list of float
        Mean training loss (cross-entropy, in nats per character) of each epoch.
    n_iter_ : int
        Epochs trained.

    See Also
    --------
    CharSequenceTransformer : Texts as sequences, for :class:`GRUClassifier`.

    Notes
    -----
    Every text is read from a boundary on, which sets the state to zero. The first
    character of a text is learned as well, so a prompt may be empty. A str is a text
    without beginning and end: a prompt may begin anywhere in it, and training reads it
    from places drawn anew in every epoch.

    A character that the first `fit` or `partial_fit` has not seen is unknown. All
    unknown characters are read as one symbol, which is never written. In training one
    character in a thousand is read as unknown, so that the network learns what to do
    with unknown characters.

    Examples
    --------
    >>> from sklearn_gru import CharGRUGenerator
    >>> text = "She sells sea shells on the sea shore. " * 20
    >>> model = CharGRUGenerator(
    ...     units=32, window_length=8, batch_size=4, max_epochs=30, random_state=0
    ... ).fit(text)
    >>> model.generate("She sells", length=17, temperature=0)
    'She sells sea shells on th'
    >>> model.predict(["sea shell", "on the sea shor"])
    array(['s', 'e'], dtype=object)
    >>> model.bits_per_char("sea shells on the shore") < 1
    True
    >>> model.score("sea shells") > model.score("sells shore")
    True

    What may come next, and the state of the network behind a prompt:

    >>> model.predict_proba(["sea shell"]).shape == (1, len(model.classes_))
    True
    >>> model.transform(["sea shell", "on the sea shor"]).shape
    (2, 32)

    One more epoch, on new text:

    >>> n_epochs = model.n_iter_
    >>> model = model.partial_fit("The shells she sells are sea shells. ")
    >>> len(model.loss_curve_) - n_epochs
    1

    Several texts have ends, which are learned, too:

    >>> several = CharGRUGenerator(units=8, window_length=8, max_epochs=2)
    >>> several.fit_transform(["sea shells", "sea shore"]).shape
    (2, 8)
    >>> several.classes_[0]
    ''
    """

    def __init__(
        self,
        units: Units = 256,
        *,
        window_length: int = 64,
        cell: Cell = "gru",
        activation: Activation = "tanh",
        reset_after: bool = True,
        dropout: float = 0.0,
        max_epochs: int = 10,
        batch_size: int = 64,
        lr: float = 0.008,
        lr_schedule: LearningRateSchedule = "cosine",
        optimizer: Optimizer = "adamw",
        weight_decay: float = 0.01,
        gradient_clip: float | None = 1.0,
        early_stopping: bool | Auto = "auto",
        validation_fraction: float = 0.05,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        callbacks: Callbacks = None,
        checkpoint: CheckpointPlace = None,
        device: Device = "auto",
        dtype: Precision = "float32",
        kernel: Kernel = "auto",
        random_state: RandomState = None,
        verbose: Verbosity = 0,
    ) -> None:
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
        self.checkpoint = checkpoint
        self.device = device
        self.dtype = dtype
        self.kernel = kernel
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Learn from text.

        Parameters
        ----------
        X : str or iterable of str
            One text without beginning and end, or several texts with both. Of several
            texts, the model learns how they begin and where they end, and carries
            nothing from one to the next.
        y : None
            Ignored.

        Returns
        -------
        self : CharGRUGenerator

        Raises
        ------
        InvalidParameterError
            If a parameter is out of its range.
        ValueError
            If `X` is empty or holds anything but strings, or if training diverges.
        """
        return self._fit(X)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Iterable[str], y: object = None, characters: str = ""
    ) -> Self:
        """Learn for one more epoch, from this text.

        Parameters
        ----------
        X : str or iterable of str
            As in `fit`. The first call decides whether texts have ends.
        y : None
            Ignored.
        characters : str, default=""
            In the first call, characters that only later texts will have. Characters
            that are neither here nor in the first text will be unknown.

        Returns
        -------
        self : CharGRUGenerator
        """
        check_text(characters, "The 'characters' parameter")
        return self._fit(X, characters, continuing=True)

    def predict_proba(self, X: Iterable[str]) -> Floats:
        """Compute the probability of each next character.

        Parameters
        ----------
        X : iterable of str
            Prompts, of any length.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Columns in the order of `classes_`.
        """
        hidden = self._read_to_the_end(X)
        with one_thread(brief=True), torch.inference_mode():
            logits = self.net_.module_.head(hidden).double().cpu().numpy()
        return require_finite(softmax(logits, axis=1), "The probability")

    def predict(self, X: Iterable[str]) -> Array:
        """Predict the most likely next character of each prompt.

        Parameters
        ----------
        X : iterable of str
            Prompts, of any length.

        Returns
        -------
        ndarray of shape (n_samples,), of str
            Elements of `classes_`; "" where the text most likely ends.
        """
        best = self.predict_proba(X).argmax(axis=1)
        characters: Array = self.classes_[best]
        return characters

    def transform(self, X: Iterable[str]) -> Floats:
        """Map each text to the hidden state at its end.

        Parameters
        ----------
        X : iterable of str
            Texts, of any length.

        Returns
        -------
        ndarray of shape (n_samples, units), float64
            ``units`` of the last layer.
        """
        hidden = self._read_to_the_end(X).double().cpu().numpy()
        return require_finite(hidden, "The hidden state")

    def score(self, X: Iterable[str], y: object = None) -> float:
        """Compute the mean log-likelihood of a character, given those before it.

        The mean is over all characters of all texts, the first of each included. The
        ends of texts do not count. Unknown characters do not count either: they are
        read, but can't be predicted. So compare only models with the same alphabet.

        Parameters
        ----------
        X : str or iterable of str
            One text or several.
        y : None
            Ignored.

        Returns
        -------
        float
            In nats; larger is better, and 0 is the best.

        Raises
        ------
        ValueError
            If `X` has no known character.
        """
        check_is_fitted(self)
        total, count = self._log_likelihood([X] if isinstance(X, str) else as_texts(X))
        if count == 0:
            raise ValueError(
                "X has 0 known characters; at least 1 is required for a score. Known "
                f"are {self.vocabulary_.characters!r}."
            )
        return float(require_finite(total / count, "The score"))

    def bits_per_char(self, X: Iterable[str]) -> float:
        """Compute the bits per character on average: ``-score(X) / ln 2``.

        Parameters
        ----------
        X : str or iterable of str
            One text or several.

        Returns
        -------
        float
            Smaller is better.
        """
        return -self.score(X) / float(np.log(2))

    @validate_params(
        {**WRITING_CONSTRAINTS, "n": [Interval(Integral, 1, None, closed="left")]},
        prefer_skip_nested_validation=True,
    )
    def generate(
        self,
        prompt: str = "",
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: str | list[str] | tuple[str, ...] | None = None,
        n: int = 1,
        random_state: RandomState = None,
    ) -> str | Any:
        """Write on from a prompt.

        Parameters
        ----------
        prompt : str, default=""
            The beginning of the text.
        length : int, default=200
            Characters to write, in addition to the prompt. There are fewer if a text
            ends, or reaches a string of `stop`.
        temperature : float, default=1.0
            Below 1 likely characters become more likely, above 1 less likely. 0 always
            takes the likeliest character.
        top_k : int or None, default=None
            Draw only from the `top_k` likeliest characters.
        top_p : float or None, default=None
            Draw only from the smallest set of likeliest characters whose probability,
            after `temperature` and `top_k`, is at least `top_p`.
        stop : str, list of str or None, default=None
            Stop before the first of these strings that would be written. A string that
            begins in the prompt does not count.
        n : int, default=1
            Number of texts, written side by side.
        random_state : int, RandomState instance or None, default=None
            The same integer gives the same text. None gives a new text every time,
            whatever the estimator's own `random_state`.

        Returns
        -------
        str, or list of str if `n` is larger than 1
            The prompt, followed by the written characters.
        """
        sampler = make_sampler(temperature, top_k, top_p, random_state)
        written = self._write(prompt, length, stop, sampler, n, CHARACTERS_AT_ONCE)
        pieces = zip([prompt] * n, *written, strict=True)
        texts = ["".join(of_one_text) for of_one_text in pieces]
        return texts[0] if n == 1 else texts

    @validate_params(WRITING_CONSTRAINTS, prefer_skip_nested_validation=True)
    def stream(
        self,
        prompt: str = "",
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: str | list[str] | tuple[str, ...] | None = None,
        random_state: RandomState = None,
    ) -> Iterator[str]:
        """Write on from a prompt, one character at a time.

        Parameters
        ----------
        prompt, length, temperature, top_k, top_p, stop, random_state
            As in `generate`.

        Returns
        -------
        iterator of str
            The characters that `generate` writes after the prompt, as they are made.
            Characters that may begin a string of `stop` come as soon as it is clear
            that they do not.

        Examples
        --------
        >>> from sklearn_gru import CharGRUGenerator
        >>> text = "to be or not to be, that is the question; " * 20
        >>> model = CharGRUGenerator(
        ...     units=32, window_length=8, batch_size=4, max_epochs=30, random_state=0
        ... ).fit(text)
        >>> for character in model.stream("to ", length=4, temperature=0):
        ...     print(character, end="|", flush=True)
        b|e| |o|
        """
        sampler = make_sampler(temperature, top_k, top_p, random_state)
        written = self._write(prompt, length, stop, sampler)
        return (character for (piece,) in written for character in piece)
