"""The recurrence backward in time: its exact adjoint, for every compiled cell."""

from sklearn_gru.nets.fused._code import define
from sklearn_gru.nets.fused._lanes import (
    add_lanes,
    clear_lanes,
    copy_lanes,
    for_all_lanes,
)
from sklearn_gru.nets.fused._layout import Adjoint, Layout, Part, Run, of_row
from sklearn_gru.nets.fused._products import Matrix


def define_backward(module, cell, products, dtype):
    """Define ``backward(run, adjoint, part)``, which takes the last step first."""
    _, code = define(module, "backward", 3, dtype)
    kinds = zip((Run, Adjoint, Part), code.arguments, strict=True)
    run, adjoint, part = (code.fields(kind, address) for kind, address in kinds)
    layout = Layout(code, cell, run, part.start, part.stop)
    backward = _Backward(layout, products, adjoint, part)
    backward.begin()
    filled = code.variable()
    with code.loop(run.n_steps) as done:
        backward.step(run.n_steps - 1 - done, filled)
    code.builder.ret_void()


class _Backward:
    """Writes the backward pass."""

    def __init__(self, layout, products, adjoint, part):
        self.layout = layout
        self.products = products
        self.adjoint = adjoint
        self.part = part

    def begin(self):
        """Begin with the last state's gradient, and with zeros for the weights'."""
        layout, code, units = self.layout, self.layout.code, self.layout.run.units
        for_all_lanes(code, clear_lanes, self.part.length, [self.part.d_w_x])
        given = layout.state_matrices(self.adjoint.d_last)
        carried = layout.state_matrices(self.adjoint.d_state)
        is_given = self.adjoint.d_last.compared("!=", 0)
        with code.loop(layout.n_rows) as row, code.when_else(is_given) as (has, lacks):
            with has:
                for source, target in zip(given, carried, strict=True):
                    for_all_lanes(code, copy_lanes, units, [source[row]], [target[row]])
            with lacks:
                for target in carried:
                    for_all_lanes(code, clear_lanes, units, [target[row]])

    def step(self, step, filled):
        """Go back through one step; `filled` counts the rows of collected factors."""
        layout, code = self.layout, self.layout.code
        t, first = layout.time(step), filled.get()
        sums, states = self._sums(first), self._states(first)
        self._collect(t, layout.before(step), first)
        self._step(t, states, sums)
        at_zero = layout.is_at_zero(step)
        with code.when(at_zero.compared("==", 0)):
            direct = layout.sums(sums, layout.cell.from_state_itself)
            carried = layout.state_matrices(self.adjoint.d_state)[0]
            self.products.add(code, carried, direct, self.adjoint.u_h)
        self._end_resets(t)
        self._pass_down(t, sums)
        self._add_up(t, sums)
        filled.set(first + layout.n_rows)
        is_full = filled.get().compared("==", self.part.n_kept)
        is_last = step.compared("==", 0)
        with code.when(code.builder.or_(is_full, is_last)):
            # A product with an initial state of zero adds nothing.
            self._multiply(filled.get(), filled.get() - at_zero * layout.n_rows)
            filled.set(code.number(0))

    def _sums(self, first=0):
        width = self.layout.run.units * self.layout.cell.n_gradients
        return self._collected(self.part.sums, width, first)

    def _states(self, first=0):
        """Return the collected states before the steps, a matrix for each part."""
        units, n_states = self.layout.run.units, self.layout.cell.n_states
        together = self._collected(self.part.states, units * n_states, first)
        return [together.columns(units * k, units) for k in range(n_states)]

    def _inners(self, first=0):
        return self._collected(self.part.inners, self.layout.run.units, first)

    def _inputs(self, first=0):
        return self._collected(self.part.inputs, self.layout.run.n_inputs, first)

    def _collected(self, start, width, first):
        matrix = self.layout.matrix(start, width)
        return matrix._replace(start=matrix[first])

    def _collect(self, t, before, first):
        """Copy the factors of this step that the products need."""
        layout, code, run = self.layout, self.layout.code, self.layout.run
        states, inputs, x = self._states(first), self._inputs(first), layout.x(t)
        with code.loop(layout.n_rows) as row:
            layout.copy_state(t, row, before, states)
            for_all_lanes(code, copy_lanes, run.n_inputs, [x[row]], [inputs[row]])
            if layout.cell.inner is not None:
                source = layout.part(layout.kept(t), layout.cell.inner.part)
                target = self._inners(first)
                for_all_lanes(code, copy_lanes, run.units, [source[row]], [target[row]])

    def _step(self, t, before, sums):
        """Run the adjoint of a step, except for the product with the state weights."""
        layout, code, cell = self.layout, self.layout.code, self.layout.cell
        kept, inner, after = layout.kept(t), cell.inner, layout.after(t)
        d_state = layout.state_matrices(self.adjoint.d_state)
        d_hidden = self._d_hidden(t)
        units = layout.run.units
        with code.loop(layout.n_rows) as row:
            states = of_row(before, row), of_row(after, row), of_row(d_state, row)
            outer = [d_hidden[row]], layout.parts(sums, row)
            rows = layout.parts(kept, row), *states, *outer
            for_all_lanes(code, cell.adjoint, units, *rows)
            if inner is not None:
                part = [layout.part(sums, inner.part)[row]]
                for_all_lanes(code, clear_lanes, units, part)
        if inner is None:
            return
        target, source = (
            layout.part(sums, part) for part in (inner.part, cell.from_state[-1])
        )
        self.products.add(code, target, source, self.adjoint.u_inner)
        with code.loop(layout.n_rows) as row:
            rows = of_row(before, row), of_row(d_state, row), layout.parts(sums, row)
            for_all_lanes(code, inner.adjoint, units, layout.parts(kept, row), *rows)

    def _d_hidden(self, t):
        given = self.adjoint
        start = given.d_hidden + t * given.d_hidden_step
        return self.layout.rows(start, self.layout.run.units, given.d_hidden_row)

    def _end_resets(self, t):
        """Give the states that a reset has replaced no gradient."""
        layout, code, run = self.layout, self.layout.code, self.layout.run
        some = code.load(run.any_reset + t * run.any_reset_step).compared("!=", 0)
        carried = layout.state_matrices(self.adjoint.d_state)
        with code.when(some), code.loop(layout.n_rows) as row:
            is_reset = layout.is_reset(t, row)
            with code.when(is_reset):
                for matrix in carried:
                    for_all_lanes(code, clear_lanes, run.units, [matrix[row]])

    def _pass_down(self, t, sums):
        """Compute the gradient of the inputs."""
        layout, code, given = self.layout, self.layout.code, self.adjoint
        with code.when(given.d_x.compared("!=", 0)):
            d_x = layout.x(t, given.d_x)
            is_first = given.adds_d_x.compared("==", 0)
            with code.when(is_first), code.loop(layout.n_rows) as row:
                for_all_lanes(code, clear_lanes, layout.run.n_inputs, [d_x[row]])
            source = layout.sums(sums, layout.cell.from_input)
            self.products.add(code, d_x, source, given.u_x)

    def _add_up(self, t, sums):
        """Add to the gradients of the biases, and of the symbols that were read."""
        layout, code, run = self.layout, self.layout.code, self.layout.run
        length = run.units * layout.cell.n_sums
        from_input = layout.sums(sums, layout.cell.from_input)
        reads_symbols = run.n_inputs.compared("==", 0)
        with code.loop(layout.n_rows) as row:
            for_all_lanes(code, add_lanes, length, [sums[row]], [self.part.d_bias])
            with code.when(reads_symbols):
                place = run.symbols + t * run.symbol_step
                symbol = code.load(place + (layout.start + row) * run.symbol_row)
                width = from_input.n_columns
                target = self.part.d_w_x + symbol * width * layout.size
                for_all_lanes(code, add_lanes, width, [from_input[row]], [target])

    def _multiply(self, n_collected, n_states):
        """Add the products of the collected factors to the weights' gradients."""
        layout, code, cell = self.layout, self.layout.code, self.layout.cell
        sums = self._sums()
        direct = layout.sums(sums, cell.from_state_itself).first_rows(n_states)
        states = self._states()[0].first_rows(n_states)
        self._add_transposed(self.part.d_w_h, states, direct)
        if cell.inner is not None:
            source = layout.sums(sums, cell.from_state[-1:]).first_rows(n_states)
            inners = self._inners().first_rows(n_states)
            self._add_transposed(self.part.d_w_inner, inners, source)
        with code.when(layout.run.n_inputs.compared(">", 0)):
            source = layout.sums(sums, cell.from_input).first_rows(n_collected)
            inputs = self._inputs().first_rows(n_collected)
            self._add_transposed(self.part.d_w_x, inputs, source)

    def _add_transposed(self, target, one, other):
        size = self.layout.size
        n_columns = other.n_columns
        matrix = Matrix(target, one.n_columns, n_columns, n_columns * size, one.column)
        self.products.add_transposed(self.layout.code, matrix, one, other)
