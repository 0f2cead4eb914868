"""The weights in the wheel can be made again: series, windows, and the same bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pretraining import train, windows
from pretraining.series import SEASONS, draw_seasons, draw_series, scaled
from pretraining.windows import LONGEST, MOST_AHEAD, cut, draw_batches

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("seasons", [*SEASONS, (2, 2), (59, 59)])
def test_series_are_finite_and_scaled(seasons):
    series = draw_series(np.random.default_rng(0), 200, 400, seasons)
    assert series.shape == (200, 400)
    assert series.dtype == np.float32
    np.testing.assert_allclose(series.mean(axis=1), 0, atol=1e-5)
    spread = np.abs(series).mean(axis=1)
    assert np.mean(np.isclose(spread, 1, atol=1e-4)) > 0.97  # the others are constant
    np.testing.assert_allclose(spread[~np.isclose(spread, 1, atol=1e-4)], 0, atol=1e-6)


def test_series_with_a_season_repeat():
    series = draw_series(np.random.default_rng(0), 400, 240, (12, 12))
    steps = scaled(np.diff(series, axis=1))

    def repeats(lag):
        return (steps[:, lag:] * steps[:, :-lag]).mean(axis=1)

    assert np.median(repeats(12)) > np.median(repeats(7)) + 0.2


def test_all_kinds_of_seasons_are_drawn():
    rng = np.random.default_rng(0)
    drawn = {draw_seasons(rng) for _ in range(2000)}
    assert drawn > set(SEASONS)


def test_batches_are_windows_and_the_rows_behind_them():
    rng = np.random.default_rng(0)
    series = np.arange(3.0)[:, None] * 1e6 + np.arange(float(LONGEST + MOST_AHEAD))
    lengths = set()
    for _ in range(200):
        batch = cut(rng, series, (24, 168))
        window, target = batch.inputs["window"][..., 0], batch.targets[..., 0]
        assert (window[:, -1] + 1 == target[:, 0]).all()
        assert (target.diff(dim=1) == 1).all()
        assert batch.inputs["horizon"] == target.shape[1] <= MOST_AHEAD
        known = ~window.isnan()
        assert known.any(dim=1).all()
        lengths.add(window.shape[1])
    assert max(lengths) == LONGEST
    assert min(lengths) < 50


def test_the_same_generator_draws_the_same_batches():
    one, other = (draw_batches(np.random.default_rng(3), 8) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        assert a.inputs.keys() == b.inputs.keys()
        assert torch.equal(a.targets, b.targets)
        torch.testing.assert_close(
            a.inputs["window"], b.inputs["window"], rtol=0, atol=0, equal_nan=True
        )


def run_script(path, *arguments):
    command = [sys.executable, "-m", "pretraining.train", "--out", path, *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path.read_bytes()


def test_the_file_is_made_again_to_the_same_bits(tmp_path):
    short = "--steps", "3"
    first, second = (run_script(tmp_path / name, *short) for name in "ab")
    assert first == second
    assert run_script(tmp_path / "c", *short, "--seed", "1") != first


def test_a_run_that_was_broken_off_goes_on(monkeypatch, tmp_path):
    monkeypatch.setattr(train, "EPOCH", 2)
    monkeypatch.setattr(train, "BATCH", 4)
    whole = train.trained(6, seed=0, verbose=0).module_.state_dict()
    draw, calls = windows.draw_batches, []

    def broken(rng, n):
        calls.append(n)
        if len(calls) > 3:
            raise OSError("the power is gone")
        return draw(rng, n)

    with monkeypatch.context() as patched:
        patched.setattr(windows, "draw_batches", broken)
        patched.setattr(train, "SECONDS", 0)
        with pytest.raises(OSError, match="power"):
            train.trained(6, seed=0, folder=tmp_path, verbose=0)
    calls.clear()
    continued = train.trained(6, seed=0, folder=tmp_path, verbose=0)
    assert len(continued.history) == 3
    for name, weight in continued.module_.state_dict().items():
        assert torch.equal(weight, whole[name])
