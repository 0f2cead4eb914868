"""The network behind the forecasters: windows in, blocks of future rows out."""

import torch
from torch import nn

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent


class ForecastNet(nn.Module):
    """A recurrent network with the modelling choices of forecasting around it.

    Parameters
    ----------
    n_series : int
        Columns of a window.
    n_targets : int
        Columns of a forecast.
    units : tuple of int
    horizon : int
        Rows forecast at once.
    center : {"auto", "last", "mean"} or None
        The level that is subtracted from each window and added to its forecast, the
        last row or the mean. Only for forecasts of the window's own columns.
        `fit_scales` decides on "auto".
    segment_length : int
        Rows that form one input of the recurrent layers.
    independent : bool
        Whether the network reads every column by itself.
    n_exogenous : int
        Exogenous columns, whose future values are known.
    seed : int
    dtype : torch.dtype
    **recurrent
        Arguments of `Recurrent`.
    """

    def __init__(
        self,
        n_series,
        n_targets,
        units,
        *,
        horizon,
        center,
        segment_length,
        independent,
        n_exogenous=0,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.n_targets = n_targets
        self.horizon = horizon
        self.center = center
        self.segment_length = segment_length
        self.independent = independent
        channels_in, channels_out = (1, 1) if independent else (n_series, n_targets)
        with initialized(self, seed, dtype):
            self.recurrent = Recurrent(
                segment_length * (channels_in + n_exogenous),
                units,
                seed=seed,
                **recurrent,
            )
            width = self.recurrent.output_size
            self.head = nn.Linear(width, horizon * channels_out)
            if n_exogenous:
                self.effect = nn.Sequential(
                    nn.Linear(width + n_exogenous, width),
                    nn.Tanh(),
                    nn.Linear(width, channels_out),
                )
        self.register_buffer("input_scale", torch.ones(n_series, dtype=dtype))
        self.register_buffer("output_scale", torch.ones(n_targets, dtype=dtype))

    def forward(self, window, exogenous=None):
        """Map windows (B, window_length, n_series) to (B, horizon, n_targets).

        `exogenous` (B, window_length - 1 + horizon, n_exogenous) starts one row after
        the window does: each step of the network reads a row of the window together
        with the exogenous values of the next row. The exogenous values of a row to
        forecast also add a learned effect to its forecast, the same function for every
        row.
        """
        hidden = self.features(window, exogenous, merge=False)
        block = self.head(hidden).view(len(hidden), self.horizon, -1)
        if exogenous is not None:
            ahead = self._beside_channels(exogenous[:, -self.horizon :])  # (B, H, e)
            state = hidden[:, None].expand(-1, self.horizon, -1)  # (B, H, units)
            block = block + self.effect(torch.cat([state, ahead], dim=2))
        if self.independent:
            block = block.view(len(window), self.n_targets, self.horizon)
            block = block.transpose(1, 2)  # (B, horizon, n_targets)
        block = block * self.output_scale
        return block if self.center is None else block + self.level(window)

    def features(self, window, exogenous=None, merge=True):
        """Map windows to hidden states, (B, units) or (B, n_series * units)."""
        n_windows = len(window)
        if self.center is not None:
            window = (window - self.level(window)) / self.input_scale
        if self.independent:
            window = window.transpose(1, 2).reshape(-1, window.shape[1], 1)
        if exogenous is not None:
            beside = self._beside_channels(exogenous[:, : window.shape[1]])
            window = torch.cat([window, beside], dim=2)
        # (B, window_length, c) -> (B, n_segments, segment_length * c)
        segments = window.reshape(
            len(window), -1, self.segment_length * window.shape[2]
        )
        hidden = self.recurrent.summary(segments)
        return hidden.reshape(n_windows, -1) if merge else hidden

    def _beside_channels(self, exogenous):
        """Repeat exogenous values for every column that is read by itself."""
        if self.independent:
            return exogenous.repeat_interleave(self.n_targets, dim=0)
        return exogenous

    def level(self, window, center=None):
        """Return the level that is subtracted from each window, (B, 1, n_series)."""
        if (center or self.center) == "last":
            return window[:, -1:]
        return window.mean(dim=1, keepdim=True)

    def best_center(self, window, block, one_series):
        """Return the centre that best forecasts the later half of the windows.

        Three naive forecasts are compared: the mean of all earlier rows (no centre),
        the mean of the window, and its last row. Windows of several series have no
        common earlier rows, so for them the first is left out.
        """
        half = len(window) // 2
        later, truth = window[half:], block[half:]
        errors = {c: truth - self.level(later, c) for c in ("mean", "last")}
        if one_series:
            errors[None] = truth - block[: max(half, 1)].mean(dim=(0, 1))
        return min(errors, key=lambda center: errors[center].square().mean())

    @torch.no_grad()
    def fit_scales(self, window, block, one_series=True):
        """Decide on the centre, and measure the spread around it.

        The spread scales the network's inputs and outputs. Without it, the network of a
        smooth series would have to learn outputs that are orders of magnitude smaller
        than its initial ones.

        Parameters
        ----------
        window : Tensor of shape (B, window_length, n_series)
            In the order of time.
        block : Tensor of shape (B, horizon, n_targets)
            The rows that follow each window.
        one_series : bool, default=True
            Whether all windows belong to one series.
        """
        if self.center == "auto":
            self.center = self.best_center(window, block, one_series)
        if self.center is not None:
            level = self.level(window)
            self.input_scale.copy_(_spread(window - level))
            self.output_scale.copy_(_spread(block - level))

    @torch.no_grad()
    def hold_still(self, constant):
        """Let the forecasts of some columns be their level and nothing else.

        Parameters
        ----------
        constant : Tensor of shape (n_targets,), bool
            Columns that have never varied, so that nothing can be learned about them.
        """
        self.output_scale[constant.to(self.output_scale.device)] = 0.0

    @torch.no_grad()
    def release(self, varying):
        """Let columns that were held still be learned, now that they vary.

        Parameters
        ----------
        varying : Tensor of shape (n_targets,), bool
        """
        held = self.output_scale == 0
        self.output_scale[held & varying.to(self.output_scale.device)] = 1.0

    @property
    def holds_still(self):
        """Whether some columns are held still."""
        return bool((self.output_scale == 0).any())


def _spread(x):
    """Return the root mean square of each column of x (B, T, k); 1 for zero columns."""
    spread = x.square().mean(dim=(0, 1)).sqrt()
    return torch.where(spread > 1e-6, spread, torch.ones_like(spread))
