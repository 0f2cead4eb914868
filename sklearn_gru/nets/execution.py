"""Who runs recurrent layers: the compiled loops, or PyTorch."""

from __future__ import annotations

import warnings
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pathlib import Path

COMPILED_DTYPES = {torch.float32, torch.float64}


class Execution:
    """Runs a stack of recurrent layers.

    Parameters
    ----------
    layers : sequence of sequence of Cell
        The cells of each layer: one, or one for each direction. All are alike but for
        their sizes.
    """

    def __init__(self, layers):
        self.stack = tuple(tuple(layer) for layer in layers)
        self.kernel = "auto"
        # The packed weights of each cell; None if they may still change.
        self.packed = None

    def __getstate__(self):
        # Packed weights are memory that compiled code reads; a copy packs its own.
        packed = None if self.packed is None else {}
        return {**vars(self), "packed": packed}

    def use_kernel(self, kernel):
        """Choose what runs the layers: "auto", "fused" or "torch".

        Raises
        ------
        ValueError
            If "fused" can't run the layers here.
        """
        self.kernel = kernel
        cell = self.stack[0][0]
        reason = _why_not(cell) if kernel == "fused" else None
        if reason is not None:
            raise ValueError(
                f'kernel="fused" can\'t run these {type(cell).__name__} layers: '
                f'{reason}. Use kernel="auto" or kernel="torch".'
            )

    def freeze(self):
        """Promise that no weight will change: every cell packs its weights once."""
        self.packed = {}

    @property
    def is_compiled(self):
        """Whether compiled loops run the layers, every row of a batch by itself."""
        return self.kernel != "torch" and _why_not(self.stack[0][0]) is None

    def prepare(self):
        """Compile what will run the layers, if that is needed."""
        if self.kernel != "torch":
            _why_not(self.stack[0][0])

    def run(self, x, states=None, *, lengths=None, resets=None, dropout, n_layers=None):
        """Run over time.

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T)
        states : sequence of Tensor of shape (n_states, B, units), default=None
            The state of each cell before its first step; None is all zeros.
        lengths : Tensor of integers, (B,), default=None
            Steps of each sequence; None is T. The second direction begins to read at a
            sequence's end. After it, hidden states are arbitrary.
        resets : Tensor of bool, (B, T), default=None
            Where the states are set to zero before a step. For one direction.
        dropout : Dropout
            Applied to the hidden states between layers.
        n_layers : int, default=None
            How many layers to run; None is all.

        Returns
        -------
        hidden : Tensor of shape (B, T, n_directions * units)
            The last layer's. A view: in memory, time is the first axis, so that dropout
            drops the same elements whoever runs the layers.
        states : tuple of Tensor of shape (n_states, B, units)
            Each cell's after its last step.
        """
        stack = self.stack[:n_layers]
        states = states or (None,) * (len(stack) * len(stack[0]))
        if not self.is_compiled:
            run, parts = _run_layer, [[layer] for layer in stack]
        else:
            run = self._run_compiled
            parts = [[layer] for layer in stack] if dropout.is_active else [stack]
        after = ()
        for part in parts:
            x = dropout(x) if after else x
            before = states[len(after) : len(after) + len(part) * len(part[0])]
            x, last = run(part, x, before, lengths, resets)
            after += tuple(last)
        return x, after

    def _run_compiled(self, stack, x, states, lengths, resets):
        from sklearn_gru.nets.fused import Stack

        return Stack(stack, self.packed).run(x, states, lengths, resets)


def has_compiler():
    """Tell whether llvmlite, which compiles the loops, is installed and loads."""
    return _import_error() is None


@cache
def _import_error():
    try:
        import sklearn_gru.nets.fused  # noqa: F401
    except Exception as error:
        return error
    return None


def _why_not(cell):
    """Say why a cell can't be run by compiled loops; None if it can."""
    weight = cell.weight_hh_l0
    if weight.device.type != "cpu":
        return f"they are on the device {weight.device}, and compiled loops need a CPU"
    if weight.dtype not in COMPILED_DTYPES:
        return f"their dtype is {weight.dtype}, and compiled loops need float32 or 64"
    if not has_compiler():
        return (
            "llvmlite is not installed, or does not load; it comes with "
            "pip install 'sklearn-gru[fast]'"
        )
    if cell.compiled is None:
        return "they have no compiled form"
    return _failure(cell.compiled, weight.dtype)


@cache
def _failure(compiled, dtype):
    """Compile a cell; return None, or say why that failed."""
    from sklearn_gru.nets.fused import kernel_for

    try:
        kernel_for(compiled, dtype)
    except Exception as error:
        reason = f"compiling them failed ({type(error).__name__}: {error})"
        warnings.warn(
            f"PyTorch runs the recurrent layers, and slower: {reason}.",
            RuntimeWarning,
            stacklevel=2,
        )
        return reason
    return None


def warm_up() -> Path | None:
    """Compile the recurrent layers of all kinds now, so that first fits begin at once.

    The compiled code, for ``dtype="float32"``, is kept on disk, so one call is enough
    until the package is upgraded: for example while a container image is built. It
    takes some seconds.

    Returns
    -------
    folder : pathlib.Path or None
        The folder with the compiled code; None if no folder can be written, and every
        process compiles anew.

    Raises
    ------
    ImportError
        If llvmlite is not installed.

    Examples
    --------
    >>> from sklearn_gru import warm_up
    >>> folder = warm_up()
    """
    if not has_compiler():
        raise ImportError(
            "llvmlite, which compiles the recurrent layers, is not installed, or does "
            "not load; it comes with pip install 'sklearn-gru[fast]'."
        ) from _import_error()
    from sklearn_gru.nets import fused

    for activation in ("tanh", "relu"):
        for reset_after in (True, False):
            fused.kernel_for(fused.gru(activation, reset_after), torch.float32)
        fused.kernel_for(fused.lstm(activation), torch.float32)
        fused.kernel_for(fused.rnn(activation), torch.float32)
    fused.products("float32")
    return fused.cache_folder()


def _run_layer(stack, x, states, lengths, resets):
    """Run one layer with PyTorch, in one direction or both."""
    ((first, *second),) = stack
    if not second:
        hidden, last = _run_with_resets(first, x, states[0], resets)
        return hidden, [last]
    ahead, last = first(x, states[0])
    order = reversal(x, lengths)
    back, last_back = second[0](reorder(x, order), states[1])
    both = [hidden.transpose(0, 1) for hidden in (ahead, reorder(back, order))]
    return torch.cat(both, dim=2).transpose(0, 1), [last, last_back]


def _run_with_resets(cell, x, state, resets):
    """Run from one reset to the next."""
    if resets is None:
        return cell(x, state)
    columns = resets.any(dim=0).nonzero()[:, 0].tolist()
    pieces = []
    for start, end in pairwise(sorted({0, *columns, x.shape[1]})):
        if state is not None:
            state = state.masked_fill(resets[:, start, None], 0)
        hidden, state = cell(x[:, start:end], state)
        pieces.append(hidden.transpose(0, 1))
    return torch.cat(pieces).transpose(0, 1), state


def reversal(x, lengths):
    """Return the index (B, T) that reverses each sequence within its length."""
    steps = torch.arange(x.shape[1], device=x.device)
    if lengths is None:
        return steps.flip(0).expand(len(x), -1)
    mirrored = lengths[:, None] - 1 - steps
    return torch.where(mirrored >= 0, mirrored, steps)


def reorder(x, order):
    """Take the steps of each sequence in another order."""
    if x.ndim == 3:
        order = order[:, :, None].expand(-1, -1, x.shape[2])
    return x.gather(1, order)
