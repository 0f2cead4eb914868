"""Training steps: what is done with a batch. A training takes all of one kind.

`accelerated.py` and `graph.py` have two more kinds.
"""

import torch
from skorch.utils import TeeGenerator


class EagerStep:
    """Computes a loss and its gradient, then lets the optimizer move the weights.

    With a small net, what is done besides the recurrence takes a good part of a step's
    time, so nothing is done here that no one asks for.

    Parameters
    ----------
    net : Net
        Says what the loss is, and has the callbacks.
    gradient_clip : float, default=None
        Limit of the gradient's norm.
    """

    def __init__(self, net, gradient_clip=None):
        self.net = net
        self.gradient_clip = gradient_clip
        self.module = net.module_
        self.optimizer = net.optimizer_

    def __call__(self, batch):
        """Take a step; return the loss before it, and the predictions."""
        self.zero_grad()
        outcome = self.gradient(batch)
        self.report_gradient(batch)
        self.optimizer.step()
        return outcome

    @property
    def weights(self):
        """All weights that the optimizer moves."""
        groups = self.optimizer.param_groups
        return [weight for group in groups for weight in group["params"]]

    def zero_grad(self):
        """Do what an optimizer of torch does, but do not report it to a profiler."""
        for weight in self.weights:
            weight.grad = None

    def gradient(self, batch):
        """Compute the loss, the predictions, and the gradient of all weights."""
        self.set_training(True)
        loss, y_pred = self.net.loss_of(batch, self.module)
        loss.backward()
        if self.gradient_clip is not None:
            clip(self.weights, self.gradient_clip)
        return {"loss": loss.detach(), "y_pred": y_pred.detach()}

    def report_gradient(self, batch):
        parameters = TeeGenerator(self.net.get_all_learnable_params())
        self.net.tell("on_grad_computed", batch, True, named_parameters=parameters)

    def held_out(self, batch):
        """Compute the loss and the predictions of a batch that is not trained on."""
        self.set_training(False)
        with torch.no_grad():
            loss, y_pred = self.net.loss_of(batch, self.module)
        return {"loss": loss, "y_pred": y_pred}

    def set_training(self, training):
        if self.module.training != training:
            self.module.train(training)

    def share_of(self, batches):
        """Return the batches of an epoch that this process trains on."""
        return batches

    def finish(self):
        """Do what is left to do after the last step."""


class ClosureStep(EagerStep):
    """Lets the optimizer compute the loss as often as it asks for it in a step."""

    def __call__(self, batch):
        outcomes = []

        def loss():
            self.zero_grad()
            outcomes.append(self.gradient(batch))
            self.report_gradient(batch)
            return outcomes[-1]["loss"]

        self.optimizer.step(loss)
        return outcomes[0]

    def zero_grad(self):
        self.optimizer.zero_grad()


def clip(weights, limit):
    """Do what `clip_grad_norm_` does, without a multiplication by 1 on a CPU.

    Parameters
    ----------
    weights : list of Parameter
    limit : float
    """
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    # Reading the norm would make a GPU wait.
    if norm.is_cuda or not norm.item() <= limit:
        torch.nn.utils.clip_grads_with_norm_(weights, limit, norm)
