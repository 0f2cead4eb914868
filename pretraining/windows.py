"""Batches of windows of synthetic series, and the rows that follow them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from pretraining.series import draw_seasons, draw_series
from sklearn_gru.training import Batch

SHORTEST, LONGEST = 10, 384
FEWEST_AHEAD, MOST_AHEAD = 6, 64
# So many windows are cut from the same series, since drawing them takes long.
CUTS = 2
# How often the network is told no season, or another one than there is.
TOLD_NONE, TOLD_ANOTHER = 0.08, 0.04
# How often windows begin at different rows, and how often rows are missing.
STAGGERED, WITH_GAPS = 0.3, 0.12


class Windows:
    """Iterates over an epoch of batches, which are drawn while others are trained on.

    Parameters
    ----------
    dataset : sized
        Its length is that of an epoch, in windows.
    batch_size : int
    rng : numpy.random.Generator
        Every epoch takes a seed from it, so an epoch that is repeated is the same.
    """

    def __init__(self, dataset, batch_size, rng):
        self.dataset = dataset
        self.batch_size = batch_size
        self.rng = rng

    def __len__(self):
        return len(self.dataset) // self.batch_size

    def __iter__(self):
        rng = np.random.default_rng(self.rng.integers(2**63))
        with ThreadPoolExecutor(1) as executor:
            ready = executor.submit(draw_batches, rng, self.batch_size)
            for start in range(0, len(self), CUTS):
                batches = ready.result()
                ready = executor.submit(draw_batches, rng, self.batch_size)
                yield from batches[: len(self) - start]
            ready.result()


def draw_batches(rng, n):
    """Draw series, and cut `CUTS` batches of n windows out of them."""
    seasons = draw_seasons(rng)
    series = draw_series(rng, n, LONGEST + MOST_AHEAD, seasons)
    return [cut(rng, series, seasons) for _ in range(CUTS)]


def cut(rng, series, seasons):
    """Cut a window out of each series: a `Batch`."""
    longer = seasons[1]
    length = np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST)))
    if longer > 1 and rng.random() < 0.6:
        length = max(length, longer * rng.uniform(1.2, 3))
    length = int(min(length, LONGEST))
    ahead = int(rng.integers(FEWEST_AHEAD, MOST_AHEAD + 1))
    first = int(rng.integers(series.shape[1] - length - ahead + 1))
    window = series[:, first : first + length].copy()
    hide(rng, window)
    target = np.ascontiguousarray(series[:, first + length : first + length + ahead])
    inputs = {
        "window": torch.from_numpy(window)[:, :, None],
        "season_length": told(rng, seasons),
        "horizon": ahead,
    }
    return Batch(inputs, torch.from_numpy(target)[:, :, None])


def told(rng, seasons):
    """Return the season that the network is told of, mostly that of the series."""
    chance = rng.random()
    if chance < TOLD_NONE:
        return 1
    return draw_seasons(rng)[0] if chance < TOLD_NONE + TOLD_ANOTHER else seasons[0]


def hide(rng, window):
    """Let some windows begin later, and some miss rows; the last row is known."""
    n, length = window.shape
    if rng.random() < STAGGERED:
        begin = (rng.random((n, 1)) * rng.integers(0, 2, (n, 1)) * length).astype(int)
        window[np.arange(length) < np.minimum(begin, length - 4)] = np.nan
    if rng.random() < WITH_GAPS:
        share = rng.uniform(0, 0.4, (n, 1)) * rng.integers(0, 2, (n, 1))
        missing = rng.random((n, length)) < share
        missing[:, -1] = False
        window[missing] = np.nan
