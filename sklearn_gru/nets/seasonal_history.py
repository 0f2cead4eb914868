"""What a network is told of windows with any season: lags, phases, naive forecasts.

Everything here is a function of the windows, without weights. Windows are (B, T), one
series each; n counts rows ahead, 1 for the first one behind the window.
"""

import math

import torch
from torch.nn import functional as F

from sklearn_gru.nets.missing import filled

# Days of so many rows are looked for in weeks.
DAYS, DAYS_OF_A_WEEK = (24, 48), 7
# Without a season, the level is the mean of so many last rows.
ROWS_OF_A_LEVEL = 6
# Of values in spreads of their window.
SMALLEST_CHANGE, FURTHEST = 1e-3, 30.0
N_STEP_FEATURES, N_ROW_FEATURES, N_CANDIDATES = 15, 25, 9


def longer_season(season_length):
    """Return the rows of a week of days, or the season itself.

    Examples
    --------
    >>> longer_season(24), longer_season(12)
    (168, 12)
    """
    return season_length * (DAYS_OF_A_WEEK if season_length in DAYS else 1)


class SeasonalHistory:
    """Windows, each brought to mean 0 and mean absolute deviation 1.

    Parameters
    ----------
    window : Tensor of shape (B, T)
        NaN is missing. Rows before the first known one do not exist.
    season_length : int
        1 if there is no season.
    """

    def __init__(self, window, season_length):
        self.n_rows = window.shape[1]
        self.seasons = season_length, longer_season(season_length)
        known = ~window.isnan()
        rows = torch.arange(self.n_rows, device=window.device)
        self.rows = rows
        # Rows before the first known one: (B, 1).
        self.start = torch.where(known, rows, self.n_rows - 1).amin(1, keepdim=True)
        self.known = known.to(window)
        self.exists = (rows >= self.start).to(window)
        count = self.exists.sum(1, keepdim=True)
        values = filled(window[:, :, None])[:, :, 0]
        self.level = (values * self.exists).sum(1, keepdim=True) / count
        z = (values - self.level) * self.exists
        self.spread = z.abs().sum(1, keepdim=True) / count
        self.z = z / self.spread.clamp(min=1e-12)
        self.count = count
        self.sums = F.pad(self.z.cumsum(1), (1, 0))  # (B, T + 1)
        lags = (1, *self.seasons)
        self.changes = torch.cat([self._usual_change(lag) for lag in lags], dim=1)
        self.change = self.changes.amin(1, keepdim=True)  # (B, 1)

    def begins(self):
        """Tell at which row each window begins, (B, T); None if all do at the first."""
        return None if not self.start.any() else self.rows == self.start

    def steps(self):
        """Describe each row of the windows: (B, T, N_STEP_FEATURES)."""
        features = [self.z, self.known]
        for season in self.seasons:
            features += self._at(self.rows + 1 - season)
        back = self.rows - (self.n_rows - 1)
        features += [x.expand_as(self.z) for x in self._phases(back.to(self.z))]
        features.append((torch.log1p(-back.to(self.z)) / 6).expand_as(self.z))
        features += [x.expand_as(self.z) for x in self._sizes()]
        return torch.stack(features, dim=2) * self.exists[:, :, None]

    def ahead(self, horizon):
        """Describe the rows behind the windows.

        Returns
        -------
        features : Tensor of shape (B, horizon, N_ROW_FEATURES)
        candidates : Tensor of shape (B, horizon, N_CANDIDATES)
            Naive forecasts of each row.
        """
        n = torch.arange(1, horizon + 1, device=self.z.device)
        candidates, found = self._candidates(n)
        level = self._mean(self.n_rows, self._rows_of_a_level())
        shape = len(self.z), horizon
        steps = n.to(self.z)
        features = [
            *(candidates - level[:, :, None]).clamp(-6, 6).unbind(2),
            *self._phases(steps),
            *self._sizes(),
            torch.log1p(steps) / 4,
            (steps / self.seasons[0]).clamp(max=4) / 2,
            *((self.changes / self.change).log() / 3).split(1, dim=1),
            *found,
        ]
        features = torch.stack([x.expand(shape) for x in features], dim=2)
        return features, candidates

    def _candidates(self, n):
        season, longer = self.seasons
        rounds = -(-n // season)  # seasons ahead
        last_row = self.n_rows - 1
        place = last_row + n - season * rounds
        (one, has_one), (two, has_two), (three, has_three) = (
            self._at(place - season * back) for back in range(3)
        )
        week, has_week = self._at(last_row + n - longer * -(-n // longer))
        last = self.z[:, -1:].expand(-1, len(n))
        m = self._rows_of_a_level()
        now, before = self._mean(self.n_rows, m), self._mean(self.n_rows - m, m)
        day = self._mean(self.n_rows, season)
        day_a_week_ago = self._mean(self.n_rows - longer, season)
        a_season_ago, has_ago = self._at(torch.tensor([last_row - season]).to(n))
        one = torch.where(has_one > 0, one, last)
        profile = one * has_one + two * has_two + three * has_three
        profile = profile / (has_one + has_two + has_three).clamp(min=1)
        week = torch.where(has_week > 0, week, one)
        candidates = [
            last,
            one,
            torch.where(has_one > 0, profile, last),
            one + (now - before) * rounds * (season > 1),
            one + (last - a_season_ago) * has_ago * (season > 1),
            week,
            week + (day - day_a_week_ago),
            now.expand_as(one),
            last + (now - before) / m * n,
        ]
        candidates = torch.stack(candidates, dim=2).clamp(-FURTHEST, FURTHEST)
        return candidates, (has_one, has_two, has_week)

    def _rows_of_a_level(self):
        """Count the rows whose mean is the present level: (B, 1)."""
        season = self.seasons[0]
        most = ROWS_OF_A_LEVEL if season == 1 else season
        return self.count.long().clamp(max=most)

    def _at(self, rows):
        """Return the values at rows (n,), 0 where there is none, and where there is."""
        inside = rows.clamp(0, self.n_rows - 1)
        exists = self.exists[:, inside] * (rows >= 0) * (rows < self.n_rows)
        return self.z[:, inside] * exists, exists

    def _mean(self, end, n_rows):
        """Return the mean of the existing rows among `n_rows` before `end`: (B, 1).

        If there is none, the first row that exists.
        """
        first = self.start
        end = torch.maximum(torch.zeros_like(first) + end, first + 1)
        begin = torch.maximum(end - n_rows, first)
        total = self.sums.gather(1, end) - self.sums.gather(1, begin)
        return total / (end - begin)

    def _usual_change(self, lag):
        """Return the mean absolute change over a lag; the spread if there is none."""
        before, exists = self._at(self.rows - lag)
        count = exists.sum(1, keepdim=True)
        change = ((self.z - before).abs() * exists).sum(1, keepdim=True)
        change = torch.where(count > 0, change / count.clamp(min=1), 1.0)
        return change.clamp(SMALLEST_CHANGE, FURTHEST)

    def _phases(self, steps):
        """Where in both seasons steps from the origin stand: sines and cosines."""
        turns = [2 * math.pi * steps / season for season in self.seasons]
        return [f(turn) for turn in turns for f in (torch.sin, torch.cos)]

    def _sizes(self):
        """Tell how long windows and seasons are, and how much changes: each (B, 1)."""
        seasons = [math.log(season) / 6 for season in self.seasons]
        constants = [torch.full_like(self.level, size) for size in seasons]
        return [self.count.log() / 6, *constants, self.change.log() / 6]
