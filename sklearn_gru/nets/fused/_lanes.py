"""Arithmetic on vector registers, for numba.

A compiler does not always recognise that a loop over a small array can be vectorised,
and then the loop is slow. Here loops are written with vectors from the start: a Python
function that computes with `Lanes` is traced once, at compile time, into instructions
on whole registers. A row whose length is no multiple of the registers' width ends in a
masked part.
"""

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
REGISTER_BYTES = 64 if WIDE else 32
INDEX = ir.IntType(64)


class Lanes:
    """A vector of floats in generated code: operators emit instructions."""

    def __init__(self, builder, value):
        self.builder = builder
        self.value = value

    def _like(self, other):
        if isinstance(other, Lanes):
            return other.value
        return ir.Constant(self.value.type, [float(other)] * self.value.type.count)

    def _emit(self, name, *others):
        emit = getattr(self.builder, name)
        return Lanes(self.builder, emit(*(self._like(other) for other in others)))

    def __add__(self, other):
        return self._emit("fadd", self, other)

    def __sub__(self, other):
        return self._emit("fsub", self, other)

    def __rsub__(self, other):
        return self._emit("fsub", other, self)

    def __mul__(self, other):
        return self._emit("fmul", self, other)

    def __truediv__(self, other):
        return self._emit("fdiv", self, other)

    def __rtruediv__(self, other):
        return self._emit("fdiv", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def times_plus(self, factor, summand):
        """Return ``self * factor + summand``, rounded once."""
        operands = [self.value, self._like(factor), self._like(summand)]
        return self._call("fma", operands)

    def clipped(self, low, high):
        """Return the nearest values within the bounds; NaN stays NaN."""
        return self._bounded("<", low)._bounded(">", high)

    def where_positive(self, other):
        """Return `other` where self is greater than zero or NaN, and zero elsewhere."""
        positive = self.builder.fcmp_unordered(">", self.value, self._like(0.0))
        chosen = self.builder.select(positive, self._like(other), self._like(0.0))
        return Lanes(self.builder, chosen)

    def zero(self):
        """Return zeros."""
        return Lanes(self.builder, self._like(0.0))

    def rounded(self):
        """Return the nearest whole numbers."""
        return self._call("rint", [self.value])

    def times_two_to(self, power):
        """Return ``self * 2**power``; `power` holds whole numbers without overflow."""
        double = isinstance(self.value.type.element, ir.DoubleType)
        bits, mantissa = (64, 52) if double else (32, 23)
        integers = ir.VectorType(ir.IntType(bits), self.value.type.count)
        shift = ir.Constant(integers, [mantissa] * integers.count)
        whole = self.builder.fptosi(power.value, integers)
        added = self.builder.shl(whole, shift)
        raw = self.builder.bitcast(self.value, integers)
        scaled = self.builder.bitcast(self.builder.add(raw, added), self.value.type)
        return Lanes(self.builder, scaled)

    def _bounded(self, sign, bound):
        bound = self._like(bound)
        outside = self.builder.fcmp_ordered(sign, self.value, bound)
        return Lanes(self.builder, self.builder.select(outside, bound, self.value))

    def _call(self, name, operands):
        kind = self.value.type
        double = isinstance(kind.element, ir.DoubleType)
        function = cgutils.get_or_insert_function(
            self.builder.module,
            ir.FunctionType(kind, [kind] * len(operands)),
            f"llvm.{name}.v{kind.count}f{64 if double else 32}",
        )
        return Lanes(self.builder, self.builder.call(function, operands))


class Memory:
    """Rows of arrays in memory, loaded and stored as `Lanes`."""

    def __init__(self, context, builder, dtype):
        self.builder = builder
        self.element = context.get_value_type(dtype)
        self.size = context.get_abi_sizeof(self.element)
        self.width = REGISTER_BYTES // self.size
        self.vector = ir.VectorType(self.element, self.width)

    def lanes_left(self, left):
        """Return the mask of the first `left` lanes."""
        indices = ir.VectorType(INDEX, self.width)
        numbers = ir.Constant(indices, list(range(self.width)))
        return self.builder.icmp_signed("<", numbers, self._spread(left, indices))

    def broadcast(self, pointer):
        """Load one number into all lanes."""
        number = self.builder.load(pointer, align=self.size)
        return Lanes(self.builder, self._spread(number, self.vector))

    def load(self, pointer, mask=None):
        pointer = self._as_vector(pointer)
        if mask is None:
            return Lanes(self.builder, self.builder.load(pointer, align=self.size))
        nothing = ir.Constant(self.vector, None)
        arguments = [pointer, self._align(), mask, nothing]
        return Lanes(self.builder, self._masked("load", self.vector, arguments))

    def store(self, lanes, pointer, mask=None):
        pointer = self._as_vector(pointer)
        if mask is None:
            self.builder.store(lanes.value, pointer, align=self.size)
            return
        arguments = [lanes.value, pointer, self._align(), mask]
        self._masked("store", ir.VoidType(), arguments)

    def _as_vector(self, pointer):
        return self.builder.bitcast(pointer, self.vector.as_pointer())

    def _align(self):
        return ir.Constant(ir.IntType(32), self.size)

    def _masked(self, name, result, arguments):
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        name = f"llvm.masked.{name}.v{self.width}f{8 * self.size}.p0"
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, arguments)

    def _spread(self, number, kind):
        first = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
        )
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
        return self.builder.shuffle_vector(first, first, everywhere)


class Row:
    """A row made of parts of equal length; `row[k]` gives some lanes of part k."""

    def __init__(self, memory, start, part_length, position, mask):
        self.memory = memory
        self.start = start
        self.part_length = part_length
        self.position = position
        self.mask = mask

    def _pointer(self, part):
        builder = self.memory.builder
        before = builder.mul(ir.Constant(INDEX, part), self.part_length)
        return builder.gep(self.start, [builder.add(before, self.position)])

    def __getitem__(self, part):
        return self.memory.load(self._pointer(part), self.mask)

    def __setitem__(self, part, lanes):
        self.memory.store(lanes, self._pointer(part), self.mask)


def row_pointer(context, builder, kind, array, index):
    """Address the start of row `index` of a two-dimensional array."""
    fields = context.make_array(kind)(context, builder, array)
    stride = builder.extract_value(fields.strides, 0)
    address = builder.ptrtoint(fields.data, INDEX)
    address = builder.add(address, builder.mul(index, stride))
    return builder.inttoptr(address, fields.data.type)


def lanewise(function):
    """Turn a function of `Row`s into a function of matrices that numba can call.

    The result is called as ``name(row, part_length, matrices)``, with a tuple of
    matrices, and works on row number `row` of each.
    """

    @intrinsic
    def compiled(typing_context, row, part_length, matrices):
        signature = types.void(types.int64, types.int64, matrices)

        def emit(context, builder, signature, arguments):
            row, n_lanes, packed = arguments
            kinds = list(signature.args[2])
            memory = Memory(context, builder, kinds[0].dtype)
            starts = [
                row_pointer(
                    context, builder, kind, builder.extract_value(packed, i), row
                )
                for i, kind in enumerate(kinds)
            ]

            def body(position, mask=None):
                function(*(Row(memory, s, n_lanes, position, mask) for s in starts))

            width = ir.Constant(INDEX, memory.width)
            whole = builder.mul(builder.sdiv(n_lanes, width), width)
            zero = ir.Constant(INDEX, 0)
            with cgutils.for_range_slice(builder, zero, whole, width) as (position, _):
                body(position)
            left = builder.sub(n_lanes, whole)
            with builder.if_then(builder.icmp_signed(">", left, zero)):
                body(whole, memory.lanes_left(left))
            return context.get_dummy_value()

        return signature, emit

    return compiled
