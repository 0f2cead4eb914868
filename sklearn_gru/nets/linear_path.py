"""The linear path: a map from a window straight to its forecast."""

from itertools import pairwise

import torch
from torch import nn

from sklearn_gru.nets.missing import filled

# Penalties of the ridge regression, as multiples of the number of windows.
PENALTIES = (1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
# The penalty is chosen on the latest share of the windows, in this many folds, of which
# each is forecast from all windows before it, if they are enough.
SHARE, FOLDS, FEWEST = 0.3, 4, 12
# Training moves the map at this share of the learning rate.
PACE = 0.3
# Of solving again, with the map's own forecasts in the place of unknown targets.
ROUNDS = 20


class LinearPath(nn.Module):
    """Maps every column of a window to its own forecast.

    The map is solved by ridge regression. Training moves it, for each of several
    networks in its own way.

    Parameters
    ----------
    n_estimators : int
        Networks.
    n_maps : int
        Columns with a map of their own; 1 if all share one.
    window_length, horizon : int
    """

    def __init__(self, n_estimators, n_maps, window_length, horizon):
        super().__init__()
        shape = n_maps, window_length, horizon
        self.register_buffer("solved", torch.empty(shape))
        # Adam's steps have the size of the learning rate, whatever the gradient is.
        self.moved = nn.Parameter(torch.empty(n_estimators, *shape))

    def reset(self):
        """Forecast zero."""
        nn.init.zeros_(self.solved)
        nn.init.zeros_(self.moved)

    def forward(self, z):
        """Map z (B, length, n_series) to (B, n_estimators, horizon, n_series)."""
        # (n_estimators, n_maps, length, H)
        weight = self.solved + PACE * self.moved
        if weight.shape[1] == 1:
            z = z.transpose(1, 2)[:, None]  # (B, 1, n_series, length)
            return (z @ weight[None, :, 0]).transpose(2, 3)
        return torch.einsum("blc,kclh->bkhc", z, weight)

    @torch.no_grad()
    def solve(self, z, missing, overlap):
        """Solve the map by ridge regression.

        Parameters
        ----------
        z : Tensor of shape (B, window_length, n_series)
            In the order of time.
        missing : Tensor of shape (B, horizon, n_series)
            What the map is to add to the naive forecasts; NaN where that is unknown.
        overlap : int
            For how many windows before another one the targets overlap with its own.
        """
        z, missing = z.double().cpu(), missing.double().cpu()
        for number in range(len(self.solved)):
            column = slice(None) if len(self.solved) == 1 else slice(number, number + 1)
            parts = (x[:, :, column].transpose(1, 2) for x in (z, missing))
            solution = _ridge(*parts, overlap)  # of tensors (B, columns, ...)
            if solution is not None:
                self.solved[number] = solution.to(self.solved)


def _ridge(z, missing, overlap):
    """Solve one map (window_length, horizon); None if no map beats zero."""
    n = len(z)
    cuts = torch.linspace(n * (1 - SHARE), n, FOLDS + 1).long().tolist()
    errors = torch.zeros(len(PENALTIES) + 1, dtype=z.dtype)
    for first, end in pairwise(cuts):
        seen = first - overlap
        if seen < FEWEST or first == end:
            continue
        fold = z[first:end], missing[first:end]
        maps = _solutions(z[:seen], missing[:seen], PENALTIES)
        errors += torch.stack([_error(*fold, each) for each in [*maps, None]])
    best = int(errors.argmin())
    if best == len(PENALTIES) or not errors[-1] > 0:
        return None
    return _solutions(z, missing, PENALTIES[best : best + 1], ROUNDS)[0]


def _error(z, missing, solution):
    rest = missing if solution is None else missing - z @ solution
    return rest.abs().nansum()


def _solutions(z, missing, penalties, rounds=0):
    """Solve the regression for each penalty: list of (window_length, horizon).

    What is unknown lies on a line between the known steps at first. The rounds move it
    to where the map forecasts it, so that it no longer counts.
    """
    z, missing = z.flatten(0, 1), missing.flatten(0, 1)
    known = missing.isfinite()
    if known.all():
        rounds = 0
    else:
        z, missing, known = (x[known.any(dim=1)] for x in (z, missing, known))
        missing = filled(missing[:, :, None]).squeeze(2)
    values, vectors = torch.linalg.eigh(z.T @ z)

    def solve():
        rotated = vectors.T @ (z.T @ missing)
        return [
            vectors @ (rotated / (values.clamp(min=0) + penalty * len(z))[:, None])
            for penalty in penalties
        ]

    solutions = solve()
    for _ in range(rounds):
        missing = torch.where(known, missing, z @ solutions[0])
        solutions = solve()
    return solutions
