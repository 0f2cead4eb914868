"""The network of the weights in the wheel: any window, any season, row by row."""

import torch
from torch import nn

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.losses import QUANTILES
from sklearn_gru.nets.quantiles import in_order
from sklearn_gru.nets.recurrent import Recurrent
from sklearn_gru.nets.seasonal_history import (
    FURTHEST,
    N_CANDIDATES,
    N_ROW_FEATURES,
    N_STEP_FEATURES,
    SeasonalHistory,
)

# In losses an error is divided by its window's spread, and by so much and the window's
# usual change: where little changes, good forecasts' errors are small.
LEAST_CHANGE = 0.1


class ZeroShotNet(nn.Module):
    """A network for series of any length and season, also ones it was not trained on.

    It has the interface of `ForecastNet`. Each column is read by itself; neither a
    window's length nor a season or a horizon is built into a weight. The forecast of a
    row is a mixture of its naive forecasts, weighed by the network, and a correction in
    units of the window's usual change.

    Parameters
    ----------
    n_series, n_targets : int
        Columns; those that are read are those that are forecast.
    units : tuple of int
    window_length : int
        The most rows that are read.
    horizon : int
        Rows forecast at once.
    season_length : int, default=1
    head_width : int, default=96
    masked : bool, default=False
        Whether users' windows may hold NaN.
    n_exogenous, segment_length : int
        As in `ForecastNet`; always 0 and 1.
    seed : int
    dtype : torch.dtype
    **recurrent
        Arguments of `Recurrent`.
    """

    n_quantiles = len(QUANTILES)
    # What `ForecastNet` may be, and this network always is.
    center, linear_path, independent = "mean", None, True
    # Constant windows are forecast flat, so no column has to be held.
    holds_still = False

    def __init__(
        self,
        n_series,
        n_targets,
        units,
        *,
        window_length,
        horizon,
        season_length=1,
        head_width=96,
        masked=False,
        n_exogenous=0,
        segment_length=1,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.horizon = horizon
        self.season_length = season_length
        with initialized(self, seed, dtype):
            self.recurrent = Recurrent(N_STEP_FEATURES, units, seed=seed, **recurrent)
            self.head = RowHead(self.recurrent.output_size, head_width)

    def forward(self, window, season_length=None, horizon=None):
        """Map windows (B, T, k) to quantiles of rows (B, horizon, k, n_quantiles).

        `season_length` and `horizon` replace those of the network.
        """
        history = self._history(window, season_length)
        hidden = self._state(history)
        rows = self.head(hidden, history, horizon or self.horizon)  # (B * k, H, q)
        if not self.training:
            # Digits beyond those of the weights would depend on the rest of the batch.
            rows = rows.float().to(rows.dtype)
        quantiles = rows * history.spread[:, :, None] + history.level[:, :, None]
        return quantiles.unflatten(0, (len(window), -1)).transpose(1, 2)

    def point(self, block):
        """Take the median of each row, (..., k), out of a forward pass."""
        return block[..., self.n_quantiles // 2]

    def in_spreads(self, prediction, target, window, season_length=None, horizon=None):
        """Measure a forecast and its target from the mean, in spreads and changes."""
        history = self._history(window, season_length)
        size = history.spread * (LEAST_CHANGE + history.change)
        size = torch.where(history.spread > 0, size, 1.0)
        level, spread, size = (
            x.unflatten(0, (len(window), -1)).transpose(1, 2)  # (B, 1, k)
            for x in (history.level, history.spread, size)
        )
        reach = FURTHEST * spread
        target = torch.clamp(target - level, -reach, reach) / size
        return (prediction - level[..., None]) / size[..., None], target

    def features(self, window):
        """Map windows to hidden states, (B, k * units)."""
        return self._state(self._history(window, None)).reshape(len(window), -1)

    def _state(self, history):
        return self.recurrent.summary(history.steps(), resets=history.begins())

    def _history(self, window, season_length):
        # (B, T, k) -> (B * k, T)
        columns = window.transpose(1, 2).flatten(0, 1)
        exists = (~columns.isnan()).any(dim=0)
        first = int(exists.to(torch.uint8).argmax())
        return SeasonalHistory(columns[:, first:], season_length or self.season_length)


class RowHead(nn.Module):
    """Forecasts each row by itself, from a state and what is known of the row.

    Parameters
    ----------
    n_inputs : int
        Of the state.
    width : int
    """

    def __init__(self, n_inputs, width):
        super().__init__()
        self.of_state = nn.Linear(n_inputs, width)
        self.of_row = nn.Linear(N_ROW_FEATURES, width)
        self.middle = nn.Linear(width, width)
        self.last = nn.Linear(width, N_CANDIDATES + len(QUANTILES))

    def forward(self, hidden, history, horizon):
        """Return quantiles in spreads of the window: (B, horizon, n_quantiles)."""
        features, candidates = history.ahead(horizon)
        x = torch.tanh(self.of_state(hidden)[:, None] + self.of_row(features))
        x = self.last(torch.tanh(self.middle(x)))
        weights = x[..., :N_CANDIDATES].softmax(dim=-1)
        mixture = (weights * candidates).sum(dim=-1, keepdim=True)
        return mixture + history.change[:, :, None] * in_order(x[..., N_CANDIDATES:])
