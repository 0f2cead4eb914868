"""What a cell declares so that its recurrence can be compiled."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Inner:
    """A product in the middle of a step, with something else than the state.

    Parameters
    ----------
    part : int
        The part that the last block of `weight_hh` is multiplied with, instead of the
        state. It follows the sums.
    step : callable
        ``step(kept, before)`` computes that part. It runs before the cell's own step.
    adjoint : callable
        ``adjoint(kept, before, d_state, d_sums)`` goes on from the part's gradient. It
        runs after the cell's own adjoint.
    """

    part: int
    step: Callable
    adjoint: Callable


@dataclass(frozen=True)
class CompiledCell:
    """The layout and the equations of a cell, for one choice of its variants.

    For each unit, a step keeps some numbers for the backward pass: its *parts*. The
    first of them, the *sums*, begin as biases and products with weights, and the step
    overwrites them with what it needs later. All functions take `Row`s of `Lanes`;
    ``row[k]`` is part k.

    Parameters
    ----------
    n_parts : int
        Numbers that a step keeps.
    from_input, from_state : tuple of int
        The sums that the blocks of `weight_ih` and `weight_hh` (with their biases) are
        added to, one for each block in PyTorch's order. The sums of each must adjoin;
        so must those of `from_state` without the last, if there is an `inner`.
    step : callable
        ``step(kept, before, after)`` computes the new state from the sums.
    adjoint : callable
        ``adjoint(kept, before, after, d_state, d_hidden, d_sums)`` is given the
        gradients of the new state, carried from the next step (`d_state`) and of the
        output (`d_hidden`). It writes the gradients of the sums to `d_sums`, and those
        of the old state, as far as no weights are in the way, to `d_state`.
    inner : Inner, default=None
    memory : tuple of int, default=()
        The parts that hold what the state has besides the hidden state. ``before[0]``
        and ``after[0]`` are the hidden states, ``before[1]`` the first of these.
    """

    n_parts: int
    from_input: tuple
    from_state: tuple
    step: Callable
    adjoint: Callable
    inner: Inner | None = None
    memory: tuple = ()

    @property
    def n_states(self):
        """Numbers that the state has for each unit."""
        return 1 + len(self.memory)

    @property
    def n_blocks(self):
        """Blocks of `weight_hh`."""
        return len(self.from_state)

    @property
    def n_sums(self):
        return 1 + max(*self.from_input, *self.from_state)

    @property
    def n_gradients(self):
        """Parts that have a gradient: the sums, and the one of `inner`."""
        return self.n_sums + (self.inner is not None)

    @property
    def from_state_itself(self):
        """The sums that blocks multiplied with the state are added to."""
        return self.from_state if self.inner is None else self.from_state[:-1]
