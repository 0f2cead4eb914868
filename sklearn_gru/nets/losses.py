"""The losses, element by element; averaging and weighting happen in training.

A new loss is a class here that maps predictions and targets to losses whose first
axis is the batch, and an entry in `LOSSES`.
"""

from torch import nn
from torch.nn import functional as F

IGNORED = -1


class SquaredError(nn.Module):
    """``(prediction - target)**2``."""

    def forward(self, prediction, target):
        return F.mse_loss(prediction, target, reduction="none")


class AbsoluteError(nn.Module):
    """``|prediction - target|``."""

    def forward(self, prediction, target):
        return F.l1_loss(prediction, target, reduction="none")


class Huber(nn.Module):
    """Squared for errors below one standard deviation of the targets, else absolute."""

    def forward(self, prediction, target):
        return F.smooth_l1_loss(prediction, target, reduction="none")


class CrossEntropy(nn.Module):
    """``-log softmax(logits)[class]``; logits (B, n_classes), classes (B,)."""

    def forward(self, logits, classes):
        return F.cross_entropy(logits, classes, reduction="none")


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
