"""What is shown and watched while training goes on."""

import math

from skorch.callbacks import Callback, EarlyStopping
from tqdm import tqdm


class ProgressBar(Callback):
    """One bar over the epochs, with the losses and the learning rate beside it.

    The bar moves with every batch. The training loss is that of a batch first, and at
    an epoch's end the mean over the epoch.
    """

    # What tqdm shows of its own accord counts batches in fractions of an epoch.
    form = "{l_bar}{bar}| %d/{total_fmt} epochs [{elapsed}<{remaining}{postfix}]"

    def on_train_begin(self, net, X=None, **kwargs):
        self.bar_ = tqdm(
            total=net.max_epochs, desc="Training", bar_format=self.form % 0
        )
        self.epochs_ = 0
        self.share_ = 1 / len(net.get_iterator(X, training=True))
        self.figures_ = {}

    def on_batch_end(self, net, training=False, loss=None, **kwargs):
        if training and self.bar_.update(self.share_):
            self._show(net, loss=loss.item())

    def on_epoch_end(self, net, **kwargs):
        self.epochs_ += 1
        self.bar_.bar_format = self.form % self.epochs_
        last = net.history[-1]
        losses = {"loss": last["train_loss"]}
        if "valid_loss" in last:
            losses["valid_loss"] = last["valid_loss"]
        self._show(net, **losses)
        self.bar_.update(self.epochs_ - self.bar_.n)

    def _show(self, net, **losses):
        self.figures_.update({name: f"{loss:.4g}" for name, loss in losses.items()})
        rate = net.optimizer_.param_groups[0]["lr"]
        self.bar_.set_postfix(self.figures_, lr=f"{rate:.1e}", refresh=False)

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
            f"{net.lr:g}) or a gradient_clip such as 1.0, and keep standardize=True "
            "where there is that choice."
        )
