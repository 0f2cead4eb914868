"""Building a module whose parameters come from a private random generator."""

from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn

_fills = ContextVar("fills", default=True)
_limit = ContextVar("limit", default=None)


@contextmanager
def unfilled():
    """Let `initialized` leave parameters arbitrary: they are about to be loaded."""
    token = _fills.set(False)
    try:
        yield
    finally:
        _fills.reset(token)


@contextmanager
def at_most(n_numbers):
    """Refuse to build more numbers than these, before they take memory."""
    token = _limit.set(n_numbers)
    try:
        yield
    finally:
        _limit.reset(token)


@contextmanager
def initialized(module, seed, dtype):
    """Build submodules inside this context; they are initialised at its end.

    PyTorch's constructors draw from the global random state. Here they run on the
    "meta" device, which draws nothing, and the numbers are filled in afterwards:
    orthogonal recurrent weights, Glorot-uniform other weights, zero biases (Keras'
    defaults), and standard normal embeddings, which have unit variance as standardised
    inputs do.

    Parameters
    ----------
    module : nn.Module
    seed : int
    dtype : torch.dtype
    """
    with torch.device("meta"):
        yield
    _require_small(module)
    module.to_empty(device="cpu")
    if _fills.get():
        module.to(torch.float64)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                _fill(name, parameter, generator)
    module.to(dtype)


def _require_small(module):
    limit, parts = _limit.get(), (*module.parameters(), *module.buffers())
    n_numbers = sum(part.numel() for part in parts)
    if limit is None:
        return
    if n_numbers > limit:
        raise ValueError(
            f"The network has {n_numbers} numbers, more than the {limit} there are."
        )
    _limit.set(limit - n_numbers)


def _fill(name, parameter, generator):
    if parameter.ndim < 2:
        parameter.zero_()
    elif "weight_hh" in name:
        for block in parameter.split(parameter.shape[1]):
            nn.init.orthogonal_(block, generator=generator)
    elif "embedding" in name:
        nn.init.normal_(parameter, generator=generator)
    else:
        nn.init.xavier_uniform_(parameter, generator=generator)
