"""The recurrence by itself: forward, and backward where the shape asks for it."""

from itertools import pairwise

import torch
from torch import nn

from benchmarks.speed.timing import median_call
from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent
from sklearn_gru.nets.threads import allow_threads


class Ours(nn.Module):
    """The package's recurrent layers, run as its estimators run them."""

    def __init__(self, shape):
        super().__init__()
        torch.set_num_threads(1)
        allow_threads(shape["threads"])
        with initialized(self, 0, getattr(torch, shape["dtype"])):
            self.recurrent = Recurrent(shape["features"], tuple(shape["units"]))
        if not shape["backward"]:
            self.recurrent.freeze()

    def forward(self, x):
        return self.recurrent(x)


class PyTorch(nn.Module):
    """nn.GRU, or nn.LSTM (`cell`)."""

    def __init__(self, shape):
        super().__init__()
        self.recurrent = getattr(nn, shape["cell"])(
            shape["features"],
            shape["units"][0],
            len(shape["units"]),
            batch_first=True,
            dtype=getattr(torch, shape["dtype"]),
        )

    def forward(self, x):
        return self.recurrent(x)[0]


class Pass:
    """A pass over one batch; its time is the median of many."""

    def __init__(self, shape):
        self.shape = shape
        torch.manual_seed(0)
        size = (shape["batch"], shape["steps"])
        dtype = getattr(torch, shape["dtype"])
        self.x = torch.randn(*size, shape["features"], dtype=dtype)
        self.d_hidden = torch.randn(*size, shape["units"][-1], dtype=dtype)
        self.net = self.make(shape)
        self.parameters = list(self.net.parameters())

    def once(self):
        if not self.shape["backward"]:
            with torch.inference_mode():
                self.net(self.x)
            return
        for parameter in self.parameters:
            parameter.grad = None
        self.net(self.x).backward(self.d_hidden)

    def run(self):
        return {"value": median_call(self.once, at_least=self.shape["at_least"])}


class OurPass(Pass):
    make = Ours


class TorchPass(Pass):
    make = PyTorch


class Floor:
    """The matrix products of a pass alone, by torch.mm, into existing buffers.

    The recurrent products must be done step by step. The other products can be done
    for all steps at once (`hoisted`), or step by step as well.
    """

    def __init__(self, shape):
        self.shape = shape
        widths = [shape["features"], *shape["units"]]
        self.layers = [
            Products(shape, n_inputs, units, is_first=not i)
            for i, (n_inputs, units) in enumerate(pairwise(widths))
        ]

    @torch.inference_mode()
    def once(self):
        for layer in self.layers:
            layer.forward()
        if self.shape["backward"]:
            for layer in self.layers:
                layer.backward()

    def run(self):
        return {"value": median_call(self.once, at_least=self.shape["at_least"])}


class Products:
    """The products of one layer, with random factors."""

    def __init__(self, shape, n_inputs, units, is_first):
        self.steps, batch = shape["steps"], shape["batch"]
        self.block = self.steps if shape["hoisted"] else 1
        self.is_first = is_first  # the gradient of the data is not asked for
        kind = {"dtype": getattr(torch, shape["dtype"])}
        self.x = torch.randn(self.steps * batch, n_inputs, **kind)
        self.h = torch.randn(self.steps * batch, units, **kind)
        self.gates = torch.randn(self.steps * batch, 3 * units, **kind)
        self.w_x = torch.randn(n_inputs, 3 * units, **kind)
        self.w_h = torch.randn(units, 3 * units, **kind)
        self.out_gates = torch.empty_like(self.gates)
        self.out_x, self.out_h = torch.empty_like(self.x), torch.empty_like(self.h)
        self.d_w_x, self.d_w_h = torch.empty_like(self.w_x), torch.empty_like(self.w_h)
        self.batch = batch

    def rows(self, n_steps):
        size = n_steps * self.batch
        return [slice(i, i + size) for i in range(0, self.steps * self.batch, size)]

    def forward(self):
        for part in self.rows(self.block):
            torch.mm(self.x[part], self.w_x, out=self.out_gates[part])
        for part in self.rows(1):
            torch.mm(self.h[part], self.w_h, out=self.out_gates[part])

    def backward(self):
        for part in self.rows(1):
            torch.mm(self.gates[part], self.w_h.t(), out=self.out_h[part])
        for part in self.rows(self.block):
            gates = self.gates[part]
            if not self.is_first:
                torch.mm(gates, self.w_x.t(), out=self.out_x[part])
            torch.mm(self.x[part].t(), gates, out=self.d_w_x)
            torch.mm(self.h[part].t(), gates, out=self.d_w_h)
