"""Arithmetic on vector registers.

A compiler does not always recognise that a loop over a small array can be vectorised,
and then the loop is slow. Here loops are written with vectors from the start: a Python
function that computes with `Lanes` is traced once into instructions on whole registers.
A row whose length is no multiple of the registers' width ends in a masked part.
"""

import llvmlite.binding
from llvmlite import ir

from sklearn_gru.nets.fused._code import WORD

WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
REGISTER_BYTES = 64 if WIDE else 32
ELEMENTS = {"float32": ir.FloatType(), "float64": ir.DoubleType()}
SIZES = {"float32": 4, "float64": 8}


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
        function = _declared(
            self.builder.module,
            ir.FunctionType(kind, [kind] * len(operands)),
            f"llvm.{name}.v{kind.count}f{64 if double else 32}",
        )
        return Lanes(self.builder, self.builder.call(function, operands))


class Memory:
    """Rows of arrays in memory, loaded and stored as `Lanes`."""

    def __init__(self, code):
        self.builder = code.builder
        self.element = ELEMENTS[code.dtype]
        self.size = SIZES[code.dtype]
        self.width = REGISTER_BYTES // self.size
        self.vector = ir.VectorType(self.element, self.width)

    def first_lanes(self, number):
        """Return the mask of the first lanes, as many as `number`."""
        indices = ir.VectorType(WORD, self.width)
        lanes = ir.Constant(indices, list(range(self.width)))
        return self.builder.icmp_signed("<", lanes, self._spread(number.value, indices))

    def broadcast(self, address):
        """Load one number into all lanes."""
        number = self.builder.load(self._as_number(address), align=self.size)
        return Lanes(self.builder, self._spread(number, self.vector))

    def copy(self, source, target):
        """Copy one number from an address to another."""
        number = self.builder.load(self._as_number(source))
        self.builder.store(number, self._as_number(target))

    def add(self, source, target):
        """Add one number to another."""
        target = self._as_number(target)
        number = self.builder.load(self._as_number(source))
        self.builder.store(self.builder.fadd(self.builder.load(target), number), target)

    def set_zero(self, target):
        """Set one number to zero."""
        zero = ir.Constant(self.element, 0.0)
        self.builder.store(zero, self._as_number(target))

    def load(self, address, mask=None):
        pointer = self._as_vector(address)
        if mask is None:
            return Lanes(self.builder, self.builder.load(pointer, align=self.size))
        nothing = ir.Constant(self.vector, None)
        arguments = [pointer, self._align(), mask, nothing]
        return Lanes(self.builder, self._masked("load", self.vector, arguments))

    def store(self, lanes, address, mask=None):
        pointer = self._as_vector(address)
        if mask is None:
            self.builder.store(lanes.value, pointer, align=self.size)
            return
        arguments = [lanes.value, pointer, self._align(), mask]
        self._masked("store", ir.VoidType(), arguments)

    def _as_number(self, address):
        return self.builder.inttoptr(address.value, self.element.as_pointer())

    def _as_vector(self, address):
        return self.builder.inttoptr(address.value, self.vector.as_pointer())

    def _align(self):
        return ir.Constant(ir.IntType(32), self.size)

    def _masked(self, name, result, arguments):
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        name = f"llvm.masked.{name}.v{self.width}f{8 * self.size}.p0"
        function = _declared(self.builder.module, kind, name)
        return self.builder.call(function, arguments)

    def _spread(self, number, kind):
        first = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
        )
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
        return self.builder.shuffle_vector(first, first, everywhere)


class Row:
    """Some lanes of a row made of parts; `row[k]` gives those of part k.

    Parameters
    ----------
    memory : Memory
    parts : sequence of Number
        The address of each part's first lane here.
    mask : ir.Value or None
    """

    def __init__(self, memory, parts, mask):
        self.memory = memory
        self.parts = parts
        self.mask = mask

    def __getitem__(self, part):
        return self.memory.load(self.parts[part], self.mask)

    def __setitem__(self, part, lanes):
        self.memory.store(lanes, self.parts[part], self.mask)


def for_all_lanes(code, function, n_lanes, *rows):
    """Call a function of `Row`s for all lanes of rows.

    Parameters
    ----------
    code : Code
    function : callable
        Takes as many `Row`s as there are `rows`.
    n_lanes : Number
        Length of each part.
    *rows : sequence of Number
        The addresses of a row's parts.
    """
    memory = Memory(code)

    def body(position, mask=None):
        moved = ([part + position * memory.size for part in parts] for parts in rows)
        function(*(Row(memory, parts, mask) for parts in moved))

    whole = n_lanes // memory.width * memory.width
    with code.loop(whole, step=memory.width) as position:
        body(position)
    with code.when(whole.compared("<", n_lanes)):
        body(whole, memory.first_lanes(n_lanes - whole))


def copy_lanes(source, target):
    """Copy a row."""
    target[0] = source[0]


def clear_lanes(target):
    """Fill a row with zeros."""
    target[0] = target[0].zero()


def add_lanes(source, target):
    """Add a row to another."""
    target[0] = target[0] + source[0]


def _declared(module, kind, name):
    """Declare a function of LLVM's own once."""
    return module.globals.get(name) or ir.Function(module, kind, name)
