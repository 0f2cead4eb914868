"""Kinds: the classes whose objects a file may hold, and what they consist of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.saving.forms import check_fields

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True)
class Kind:
    """How objects of a class are kept in a file.

    Parameters
    ----------
    name : str
        In the file. It stays when the class is renamed or moved.
    cls : type
    fields : dict of Form
        What the state of an object consists of.
    describe : callable, default=None
        Maps an object to its state; None takes its attributes.
    build : callable, default=None
        Makes an object of a state; None calls the class.
    added : dict, default=None
        Values of fields that earlier versions did not write.
    check : callable, default=None
        Tells what is wrong with a state whose fields are in form: a str, or None. It
        may raise a ModelFileError itself, where a part of the state is wrong.
    """

    name: str
    cls: type
    fields: dict
    describe: Callable | None = None
    build: Callable | None = None
    check: Callable | None = None
    added: dict | None = None

    def state_of(self, value: object) -> dict[str, Any]:
        """Return what is to be written of an object."""
        if self.describe is not None:
            return self.describe(value)
        return {name: getattr(value, name) for name in self.fields}

    def made_of(self, state: dict[str, Any]) -> Any:
        """Make an object of what was read."""
        state = {**(self.added or {}), **state}
        check_fields(self.name, state, self.fields)
        wrong = self.check(state) if self.check else None
        if wrong:
            raise ModelFileError(f"{self.name} is wrong: {wrong}")
        return (self.build or self.cls)(**state)
