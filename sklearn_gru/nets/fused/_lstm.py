"""Long short-term memory: a time step forward, and its exact adjoint.

Forward, with act = tanh or relu:

    i, f, o = sigmoid(W x + U h + b), each with weights of its own
    g = act(W_g x + U_g h + b_g)
    c' = f * c + i * g
    h' = o * act(c')

Backward, from the gradients dh' and dc' of the new state:

    a = act(c')
    do = dh' a o (1 - o)
    dc = dc' + dh' o act'(a)
    di = dc g i (1 - i)
    df = dc c f (1 - f)
    dg = dc i act'(g)

The gradient of the old c is dc f, and that of the old h is what the products with U
make. A step keeps i, f, g, o and c'.
"""

from functools import cache

from sklearn_gru.nets.fused._activations import ACTIVATIONS, sigmoid
from sklearn_gru.nets.fused._cell import CompiledCell

I, F, G, O, C = range(5)  # noqa: E741


@cache
def lstm(activation):
    """Return the compiled cell of a variant."""
    act, slope = ACTIVATIONS[activation]

    def step(kept, before, after):
        i, f, o = sigmoid(kept[I]), sigmoid(kept[F]), sigmoid(kept[O])
        g = act(kept[G])
        c = f.times_plus(before[1], i * g)
        kept[I], kept[F], kept[G], kept[O] = i, f, g, o
        after[0], after[1] = o * act(c), c

    def adjoint(kept, before, after, d_state, d_hidden, d_sums):
        i, f, g, o = kept[I], kept[F], kept[G], kept[O]
        a = act(after[1])
        dh = d_state[0] + d_hidden[0]
        dc = d_state[1] + slope(a, dh * o)
        d_sums[I] = dc * g * (i * (1.0 - i))
        d_sums[F] = dc * before[1] * (f * (1.0 - f))
        d_sums[G] = slope(g, dc * i)
        d_sums[O] = dh * a * (o * (1.0 - o))
        d_state[0], d_state[1] = dh.zero(), dc * f

    return CompiledCell(
        n_parts=5,
        from_input=(I, F, G, O),
        from_state=(I, F, G, O),
        step=step,
        adjoint=adjoint,
        memory=(C,),
    )
