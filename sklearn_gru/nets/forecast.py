"""The network behind the forecasters: windows in, blocks of future rows out."""

import torch
from torch import nn

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.levels import LEVELS, best_level
from sklearn_gru.nets.linear_path import LinearPath
from sklearn_gru.nets.losses import QUANTILES
from sklearn_gru.nets.missing import filled
from sklearn_gru.nets.quantiles import in_order, out_of_order
from sklearn_gru.nets.recurrent import Recurrent
from sklearn_gru.nets.side_by_side import SEEDS_APART, Heads, SideBySide, median

# A window's own spread counts as at least this share of the usual one.
SMALLEST_SPREAD = 1e-3
# Targets that lie further than this many spreads from their naive forecast are moved
# there, when the linear path is solved and in losses.
FURTHEST = 30.0
# torch takes quantiles of no more numbers than twice this.
MOST_SORTED = 1 << 23


class ForecastNet(nn.Module):
    """A recurrent network that corrects a naive forecast.

    The forecast is ``base + spread * (linear path + recurrent networks)``: the naive
    forecast of the window's level, and what is learned, in units of the window's
    spread. The linear path begins at a ridge regression, networks beside it at zero.

    Parameters
    ----------
    n_series : int
        Columns of a window.
    n_targets : int
        Columns of a forecast.
    units : tuple of int
    window_length : int
    horizon : int
        Rows forecast at once.
    center : {"auto", "last", "mean", "season"} or None
        The level that is subtracted from each window, and the naive forecast with it,
        see `levels`. Only for forecasts of the window's own columns. `fit_scales`
        decides on "auto".
    scale : {"series", "window"}
        Whether the spread of all windows divides each of them, or its own.
    season_length : int
        Rows of a season; 1 if there is none.
    linear_path : bool
        Whether there is a linear path. Only for forecasts of the window's own columns.
    n_estimators : int
        Recurrent networks side by side. Their median is the forecast.
    segment_length : int
        Rows that form one input of the recurrent layers.
    independent : bool
        Whether the network reads every column by itself.
    n_exogenous : int
        Exogenous columns, whose future values are known.
    quantiles : bool
        Whether to forecast `QUANTILES`, which never cross.
    masked : bool
        Whether windows may hold NaN. It is filled, and a further input for each column
        tells the recurrent layers where.
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
        window_length,
        horizon,
        center,
        scale="series",
        season_length=1,
        linear_path=False,
        n_estimators=1,
        segment_length=1,
        independent=False,
        n_exogenous=0,
        quantiles=False,
        masked=False,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.n_targets = n_targets
        self.horizon = horizon
        self.center = center
        self.scale = scale
        self.season_length = season_length
        self.segment_length = segment_length
        self.independent = independent
        self.masked = masked
        self.n_quantiles = len(QUANTILES) if quantiles else 1
        channels_in, channels_out = (1, 1) if independent else (n_series, n_targets)
        size = segment_length * ((1 + masked) * channels_in + n_exogenous)
        with initialized(self, seed, dtype):
            members = [
                Recurrent(size, units, seed=seed + number * SEEDS_APART, **recurrent)
                for number in range(n_estimators)
            ]
            self.recurrent = members[0] if n_estimators == 1 else SideBySide(members)
            width = self.recurrent.output_size // n_estimators
            n_outputs = horizon * channels_out * self.n_quantiles
            self.head = Heads(n_estimators, width, n_outputs)
            if n_exogenous:
                self.effect = nn.Sequential(
                    nn.Linear(width + n_exogenous, width),
                    nn.Tanh(),
                    nn.Linear(width, channels_out),
                )
            self.linear_path = (
                LinearPath(n_estimators, channels_in, window_length, horizon)
                if linear_path
                else None
            )
        if linear_path:
            # The first forecast is that of the ridge regression. Without it, networks
            # learn better from a random head.
            self.head.reset()
            self.linear_path.reset()
            if n_exogenous:
                nn.init.zeros_(self.effect[-1].weight)
        self.register_buffer("input_scale", torch.ones(n_series, dtype=dtype))
        self.register_buffer("output_scale", torch.ones(n_targets, dtype=dtype))

    def forward(self, window, exogenous=None):
        """Map windows (B, window_length, n_series) to (B, horizon, n_targets).

        `exogenous` (B, window_length - 1 + horizon, n_exogenous) starts one row after
        the window does: each step of the network reads a row of the window together
        with the exogenous values of the next row. The exogenous values of a row to
        forecast also add a learned effect to its forecast, the same function for every
        row.

        In training, the forecasts of several networks stay apart: (B, n_estimators,
        horizon, n_targets). Quantiles are a further, last axis.
        """
        z, base, spread = self._parts(window)
        hidden = self._hidden(z, window, exogenous)
        block = self._blocks(hidden)  # (b, n_estimators, horizon, channels, quantiles)
        if exogenous is not None:
            ahead = self._beside_channels(exogenous[:, -self.horizon :])  # (b, H, e)
            block = block + self._effects(hidden, ahead)[..., None]
        if self.independent:
            # (B * n_targets, ..., 1, quantiles) -> (B, ..., n_targets, quantiles)
            block = block.unflatten(0, (-1, self.n_targets)).transpose(1, 4).squeeze(1)
        if self.linear_path is not None:
            block = block + self.linear_path(z)[..., None]
        block = median(block, 1)[:, None] if not self.training else block
        block = spread[:, None, ..., None] * block
        if base is not None:
            block = block + base[:, None, ..., None]
        block = block.squeeze(1) if block.shape[1] == 1 else block
        return block if self.n_quantiles > 1 else block.squeeze(-1)

    def point(self, block):
        """Take the forecast of each row, (..., n_targets), out of a forward pass."""
        return block[..., self.n_quantiles // 2] if self.n_quantiles > 1 else block

    def in_spreads(self, prediction, target, window, exogenous=None):
        """Measure a forecast and its target from the naive one, in spreads.

        Losses are taken of these: an error counts in units of what its own window made
        likely. Targets further than `FURTHEST` spreads away are moved there, or what
        follows flat windows would count for all the rest. With ``scale="series"``
        nothing changes.
        """
        if self.scale == "series" or self.center is None:
            return prediction, target
        _, base, spread = self._parts(window)
        # A column that is held still has no spread, and no error in any unit.
        size = (spread / self.output_scale).nan_to_num(nan=1.0)
        target = ((target - base) / size).clamp(-FURTHEST, FURTHEST)
        if self.n_quantiles > 1:
            base, size = base[..., None], size[..., None]
        if prediction.ndim > base.ndim:  # several networks
            base, size = base[:, None], size[:, None]
        return (prediction - base) / size, target

    def features(self, window, exogenous=None):
        """Map windows to hidden states, (B, n_estimators * units).

        Columns that are read by themselves follow one another.
        """
        z = self._parts(window)[0]
        return self._hidden(z, window, exogenous).reshape(len(window), -1)

    def _parts(self, window):
        """Return the scaled window, its naive forecast, and the spread of forecasts."""
        window = filled(window) if self.masked else window
        if self.center is None:
            spread = self.output_scale.expand(len(window), 1, -1)
            return window, None, spread
        level, base = LEVELS[self.center](window, self.horizon, self.season_length)
        z = window - level
        if self.scale == "series":
            return z / self.input_scale, base, self.output_scale.expand(1, 1, -1)
        size = z.abs().mean(dim=1, keepdim=True)
        size = torch.maximum(size, SMALLEST_SPREAD * self.input_scale)
        return z / size, base, size * self.output_scale

    def _hidden(self, z, window, exogenous):
        """Map scaled windows to hidden states (b, n_estimators, units)."""
        if self.masked:
            # (B, window_length, n_series) -> (B, window_length, 2 * n_series)
            z = torch.stack([z, window.isnan().to(z)], dim=3).flatten(2)
        if self.independent:
            z = z.unflatten(2, (self.n_targets, -1)).transpose(1, 2).flatten(0, 1)
        if exogenous is not None:
            beside = self._beside_channels(exogenous[:, : z.shape[1]])
            z = torch.cat([z, beside], dim=2)
        # (b, window_length, c) -> (b, n_segments, segment_length * c)
        segments = z.reshape(len(z), -1, self.segment_length * z.shape[2])
        hidden = self.recurrent.summary(segments)
        return hidden if hidden.ndim == 3 else hidden[:, None]

    def _blocks(self, hidden):
        """Map hidden states to (b, n_estimators, horizon, channels, quantiles)."""
        blocks = self.head(hidden)
        blocks = blocks.unflatten(-1, (self.horizon, -1, self.n_quantiles))
        return blocks if self.n_quantiles == 1 else in_order(blocks)

    def _effects(self, hidden, ahead):
        """Effects of what is known: (b, n_estimators, horizon, channels)."""
        state = hidden[:, :, None].expand(-1, -1, self.horizon, -1)
        ahead = ahead[:, None].expand(-1, hidden.shape[1], -1, -1)
        return self.effect(torch.cat([state, ahead], dim=3))

    def _beside_channels(self, exogenous):
        """Repeat exogenous values for every column that is read by itself."""
        if self.independent:
            return exogenous.repeat_interleave(self.n_targets, dim=0)
        return exogenous

    @torch.no_grad()
    def fit_scales(self, window, block, one_series=True, overlap=None):
        """Decide on the centre, measure the spread around it, solve the linear path.

        The spread scales the network's inputs and outputs. Without it, the network of a
        smooth series would have to learn outputs that are orders of magnitude smaller
        than its initial ones.

        Parameters
        ----------
        window : Tensor of shape (B, window_length, n_series)
            In the order of time.
        block : Tensor of shape (B, horizon, n_targets)
            The rows that follow each window. NaN does not count.
        one_series : bool, default=True
            Whether all windows belong to one series.
        overlap : int, default=None
            For how many windows before another one the blocks overlap with its own;
            None takes every window to begin a row after the one before.
        """
        window = filled(window) if self.masked else window
        if self.center == "auto":
            season = min(self.season_length, window.shape[1])
            self.center = best_level(window, block, season, one_series)
        if self.center is not None:
            level, base = LEVELS[self.center](window, self.horizon, self.season_length)
            self.input_scale.copy_(_spread(window - level))
            self.output_scale.fill_(1.0)
            sizes = _spread(self._parts(window)[2])
            self.output_scale.copy_(_spread(block - base) / sizes)
        if self.linear_path is not None:
            z, base, spread = self._parts(window)
            missing = (block if base is None else block - base) / spread
            overlap = self.horizon - 1 if overlap is None else overlap
            missing = missing.clamp(-FURTHEST, FURTHEST)
            # Columns that share a map count as much as they change.
            weight = self.output_scale if self.independent else 1.0
            self.linear_path.solve(weight * z, weight * missing, overlap)
        if self.n_quantiles > 1:
            self._start_quantiles(window, block)

    def _start_quantiles(self, window, block):
        """Let the heads begin with the quantiles of what is missing, step by step."""
        z, base, spread = self._parts(window)
        missing = (block if base is None else block - base) / spread
        if self.linear_path is not None:
            missing = missing - self.linear_path(z)[:, 0]
        if self.independent:
            missing = missing.transpose(1, 2).reshape(-1, self.horizon, 1)
        step = -(-missing.numel() // MOST_SORTED)
        missing = missing[::step]
        levels = torch.tensor(QUANTILES, dtype=missing.dtype, device=missing.device)
        quantiles = torch.nanquantile(missing, levels, dim=0)  # (n_quantiles, H, k)
        quantiles = quantiles.nan_to_num(0.0)  # of steps without a known target
        for head in self.head.members:
            bias = out_of_order(quantiles.movedim(0, -1))
            head.bias.copy_(bias.flatten())

    @torch.no_grad()
    def hold_still(self, constant):
        """Let the forecasts of some columns be their naive ones and nothing else.

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
    spread = x.square().nanmean(dim=(0, 1)).sqrt()
    return torch.where(spread > 1e-6, spread, torch.ones_like(spread))
