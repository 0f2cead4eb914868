"""Making one vector of the hidden states of a sequence."""

import torch


def is_read(x, lengths):
    """Tell which steps of x (B, T, ...) belong to their sequences: (B, T, 1)."""
    steps = torch.arange(x.shape[1], device=x.device)
    return (steps < lengths[:, None])[:, :, None]


def mean(hidden, lengths=None):
    """Average hidden (B, T, size) over the steps of each sequence: (B, size)."""
    if lengths is None:
        return hidden.mean(dim=1)
    total = torch.where(is_read(hidden, lengths), hidden, 0.0).sum(dim=1)
    return total / lengths[:, None]


def maximum(hidden, lengths=None):
    """Take the largest value of hidden (B, T, size) in each sequence: (B, size)."""
    if lengths is not None:
        hidden = hidden.masked_fill(~is_read(hidden, lengths), -torch.inf)
    return hidden.amax(dim=1)


# What can be read of the states of all steps. "last", the state after the last step of
# each direction, is the recurrent network's own (`Recurrent.summarize`).
POOLS = {"mean": mean, "max": maximum}
POOLINGS = ("last", *POOLS)
