"""The plain recurrent network: a time step forward, and its exact adjoint.

Forward, with act = tanh or relu, and backward, from the gradient dh' of the new state:

    h' = act(W x + U h + b)
    da = dh' act'(h')

The gradient of the old state is what the product with U makes. A step keeps h'.
"""

from functools import cache

from sklearn_gru.nets.fused._activations import ACTIVATIONS
from sklearn_gru.nets.fused._cell import CompiledCell

H = 0


@cache
def rnn(activation):
    """Return the compiled cell of a variant."""
    act, slope = ACTIVATIONS[activation]

    def step(kept, before, after):
        kept[H] = act(kept[H])
        after[0] = kept[H]

    def adjoint(kept, before, after, d_state, d_hidden, d_sums):
        dh = d_state[0] + d_hidden[0]
        d_sums[H] = slope(kept[H], dh)
        d_state[0] = dh.zero()

    return CompiledCell(
        n_parts=1, from_input=(H,), from_state=(H,), step=step, adjoint=adjoint
    )
