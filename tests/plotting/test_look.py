"""The default looks stay what they were; without matplotlib, an error says what to do.

With ``SKLEARN_GRU_DRAW=1`` in the environment the tests draw the stored pictures anew:
look at them before they are committed.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sklearn_gru.plotting import (
    BacktestDisplay,
    ForecastDisplay,
    GateDisplay,
    ResidualDisplay,
    TrainingDisplay,
)

STORED = Path(__file__).parent / "looks"
DPI = 40
# Grey values of 0 to 255, averaged over blocks of 4 x 4 dots: lines that another
# version of matplotlib moves by a fraction of a dot hardly count.
BLOCK = 4


def forecast(sign=1):
    wave = np.sin(np.arange(40) / 3)
    bands = {0.5: [[-0.5, 0.5]] * 6, 0.9: [[-1, 1]] * 6}
    ahead = sign * np.linspace(0.5, -0.5, 6)
    return ForecastDisplay.from_predictions(
        wave, ahead, one_step=sign * wave[::-1], intervals=bands, name="height (m)"
    ).figure_


def backtest(sign=1):
    truth = np.arange(20.0).reshape(4, 5) % 7
    bands = {0.8: np.stack([truth - 2, truth + 2], axis=2)}
    ours, naive = truth + sign * np.arange(5), truth - 2
    return BacktestDisplay.from_predictions(
        truth, ours, naive, intervals=bands, name="height (m)"
    ).figure_


def training(sign=1):
    epochs = np.arange(1, 11)
    return TrainingDisplay.from_predictions(
        1 / epochs, 0.3 + sign * (epochs - 6) ** 2 / 50, 0.01 * (1 - epochs / 10)
    ).figure_


def residuals(sign=1):
    wave = np.cos(np.arange(60) ** 1.5)
    flat = np.arange(60) / 10
    return ResidualDisplay.from_predictions(
        wave if sign == 1 else flat, 0 * wave, name="height (m)"
    ).figure_


def gates(sign=1):
    steps = np.arange(20)
    waves = 0.5 + sign * 0.5 * np.sin(steps[:, None] / 3 + np.arange(5))
    return GateDisplay.from_predictions(
        np.sin(sign * steps / 2), {"update": waves, "reset": waves**2}
    ).figure_


DRAW = {
    function.__name__: function
    for function in (forecast, backtest, training, residuals, gates)
}


def drawn(figure):
    """Return the grey values of a figure without its text, which other tests read.

    Fonts and what a layout makes of them are not the same everywhere.
    """
    figure.set_layout_engine("none")
    figure.set_dpi(DPI)
    for ax in figure.axes:
        if ax.get_legend():
            ax.get_legend().remove()
        ax.set(xlabel="", ylabel="")
        ax.tick_params(labelbottom=False, labelleft=False, labelright=False)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].mean(axis=2)


def averaged(values):
    height, width = (size // BLOCK * BLOCK for size in values.shape)
    blocks = values[:height, :width].reshape(height // BLOCK, BLOCK, -1, BLOCK)
    return blocks.mean(axis=(1, 3))


def distance(values, name):
    stored = averaged(np.asarray(Image.open(STORED / f"{name}.png"), dtype=float))
    return np.sqrt(np.mean((averaged(values) - stored) ** 2))


@pytest.mark.parametrize("name", DRAW)
def test_default_look_is_the_stored_one(name):
    values = drawn(DRAW[name]())
    if os.environ.get("SKLEARN_GRU_DRAW"):
        Image.fromarray(values.astype(np.uint8)).save(STORED / f"{name}.png")
    of_other_data = drawn(DRAW[name](sign=-1))
    assert distance(values, name) < distance(of_other_data, name) / 2


@pytest.mark.parametrize("name", DRAW)
def test_matplotlib_that_is_missing_is_asked_for(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn-gru\[plot\]"'):
        DRAW[name]()
