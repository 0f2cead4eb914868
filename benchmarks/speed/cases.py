"""The cases: what is measured, at which sizes, and for which contenders."""

from benchmarks.speed.plan import (
    KERAS,
    TORCH,
    Case,
    Contender,
    Shape,
    darts,
    keras,
    neuralforecast,
    on_1_and_2_threads,
    ours,
    plain,
)
from benchmarks.speed.shapes import grid, grid_forward, steps

PROGRAMME = {
    "rows": 8000,
    "window": 100,
    "units": [50, 50],
    "batch": 32,
    "epochs": 2,
    "loss_epochs": 10,
}
SMALL = {"rows": 700, "window": 20, "units": [8, 8], "epochs": 1, "loss_epochs": 2}

tutorial = Case(
    "tutorial",
    "Seconds per epoch, the whole of fit: 8,000 daily values, window 100, GRU (50, 50),"
    " batch 32, Adam 1e-3",
    [
        Shape(
            "tutorial",
            PROGRAMME,
            asked={
                "Keras 3, TensorFlow": 6,
                "plain nn.GRU loop": 6,
                "skorch, default": 6,
                "darts BlockRNNModel": 6,
                "neuralforecast GRU": 6,
            },
            quick=SMALL,
        )
    ],
    [
        ours("Tutorial"),
        Contender("ours, kernel='torch'", "ours", "Fit", told={"kernel": "torch"}),
        keras("Tutorial"),
        *on_1_and_2_threads(plain, "Tutorial"),
        Contender("skorch, default", "skorch_default", "Tutorial", ("torch", "skorch")),
        darts("Tutorial"),
        neuralforecast("Tutorial"),
    ],
    note="loss: squared error on the training windows after 10 epochs from scratch, in"
    " MinMax units (asked: ours at most the others').",
)

cells = Case(
    "cells",
    "Seconds per epoch of the tutorial's fit, GRU against LSTM of the same width",
    [
        Shape("(50, 50)", PROGRAMME, {"ours, LSTM": 1}, SMALL),
        Shape("128", PROGRAMME | {"units": [128]}, {"ours, LSTM": 1}, SMALL),
    ],
    [
        ours("Fit", "ours, GRU"),
        Contender("ours, LSTM", "ours", "Fit", told={"cell": "lstm"}),
    ],
)

rolling = Case(
    "rolling",
    "Seconds for 8,000 one-step forecasts, window 100, GRU (50, 50)",
    [
        Shape(
            "rolling",
            PROGRAMME,
            {"Keras 3, predict, batch 32": 5, "darts BlockRNNModel": 5},
            SMALL,
        )
    ],
    [
        ours("Rolling"),
        keras("Rolling", "Keras 3, predict, batch 32"),
        darts("Rolling"),
        *on_1_and_2_threads(plain, "Rolling", "plain nn.GRU, batch 512"),
    ],
)

ONE = {"rows": 500, "calls": 200, "at_most": 10}
FEW = {"rows": 200, "calls": 3}

latency_forecast = Case(
    "latency-forecast",
    "Milliseconds to the next row's forecast, window 100, GRU (50, 50)",
    [Shape("forecast", PROGRAMME | ONE, {}, SMALL | FEW)],
    [
        ours("Forecast", "ours, forecast(1)"),
        darts("Forecast"),
        neuralforecast("Forecast"),
    ],
    unit="ms",
    note="Asked: ours at most 1 ms. A figure is the median of 200 calls.",
)

latency_window = Case(
    "latency-window",
    "Milliseconds to the prediction of one window, window 100, GRU (50, 50)",
    [Shape("window", PROGRAMME | ONE, {}, SMALL | FEW)],
    [
        ours("Window", "ours, GRURegressor.predict"),
        keras("Window", "Keras 3, predict"),
        keras("Window", "Keras 3, model(x)", call=True),
        *on_1_and_2_threads(plain, "Window", "bare nn.GRU and head"),
    ],
    unit="ms",
    note="A figure is the median of 200 calls.",
)

TEXT = {"units": 384, "window": 64, "batch": 64, "characters": 200_000, "text": None}
SCRAP = {"units": 16, "window": 16, "batch": 4, "characters": 3_000}

text = Case(
    "text",
    "Seconds per epoch over 200,000 characters, GRU 384, window 64, 64 streams",
    [Shape("text", TEXT, {}, SCRAP)],
    [
        ours("Text", "ours, CharGRUGenerator"),
        *on_1_and_2_threads(plain, "Text"),
        keras("Text", "Keras 3, stateful"),
    ],
    note="loss: nats per character, mean of the first epoch.",
)

WRITE = TEXT | {"units": 256, "characters": 20_000, "length": 1000, "keras_length": 20}

writing = Case(
    "writing",
    "Characters per second, GRU 256",
    [
        Shape(
            f"{n} stream{'s' * (n > 1)}",
            WRITE | {"streams": n},
            {},
            SCRAP | {"length": 20, "keras_length": 3},
        )
        for n in (1, 64)
    ],
    [
        ours("Writing", "ours, generate"),
        *on_1_and_2_threads(plain, "Writing", "plain nn.GRU, step by step"),
        keras("Writing", "Keras 3, predict of a window"),
        keras("Writing", "Keras 3, predict, stateful", stateful=True),
    ],
    unit="characters/s",
)


def search_on(backend, n_jobs, label, **options):
    told = {"backend": backend, "n_jobs": n_jobs}
    needs = {"dask": ("torch", "distributed"), "ray": ("torch", "ray")}
    needs = needs.get(backend, TORCH)
    return Contender(label, "search", "Search", needs, told=told, **options)


SEARCH = {
    "rows": 1500,
    "units": [16, 24, 32, 48],
    "windows": [24, 48],
    "epochs": 10,
}

FEW_FITS = {"rows": 200, "epochs": 1}

search = Case(
    "search",
    "Seconds for a grid search of 8 candidates, 2 splits, 1,500 rows",
    [Shape("search", SEARCH, {"n_jobs=1": 1.6}, FEW_FITS)],
    [
        search_on("loky", 2, "n_jobs=2", ours=True),
        search_on("loky", 1, "n_jobs=1"),
    ],
)

# A case of its own: an idle cluster takes a part of the cores.
search_clusters = Case(
    "search-clusters",
    "Seconds for the same search on local clusters",
    [Shape("search", SEARCH, {}, FEW_FITS)],
    [
        search_on("loky", 2, "n_jobs=2", ours=True),
        search_on("dask", 2, "dask, 2 local workers"),
        search_on("ray", 2, "ray, 2 local workers"),
    ],
    most_rounds=3,
    note="joblib starts ray's workers anew for every search; the others are kept.",
)

memory = Case(
    "memory",
    "MiB that a fit on 1,000,000 rows of float32 adds to its process",
    [Shape("memory", {"rows": 1_000_000}, {}, {"rows": 50_000})],
    [ours("Memory", module="processes")],
    unit="MiB",
    most_rounds=1,
    note="Asked: at most 3 times the series (3.8 MiB) and 200 MiB.",
)


def imported(label, statement, needs=TORCH, **options):
    told = {"statement": statement}
    return Contender(label, "processes", "Import", needs, told=told, **options)


imports = Case(
    "import",
    "Seconds to import, in a fresh process",
    [Shape("import", {})],
    [
        imported("ours", "import sklearn_gru", ours=True),
        imported("torch, pandas, skorch (ours needs)", "import torch, pandas, skorch"),
        imported("Keras 3, TensorFlow", "import keras", KERAS),
        imported(
            "darts BlockRNNModel",
            "from darts.models import BlockRNNModel",
            ("torch", "darts"),
        ),
        imported(
            "neuralforecast GRU",
            "from neuralforecast.models import GRU",
            ("torch", "neuralforecast"),
        ),
    ],
)

start = Case(
    "start",
    "Seconds from calling fit, in a fresh process, kernels cached, imports excluded",
    [
        Shape(
            "start", {"rows": 8000, "window": 100, "units": [50, 50]}, {}, {"rows": 600}
        )
    ],
    [
        ours("Start", "to the first batch", "processes", told={"batches_done": 0}),
        Contender(
            "to that batch's end", "processes", "Start", told={"batches_done": 1}
        ),
    ],
    note="Asked: at most 1 s.",
)

gpu = Case(
    "gpu",
    "Seconds per epoch of the tutorial's fit, on a GPU",
    [Shape("gpu", PROGRAMME | {"device": "cuda"}, {}, SMALL)],
    [ours("Tutorial"), plain("Tutorial")],
    needs_gpu=True,
    note="Asked of an H200: at most 0.10 s.",
)

CASES = [
    tutorial,
    cells,
    steps,
    grid,
    grid_forward,
    rolling,
    latency_forecast,
    latency_window,
    text,
    writing,
    search,
    search_clusters,
    memory,
    imports,
    start,
    gpu,
]
