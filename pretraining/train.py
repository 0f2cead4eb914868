"""Train the network in the wheel on synthetic series, and write its weights.

    python -m pretraining.train --out weights.safetensors [--steps 45000] [--seed 0]
                                [--checkpoint FOLDER]

With a checkpoint folder, a run that was stopped goes on where it was. On one machine
the same arguments make the same file, to the last bit. A GPU is taken if there is one.
"""

import argparse
import time
from pathlib import Path

import torch

from pretraining.windows import LONGEST, MOST_AHEAD, Windows
from sklearn_gru.nets import FORECAST_LOSSES, ZeroShotNet
from sklearn_gru.training import (
    Architecture,
    Checkpoint,
    Net,
    SequenceDataset,
    TrainingSettings,
    build_net,
    resolve_device,
    train,
)
from sklearn_gru.weights import write_weights

EPOCH = 1000  # steps
BATCH = 128
SECONDS = 60  # from one checkpoint to the next
# What the file says of the network; all else depends on the series.
ARCHITECTURE = {
    "units": (128,),
    "cell": "gru",
    "activation": "tanh",
    "reset_after": True,
    "window_length": LONGEST,
    "horizon": MOST_AHEAD,
}
OF_A_SERIES = {"n_series": 1, "n_targets": 1}


class WindowsNet(Net):
    """A net that trains on windows that are drawn anew in every epoch."""

    iterator = Windows
    schedule_every = "batch"


def main():
    """Read the arguments, train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=45_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", help="folder of a run that can go on")
    options = parser.parse_args()
    start = time.perf_counter()
    net = trained(options.steps, options.seed, options.checkpoint)
    print(f"{options.steps} steps, {time.perf_counter() - start:.0f} s in this process")
    write_weights(options.out, net.module_, ARCHITECTURE)


def trained(steps, seed, folder=None, *, verbose=2):
    """Train a network for so many steps; return the skorch net."""
    settings = TrainingSettings(
        lr=0.002,
        batch_size=BATCH,
        optimizer="adamw",
        weight_decay=1e-4,
        lr_schedule="cosine",
        gradient_clip=1.0,
        early_stopping=False,
        n_iter_no_change=1,
        tol=0.0,
        callbacks=None,
        kernel="auto",
        verbose=verbose,
        checkpoint=None if folder is None else Checkpoint(folder, SECONDS),
    )
    epoch = min(EPOCH, steps)
    net = build_net(
        ZeroShotNet,
        FORECAST_LOSSES["quantile"],
        Architecture.of(
            **ARCHITECTURE, **OF_A_SERIES, dropout=0.0, dtype=torch.float32
        ),
        settings,
        device=resolve_device("auto"),
        seed=seed,
        net_class=WindowsNet,
    )
    windows = SequenceDataset({}, None, range(epoch * BATCH))
    train(net, windows, settings, steps // epoch)
    return net


if __name__ == "__main__":
    main()
