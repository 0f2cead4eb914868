"""Building a module whose parameters come from a private random generator."""

from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn

_fills = ContextVar("fills", default=True)


@contextmanager
def unfilled():
    """Let `initialized` leave parameters arbitrary: they are about to be loaded."""
    token = _fills.set(False)
    try:
        yield
    finally:
        _fills.reset(token)


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
    module.to_empty(device="cpu")
    if _fills.get():
        module.to(torch.float64)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                _fill(name, parameter, generator)
    module.to(dtype)


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
