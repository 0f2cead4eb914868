"""The mathematics of a GRU layer: one time step forward, and its exact adjoint.

Forward, with a = candidate's sum, and act = tanh or relu:

    r = sigmoid(W_r x + U_r h + b_r)
    z = sigmoid(W_z x + U_z h + b_z)
    n = act(W_n x + b_n + r * u),    u = U_n h + c     reset_after=True
    n = act(W_n x + b_n + U_n u + c),    u = r * h     reset_after=False
    h' = n + z * (h - n)

Backward, from the gradient dh' of the new state to those of the sums inside the
gates (written dn, dr, dz) and of the old state:

    dn = dh' (1 - z) act'(n)
    dz = dh' (h - n) z (1 - z)
    du = dn r                  dr = dn u r (1 - r)      reset_after=True
    du = dn U_n                dr = du h r (1 - r)      reset_after=False
    dh = dh' z + (dr, dz) U_rz + du U_n                 reset_after=True
    dh = dh' z + (dr, dz) U_rz + du r                   reset_after=False

The four quantities of a step lie side by side in a row, `units` numbers each: n, r,
z, u; in the gradients dn, dr, dz, du. So what the inputs' weights need, and what the
states' weights need with reset_after=True, are three adjoining parts.
"""

import numba

from sklearn_gru.nets.fused._activations import relu, sigmoid, tanh
from sklearn_gru.nets.fused._lanes import lanewise
from sklearn_gru.nets.fused._matmul import add_product
from sklearn_gru.nets.threads import MULTIPLE

N, R, Z, U = range(4)
ROWS_OF_A_SUM = MULTIPLE


def _new_state(act):
    @lanewise
    def new_state(gates, before, after):
        r, z = sigmoid(gates[R]), sigmoid(gates[Z])
        n = act(r.times_plus(gates[U], gates[N]))
        gates[N], gates[R], gates[Z] = n, r, z
        after[0] = z.times_plus(before[0] - n, n)

    return new_state


@lanewise
def _reset(gates, before):
    gates[R], gates[Z] = sigmoid(gates[R]), sigmoid(gates[Z])
    gates[U] = gates[R] * before[0]


def _new_state_of_reset(act):
    @lanewise
    def new_state(gates, before, after):
        n = act(gates[N])
        gates[N] = n
        after[0] = gates[Z].times_plus(before[0] - n, n)

    return new_state


def _tanh_slope(n, gradient):
    return gradient * (1.0 - n * n)


def _relu_slope(n, gradient):
    return n.where_positive(gradient)


def _adjoint(slope):
    @lanewise
    def adjoint(gates, before, d_after, d_hidden, d_gates):
        n, r, z = gates[N], gates[R], gates[Z]
        dh = d_after[0] + d_hidden[0]
        dn = slope(n, dh * (1.0 - z))
        d_gates[N] = dn
        d_gates[R] = dn * gates[U] * (r * (1.0 - r))
        d_gates[Z] = dh * (before[0] - n) * (z * (1.0 - z))
        d_gates[U] = dn * r
        d_after[0] = dh * z

    return adjoint


def _adjoint_of_reset(slope):
    @lanewise
    def adjoint(gates, before, d_after, d_hidden, d_gates):
        n, z = gates[N], gates[Z]
        dh = d_after[0] + d_hidden[0]
        d_gates[N] = slope(n, dh * (1.0 - z))
        d_gates[Z] = dh * (before[0] - n) * (z * (1.0 - z))
        d_gates[U] = d_gates[U].zero()
        d_after[0] = dh * z

    return adjoint


@lanewise
def _adjoint_of_rest(gates, before, d_after, d_gates):
    r, du = gates[R], d_gates[U]
    d_gates[R] = du * before[0] * (r * (1.0 - r))
    d_after[0] = du.times_plus(r, d_after[0])


@lanewise
def _copy(source, target):
    for part in range(4):
        target[part] = source[part]


@lanewise
def _add(source, target):
    target[0] = target[0] + source[0]


tanh_state, relu_state = _new_state(tanh), _new_state(relu)
tanh_of_reset, relu_of_reset = _new_state_of_reset(tanh), _new_state_of_reset(relu)
tanh_adjoint, relu_adjoint = _adjoint(_tanh_slope), _adjoint(_relu_slope)
tanh_adjoint_of_reset = _adjoint_of_reset(_tanh_slope)
relu_adjoint_of_reset = _adjoint_of_reset(_relu_slope)


@numba.njit(nogil=True, cache=True)
def forward(
    x, symbols, offsets, w_x, w_h, w_n, hidden, gates, start, stop, reset_after, is_relu
):
    """Run the batch's rows from `start` to `stop` through all time steps.

    Parameters
    ----------
    x : ndarray of shape (T, B, input_size)
        Without columns if the inputs are `symbols`.
    symbols : ndarray of shape (T, B), int64
        Which of `offsets` belongs to a step; without rows if always the first.
    offsets : ndarray of shape (n_symbols, 4 * units)
        What the gates' sums start with.
    w_x, w_h, w_n : ndarray
        Weights, packed: of (n, r, z) by the inputs; by the state, of (r, z, u) or,
        with reset_after=False, of (r, z); then `w_n`, those of n.
    hidden : ndarray of shape (T + 1, B, units)
        The first is the initial state; the others are filled in.
    gates : ndarray of shape (T, B, 4 * units), or (1, B, 4 * units)
        Filled in; one step's if the backward pass won't follow.
    """
    units = hidden.shape[2]
    for t in range(hidden.shape[0] - 1):
        row = gates[t % gates.shape[0], start:stop]
        before, after = hidden[t, start:stop], hidden[t + 1, start:stop]
        for i in range(stop - start):
            symbol = symbols[t, start + i] if symbols.shape[0] else 0
            _copy(0, units, (offsets[symbol : symbol + 1], row[i : i + 1]))
        if x.shape[2]:
            add_product(row[:, : 3 * units], x[t, start:stop], w_x)
        if reset_after:
            add_product(row[:, units:], before, w_h)
            for i in range(stop - start):
                if is_relu:
                    relu_state(i, units, (row, before, after))
                else:
                    tanh_state(i, units, (row, before, after))
        else:
            add_product(row[:, units : 3 * units], before, w_h)
            for i in range(stop - start):
                _reset(i, units, (row, before))
            add_product(row[:, :units], row[:, 3 * units :], w_n)
            for i in range(stop - start):
                if is_relu:
                    relu_of_reset(i, units, (row, before, after))
                else:
                    tanh_of_reset(i, units, (row, before, after))


@numba.njit(nogil=True, cache=True)
def backward(
    hidden,
    gates,
    d_hidden,
    u_h,
    u_n,
    d_state,
    d_gates,
    d_biases,
    start,
    stop,
    reset_after,
    is_relu,
):
    """Run the adjoint through the time steps, last first.

    Parameters
    ----------
    hidden, gates : ndarray
        As `forward` left them.
    d_hidden : ndarray of shape (T, B, units), or (1, B, units)
        Gradients of the hidden states; one step's if they are all the same.
    u_h, u_n : ndarray
        Transposes of `w_h` and `w_n`, packed.
    d_state : ndarray of shape (B, units)
        What is to be added to the last state's gradient; becomes the initial state's.
    d_gates : ndarray of shape (T, B, 4 * units)
        Filled in: the gradients of the gates' sums.
    d_biases : ndarray of shape (n_groups, 4 * units)
        Zeros; becomes the sum of `d_gates` over time and `ROWS_OF_A_SUM` rows each,
        so that no sum depends on how the rows are divided.
    """
    units = hidden.shape[2]
    carried = d_state[start:stop]
    for t in range(hidden.shape[0] - 2, -1, -1):
        row, d_row = gates[t, start:stop], d_gates[t, start:stop]
        before = hidden[t, start:stop]
        given = d_hidden[t % d_hidden.shape[0], start:stop]
        if reset_after:
            for i in range(stop - start):
                if is_relu:
                    relu_adjoint(i, units, (row, before, carried, given, d_row))
                else:
                    tanh_adjoint(i, units, (row, before, carried, given, d_row))
            add_product(carried, d_row[:, units:], u_h)
        else:
            for i in range(stop - start):
                if is_relu:
                    relu_adjoint_of_reset(
                        i, units, (row, before, carried, given, d_row)
                    )
                else:
                    tanh_adjoint_of_reset(
                        i, units, (row, before, carried, given, d_row)
                    )
            add_product(d_row[:, 3 * units :], d_row[:, :units], u_n)
            for i in range(stop - start):
                _adjoint_of_rest(i, units, (row, before, carried, d_row))
            add_product(carried, d_row[:, units : 3 * units], u_h)
        for i in range(stop - start):
            group = (start + i) // ROWS_OF_A_SUM
            _add(0, 4 * units, (d_row[i : i + 1], d_biases[group : group + 1]))


@numba.njit(nogil=True, cache=True)
def add_by_symbol(totals, symbols, rows):
    """Add each of `rows` (n, k) to the one of `totals` (n_symbols, k) it belongs to."""
    for i in range(len(symbols)):
        target = totals[symbols[i] : symbols[i] + 1]
        _add(0, totals.shape[1], (rows[i : i + 1], target))
