"""Bending the time of sequences, so that a network sees more of them than there are."""

import math

import torch
from torch import nn

# Sine waves of the bend: half a wave over the sequence, a whole one, one and a half.
WAVES = 3


class TimeWarp(nn.Module):
    """Reads every other sequence, drawn by chance, along a bent time axis.

    Row t of a sequence with T rows becomes the row nearest to ``t + T * bend(t / T)``,
    ``bend(s) = sum_k a_k sin(pi k s)``, with normal ``a_k`` of standard deviation
    ``strength / k``: time runs faster here and slower there, and ends are ends. Rows
    are repeated or left out but never mixed, since a mean of neighbours would smooth
    noise and spikes, which tell classes apart too. After Um et al. (2017,
    arXiv:1706.00527), who bend time with splines.

    It does so in training only, with random numbers of its own.

    Parameters
    ----------
    strength : float
        Standard deviation of the slowest wave, as a share of the sequence.
    seed : int
    """

    def __init__(self, strength, seed):
        super().__init__()
        self.strength = strength
        self.seed = seed
        self.calls = 0

    @property
    def repeats(self):
        """Whether every call does the same, so that a training step can be replayed."""
        return self.strength == 0

    def forward(self, x, lengths=None):
        """Map x (B, T, k) to sequences of the same lengths."""
        if not self.training or self.strength == 0:
            return x
        rows = self._rows(len(x), x.shape[1], lengths, x.device)  # (B, T)
        return x.gather(1, rows[:, :, None].expand_as(x))

    def _rows(self, n, n_steps, lengths, device):
        generator = torch.Generator(device).manual_seed(self.seed + self.calls)
        self.calls += 1
        waves = torch.arange(1, WAVES + 1, device=device)
        # Whatever torch's default type is, the same numbers are drawn.
        draw = {"generator": generator, "device": device, "dtype": torch.float32}
        size = torch.randn(n, WAVES, **draw)
        bent = torch.rand(n, 1, **draw) < 0.5
        size = self.strength * bent * size / waves  # (n, WAVES)
        last = torch.full((n, 1), n_steps - 1, device=device)
        if lengths is not None:
            last = lengths[:, None] - 1
        step = torch.arange(n_steps, device=device)
        share = step.float() / last.clamp(min=1)  # (n, n_steps)
        bend = torch.sin(math.pi * waves[:, None] * share[:, None])  # (n, WAVES, T)
        row = step + last * (size[:, :, None] * bend).sum(1)
        row = torch.minimum(row.round().long().clamp(min=0), last)
        return torch.where(step <= last, row, step)
