"""Training on targets of which some are missing."""

import torch

from sklearn_gru.training.net import Net

# What a batch without any known target counts, so that an epoch of nothing else has a
# mean.
ALMOST_NOTHING = 1e-100


class NetOfKnown(Net):
    """A skorch net for which targets that are NaN do not count.

    The loss of a batch is the mean over its known targets, and 0 if there are none.
    """

    def size_of(self, batch):
        """Count the known targets of a batch."""
        return (~batch.targets.isnan()).sum().double().clamp(min=ALMOST_NOTHING)

    def mean_loss(self, y_pred, batch):
        losses = self._losses(y_pred, batch.targets.nan_to_num(0.0), batch)
        # A loss is NaN where its target is, whatever the prediction.
        known = ~self.criterion_(torch.zeros_like(y_pred), batch.targets).isnan()
        return (losses * known).sum() / known.sum().clamp(min=1)
