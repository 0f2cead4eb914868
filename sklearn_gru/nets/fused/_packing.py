"""Copying a layer's parameters into the order in which products read them, and back.

PyTorch stacks the weights of the gates in blocks of `units` rows. A packed matrix has
the columns of a product in the order of the sums that they are added to, cut into
panels as wide as a tile of the result: (n_panels, n_rows, width). What lies after the
last column is never used.
"""

from typing import NamedTuple

from sklearn_gru.nets.fused._code import Number, define
from sklearn_gru.nets.fused._lanes import (
    SIZES,
    Memory,
    add_lanes,
    copy_lanes,
    for_all_lanes,
)
from sklearn_gru.nets.fused._products import PANEL_BYTES

# Numbers of a side of the squares in which a matrix is transposed.
SQUARE = 16


class Weights(NamedTuple):
    """A layer's parameters, and room for what the passes read: addresses and sizes."""

    units: Number
    n_features: Number  # columns of weight_ih
    n_symbols: Number  # 0 if the inputs are no symbols
    weight_ih: Number  # 0 if its transpose is not wanted
    weight_hh: Number
    bias_ih: Number
    bias_hh: Number
    offsets: Number  # (n_symbols or 1, n_sums * units): output, as all that follow
    w_x: Number  # nothing if the inputs are symbols
    w_h: Number
    w_inner: Number
    u_x: Number  # the transposes, for the backward pass
    u_h: Number
    u_inner: Number


class Sums(NamedTuple):
    """The sums of the gradients from all parts of a batch, and room for their total."""

    units: Number
    n_features: Number
    n_parts: Number
    part_length: Number  # numbers of a part
    d_w_x: Number  # (n_features, len(from_input) * units), of the first part
    d_w_h: Number  # (units, len(from_state_itself) * units)
    d_w_inner: Number  # (units, units)
    d_bias: Number  # (n_sums * units,)
    weight_ih: Number  # output, as all that follow
    weight_hh: Number
    bias_ih: Number
    bias_hh: Number


def panels_bytes(n_rows, n_columns):
    """Return the bytes of a packed matrix; `n_columns` is in bytes, too."""
    return -(-n_columns // PANEL_BYTES) * PANEL_BYTES * n_rows


def define_pack(module, cell, dtype):
    """Define ``pack(weights)``, for the forward pass."""
    _, code = define(module, "pack", 1, dtype)
    given, packing = code.fields(Weights, code.arguments[0]), _Packing(code)
    packing.offsets(cell, given)
    with code.when(given.n_symbols.compared("==", 0)):
        blocks = _blocks(cell.from_input, given.units)
        packing.columns(given.weight_ih, given.n_features, blocks, given.w_x)
    targets = given.w_h, given.w_inner
    for blocks, target in _from_weight_hh(cell, given.units, targets):
        packing.columns(given.weight_hh, given.units, blocks, target)
    code.builder.ret_void()


def define_pack_transposed(module, cell, dtype):
    """Define ``pack_transposed(weights)``, for the backward pass."""
    _, code = define(module, "pack_transposed", 1, dtype)
    given, packing = code.fields(Weights, code.arguments[0]), _Packing(code)
    with code.when(given.weight_ih.compared("!=", 0)):
        blocks = _blocks(cell.from_input, given.units)
        packing.rows(given.weight_ih, given.n_features, blocks, given.u_x)
    targets = given.u_h, given.u_inner
    for blocks, target in _from_weight_hh(cell, given.units, targets):
        packing.rows(given.weight_hh, given.units, blocks, target)
    code.builder.ret_void()


def _blocks(sums, units):
    """List where each block goes, where it begins, and its length."""
    order = sorted(range(len(sums)), key=lambda block: sums[block])
    return [(units * place, units * block, units) for place, block in enumerate(order)]


def _from_weight_hh(cell, units, matrices):
    """Pair the blocks multiplied with the state, and with `inner`, with matrices."""
    direct = _blocks(cell.from_state_itself, units)
    inner = [(0, units * len(direct), units)]
    return zip([direct, inner] if cell.inner else [direct], matrices, strict=False)


class _Packing:
    """Writes copies of blocks of rows of matrices."""

    def __init__(self, code):
        self.code = code
        self.memory = Memory(code)
        self.size = self.memory.size

    def columns(self, source, width, blocks, target):
        """Let the rows of a matrix become columns of a packed one."""
        code, lanes = self.code, PANEL_BYTES // self.size
        for place, first, length in blocks:
            with code.loop(length) as i:
                column = place + i
                panel = target + column // lanes * width * PANEL_BYTES
                start = panel + column % lanes * self.size
                row = source + (first + i) * width * self.size
                with code.loop(width) as k:
                    self.memory.copy(row + k * self.size, start + k * PANEL_BYTES)

    def rows(self, source, width, blocks, target):
        """Let the rows of a matrix become rows of a packed one."""
        code, lanes = self.code, PANEL_BYTES // self.size
        n_rows = sum(length for _, _, length in blocks)
        for place, first, length in blocks:
            with code.loop(length) as i, code.loop(width, step=lanes) as column:
                left = width - column
                n_lanes = code.either(left.compared("<", lanes), left, lanes)
                panel = target + column * n_rows * self.size
                start = panel + (place + i) * PANEL_BYTES
                row = source + ((first + i) * width + column) * self.size
                for_all_lanes(code, copy_lanes, n_lanes, [row], [start])

    def offsets(self, cell, given):
        """Add up what the sums begin with: biases, and the weights of each symbol."""
        code, units = self.code, given.units
        n_rows = code.either(given.n_symbols.compared(">", 0), given.n_symbols, 1)
        row_bytes = units * (cell.n_sums * self.size)
        with code.loop(n_rows) as symbol, code.loop(units) as unit:
            start = given.offsets + symbol * row_bytes + unit * self.size
            for part in range(cell.n_sums):
                target = start + units * (part * self.size)
                self._offset(cell, given, part, unit, target)
                if part in cell.from_input:
                    row = units * cell.from_input.index(part) + unit
                    place = (row * given.n_features + symbol) * self.size
                    with code.when(given.n_symbols.compared(">", 0)):
                        self.memory.add(given.weight_ih + place, target)

    def _offset(self, cell, given, part, unit, target):
        self.memory.set_zero(target)
        pairs = (cell.from_input, given.bias_ih), (cell.from_state, given.bias_hh)
        for sums, bias in pairs:
            if part in sums:
                place = given.units * sums.index(part) + unit
                self.memory.add(bias + place * self.size, target)


def define_add_up(module, cell, dtype):
    """Define ``add_up(sums)``, which makes PyTorch's gradients from those of all parts.

    The sums of the first part are overwritten.
    """
    _, code = define(module, "add_up", 1, dtype)
    given, size = code.fields(Sums, code.arguments[0]), SIZES[dtype]
    with code.loop(given.n_parts, start=1) as part:
        start = given.d_w_x + part * given.part_length * size
        for_all_lanes(code, add_lanes, given.part_length, [start], [given.d_w_x])
    blocks = _blocks(cell.from_input, given.units)
    _transpose(code, given.d_w_x, given.n_features, blocks, given.weight_ih)
    sources = given.d_w_h, given.d_w_inner
    for blocks, source in _from_weight_hh(cell, given.units, sources):
        _transpose(code, source, given.units, blocks, given.weight_hh)
    targets = (cell.from_input, given.bias_ih), (cell.from_state, given.bias_hh)
    for sums, target in targets:
        for block, part in enumerate(sums):
            start = given.d_bias + given.units * (part * size)
            end = target + given.units * (block * size)
            for_all_lanes(code, copy_lanes, given.units, [start], [end])
    code.builder.ret_void()


def _transpose(code, source, n_rows, blocks, target):
    """Copy the columns of a matrix to blocks of rows of another."""
    memory = Memory(code)
    n_columns = sum(length for _, _, length in blocks)
    for place, first, length in blocks:
        start = source + place * memory.size
        end = target + first * n_rows * memory.size
        # Square by square, so that a line of the cache is used up while it is there.
        with code.loop(n_rows, step=SQUARE) as k, code.loop(length, step=SQUARE) as i:
            n_k, n_i = (_at_most(code, n_rows - k), _at_most(code, length - i))
            with code.loop(n_k) as dk, code.loop(n_i) as di:
                row, column = k + dk, i + di
                from_place = start + (row * n_columns + column) * memory.size
                memory.copy(from_place, end + (column * n_rows + row) * memory.size)


def _at_most(code, left):
    return code.either(left.compared("<", SQUARE), left, SQUARE)
