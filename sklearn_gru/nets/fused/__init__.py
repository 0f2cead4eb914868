"""Recurrent layers compiled into vector instructions, for the CPU.

A cell declares its equations: `_gru`, `_lstm` and `_rnn`, in the form that `_cell`
says. `_forward` and `_backward` run any of them through time, over the arrays of
`_layout`. `_packing` copies weights into the order in which `_products` reads them. All
are written with `_lanes` (vector registers), `_code` (loops and whole numbers) and
`_activations`. `_compile` turns what was written into machine code, and keeps it in
files; `_kernels` has the compiled functions of each cell.

`_layer` has the arrays of one layer, with the sizes and weights of `_parameters`, and
`_plan` those of a stack of layers; `_stack` makes a stack an operation of torch,
`_steps` reads symbols one by one, and `_linear` is a linear layer over many rows.
"""

from sklearn_gru.nets.fused import _activations as activations
from sklearn_gru.nets.fused._cell import CompiledCell, Inner
from sklearn_gru.nets.fused._compile import cache_folder
from sklearn_gru.nets.fused._gru import gru
from sklearn_gru.nets.fused._kernels import products
from sklearn_gru.nets.fused._linear import fused_linear
from sklearn_gru.nets.fused._lstm import lstm
from sklearn_gru.nets.fused._rnn import rnn
from sklearn_gru.nets.fused._stack import Stack, kernel_for
from sklearn_gru.nets.fused._steps import FusedSteps

__all__ = [
    "CompiledCell",
    "FusedSteps",
    "Inner",
    "Stack",
    "activations",
    "cache_folder",
    "fused_linear",
    "gru",
    "kernel_for",
    "lstm",
    "products",
    "rnn",
]
