"""Compiled recurrent layers as an operation of torch."""

import sys

import torch

from sklearn_gru.nets.fused._kernels import recurrence
from sklearn_gru.nets.fused._parameters import Packed, Parameters
from sklearn_gru.nets.fused._plan import Key, Plan
from sklearn_gru.nets.threads import n_threads, on_threads, parts


class Stack:
    """Layers, each of which reads the hidden states of the layer below.

    Parameters
    ----------
    layers : sequence of sequence of sklearn_gru.nets.cells.Cell
        The cells of each layer: one, or one for each direction.
    packed : dict, default=None
        Keeps the packed weights of each cell, which must not change any more. None
        packs them anew in each run.
    """

    def __init__(self, layers, packed=None):
        self.layers = layers
        self.cells = [cell for layer in layers for cell in layer]
        self.packed = packed
        self.kernel = kernel_of(self.cells[0])

    def run(self, x, states, lengths=None, resets=None):
        """Run over time.

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T)
            Converted to the weights' dtype.
        states : sequence of Tensor of shape (n_states, B, units), or of None
            One per cell; None is all zeros.
        lengths : Tensor of integers, (B,), default=None
            Where the second direction begins to read; None is the end.
        resets : Tensor of bool, (B, T), default=None
            Where the state is set to zero before a step, in the first direction.

        Returns
        -------
        hidden : Tensor of shape (B, T, n_directions * units)
            The last layer's. A view: in memory, time is the first axis.
        last : tuple of Tensor of shape (n_states, B, units)
            The last state of every cell. If no other states are needed, use these and
            not `hidden`: the backward pass then adds up no gradients that are zero.
        """
        parameters = [weight for cell in self.cells for weight in parameters_of(cell)]
        if x.is_floating_point():
            x = x.to(parameters[0].dtype)
        x = x.transpose(0, 1).contiguous()  # (T, B, input_size) or (T, B)
        resets = _resets(x, lengths, resets)
        inputs = x, *states, *parameters
        if torch.is_grad_enabled() and any(map(_has_gradient, inputs)):
            hidden, *last = _Recurrence.apply(self, resets, *inputs)
        else:
            hidden, *last = _Run(self, resets, inputs, keep=False).forward()
        return hidden.transpose(0, 1), tuple(last)

    def packed_weights(self, cell, parameters, shape):
        """Return the packed weights of a cell if they are kept, else None."""
        if self.packed is None:
            return None
        key = cell, shape.reads_symbols
        if key not in self.packed:
            # Other threads may do the same; all take what the first has kept.
            self.packed.setdefault(key, Packed(self.kernel, parameters, shape))
        return self.packed[key]


def _resets(x, lengths, resets):
    """Return what to reset in each direction: (T, B) of bool, or None."""
    ends = None
    if lengths is not None:
        ends = torch.arange(len(x))[:, None] == lengths - 1
    return None if resets is None else resets.t(), ends


def _has_gradient(tensor):
    return tensor is not None and tensor.requires_grad


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx, stack, resets, *inputs):
        ctx.run = _Run(stack, resets, inputs, keep=True)
        hidden, *last = ctx.run.forward()
        # Another object than the run's own: torch lets it refer to `ctx`, and objects
        # that refer to each other keep their memory until they are collected.
        hidden = hidden.detach()
        # Saved only so that torch notices if they are overwritten before `backward`.
        ctx.save_for_backward(hidden, *inputs)
        ctx.set_materialize_grads(False)
        return hidden, *last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_hidden, *d_last):
        _ = ctx.saved_tensors  # raises if one was overwritten
        _, _, wants_d_x, *_ = ctx.needs_input_grad
        gradients = ctx.run.backward(d_hidden, d_last, wants_d_x)
        wanted = zip(gradients, ctx.needs_input_grad[2:], strict=True)
        return None, None, *(g if wants else None for g, wants in wanted)


class _Run:
    """A run of a stack over a batch, forward and backward.

    Parameters
    ----------
    stack : Stack
    resets : tuple of Tensor of shape (T, B), bool, or None
        Where the states of each direction are set to zero before a step.
    inputs : tuple of Tensor
        x, time first, the state of each cell, and the parameters of each cell.
    keep : bool
        Whether `backward` will follow.
    """

    def __init__(self, stack, resets, inputs, keep):
        self.plan = None
        self.x = x = inputs[0]
        n_steps, n_rows = x.shape[:2]
        n_cells, kernel = len(stack.cells), stack.kernel
        units = tuple(cells[0].hidden_size for cells in stack.layers)
        n_directions = len(stack.layers[0])
        weights = map(_contiguous, inputs[1 + n_cells :])
        parameters = list(map(Parameters, weights, weights, weights, weights))
        n_features = parameters[0].weight_ih.shape[1]
        sizes = n_features, units, n_directions, n_steps, n_rows
        self.plan = Plan.take(Key(kernel, *sizes, reads_symbols=x.ndim == 2, keep=keep))
        shape = n_steps, n_rows, n_directions * units[-1]
        dtype = parameters[0].weight_ih.dtype
        self.hidden = torch.empty(shape, dtype=dtype)
        # The arrays from the first layer's input to the last layer's output.
        arrays = [x.data_ptr(), *self.plan.between, self.hidden.data_ptr()]
        for number, layer in enumerate(self.plan.layers):
            level, state = number // n_directions, inputs[1 + number]
            cell, own = stack.cells[number], parameters[number]
            packed = stack.packed_weights(cell, own, layer.shape)
            ends = arrays[level], arrays[level + 1]
            layer.begin(own, packed, *ends, _contiguous(state))
            layer.reset(resets[layer.shape.direction])

    def __del__(self, is_finalizing=sys.is_finalizing):
        # Not earlier: while torch's graph exists, a backward pass may follow. Not at
        # the end of a process, when what this calls may be gone.
        if self.plan is not None and not is_finalizing():
            self.plan.give_back()

    def forward(self):
        """Return the last layer's states (T, B, ...), and every cell's last state."""
        layers, n_rows = self.plan.layers, self.plan.key.n_rows

        def run(start, stop):
            for layer in layers:
                layer.forward(start, stop)

        threads = n_threads() if self.plan.is_large else 1
        on_threads(run, parts(n_rows, threads), threads)
        return self.hidden, *self._last_states()

    def _last_states(self):
        plan = self.plan
        for level, layers in enumerate(plan.levels):
            hidden = (
                self.hidden if level + 1 == len(plan.levels) else plan.hidden(level)
            )
            for layer, own in zip(layers, _split(hidden, layers), strict=True):
                last = own[0 if layer.shape.direction else -1]
                memory = layer.last_memory()
                yield torch.stack([last, *memory]) if memory else last[None].clone()

    def backward(self, d_hidden, d_last, wants_d_x):
        """Return the gradients of x, of the states, and of all parameters."""
        plan, step, x = self.plan, 0, self.x
        above = plan.nothing
        if d_hidden is not None:
            d_hidden = d_hidden.contiguous()
            above, step = d_hidden.data_ptr(), d_hidden.stride(0) * d_hidden.itemsize
        d_x = torch.empty_like(x) if wants_d_x else None
        # The arrays from the gradient of the input to that of the output.
        arrays = [d_x.data_ptr() if wants_d_x else 0, *plan.gradients, above]
        for number, layer in enumerate(plan.layers):
            level = number // plan.key.n_directions
            is_top = level == len(plan.levels) - 1
            layer.begin_backward(
                arrays[level + 1],
                step if is_top else layer.output_step,
                d_last[number],
                arrays[level],
            )

        def run(part):
            for layer in reversed(plan.layers):
                layer.backward(part)

        on_threads(run, [(part,) for part in range(len(plan.ranges))], n_threads())
        parameters = [part for layer in plan.layers for part in layer.gradients()]
        return [d_x, *(layer.d_state for layer in plan.layers), *parameters]


def _split(hidden, level):
    """Return the part of each direction."""
    if len(level) == 1:
        return [hidden]
    units = level[0].shape.units
    return [hidden[:, :, :units], hidden[:, :, units:]]


def _contiguous(tensor):
    return tensor if tensor is None or tensor.is_contiguous() else tensor.contiguous()


def kernel_of(cell):
    """Return the compiled functions of a cell, in the dtype of its weights."""
    return kernel_for(cell.compiled, parameters_of(cell)[0].dtype)


def kernel_for(compiled, dtype):
    """Return the compiled functions of a `CompiledCell` for a dtype of torch."""
    return recurrence(compiled, DTYPES[dtype])


DTYPES = {torch.float32: "float32", torch.float64: "float64"}


def parameters_of(cell):
    """List a layer's parameters: w_x, w_h, b_x, b_h."""
    # Reading attribute by attribute takes five times as long, which shows in short
    # steps.
    return list(cell._parameters.values())
