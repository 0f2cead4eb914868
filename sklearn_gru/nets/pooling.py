"""Making one vector of the hidden states of a sequence."""

import torch


def is_read(x, lengths):
    """Tell which steps of x (B, ..., T, size) their sequences have: (B, ..., T, 1)."""
    steps = torch.arange(x.shape[-2], device=x.device)
    return (steps < _beside(lengths, x)).unsqueeze(-1)


def mean(x, lengths=None):
    """Average x (B, ..., T, size) over the steps of each sequence: (B, ..., size)."""
    if lengths is None:
        return x.mean(dim=-2)
    total = torch.where(is_read(x, lengths), x, 0.0).sum(dim=-2)
    return total / _beside(lengths, x)


def _beside(lengths, x):
    """Give lengths (B,) the axes of x (B, ..., T, size) but the last: (B, ..., 1)."""
    return lengths.view(-1, *[1] * (x.ndim - 2))


def maximum(hidden, lengths=None):
    """Take the largest value of hidden (B, T, size) in each sequence: (B, size)."""
    if lengths is not None:
        hidden = hidden.masked_fill(~is_read(hidden, lengths), -torch.inf)
    return hidden.amax(dim=1)


# What can be read of the states of all steps. "last", the state after the last step of
# each direction, is the recurrent network's own (`Recurrent.summarize`).
POOLS = {"mean": mean, "max": maximum}
POOLINGS = ("last", *POOLS)
