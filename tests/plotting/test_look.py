"""The default looks stay what they were; without matplotlib, an error says what to do.

``SKLEARN_GRU_DRAW=1 pytest tests/plotting/test_look.py`` draws the stored pictures anew:
look at them before they are committed.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from sklearn_gru.plotting import (
    BacktestDisplay,
    ForecastDisplay,
    GateDisplay,
    ResidualDisplay,
    TrainingDisplay,
)

STORED = Path(__file__).parent / "looks"
DPI = 40
# Grey values of 0 to 255, averaged over blocks of 4 x 4 dots, so that letters which
# another version of matplotlib moves by a dot hardly count.
BLOCK, LIMIT = 4, 6.0


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
    ours, naive = truth + sign * np.arange(5) / 3, truth - 2
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


def grey(picture):
    """Return the grey values of a picture, averaged over blocks."""
    values = picture[..., :3].mean(axis=2) * (255 if picture.max() <= 1 else 1)
    height, width = (size // BLOCK * BLOCK for size in values.shape)
    blocks = values[:height, :width].reshape(height // BLOCK, BLOCK, -1, BLOCK)
    return blocks.mean(axis=(1, 3))


def drawn(figure):
    figure.set_dpi(DPI)
    figure.canvas.draw()
    return grey(np.asarray(figure.canvas.buffer_rgba()))


def distance(figure, name):
    stored = grey(image.imread(STORED / f"{name}.png"))
    return np.sqrt(np.mean((drawn(figure) - stored) ** 2))


@pytest.mark.parametrize("name", DRAW)
def test_default_look_is_the_stored_one(name):
    figure = DRAW[name]()
    if os.environ.get("SKLEARN_GRU_DRAW"):
        figure.savefig(STORED / f"{name}.png", dpi=DPI)
    assert distance(figure, name) < LIMIT


@pytest.mark.parametrize("name", DRAW)
def test_other_data_do_not_look_like_it(name):
    assert distance(DRAW[name](sign=-1), name) > LIMIT


@pytest.mark.parametrize("name", DRAW)
def test_matplotlib_that_is_missing_is_asked_for(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn-gru\[plot\]"'):
        DRAW[name]()
