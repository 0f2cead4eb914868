"""The parts of a case: contenders and shapes."""

from dataclasses import dataclass, field

TORCH = ("torch",)
KERAS = ("tensorflow", "keras")


@dataclass(frozen=True, eq=False)
class Contender:
    """A class in `contenders`, the packages it needs, and its number of threads.

    Without `threads`, its libraries choose the number as they do for their users.
    """

    label: str
    module: str
    task: str
    needs: tuple = TORCH
    threads: int | None = None
    ours: bool = False
    told: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Shape:
    """The sizes that contenders are told.

    `quick` has smaller sizes, only to see that everything runs. `asked` is the least
    ratio of a contender's time to ours.
    """

    label: str
    told: dict
    asked: dict = field(default_factory=dict)
    quick: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Contenders, and the shapes that they are compared on."""

    name: str
    title: str
    shapes: list
    contenders: list
    unit: str = "s"
    compact: bool = False  # a line per shape, not a table
    most_rounds: int = 1000
    needs_gpu: bool = False
    note: str = ""


def ours(task, label="ours", module="ours", **options):
    return Contender(label, module, task, ours=True, **options)


def keras(task, label="Keras 3, TensorFlow", **told):
    return Contender(label, "keras_tensorflow", task, KERAS, told=told)


def plain(task, label="plain nn.GRU loop", **options):
    return Contender(label, "plain_torch", task, **options)


def darts(task):
    return Contender("darts BlockRNNModel", "darts_rnn", task, ("torch", "darts"))


def neuralforecast(task):
    needs = ("torch", "neuralforecast")
    return Contender("neuralforecast GRU", "neural_forecast", task, needs)


def on_1_and_2_threads(make, *arguments, **options):
    return [make(*arguments, threads=n, **options) for n in (1, 2)]
