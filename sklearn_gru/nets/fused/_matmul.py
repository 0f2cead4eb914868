"""Products of small matrices, for numba.

BLAS libraries spend much of their time on preparations when a matrix has fifty rows,
bring threads of their own, and round the sums of a row differently depending on its
place. Here an element is always the sum of its products in order, each rounded once:
the same row gives the same result in every batch and on every thread.
"""

from itertools import product

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sklearn_gru.nets.fused._lanes import INDEX, REGISTER_BYTES, WIDE, Lanes, Memory

# A tile of the result stays in registers: in 8 x 3 of 32, or in 4 x 2 of 16. The other
# registers hold its factors.
TILE_ROWS = 8 if WIDE else 4
TILE_VECTORS = 3 if WIDE else 2
PANEL_BYTES = TILE_VECTORS * REGISTER_BYTES
# Rows of factors that fit into the first-level cache.
DEPTH = 128


@numba.njit(nogil=True, cache=True)
def pack(matrix):
    """Copy a matrix (n_rows, n_columns) into panels as wide as a tile.

    Parameters
    ----------
    matrix : ndarray
        May have any strides.

    Returns
    -------
    ndarray of shape (n_panels, n_rows, width)
        Filled up with zeros after the last column.
    """
    n_rows, n_columns = matrix.shape
    width = PANEL_BYTES // matrix.itemsize
    n_panels = (n_columns + width - 1) // width
    packed = np.zeros((n_panels, n_rows, width), matrix.dtype)
    for panel in range(n_panels):
        for row in range(n_rows):
            for column in range(panel * width, min(panel * width + width, n_columns)):
                packed[panel, row, column - panel * width] = matrix[row, column]
    return packed


@intrinsic(prefer_literal=True)
def _tile(typing_context, rows, vectors, c, i, j, a, b):
    """c[i : i + rows, j:] += a[i : i + rows] @ b, `vectors` registers wide."""
    n_rows, n_vectors = rows.literal_value, vectors.literal_value
    signature = types.void(rows, vectors, c, types.int64, types.int64, a, b)

    def emit(context, builder, signature, arguments):
        _, _, c, i, j, a, b = arguments
        kinds = signature.args
        memory = Memory(context, builder, kinds[2].dtype)
        c = _Matrix(context, builder, kinds[2], c)
        a = _Matrix(context, builder, kinds[5], a)
        b = _Matrix(context, builder, kinds[6], b)
        width = ir.Constant(INDEX, memory.width)
        columns = [builder.mul(width, ir.Constant(INDEX, v)) for v in range(n_vectors)]
        left = builder.sub(builder.sub(c.n_columns, j), columns[-1])
        masks = [None] * (n_vectors - 1) + [memory.lanes_left(left)]
        places = list(product(range(n_rows), range(n_vectors)))
        row_numbers = [builder.add(i, ir.Constant(INDEX, r)) for r in range(n_rows)]

        targets = [
            c.pointer(row_numbers[r], builder.add(j, columns[v])) for r, v in places
        ]
        sums = [cgutils.alloca_once(builder, memory.vector) for _ in places]
        for (_, v), target, total in zip(places, targets, sums, strict=True):
            builder.store(memory.load(target, masks[v]).value, total)
        with cgutils.for_range(builder, a.n_columns) as loop:
            factors = [
                memory.load(b.pointer(loop.index, columns[v]), masks[v])
                for v in range(n_vectors)
            ]
            for r in range(n_rows):
                factor = memory.broadcast(a.pointer(row_numbers[r], loop.index))
                for v in range(n_vectors):
                    total = sums[r * n_vectors + v]
                    old = Lanes(builder, builder.load(total))
                    new = factor.times_plus(factors[v], old)
                    builder.store(new.value, total)
        for (_, v), target, total in zip(places, targets, sums, strict=True):
            result = Lanes(builder, builder.load(total))
            memory.store(result, target, masks[v])
        return context.get_dummy_value()

    return signature, emit


class _Matrix:
    """Addresses in a two-dimensional array with any strides."""

    def __init__(self, context, builder, kind, value):
        fields = context.make_array(kind)(context, builder, value)
        self.builder = builder
        self.start = fields.data
        self.n_columns = builder.extract_value(fields.shape, 1)
        self.strides = [builder.extract_value(fields.strides, k) for k in (0, 1)]

    def pointer(self, row, column):
        builder = self.builder
        address = builder.ptrtoint(self.start, INDEX)
        for index, stride in zip((row, column), self.strides, strict=True):
            address = builder.add(address, builder.mul(index, stride))
        return builder.inttoptr(address, self.start.type)


@numba.njit(nogil=True, cache=True)
def add_product(c, a, panels):
    """Add ``a @ b`` to c; `panels` is b as `pack` returns it."""
    width = panels.shape[2]
    for panel in range(panels.shape[0]):
        _add_panel(c, panel * width, a, panels[panel])


@numba.njit(nogil=True, cache=True)
def add_transposed_product(c, a, b):
    """Add ``a.T @ b`` to c (m, n), for long a (k, m) and b (k, n)."""
    width = PANEL_BYTES // c.itemsize
    for start in range(0, a.shape[0], DEPTH):
        stop = min(start + DEPTH, a.shape[0])
        for column in range(0, c.shape[1], width):
            _add_panel(c, column, a[start:stop].T, b[start:stop, column:])


@numba.njit(nogil=True, cache=True)
def _add_panel(c, j, a, b):
    """c[:, j : j + width] += a @ b, where width is the width of a panel."""
    lanes = REGISTER_BYTES // c.itemsize
    n_vectors = min((c.shape[1] - j + lanes - 1) // lanes, TILE_VECTORS)
    if n_vectors == 3:
        _add_rows(c, j, a, b, 3)
    elif n_vectors == 2:
        _add_rows(c, j, a, b, 2)
    else:
        _add_rows(c, j, a, b, 1)


@numba.njit(nogil=True, cache=True, inline="always")
def _add_rows(c, j, a, b, n_vectors):
    i, n_rows = 0, c.shape[0]
    while i + TILE_ROWS <= n_rows:
        _tile(TILE_ROWS, n_vectors, c, i, j, a, b)
        i += TILE_ROWS
    if n_rows - i >= 4:
        _tile(4, n_vectors, c, i, j, a, b)
        i += 4
    if n_rows - i >= 2:
        _tile(2, n_vectors, c, i, j, a, b)
        i += 2
    if n_rows - i == 1:
        _tile(1, n_vectors, c, i, j, a, b)
