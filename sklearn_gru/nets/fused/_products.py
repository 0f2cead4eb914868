"""Products of small matrices.

BLAS libraries spend much of their time on preparations when a matrix has fifty rows,
bring threads of their own, and round the sums of a row differently depending on its
place. Here an element is always the sum of its products in order, each rounded once:
the same row gives the same result in every batch and on every thread.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from sklearn_gru.nets.fused._code import Number, define
from sklearn_gru.nets.fused._lanes import (
    REGISTER_BYTES,
    SIZES,
    WIDE,
    Lanes,
    Memory,
)

# A tile of the result stays in registers: in 8 x 3 of 32, or in 4 x 2 of 16. The other
# registers hold its factors.
TILE_ROWS = 8 if WIDE else 4
TILE_VECTORS = 3 if WIDE else 2
PANEL_BYTES = TILE_VECTORS * REGISTER_BYTES
# Rows of factors that fit into the first-level cache.
DEPTH = 128


class Matrix(NamedTuple):
    """A matrix in memory; `row` and `column` are the bytes from one to the next."""

    start: Number
    n_rows: Number
    n_columns: Number
    row: Number
    column: Number

    def columns(self, first, number):
        """Return `number` columns from `first` on."""
        return self._replace(start=self.start + self.column * first, n_columns=number)

    def first_rows(self, number):
        return self._replace(n_rows=number)

    def __getitem__(self, row):
        """Return the address of a row."""
        return self.start + self.row * row


class Products:
    """Writes products into functions of a module.

    Parameters
    ----------
    module : llvmlite.ir.Module
    dtype : {"float32", "float64"}
    """

    def __init__(self, module, dtype):
        self.size = SIZES[dtype]
        self.width = PANEL_BYTES // self.size
        self._add_panel = _define_add_panel(module, dtype)

    def add(self, code, c, a, panels):
        """Add ``a @ b`` to c; `panels` is the address of b as `packed` returns it."""
        with code.loop(c.n_columns, step=self.width) as column:
            panel = panels + column * a.n_columns * self.size
            self._call(code, c, a, column, panel, PANEL_BYTES)

    def add_transposed(self, code, c, a, b):
        """Add ``a.T @ b`` to c, for matrices a and b of many rows."""
        with code.loop(a.n_rows, step=DEPTH) as start:
            left = a.n_rows - start
            depth = code.either(left.compared("<", DEPTH), left, DEPTH)
            transposed = Matrix(a[start], a.n_columns, depth, a.column, a.row)
            with code.loop(c.n_columns, step=self.width) as column:
                self._call(
                    code, c, transposed, column, b[start] + column * self.size, b.row
                )

    def _call(self, code, c, a, column, b, b_row):
        arguments = Panel(
            c=c.start + column * self.size,
            c_row=c.row,
            n_rows=c.n_rows,
            n_columns=c.n_columns - column,
            a=a.start,
            a_row=a.row,
            a_column=a.column,
            depth=a.n_columns,
            b=b,
            b_row=b_row,
        )
        code.call(self._add_panel, *arguments)


class Panel(NamedTuple):
    """Addresses, sizes, and strides in bytes of c += a @ b."""

    c: Number
    c_row: Number
    n_rows: Number
    n_columns: Number
    a: Number
    a_row: Number
    a_column: Number
    depth: Number
    b: Number
    b_row: Number


def _define_add_panel(module, dtype):
    """Define c += a @ b for at most as many columns as a panel has."""
    n_arguments = len(Panel._fields)
    function, code = define(module, "add_panel", n_arguments, dtype, exported=False)
    panel = Panel(*code.arguments)
    lanes = REGISTER_BYTES // SIZES[dtype]

    def choose(n_vectors):
        if n_vectors == 1:
            _add_rows(code, panel, 1)
            return
        more = panel.n_columns.compared(">", (n_vectors - 1) * lanes)
        with code.when_else(more) as (wide, narrow):
            with wide:
                _add_rows(code, panel, n_vectors)
            with narrow:
                choose(n_vectors - 1)

    choose(TILE_VECTORS)
    code.builder.ret_void()
    return function


def _add_rows(code, panel, n_vectors):
    """Divide the rows into tiles: as many large ones as fit, then smaller ones."""
    whole = panel.n_rows // TILE_ROWS * TILE_ROWS
    with code.loop(whole, step=TILE_ROWS) as row:
        _add_tile(code, panel, row, TILE_ROWS, n_vectors)
    n_rows, row = TILE_ROWS // 2, whole
    while n_rows:
        fits = (panel.n_rows - row).compared(">=", n_rows)
        with code.when(fits):
            _add_tile(code, panel, row, n_rows, n_vectors)
        row = row + code.either(fits, n_rows, 0)
        n_rows //= 2


def _add_tile(code, panel, first, n_rows, n_vectors):
    """c[first : first + n_rows] += a[first : first + n_rows] @ b, in registers."""
    builder, memory = code.builder, Memory(code)
    columns = [v * REGISTER_BYTES for v in range(n_vectors)]
    left = panel.n_columns - (n_vectors - 1) * memory.width
    masks = [None] * (n_vectors - 1) + [memory.first_lanes(left)]
    places = list(product(range(n_rows), range(n_vectors)))
    targets = [panel.c + panel.c_row * (first + r) + columns[v] for r, v in places]
    with builder.goto_entry_block():
        sums = [builder.alloca(memory.vector) for _ in places]
    for (_, v), target, total in zip(places, targets, sums, strict=True):
        builder.store(memory.load(target, masks[v]).value, total)
    factors_of_rows = [panel.a + panel.a_row * (first + r) for r in range(n_rows)]
    with code.loop(panel.depth) as k:
        row = panel.b + panel.b_row * k
        factors = [memory.load(row + columns[v], masks[v]) for v in range(n_vectors)]
        for r, start in enumerate(factors_of_rows):
            factor = memory.broadcast(start + panel.a_column * k)
            for v in range(n_vectors):
                total = sums[r * n_vectors + v]
                old = Lanes(builder, builder.load(total))
                new = factor.times_plus(factors[v], old)
                builder.store(new.value, total)
    for (_, v), target, total in zip(places, targets, sums, strict=True):
        memory.store(Lanes(builder, builder.load(total)), target, masks[v])


def define_products(module, dtype):
    """Define `add_product` and `add_transposed_product`, of one `Panel` each.

    The second takes b as it is, and the first as `packed` returns it.
    """
    products = Products(module, dtype)
    for name, is_transposed in (("add_product", 0), ("add_transposed_product", 1)):
        _, code = define(module, name, 1, dtype)
        given = code.fields(Panel, code.arguments[0])
        size = code.number(SIZES[dtype])
        c = Matrix(given.c, given.n_rows, given.n_columns, given.c_row, size)
        a = Matrix(given.a, given.n_rows, given.depth, given.a_row, given.a_column)
        if is_transposed:
            transposed = Matrix(a.start, a.n_columns, a.n_rows, a.column, a.row)
            b = Matrix(given.b, given.depth, given.n_columns, given.b_row, size)
            products.add_transposed(code, c, transposed, b)
        else:
            products.add(code, c, a, given.b)
        code.builder.ret_void()


def packed(matrix):
    """Copy an ndarray (n_rows, n_columns) into panels (n_panels, n_rows, width)."""
    width = PANEL_BYTES // matrix.itemsize
    n_rows, n_columns = matrix.shape
    filled = np.zeros((n_rows, -(-n_columns // width) * width), matrix.dtype)
    filled[:, :n_columns] = matrix
    panels = filled.reshape(n_rows, -1, width).transpose(1, 0, 2)
    return np.ascontiguousarray(panels)
