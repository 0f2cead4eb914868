"""Callbacks that show or watch training."""

import math

from skorch.callbacks import Callback, EarlyStopping
from tqdm import tqdm

from sklearn_gru.nets.compiling import told_of_compiling


class ProgressBar(Callback):
    """One bar over the epochs, with the losses and the learning rate beside it.

    The bar moves with every batch. The losses it shows are means over the last whole
    epoch; in the first one, the training loss is that of the last batch.
    """

    # tqdm's own format would show fractions of an epoch.
    form = "{l_bar}{bar}| %d/{total_fmt} epochs [{elapsed}<{remaining}{postfix}]"

    def on_train_begin(self, net, X=None, **kwargs):
        self.bar_ = tqdm(
            total=net.max_epochs, desc="Training", bar_format=self.form % 0
        )
        with told_of_compiling(self._announce_compiling):
            net.module_.recurrent.prepare()
        # From here on, the bar tells the time that training takes.
        self.bar_.reset()
        self.bar_.set_description("Training")
        self.epochs_ = self.batches_ = 0
        self.n_batches_ = len(net.get_iterator(X, training=True))
        self.figures_ = {}

    def _announce_compiling(self):
        self.bar_.set_description("Compiling, once")

    def on_batch_end(self, net, training=False, loss=None, **kwargs):
        if not training:
            return
        # Sums of shares would pass the end, of which tqdm warns.
        self.batches_ += 1
        done = self.epochs_ + min(self.batches_ / self.n_batches_, 1)
        if self.bar_.update(done - self.bar_.n) and not self.epochs_:
            self._show(net, loss=loss.item())

    def on_epoch_end(self, net, **kwargs):
        self.epochs_ += 1
        self.batches_ = 0
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

    def go_on_from(self, n_epochs):
        """Show that so many epochs were done before; the time left is that of now."""
        self.epochs_ = self.bar_.initial = self.bar_.n = n_epochs
        self.bar_.bar_format = self.form % self.epochs_
        self.bar_.refresh()

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "bar_"}


class StopWhenHeldOutLossRises(EarlyStopping):
    """Early stopping that does nothing when no data were held out."""

    def on_epoch_end(self, net, **kwargs):
        if "valid_loss" in net.history[-1]:
            super().on_epoch_end(net, **kwargs)

    def on_train_end(self, net, **kwargs):
        # The best epoch counts, also when a later epoch was interrupted.
        if self.best_model_weights_ is not None:
            net.module_.load_state_dict(self.best_model_weights_)


def watched_loss(net):
    """Return the last epoch's loss on held-out data, or else on training data."""
    last = net.history[-1]
    return last.get("valid_loss", last["train_loss"])


class DivergenceGuard(Callback):
    """Stops training that has diverged.

    A loss has diverged if it is not finite, or larger than `factor` times the loss of
    the first batch (or than `factor`, if that loss is below 1, the loss of a constant
    prediction of standardised targets). The second limit is needed because a recurrent
    network's outputs stay finite with weights of any size.
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
            "if the estimator has it."
        )
