"""Quantiles in order, and the numbers without order that they are made of."""

import torch
from torch.nn import functional as F

# Steps from one quantile to the next are at least so large when they are undone.
SMALLEST_STEP = 1e-3


def in_order(x):
    """Map x (..., n_quantiles) to quantiles: the median, and steps away from it."""
    middle = x.shape[-1] // 2
    center = x[..., middle : middle + 1]
    above = F.softplus(x[..., middle + 1 :]).cumsum(-1)
    below = F.softplus(x[..., :middle]).flip(-1).cumsum(-1).flip(-1)
    return torch.cat([center - below, center, center + above], dim=-1)


def out_of_order(quantiles):
    """Undo `in_order`."""
    middle = quantiles.shape[-1] // 2
    steps = quantiles.diff(dim=-1).clamp(min=SMALLEST_STEP)
    steps = steps + torch.log(-torch.expm1(-steps))  # softplus of it is the step
    center = quantiles[..., middle : middle + 1]
    return torch.cat([steps[..., :middle], center, steps[..., middle:]], dim=-1)
