"""The mathematics of a GRU layer: one time step forward, and its exact adjoint.

Forward, with act = tanh or relu:

    r = sigmoid(W_r x + U_r h + b_r)
    z = sigmoid(W_z x + U_z h + b_z)
    n = act(W_n x + b_n + r * u),    u = U_n h + c     reset_after=True
    n = act(W_n x + b_n + U_n u + c),    u = r * h     reset_after=False
    h' = n + z * (h - n)

Backward, from the gradient dh' of the new state to the gradients of the sums inside
the gates (dn, dr, dz) and of the old state (dh):

    dn = dh' (1 - z) act'(n)
    dz = dh' (h - n) z (1 - z)
    du = dn r                  dr = dn u r (1 - r)      reset_after=True
    du = dn U_n                dr = du h r (1 - r)      reset_after=False
    dh = dh' z + (dr, dz) U_rz + du U_n                 reset_after=True
    dh = dh' z + (dr, dz) U_rz + du r                   reset_after=False

The four quantities of a step lie side by side in a row, `units` numbers each: n, r,
z, u; in the gradients dn, dr, dz, du. The products with the input weights use n, r, z
and those with the state weights r, z, u (reset_after=True): adjoining parts of a row.
"""

import numba
import numpy as np

from sklearn_gru.nets.fused._activations import relu, sigmoid, tanh
from sklearn_gru.nets.fused._lanes import lanewise
from sklearn_gru.nets.fused._matmul import (
    DEPTH,
    add_product,
    add_transposed_product,
    pack,
)

N, R, Z, U = range(4)


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
    target[0] = source[0]


@lanewise
def _add(source, target):
    target[0] = target[0] + source[0]


tanh_state, relu_state = _new_state(tanh), _new_state(relu)
tanh_of_reset, relu_of_reset = _new_state_of_reset(tanh), _new_state_of_reset(relu)
tanh_adjoint, relu_adjoint = _adjoint(_tanh_slope), _adjoint(_relu_slope)
tanh_adjoint_of_reset = _adjoint_of_reset(_tanh_slope)
relu_adjoint_of_reset = _adjoint_of_reset(_relu_slope)


@numba.njit(nogil=True, cache=True)
def packed_weights(w_x, w_h, b_x, b_h, reset_after, reads_symbols):
    """Arrange a layer's parameters as `forward` takes them.

    Returns
    -------
    tuple
        offsets, w_x, w_h, w_n
    """
    units = w_h.shape[1]
    offset = np.zeros(4 * units, w_h.dtype)
    offset[:units] = b_x[2 * units :]
    offset[units : 3 * units] = b_x[: 2 * units] + b_h[: 2 * units]
    if reset_after:
        offset[3 * units :] = b_h[2 * units :]
    else:
        offset[:units] += b_h[2 * units :]
    ordered = _n_first(w_x, units)
    offsets = np.empty((w_x.shape[1] if reads_symbols else 1, 4 * units), w_h.dtype)
    for symbol in range(len(offsets)):
        offsets[symbol] = offset
        if reads_symbols:
            for k in range(3 * units):
                offsets[symbol, k] += ordered[k, symbol]
    w_x = ordered[:, : 0 if reads_symbols else w_x.shape[1]].T
    n_direct = 3 * units if reset_after else 2 * units
    return offsets, pack(w_x), pack(w_h[:n_direct].T), pack(w_h[n_direct:].T)


@numba.njit(nogil=True, cache=True)
def transposed_weights(w_x, w_h, reset_after, wants_d_x):
    """Arrange a layer's weights as `backward` takes them.

    Returns
    -------
    tuple
        u_x, u_h, u_n
    """
    units = w_h.shape[1]
    n_direct = 3 * units if reset_after else 2 * units
    n_inputs = w_x.shape[1] if wants_d_x else 0
    u_x = pack(_n_first(w_x[:, :n_inputs], units))
    return u_x, pack(w_h[:n_direct]), pack(w_h[n_direct:])


@numba.njit(nogil=True, cache=True)
def _n_first(w_x, units):
    """Reorder the parts (r, z, n) of the first axis as (n, r, z)."""
    return np.concatenate((w_x[2 * units :], w_x[: 2 * units]))


@numba.njit(nogil=True, cache=True)
def forward(
    x,
    symbols,
    state,
    offsets,
    w_x,
    w_h,
    w_n,
    hidden,
    gates,
    start,
    stop,
    reset_after,
    is_relu,
):
    """Run the batch's rows from `start` to `stop` through all time steps.

    Parameters
    ----------
    x : ndarray of shape (T, B, input_size)
        Has no columns if the inputs are `symbols`.
    symbols : ndarray of shape (T, B), int64
        The row of `offsets` for each step of each row; empty if it is always the first.
    state : ndarray of shape (B, units)
        The initial state; has no rows if it is zero.
    offsets : ndarray of shape (n_symbols, 4 * units)
        The numbers with which the gates' sums start.
    w_x, w_h, w_n : ndarray
        Packed weights. `w_x` maps inputs to (n, r, z). `w_h` maps the state to
        (r, z, u) or, with reset_after=False, to (r, z); then `w_n` maps r * h to n.
    hidden : ndarray of shape (T + 1, B, units)
        Output: the hidden states, the initial state first.
    gates : ndarray of shape (T, B, 4 * units), or (1, B, 4 * units)
        Output: the gates of all steps, or of only the last one if no backward pass
        will follow.
    """
    units = hidden.shape[2]
    starts_at_zero = state.shape[0] == 0
    if starts_at_zero:
        hidden[0, start:stop] = 0
    for i in range(start, min(stop, state.shape[0])):
        _copy(i, units, (state, hidden[0]))
    for t in range(hidden.shape[0] - 1):
        row = gates[t % gates.shape[0], start:stop]
        before, after = hidden[t, start:stop], hidden[t + 1, start:stop]
        for i in range(stop - start):
            symbol = symbols[t, start + i] if symbols.shape[0] else 0
            _copy(0, 4 * units, (offsets[symbol : symbol + 1], row[i : i + 1]))
        if x.shape[2]:
            add_product(row[:, : 3 * units], x[t, start:stop], w_x)
        if reset_after:
            if t or not starts_at_zero:
                add_product(row[:, units:], before, w_h)
            for i in range(stop - start):
                if is_relu:
                    relu_state(i, units, (row, before, after))
                else:
                    tanh_state(i, units, (row, before, after))
        else:
            if t or not starts_at_zero:
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
    x,
    symbols,
    u_x,
    u_h,
    u_n,
    hidden,
    gates,
    starts_at_zero,
    d_hidden,
    d_state,
    d_x,
    d_w_x,
    d_w_h,
    d_bias,
    start,
    stop,
    reset_after,
    is_relu,
):
    """Run the adjoint of rows `start` to `stop` through the time steps, last first.

    The factors of the weights' gradients are collected over a few steps, as many as
    the cache holds, and then multiplied in one long product.

    Parameters
    ----------
    x, symbols : ndarray
        As for `forward`.
    u_x, u_h, u_n : ndarray
        Transposes of `w_x`, `w_h` and, with reset_after=False, `w_n`, packed.
    hidden, gates : ndarray
        As `forward` has filled them.
    starts_at_zero : bool
        Whether the initial state was zero and needs no gradient.
    d_hidden : ndarray of shape (T, B, units), or (1, B, units)
        Gradients of the hidden states; those of one step if all steps have the same.
    d_state : ndarray of shape (B, units)
        On entry the gradient of the last state, besides the one in `d_hidden`; on
        return the gradient of the initial state.
    d_x : ndarray of shape (T, B, input_size)
        Output: the gradient of `x`; has no steps if it is not wanted.
    d_w_x : ndarray of shape (input_size, 3 * units)
        In the order n, r, z. The gradient from these rows of the batch is added to it,
        as to the next two.
    d_w_h : ndarray of shape (units, 3 * units)
        In the order r, z, and then the part of U_n.
    d_bias : ndarray of shape (4 * units,)
        In the order n, r, z, u.
    """
    units = hidden.shape[2]
    n_rows = stop - start
    n_direct = 3 * units if reset_after else 2 * units
    n_kept = min(DEPTH // max(n_rows, 1) + 1, gates.shape[0]) * n_rows
    sums = np.empty((n_kept, 4 * units), hidden.dtype)
    states = np.empty((n_kept, units), hidden.dtype)
    resets = np.empty_like(states)
    inputs = np.empty((n_kept, x.shape[2]), hidden.dtype)
    carried = d_state[start:stop]
    kept = 0
    for t in range(gates.shape[0] - 1, -1, -1):
        row, d_row = gates[t, start:stop], sums[kept : kept + n_rows]
        before = states[kept : kept + n_rows]
        given = d_hidden[t % d_hidden.shape[0], start:stop]
        for i in range(n_rows):
            _copy(i, units, (hidden[t, start:stop], before))
            _copy(i, x.shape[2], (x[t, start:stop], inputs[kept : kept + n_rows]))
            if not reset_after:
                _copy(i, units, (row[:, 3 * units :], resets[kept : kept + n_rows]))
        at_zero = t == 0 and starts_at_zero
        if reset_after:
            _step_back(row, before, carried, given, d_row, is_relu)
        else:
            _step_back_of_reset(row, before, carried, given, d_row, u_n, is_relu)
        if not at_zero:
            add_product(carried, d_row[:, units : units + n_direct], u_h)
        if d_x.shape[0]:
            d_x[t, start:stop] = 0
            add_product(d_x[t, start:stop], d_row[:, : 3 * units], u_x)
        for i in range(n_rows):
            _add(0, 4 * units, (d_row[i : i + 1], d_bias.reshape(1, -1)))
            if symbols.shape[0]:
                symbol = symbols[t, start + i]
                target = d_w_x[symbol : symbol + 1]
                _add(0, 3 * units, (d_row[i : i + 1], target))
        kept += n_rows
        if kept == n_kept or t == 0:
            # A product with an initial state of zero adds nothing.
            n_states = kept - n_rows if at_zero else kept
            d_rows = sums[:n_states]
            add_transposed_product(
                d_w_h[:, :n_direct],
                states[:n_states],
                d_rows[:, units : units + n_direct],
            )
            if not reset_after:
                add_transposed_product(
                    d_w_h[:, n_direct:], resets[:n_states], d_rows[:, :units]
                )
            add_transposed_product(
                d_w_x[: x.shape[2]], inputs[:kept], sums[:kept, : 3 * units]
            )
            kept = 0


@numba.njit(nogil=True, cache=True)
def _step_back(row, before, carried, given, d_row, is_relu):
    """Run the adjoint of a step, except for the product with the state weights."""
    units = carried.shape[1]
    for i in range(len(row)):
        if is_relu:
            relu_adjoint(i, units, (row, before, carried, given, d_row))
        else:
            tanh_adjoint(i, units, (row, before, carried, given, d_row))


@numba.njit(nogil=True, cache=True)
def _step_back_of_reset(row, before, carried, given, d_row, u_n, is_relu):
    """Do what `_step_back` does, with reset_after=False."""
    units = carried.shape[1]
    for i in range(len(row)):
        if is_relu:
            relu_adjoint_of_reset(i, units, (row, before, carried, given, d_row))
        else:
            tanh_adjoint_of_reset(i, units, (row, before, carried, given, d_row))
    add_product(d_row[:, 3 * units :], d_row[:, :units], u_n)
    for i in range(len(row)):
        _adjoint_of_rest(i, units, (row, before, carried, d_row))


@numba.njit(nogil=True, cache=True)
def as_torch_has_them(d_w_x, d_w_h, d_bias, reset_after):
    """Add up the gradients from all parts of the batch, in PyTorch's order of gates.

    Returns
    -------
    tuple of ndarray
        Gradients of w_x, w_h, b_x and b_h.
    """
    units = d_w_h.shape[1]
    total_x, total_h, total = d_w_x[0], d_w_h[0], d_bias[0]
    for part in range(1, len(d_bias)):
        total_x += d_w_x[part]
        total_h += d_w_h[part]
        total += d_bias[part]
    w_x = np.empty_like(total_x)
    w_x[:, : 2 * units] = total_x[:, units:]
    w_x[:, 2 * units :] = total_x[:, :units]
    b_x = np.concatenate((total[units : 3 * units], total[:units]))
    b_h = b_x.copy()
    if reset_after:
        b_h[2 * units :] = total[3 * units :]
    return w_x.T, total_h.T, b_x, b_h
