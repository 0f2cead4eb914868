"""The cases: what is measured, at which sizes, and for which contenders."""

from dataclasses import replace

from benchmarks.speed.plan import Case, Contender

# Sizes with which --quick only shows that everything runs.
QUICK = {
    "rows": 300,
    "window": 20,
    "units": [8, 8],
    "steps": 2,
    "count": 1,
    "epochs": 1,
    "loss_epochs": 1,
    "seconds": 0.02,
}


def ours(method, label="ours", **told):
    return Contender(label, f"ours:{method}", ours=True, told=told)


def plain(method, label="plain nn.GRU loop"):
    return Contender(label, f"plain_torch:Loop.{method}")


def keras(method, label="Keras 3, TensorFlow"):
    return Contender(label, f"keras_tensorflow:Network.{method}", "tensorflow")


def darts(method):
    return Contender("darts BlockRNNModel", f"darts_rnn:Forecaster.{method}", "darts")


def neuralforecast(method):
    task = f"neural_forecast:Forecaster.{method}"
    return Contender("neuralforecast GRU", task, "neuralforecast")


NET = {"window": 100, "units": [50, 50], "batch": 32}
PROGRAMME = NET | {"rows": 8000, "trained": 0, "count": 2}

tutorial = Case(
    "tutorial",
    "an epoch, the whole of fit: 8,000 daily values, window 100, GRU (50, 50), batch"
    " 32, Adam 1e-3",
    {"tutorial": PROGRAMME | {"loss_epochs": 10}},
    [
        ours("Forecaster.train"),
        ours("Forecaster.train", "ours, kernel='torch'", kernel="torch"),
        keras("train"),
        *plain("train").on_1_and_2_threads(),
        Contender("skorch, default", "skorch_default:Regressor.train"),
        darts("train"),
        neuralforecast("train"),
    ],
    note="loss: squared error on the training windows after 10 epochs from scratch, in"
    " MinMax units",
)

cells = Case(
    "cells",
    "an epoch of the tutorial's fit, by kind of layer",
    {"(50, 50)": PROGRAMME, "128": PROGRAMME | {"units": [128]}},
    [
        ours("Forecaster.train", f"ours, {cell}", cell=cell)
        for cell in ("gru", "lstm", "rnn")
    ],
)

rolling = Case(
    "rolling",
    "8,000 one-step forecasts, window 100, GRU (50, 50)",
    {"rolling": NET | {"rows": 8100, "trained": 1}},
    [
        ours("Forecaster.forecasts"),
        keras("forecasts", "Keras 3, predict, batch 32"),
        darts("forecasts"),
        *plain("forecasts", "plain nn.GRU, batch 512").on_1_and_2_threads(),
    ],
)

LATENCY = NET | {"rows": 500, "trained": 1, "seconds": 1}

latency_forecast = Case(
    "latency-forecast",
    "the next row's forecast, window 100, GRU (50, 50)",
    {"forecast": LATENCY},
    [
        ours("Forecaster.forecast", "ours, forecast(1)"),
        darts("forecast"),
        neuralforecast("forecast"),
    ],
)

latency_window = Case(
    "latency-window",
    "the prediction of one window, window 100, GRU (50, 50)",
    {"window": LATENCY},
    [
        ours("Regressor.predict", "ours, GRURegressor.predict"),
        keras("predict", "Keras 3, predict"),
        keras("call", "Keras 3, model(x)"),
        *plain("predict", "bare nn.GRU and head").on_1_and_2_threads(),
    ],
)

# The recurrence alone: batch x steps x features, layers x units.
STEPS = ["32x24x1, 1x32", "64x100x8, 2x128", "512x168x4, 2x256"]
GRID = [
    *("1x1x1, 1x4", "1x10x1, 1x16", "1x50x4, 1x32", "1x100x1, 2x50"),
    *("1x200x8, 1x64, float64", "1x200x64, 1x512", "2x64x64, 1x256", "4x20x2, 1x8"),
    *("8x50x16, 2x16", "8x100x8, 2x128", "16x1x8, 1x32", "16x30x32, 2x64"),
    *("16x100x1, 1x100", "32x10x8, 2x512", "32x24x1, 1x32", "32x50x64, 1x256"),
    *("32x100x1, 2x50", "32x100x1, 2x50, float64", "32x200x4, 1x128", "64x5x4, 1x16"),
    *("64x28x28, 1x128", "64x64x64, 1x384", "64x100x8, 2x128", "128x10x1, 1x8"),
    *("128x30x8, 1x128, float64", "128x50x2, 2x64", "256x1x64, 1x256"),
    *("256x200x1, 1x16", "512x20x2, 1x4", "512x48x4, 2x256"),
]


def recurrence(name, shapes, cell, direction="", seconds=0.15):
    """Make a case of layers alone, forward and back or only "-forward"."""
    run = {"cell": cell, "backward": not direction, "seconds": seconds}
    contenders = [
        ours("Recurrence.run"),
        Contender(f"nn.{cell.upper()}", "recurrence:PyTorch.run"),
    ]
    return Case(
        f"{name}-{cell}{direction}",
        f"a pass {'forward' if direction else 'forward and back'} of {cell} layers",
        {shape: sizes(shape) | run for shape in shapes},
        [one for c in contenders for one in c.on_1_and_2_threads()],
        compact=name == "grid",
    )


def sizes(shape):
    data, layers, *dtype = shape.split(", ")
    batch, steps, features = map(int, data.split("x"))
    n_layers, units = map(int, layers.split("x"))
    return {
        "batch": batch,
        "steps": steps,
        "features": features,
        "units": [units] * n_layers,
        "dtype": dtype[0] if dtype else "float32",
    }


def steps_and_grid(cell):
    return [
        recurrence("steps", STEPS, cell, seconds=0.3),
        recurrence("grid", GRID, cell),
        recurrence("grid", GRID, cell, "-forward"),
    ]


search = Case(
    "search",
    "a grid search of 8 candidates, 2 splits, 1,500 rows",
    {
        "search": {
            "rows": 1500,
            "units": [16, 24, 32, 48],
            "windows": [24, 48],
            "epochs": 10,
        }
    },
    [
        Contender(f"n_jobs={n}", "search:Search.run", ours=True, told={"n_jobs": n})
        for n in (2, 1)
    ],
)

OTHER_CELLS = ("lstm", "rnn")

gpu = Case(
    "gpu",
    "an epoch of the tutorial's fit, on a GPU",
    {"gpu": PROGRAMME | {"device": "cuda"}},
    [
        ours("Forecaster.train"),
        *(ours("Forecaster.train", f"ours, {cell}", cell=cell) for cell in OTHER_CELLS),
        plain("train"),
    ],
)

CASES = [
    tutorial,
    cells,
    *(case for cell in ("gru", "lstm", "rnn") for case in steps_and_grid(cell)),
    rolling,
    latency_forecast,
    latency_window,
    search,
    gpu,
]


def quick(case):
    """Make a case's sizes smaller; sizes it doesn't have are left out."""
    shapes = {
        label: {name: QUICK.get(name, size) for name, size in shape.items()}
        for label, shape in case.shapes.items()
    }
    return replace(case, title=f"{case.title} (quick sizes, not these)", shapes=shapes)
