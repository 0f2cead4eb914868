"""The parts of a case."""

from dataclasses import dataclass, field, replace


class Skipped(Exception):
    """Raised by a contender that can't run here; the message says why."""


@dataclass(frozen=True, eq=False)
class Contender:
    """What is run: "module:Class.method" in `contenders`, and the module it needs.

    Without `threads`, its libraries choose the number as they do for their users.
    `ours` marks what runs this package, from the folder `checkout` if that is given.
    """

    label: str
    task: str
    needs: str = "torch"
    threads: int | None = None
    ours: bool = False
    told: dict = field(default_factory=dict)  # beside the sizes
    checkout: str | None = None

    def __str__(self):
        where = f", {self.checkout}" if self.checkout else ""
        return self.label + where

    def on_1_and_2_threads(self):
        return [replace(self, threads=n) for n in (1, 2)]


@dataclass(frozen=True)
class Case:
    """Contenders, and the sizes they are compared on, by label.

    Times are divided by the size "count". A run is repeated for "seconds", if they are
    given, and the median is taken. The first contender is what the others are divided
    by.
    """

    name: str
    title: str
    shapes: dict
    contenders: list
    compact: bool = False  # a line per shape, not a table
    note: str = ""

    def against(self, checkout):
        """Leave only what runs this package, each beside another checkout's."""
        pairs = [(c, replace(c, checkout=checkout)) for c in self.contenders if c.ours]
        return replace(self, contenders=[one for pair in pairs for one in pair])
