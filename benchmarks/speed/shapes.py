"""The cases of the recurrence alone, over many shapes.

A shape is a batch, its time steps and features, and the units of each layer.
"""

from benchmarks.speed.plan import Case, Contender, Shape, on_1_and_2_threads, ours


def _told(batch, steps, features, units, dtype="float32"):
    return {
        "batch": batch,
        "steps": steps,
        "features": features,
        "units": list(units),
        "dtype": dtype,
    }


def _label(batch, steps, features, units, dtype="float32"):
    layers = f"{len(units)}x{units[0]}"
    double = " float64" if dtype == "float64" else ""
    return f"{batch}x{steps}x{features}, {layers}{double}"


# Label, shape, how many times faster than nn.GRU ours should be, and a smaller shape.
STEPS = [
    (f"small: {_label(32, 24, 1, [32])}", _told(32, 24, 1, [32]), {"nn.GRU": 6}, {}),
    (
        f"medium: {_label(64, 100, 8, [128] * 2)}",
        _told(64, 100, 8, [128] * 2),
        {"nn.GRU": 2.5},
        {"steps": 4},
    ),
    (
        f"large: {_label(512, 168, 4, [256] * 2)}",
        _told(512, 168, 4, [256] * 2),
        {"nn.GRU": 1.8},
        {"steps": 2},
    ),
]

# 30 shapes, from one row to large batches.
_SHAPES = [
    (1, 1, 1, [4]),
    (1, 10, 1, [16]),
    (1, 50, 4, [32]),
    (1, 100, 1, [50] * 2),
    (1, 200, 8, [64], "float64"),
    (1, 200, 64, [512]),
    (2, 64, 64, [256]),
    (4, 20, 2, [8]),
    (8, 50, 16, [16] * 2),
    (8, 100, 8, [128] * 2),
    (16, 1, 8, [32]),
    (16, 30, 32, [64] * 2),
    (16, 100, 1, [100]),
    (32, 10, 8, [512] * 2),
    (32, 24, 1, [32]),
    (32, 50, 64, [256]),
    (32, 100, 1, [50] * 2),
    (32, 100, 1, [50] * 2, "float64"),
    (32, 200, 4, [128]),
    (64, 5, 4, [16]),
    (64, 28, 28, [128]),
    (64, 64, 64, [384]),
    (64, 100, 8, [128] * 2),
    (128, 10, 1, [8]),
    (128, 30, 8, [128], "float64"),
    (128, 50, 2, [64] * 2),
    (256, 1, 64, [256]),
    (256, 200, 1, [16]),
    (512, 20, 2, [4]),
    (512, 48, 4, [256] * 2),
]

GRID = [(_label(*shape), _told(*shape)) for shape in _SHAPES]

RECURRENCE = {
    "at_least": 0.3,
    "backward": True,
    "hoisted": False,
    "cell": "GRU",
    "dtype": "float32",
}
AT_ONCE = {"at_least": 0.02}


def alone(label, task, threads, **told):
    return Contender(label, "recurrence", task, threads=threads, told=told)


steps = Case(
    "steps",
    "Milliseconds per pass, forward and backward, of the recurrence alone",
    [
        Shape(label, RECURRENCE | told, asked, AT_ONCE | quick)
        for label, told, asked, quick in STEPS
    ],
    [
        *on_1_and_2_threads(ours, "OurPass", module="recurrence"),
        *(
            alone(f"nn.{cell}", "TorchPass", n, cell=cell)
            for cell in ("GRU", "LSTM")
            for n in (1, 2)
        ),
        *(
            alone(label, "Floor", n, hoisted=hoisted)
            for label, hoisted in (("floor", True), ("floor, step by step", False))
            for n in (1, 2)
        ),
    ],
    unit="ms",
    note="floor: the matrix products alone, by torch.mm; all steps' at once where that"
    " can be, or every step's. torch.mm itself costs time on small matrices, so that"
    " a compiled loop may pass below it.",
)


def _grid(name, title, backward):
    direction = RECURRENCE | {"at_least": 0.15, "backward": backward}
    return Case(
        name,
        title,
        [
            Shape(label, direction | told, quick=AT_ONCE | {"steps": 2})
            for label, told in GRID
        ],
        [
            *on_1_and_2_threads(ours, "OurPass", module="recurrence"),
            *(alone("nn.GRU", "TorchPass", n) for n in (1, 2)),
        ],
        unit="ms",
        compact=True,
    )


grid = _grid("grid", "Milliseconds per pass, forward and backward", backward=True)
grid_forward = _grid(
    "grid-forward", "Milliseconds per pass, forward only", backward=False
)
