"""Forms: what a value read from a file must be."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sklearn_gru.exceptions import ModelFileError


@dataclass(frozen=True)
class Form:
    """What a value must be.

    Parameters
    ----------
    name : str
        Says so in an error.
    holds : callable
        Tells whether a value is that.
    """

    name: str
    holds: Callable

    def __or__(self, other):
        return Form(
            f"{self.name} or {other.name}",
            lambda value: self.holds(value) or other.holds(value),
        )


def check_fields(owner, state, fields):
    """Raise unless a state has these fields, each in its form.

    Parameters
    ----------
    owner : str
    state : dict
    fields : dict of Form

    Raises
    ------
    ModelFileError
    """
    if state.keys() != fields.keys():
        raise ModelFileError(
            f"{owner} has the fields {sorted(map(str, state))}, not {sorted(fields)}"
        )
    for name, form in fields.items():
        if not form.holds(state[name]):
            shown = str(state[name])[:40]
            raise ModelFileError(f"{owner}.{name} is {shown}, not {form.name}")


def whole(low=0, high=2**53):
    """Take an int within limits."""
    return Form(
        f"an int from {low} to {high}",
        lambda value: type(value) is int and low <= value <= high,
    )


def word(*options):
    """Take one of these strings."""
    return Form(
        f"one of {options}", lambda value: type(value) is str and value in options
    )


def each(form, kind=tuple, most=None):
    """Take a tuple, or another container, of values of one form."""
    return Form(
        f"a {kind.__name__}, each entry {form.name}",
        lambda values: (
            type(values) is kind
            and (most is None or len(values) <= most)
            and all(map(form.holds, values))
        ),
    )


def of(*kinds):
    """Take an instance of these classes, and of no others."""
    names = " or ".join(kind.__name__ for kind in kinds)
    return Form(f"a {names}", lambda value: type(value) in kinds)


def array(n_dims, kinds="f", finite=True):
    """Take an array of numbers of so many dimensions."""
    return Form(
        f"an array of {n_dims} dimensions, of dtypes {kinds!r}",
        lambda value: (
            isinstance(value, np.ndarray)
            and value.ndim == n_dims
            and value.dtype.kind in kinds
            and (not finite or value.dtype.kind != "f" or _is_finite(value))
        ),
    )


def _is_finite(values):
    return bool(np.isfinite(values).all())


def _is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def _is_plain(value):
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, value.values()))
    return value is None or type(value) in (bool, int, float, str)


NOTHING = Form("None", lambda value: value is None)
FLAG = Form("True or False", lambda value: type(value) is bool)
TEXT = Form("a str", lambda value: type(value) is str)
COUNT, SIZE = whole(0), whole(1)
NUMBER = Form("a finite number", _is_number)
SHARE = Form("from 0 to 1", lambda value: _is_number(value) and 0 <= value < 1)
PLAIN = Form("made of plain values", _is_plain)
LABEL = Form(
    "a label", lambda value: value is None or type(value) in (bool, int, float, str)
)
VECTOR = array(1)
FLAGS = array(1, "b")
