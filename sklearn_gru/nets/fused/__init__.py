"""The GRU layer as loops compiled by numba, for the CPU.

`_lanes` writes vector instructions, `_activations` and `_matmul` compute with them,
`_gru` has the layer's mathematics, `_layer` makes it an operation of torch, `_linear`
is a linear layer over many rows, `_steps` reads symbols one by one.

numba compiles a function anew only if the function's own file has changed. After a
change in `_lanes`, `_activations` or `_matmul`, run `make clean-kernels`.
"""

from sklearn_gru.nets.fused._layer import fused_gru
from sklearn_gru.nets.fused._linear import fused_linear
from sklearn_gru.nets.fused._steps import FusedSteps

__all__ = ["FusedSteps", "fused_gru", "fused_linear"]
