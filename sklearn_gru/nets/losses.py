"""The losses, element by element; averaging and weighting happen in training.

A new loss is a class here that maps predictions and targets to losses whose first
axis is the batch, and an entry in `LOSSES`.
"""

import torch
from torch import nn
from torch.nn import functional as F

IGNORED = -1
# Probabilities of the quantiles that a network forecasts; the middle one is the median.
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


class SquaredError(nn.Module):
    """``(prediction - target)**2``."""

    def forward(self, prediction, target):
        return F.mse_loss(prediction, _beside(target, prediction), reduction="none")


class AbsoluteError(nn.Module):
    """``|prediction - target|``."""

    def forward(self, prediction, target):
        return F.l1_loss(prediction, _beside(target, prediction), reduction="none")


class Huber(nn.Module):
    """Squared for errors below one standard deviation of the targets, else absolute."""

    def forward(self, prediction, target):
        target = _beside(target, prediction)
        return F.smooth_l1_loss(prediction, target, reduction="none")


class Pinball(nn.Module):
    """``max(a * e, (a - 1) * e)``, e = target - prediction, of each quantile a.

    The quantiles are the last axis of the prediction (Koenker & Bassett 1978).
    """

    def forward(self, prediction, target):
        target = target[..., None].expand(*target.shape, len(QUANTILES))
        target = _beside(target, prediction)
        level = torch.tensor(QUANTILES, dtype=target.dtype, device=target.device)
        error = target - prediction
        return torch.maximum(level * error, (level - 1) * error)


def _beside(target, prediction):
    """Repeat a target (B, ...) for each of several networks' predictions."""
    if prediction.ndim == target.ndim:
        return target
    return target[:, None].expand_as(prediction)


class CrossEntropy(nn.Module):
    """``-log softmax(logits)[class]``; logits (B, ..., n_classes), classes (B,).

    Parameters
    ----------
    label_smoothing : float, default=0.0
        The share of the target that is spread evenly over all classes (Szegedy et al.
        2016, arXiv:1512.00567).
    """

    def __init__(self, label_smoothing=0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits, classes):
        """Compute the losses (B, ...): of several networks, each one's own."""
        n_networks = logits[0, ..., 0].numel()
        losses = F.cross_entropy(
            logits.flatten(0, -2),
            classes.repeat_interleave(n_networks),
            label_smoothing=self.label_smoothing,
            reduction="none",
        )
        return losses.view(logits.shape[:-1])


class NextSymbol(nn.Module):
    """Mean of ``-log softmax(logits)[class]`` over (B, T); logits (B, T, n_classes).

    Targets equal to `IGNORED` do not count.
    """

    def forward(self, logits, classes):
        losses = F.cross_entropy(
            logits.flatten(0, 1),
            classes.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
        )
        return losses / (classes != IGNORED).sum().clamp(min=1)


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
}
FORECAST_LOSSES = {**LOSSES, "quantile": Pinball}
