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
        What is subtracted from each window's columns, and added to the forecast.
        That needs a forecast of the window's own columns. "auto" is decided by
        `fit_scales`.
    segment_length : int
        Rows that form one input of the recurrent layers.
    independent : bool
        Whether every column goes through the network by itself.
    n_exogenous : int
        Columns of what is known of the future.
    seed : int
    dtype : torch.dtype
    **recurrent
        As for `Recurrent`.
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
        the window does: each of the network's steps reads, beside a row of the
        window, what is known of the row that follows. What is known of a row to
        forecast has an effect on it that is learned once for all of them.
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
        """Repeat what is known for every channel that goes through by itself."""
        if self.independent:
            return exogenous.repeat_interleave(self.n_targets, dim=0)
        return exogenous

    def level(self, window, center=None):
        """What is subtracted from each window, (B, 1, n_series)."""
        if (center or self.center) == "last":
            return window[:, -1:]
        return window.mean(dim=1, keepdim=True)

    def best_center(self, window, block, one_series):
        """Compare three naive forecasts, on the later half of the windows.

        They are the mean of all earlier rows (no centre), the mean of the window, and
        its last row. Windows of several series have no common earlier rows.
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

        Without the spread, the network of a smooth series would have to learn outputs
        that are orders of magnitude smaller than its initial ones.

        Parameters
        ----------
        window : Tensor of shape (B, window_length, n_series)
            In the order of time.
        block : Tensor of shape (B, horizon, n_targets)
            What followed each window.
        one_series : bool, default=True
            Whether all windows are of one series.
        """
        if self.center == "auto":
            self.center = self.best_center(window, block, one_series)
        if self.center is not None:
            level = self.level(window)
            self.input_scale.copy_(_spread(window - level))
            self.output_scale.copy_(_spread(block - level))

    @torch.no_grad()
    def hold_still(self, constant):
        """Let forecasts of some columns be their level and nothing else.

        Parameters
        ----------
        constant : Tensor of shape (n_targets,), bool
            Columns that never varied, of which there is nothing to be learned.
        """
        self.output_scale[constant.to(self.output_scale.device)] = 0.0


def _spread(x):
    """Root mean square of the columns of x (B, T, k); 1 for those that are zero."""
    spread = x.square().mean(dim=(0, 1)).sqrt()
    return torch.where(spread > 1e-6, spread, torch.ones_like(spread))
