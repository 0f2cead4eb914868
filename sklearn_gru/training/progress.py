"""What is shown and watched while training goes on."""

import math

from skorch.callbacks import Callback, EarlyStopping
from tqdm import tqdm


class ProgressBar(Callback):
    """One bar over the epochs, with the losses and the learning rate beside it."""

    def on_train_begin(self, net, **kwargs):
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch", desc="Training")

    def on_epoch_end(self, net, **kwargs):
        last = net.history[-1]
        figures = {"loss": f"{last['train_loss']:.4g}"}
        if "valid_loss" in last:
            figures["valid_loss"] = f"{last['valid_loss']:.4g}"
        figures["lr"] = f"{net.optimizer_.param_groups[0]['lr']:.1e}"
        self.bar_.set_postfix(figures, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        self.bar_.close()

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "bar_"}


class StopWhenHeldOutLossRises(EarlyStopping):
    """Early stopping that does nothing when no data were held out."""

    def on_epoch_end(self, net, **kwargs):
        if "valid_loss" in net.history[-1]:
            super().on_epoch_end(net, **kwargs)

    def on_train_end(self, net, **kwargs):
        # Whatever came after the best epoch, a part of an epoch that was interrupted
        # included.
        if self.best_model_weights_ is not None:
            net.module_.load_state_dict(self.best_model_weights_)


def watched_loss(net):
    """Return the last epoch's loss on held-out data, or else on training data."""
    last = net.history[-1]
    return last.get("valid_loss", last["train_loss"])


class DivergenceGuard(Callback):
    """Stops training whose loss has left all bounds.

    A recurrent network's outputs stay finite with weights of any size, so a loss
    that is not finite is not enough: one that is `factor` times the loss of the
    untrained network (or of a constant prediction of standardised targets, which is
    1, if that is larger) counts as diverged as well.
    """

    factor = 1e4

    def on_train_begin(self, net, **kwargs):
        self.first_loss_ = None

    def on_batch_end(self, net, training=False, loss=None, **kwargs):
        if self.first_loss_ is None and training:
            self.first_loss_ = loss.item()

    def on_epoch_end(self, net, **kwargs):
        loss = net.history[-1]["train_loss"]
        if math.isfinite(loss) and loss <= self.factor * max(self.first_loss_, 1.0):
            return
        raise ValueError(
            f"Training diverged in epoch {len(net.history)}: the loss is {loss:.3g}, "
            f"after {self.first_loss_:.3g} in the first batch. Try a smaller lr (it is "
            f"{net.lr:g}), a gradient_clip such as 1.0, or standardize=True."
        )
