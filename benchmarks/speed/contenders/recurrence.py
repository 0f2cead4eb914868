"""The recurrence by itself: forward, and backward where the shape asks for it."""

import torch
from torch import nn


class Pass:
    """A pass over one batch, with the same weights in every contender."""

    def __init__(self, shape):
        self.backward = shape["backward"]
        self.dtype = getattr(torch, shape["dtype"])
        self.net = self.make(shape).to(self.dtype)
        self.parameters = list(self.net.parameters())
        for parameter in self.parameters:
            with torch.no_grad():
                parameter.copy_(self.random(*parameter.shape) / 10)
        size = (shape["batch"], shape["steps"])
        self.x = self.random(*size, shape["features"])
        self.d_hidden = self.random(*size, shape["units"][-1])

    def random(self, *size):
        """Draw numbers that depend only on the size."""
        generator = torch.Generator().manual_seed(0)
        return torch.randn(size, generator=generator, dtype=self.dtype)

    def run(self):
        if not self.backward:
            with torch.inference_mode():
                self.hidden()
            return
        for parameter in self.parameters:
            parameter.grad = None
        self.hidden().backward(self.d_hidden)

    def outcome(self):
        """Return the norms of the hidden states and of the last run's gradients."""
        gradients = [p.grad.norm() for p in self.parameters if p.grad is not None]
        norms = [self.hidden().norm(), torch.tensor(gradients).norm()]
        return [norm.item() for norm in norms]


class PyTorch(Pass):
    """nn.GRU, nn.LSTM or nn.RNN."""

    def make(self, shape):
        layers = getattr(nn, shape["cell"].upper())
        features, units = shape["features"], shape["units"]
        return layers(features, units[0], len(units), batch_first=True)

    def hidden(self):
        return self.net(self.x)[0]
