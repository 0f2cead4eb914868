"""The recurrence forward in time, for every compiled cell."""

from sklearn_gru.nets.fused._code import define
from sklearn_gru.nets.fused._lanes import clear_lanes, copy_lanes, for_all_lanes
from sklearn_gru.nets.fused._layout import Layout, Run, of_row


def define_forward(module, cell, products, dtype):
    """Define ``forward(run, start, stop)``: rows `start` to `stop`, all time steps."""
    _, code = define(module, "forward", 3, dtype)
    address, start, stop = code.arguments
    run = code.fields(Run, address)
    layout = Layout(code, cell, run, start, stop)
    _begin_at_zero(layout)
    with code.loop(run.n_steps) as step:
        t = layout.time(step)
        _begin_sums(layout, products, t)
        before = _reset_some(layout, layout.before(step), t)
        skips = layout.is_at_zero(step)
        with code.when(skips.compared("==", 0)):
            sums = layout.sums(layout.kept(t), cell.from_state_itself)
            products.add(code, sums, before[0], run.w_h)
        _step(layout, products, t, before)
    code.builder.ret_void()


def _begin_at_zero(layout):
    """Fill the initial state with zeros, unless one is given."""
    code, run = layout.code, layout.run
    initial = layout.state_matrices(run.initial)
    starts_at_zero = run.starts_at_zero.compared("!=", 0)
    with code.when(starts_at_zero), code.loop(layout.n_rows) as row:
        for matrix in initial:
            for_all_lanes(code, clear_lanes, run.units, [matrix[row]])


def _begin_sums(layout, products, t):
    """Let the sums begin with the biases, or a symbol's numbers, and W x."""
    code, run, kept = layout.code, layout.run, layout.kept(t)
    with code.loop(layout.n_rows) as row:
        place = run.symbols + t * run.symbol_step
        symbol = code.load(place + (layout.start + row) * run.symbol_row)
        length = run.units * layout.cell.n_sums
        offsets = run.offsets + symbol * length * layout.size
        for_all_lanes(code, copy_lanes, length, [offsets], [kept[row]])
    with code.when(run.n_inputs.compared(">", 0)):
        sums = layout.sums(kept, layout.cell.from_input)
        products.add(code, sums, layout.x(t), run.w_x)


def _reset_some(layout, states, t):
    """Return the states before a step, copied if some rows of them must be zero."""
    code, run = layout.code, layout.run
    some = code.load(run.any_reset + t * run.any_reset_step).compared("!=", 0)
    zeroed = layout.state_matrices(run.zeroed)
    with code.when(some), code.loop(layout.n_rows) as row:
        layout.copy_state(t, row, states, zeroed)
    return [
        before._replace(
            start=code.either(some, copied.start, before.start),
            row=code.either(some, copied.row, before.row),
        )
        for before, copied in zip(states, zeroed, strict=True)
    ]


def _step(layout, products, t, before):
    """Run the cell's equations for all rows, once all products are in the sums."""
    code, cell, run = layout.code, layout.cell, layout.run
    kept, inner, after = layout.kept(t), cell.inner, layout.after(t)
    if inner is not None:
        with code.loop(layout.n_rows) as row:
            rows = layout.parts(kept, row), of_row(before, row)
            for_all_lanes(code, inner.step, run.units, *rows)
        target = layout.sums(kept, cell.from_state[-1:])
        products.add(code, target, layout.part(kept, inner.part), run.w_inner)
    with code.loop(layout.n_rows) as row:
        rows = layout.parts(kept, row), of_row(before, row), of_row(after, row)
        for_all_lanes(code, cell.step, run.units, *rows)
