"""Loops and whole numbers in generated code.

A Python function that computes with these writes LLVM instructions while it runs. A
`Number` is a 64-bit integer: a size, an index or an address in bytes.
"""

from contextlib import contextmanager

from llvmlite import ir

WORD = ir.IntType(64)
WORD_BYTES = 8


class Number:
    """A 64-bit integer in generated code; operators write instructions."""

    def __init__(self, builder, value):
        self.builder = builder
        self.value = value

    def _like(self, other):
        return other.value if isinstance(other, Number) else ir.Constant(WORD, other)

    def _emit(self, name, *others):
        operands = (self._like(other) for other in others)
        return Number(self.builder, getattr(self.builder, name)(*operands))

    def __add__(self, other):
        return self._emit("add", self, other)

    def __sub__(self, other):
        return self._emit("sub", self, other)

    def __rsub__(self, other):
        return self._emit("sub", other, self)

    def __mul__(self, other):
        return self._emit("mul", self, other)

    def __floordiv__(self, other):
        return self._emit("sdiv", self, other)

    def __mod__(self, other):
        return self._emit("srem", self, other)

    __radd__, __rmul__ = __add__, __mul__

    def compared(self, sign, other):
        """Return the condition ``self sign other``, an integer of one bit."""
        return self.builder.icmp_signed(sign, self.value, self._like(other))


class Code:
    """Writes the instructions of one function.

    Parameters
    ----------
    function : llvmlite.ir.Function
        Takes 64-bit integers and returns nothing.
    dtype : {"float32", "float64"}
        Of all arrays of floats.
    """

    def __init__(self, function, dtype):
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.arguments = [Number(self.builder, value) for value in function.args]
        self.dtype = dtype

    def number(self, value):
        return Number(self.builder, ir.Constant(WORD, value))

    def load(self, address):
        """Load an integer."""
        pointer = self.builder.inttoptr(address.value, WORD.as_pointer())
        return Number(self.builder, self.builder.load(pointer))

    def fields(self, kind, address):
        """Load the fields of a named tuple of integers that lies at an address."""
        return kind(
            *(self.load(address + WORD_BYTES * i) for i in range(len(kind._fields)))
        )

    @contextmanager
    def loop(self, stop, start=0, step=1):
        """Repeat what is written inside, with an index from `start` below `stop`."""
        builder, stop = self.builder, self._as_number(stop)
        before = builder.block
        head, body, after = (builder.append_basic_block() for _ in range(3))
        builder.branch(head)
        builder.position_at_end(head)
        index = Number(builder, builder.phi(WORD))
        index.value.add_incoming(self._as_number(start).value, before)
        builder.cbranch(index.compared("<", stop), body, after)
        builder.position_at_end(body)
        yield index
        index.value.add_incoming((index + step).value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)

    def variable(self):
        """Return a variable with the value 0."""
        return Variable(self)

    def when(self, condition):
        """Return a context whose instructions run only if the condition holds."""
        return self.builder.if_then(condition)

    def when_else(self, condition):
        """Return a context of two contexts, of which one runs."""
        return self.builder.if_else(condition)

    def either(self, condition, one, other):
        """Return `one` if the condition holds, else `other`."""
        one, other = self._as_number(one), self._as_number(other)
        return Number(
            self.builder, self.builder.select(condition, one.value, other.value)
        )

    def call(self, function, *numbers):
        arguments = [self._as_number(number).value for number in numbers]
        self.builder.call(function, arguments)

    def _as_number(self, number):
        return number if isinstance(number, Number) else self.number(number)


class Variable:
    """An integer that changes while generated code runs."""

    def __init__(self, code):
        self.builder = code.builder
        with self.builder.goto_entry_block():
            self.place = self.builder.alloca(WORD)
        self.set(code.number(0))

    def get(self):
        return Number(self.builder, self.builder.load(self.place))

    def set(self, number):
        self.builder.store(number.value, self.place)


def define(module, name, n_arguments, dtype, exported=True):
    """Add an empty function of integers to a module; return it, and its `Code`."""
    kind = ir.FunctionType(ir.VoidType(), [WORD] * n_arguments)
    function = ir.Function(module, kind, name)
    if not exported:
        function.linkage = "internal"
        function.attributes.add("noinline")
    return function, Code(function, dtype)
