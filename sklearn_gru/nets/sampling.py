"""Choosing the next symbol: temperature, top-k, top-p."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

NUMBERS_AT_ONCE = 1 << 16


class Sampler:
    """Draws classes from logits.

    Gumbel's trick: the largest of ``logit + temperature * noise`` is a draw from
    ``softmax(logits / temperature)`` if the noise is standard Gumbel. The noise of
    many draws is made at once, so that each draw is one addition and one maximum.

    Parameters
    ----------
    rng : numpy.random.Generator
    temperature : float, default=1.0
        Below 1 likely classes become more likely, above 1 less likely; 0 takes the
        likeliest class.
    top_k : int, default=None
        Draw only from the `top_k` likeliest classes.
    top_p : float, default=None
        Draw only from the smallest set of likeliest classes whose probability, after
        temperature and `top_k`, is at least `top_p`.

    Examples
    --------
    >>> sampler = Sampler(np.random.default_rng(0), temperature=0.5)
    >>> sampler(np.array([[0.0, 9.0], [9.0, 0.0]]))
    array([1, 0])
    """

    def __init__(
        self,
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> None:
        self.rng = rng
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = None if top_p == 1 else top_p
        self.noise = iter(())

    def __call__(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Draw one class for each row of logits: (n, n_classes) -> (n,)."""
        if self.temperature == 0:
            return logits.argmax(axis=1)
        noise = next(self.noise, None)
        if noise is None:
            self.noise = self._make_noise(logits.shape)
            noise = next(self.noise)
        if self.top_k is not None or self.top_p is not None:
            # The largest logit becomes zero, so that a tiny temperature makes no
            # infinity of it.
            with np.errstate(invalid="ignore"):  # whoever asks looks for infinity
                scaled = (logits - logits.max(axis=1)[:, None]).astype(np.float64)
            scaled /= self.temperature
            keep = kept(scaled, self.top_k, self.top_p)
            logits = np.where(keep, logits, -np.inf)
        return (logits + noise).argmax(axis=1)

    def _make_noise(self, shape):
        n_draws = max(1, NUMBERS_AT_ONCE // (shape[0] * shape[1]))
        noise = self.rng.standard_exponential((n_draws, *shape))
        noise = np.log(np.maximum(noise, np.finfo(np.float64).tiny, out=noise), noise)
        return iter((-self.temperature * noise).astype(np.float32))


def kept(logits, top_k=None, top_p=None):
    """Tell which classes may be drawn, (n, n_classes).

    `top_k` and `top_p` keep the likeliest classes. A class as likely as the last of
    these is kept, too.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        The largest of each row is zero.

    Examples
    --------
    >>> logits = np.log([[0.25, 0.5, 1.0, 0.75]])
    >>> kept(logits, top_k=3)
    array([[False,  True,  True,  True]])
    >>> kept(logits, top_p=0.6)
    array([[False, False,  True,  True]])
    """
    ranked = np.sort(logits, axis=1)[:, ::-1][:, :top_k]
    last = ranked[:, -1]
    if top_p is not None:
        total = np.exp(ranked, dtype=np.float64).cumsum(axis=1)
        n_before = (total[:, :-1] < top_p * total[:, -1:]).sum(axis=1)
        last = ranked[np.arange(len(ranked)), n_before]
    return logits >= last[:, None]
