"""The gated recurrent unit: a time step forward, and its exact adjoint.

Forward, with act = tanh or relu:

    r = sigmoid(W_r x + U_r h + b_r)
    z = sigmoid(W_z x + U_z h + b_z)
    n = act(W_n x + b_n + r * u),    u = U_n h + c     reset_after=True
    n = act(W_n x + b_n + U_n u + c),    u = r * h     reset_after=False
    h' = n + z * (h - n)

Backward, from the gradient dh' of the new state to the gradients of the sums inside
the gates (dn, dr, dz) and of the old state (dh), which the products with U complete:

    dn = dh' (1 - z) act'(n)
    dz = dh' (h - n) z (1 - z)
    du = dn r                  dr = dn u r (1 - r)      reset_after=True
    du = dn U_n                dr = du h r (1 - r)      reset_after=False
    dh = dh' z                                          reset_after=True
    dh = dh' z + du r                                   reset_after=False

A step keeps n, r, z and u. The blocks of the weights are those of r, z and n.
"""

from functools import cache

from sklearn_gru.nets.fused._activations import ACTIVATIONS, sigmoid
from sklearn_gru.nets.fused._cell import CompiledCell, Inner

N, R, Z, U = range(4)


@cache
def gru(activation, reset_after):
    """Return the compiled cell of a variant."""
    return _reset_after(activation) if reset_after else _reset_before(activation)


def _reset_after(activation):
    act, slope = ACTIVATIONS[activation]

    def step(kept, before, after):
        r, z = sigmoid(kept[R]), sigmoid(kept[Z])
        n = act(r.times_plus(kept[U], kept[N]))
        kept[N], kept[R], kept[Z] = n, r, z
        after[0] = z.times_plus(before[0] - n, n)

    def adjoint(kept, before, after, d_state, d_hidden, d_sums):
        n, r, z = kept[N], kept[R], kept[Z]
        dh = d_state[0] + d_hidden[0]
        dn = slope(n, dh * (1.0 - z))
        d_sums[N] = dn
        d_sums[R] = dn * kept[U] * (r * (1.0 - r))
        d_sums[Z] = dh * (before[0] - n) * (z * (1.0 - z))
        d_sums[U] = dn * r
        d_state[0] = dh * z

    return CompiledCell(
        n_parts=4,
        from_input=(R, Z, N),
        from_state=(R, Z, U),
        step=step,
        adjoint=adjoint,
    )


def _reset_before(activation):
    act, slope = ACTIVATIONS[activation]

    def reset(kept, before):
        kept[R], kept[Z] = sigmoid(kept[R]), sigmoid(kept[Z])
        kept[U] = kept[R] * before[0]

    def step(kept, before, after):
        n = act(kept[N])
        kept[N] = n
        after[0] = kept[Z].times_plus(before[0] - n, n)

    def adjoint(kept, before, after, d_state, d_hidden, d_sums):
        n, z = kept[N], kept[Z]
        dh = d_state[0] + d_hidden[0]
        d_sums[N] = slope(n, dh * (1.0 - z))
        d_sums[Z] = dh * (before[0] - n) * (z * (1.0 - z))
        d_state[0] = dh * z

    def adjoint_of_reset(kept, before, d_state, d_sums):
        r, du = kept[R], d_sums[U]
        d_sums[R] = du * before[0] * (r * (1.0 - r))
        d_state[0] = du.times_plus(r, d_state[0])

    return CompiledCell(
        n_parts=4,
        from_input=(R, Z, N),
        from_state=(R, Z, N),
        step=step,
        adjoint=adjoint,
        inner=Inner(part=U, step=reset, adjoint=adjoint_of_reset),
    )
