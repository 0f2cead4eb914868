"""The compiled functions of each cell and dtype, made when they are first asked for."""

import threading
from array import array
from functools import cache
from itertools import accumulate

import numpy as np
from llvmlite import ir

from sklearn_gru.nets.fused._backward import define_backward
from sklearn_gru.nets.fused._compile import Functions
from sklearn_gru.nets.fused._forward import define_forward
from sklearn_gru.nets.fused._packing import (
    define_add_up,
    define_pack,
    define_pack_transposed,
)
from sklearn_gru.nets.fused._products import (
    PANEL_BYTES,
    Panel,
    Products,
    define_products,
)

# Arrays that share memory begin at multiples of this.
ALIGNMENT = 64

_compiling = threading.Lock()


def recurrence(cell, dtype):
    """Return the `Recurrence` of a `CompiledCell`; it is compiled on first use."""
    with _compiling:
        return _recurrence(cell, dtype)


def products(dtype):
    """Return the `MatrixProducts` for a dtype; they are compiled on first use."""
    with _compiling:
        return _products(dtype)


@cache
def _recurrence(cell, dtype):
    return Recurrence(cell, dtype)


@cache
def _products(dtype):
    return MatrixProducts(dtype)


class Recurrence:
    """The compiled functions of one cell.

    They take addresses of named tuples (see `Record`): ``pack(weights)``,
    ``pack_transposed(weights)``, ``forward(run, start, stop)``,
    ``backward(run, adjoint, part)`` and ``add_up(sums)``.

    Parameters
    ----------
    cell : CompiledCell
    dtype : {"float32", "float64"}
    """

    def __init__(self, cell, dtype):
        self.cell = cell
        self.dtype = np.dtype(dtype)
        module = ir.Module("recurrence")
        products = Products(module, dtype)
        define_pack(module, cell, dtype)
        define_pack_transposed(module, cell, dtype)
        define_forward(module, cell, products, dtype)
        define_backward(module, cell, products, dtype)
        define_add_up(module, cell, dtype)
        functions = Functions(module)
        self.pack = functions.pack
        self.pack_transposed = functions.pack_transposed
        self.forward = functions.forward
        self.backward = functions.backward
        self.add_up = functions.add_up


class MatrixProducts:
    """Products of matrices.

    Parameters
    ----------
    dtype : {"float32", "float64"}
    """

    def __init__(self, dtype):
        module = ir.Module("products")
        define_products(module, dtype)
        self.functions = Functions(module)

    def add(self, c, a, panels):
        """Add ``a @ b`` to c; `panels` is b as `packed` returns it."""
        panel = Record(_panel(c, a, panels, PANEL_BYTES))
        self.functions.add_product(panel.address)

    def add_transposed(self, c, a, b):
        """Add ``a.T @ b`` to c (m, n), for long a (k, m) and b (k, n)."""
        panel = Record(_panel(c, a.T, b, b.strides[0]))
        self.functions.add_transposed_product(panel.address)


def _panel(c, a, b, b_row):
    return Panel(
        c=address(c),
        c_row=c.strides[0],
        n_rows=len(c),
        n_columns=c.shape[1],
        a=address(a),
        a_row=a.strides[0],
        a_column=a.strides[1],
        depth=a.shape[1],
        b=address(b),
        b_row=b_row,
    )


def address(array):
    """Return where an ndarray's first element lies."""
    return array.__array_interface__["data"][0]


class Record:
    """A named tuple of integers in memory, for compiled code to read.

    Parameters
    ----------
    fields : NamedTuple
    """

    def __init__(self, fields):
        self._places = _places(type(fields))
        self._numbers = array("q", fields)
        self.address, _ = self._numbers.buffer_info()

    def set(self, **numbers):
        """Change some fields."""
        for name, number in numbers.items():
            self._numbers[self._places[name]] = number


@cache
def _places(kind):
    return {name: place for place, name in enumerate(kind._fields)}


def laid_out(sizes):
    """Return where arrays of these sizes, in bytes, begin, and where the last ends."""
    padded = (-(-size // ALIGNMENT) * ALIGNMENT for size in sizes)
    *starts, end = accumulate(padded, initial=0)
    return starts, end
