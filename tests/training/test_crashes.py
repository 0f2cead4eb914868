"""Fits that are killed at random times; ``python -m benchmarks.crashes`` kills more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be forked")
def test_killed_at_random_times():
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.crashes", "--kills", "5"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "'fits with other bits': 0" in run.stdout
