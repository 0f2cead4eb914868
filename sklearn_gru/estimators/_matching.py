"""Comparing rows with the known rows of a series, but for rounding."""

import numpy as np

from sklearn_gru.data import memory_map_of, release

# Two rows agree if they are no farther apart than this share of a column's mean
# deviation: data may have been float32, or rounded, in front of a scaler.
ROUNDING = 1e-4
# A stretch is nearly constant unless more than this share of it varies.
NEARLY_CONSTANT = 0.1
# Rows that agree are evidence if independent ones would do so once in 2 ** BITS.
BITS = 6
LOOKED_AT_FIRST = 64
BLOCK_ROWS = 1 << 16


class Matcher:
    """Finds rows among the known ones of a series.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        At least two rows.
    history : History
    """

    def __init__(self, values, history):
        self.values = values
        self.history = history
        self.ends = ends = np.concatenate([history.first.values, history.last.values])
        self.has_holes = bool(np.isnan(ends).any())
        distances = np.abs(ends - _of_known(np.median, ends))
        spread = _of_known(np.mean, distances)
        self.tolerance = ROUNDING * spread
        if _is_float32(values[:LOOKED_AT_FIRST]):
            largest = np.fmax.reduce(np.abs(ends))
            self.tolerance = self.tolerance + 2 * np.finfo(np.float32).eps * largest

    def begins_at(self, start):
        """Tell whether the rows agree with all known ones, if they begin there."""
        n_dropped = self.history.n_rows - len(self.history.last)
        for known, place in ((self.history.first, 0), (self.history.last, n_dropped)):
            begin = max(start, place)
            end = max(begin, min(start + len(self.values), place + len(known)))
            mine = self.values[begin - start : end - start]
            theirs = known.values[begin - place : end - place]
            if not self._agree(mine, theirs).all():
                return False
        return True

    def is_beginning(self, n_enough):
        """Tell whether the rows are surely the series itself, or its first part."""
        n_common = min(len(self.values), self.history.n_rows)
        if n_common < min(n_enough, self.history.n_rows):
            return False
        if not self.begins_at(0):
            return False
        if n_common == self.history.n_rows:
            return True
        rows = self.values[:n_common]
        return (
            self._share_that_varies(rows) > NEARLY_CONSTANT
            and self._are_unlikely(rows)
            and not self._has_gone_on_like_this(n_common, start=0)
        )

    def overlap(self):
        """Count the first rows that are surely the last ones of the series; or 0."""
        known = self.history.last.values
        for shift in self._possible_shifts():
            begin, n_rows = max(-shift, 0), len(known) - shift
            theirs = known[shift + begin :]
            mine = self.values[begin : begin + len(theirs)]
            start = self.history.n_rows - n_rows
            if (
                self._agree(theirs, mine).all()
                and self._are_unlikely(mine)
                and not self._repeats_after(n_rows)
                and not self._has_gone_on_like_this(n_rows, start)
            ):
                return n_rows
        return 0

    def _possible_shifts(self):
        """List the shifts at which some rows agree, the longest overlap first.

        Row i is compared with known row i + shift. Before the kept rows, where that is
        negative, nothing is known.
        """
        known = self.history.last.values
        changes = np.flatnonzero(~self._agree(known, known[-1]))
        if not len(changes):
            return []
        shifts = np.concatenate([self._shifts_before(), np.arange(len(known) - 1)])
        shifts = shifts[len(known) - shifts <= len(self.values)]
        shifts = shifts[shifts <= changes[-1]]  # behind it, all rows are equal
        # That row first, and then those from the beginning, rule most shifts out.
        here = self.values[changes[-1] - shifts]
        shifts = shifts[self._agree(here, known[changes[-1]])]
        for k in range(min(len(known), LOOKED_AT_FIRST)):
            if not len(shifts):
                break
            begins = np.maximum(-shifts, 0)
            there = np.minimum(shifts + begins + k, len(known) - 1)
            here = self.values[there - shifts]
            shifts = shifts[self._agree(here, known[there])]
        return map(int, shifts)

    def _shifts_before(self):
        """List the shifts at which the kept rows begin inside these rows."""
        most = min(len(self.values), self.history.n_rows) - len(self.history.last)
        mapped, first = memory_map_of(self.values), self.history.last.values[0]
        found = [np.empty(0, dtype=int)]
        for start in range(1, most + 1, BLOCK_ROWS):
            block = self.values[start : min(start + BLOCK_ROWS, most + 1)]
            found.append(-start - np.flatnonzero(self._agree(block, first)))
            release(mapped)
        return np.sort(np.concatenate(found))

    def _are_unlikely(self, rows):
        """Tell whether rows that agree with these are unlikely to come by chance."""
        bits = 0.0
        for row in rows[:LOOKED_AT_FIRST]:
            n_alike = self._agree(self.ends, row).sum()
            bits += np.log2(len(self.ends) / max(n_alike, 1))
            if bits >= BITS:
                return True
        return False

    def _repeats_after(self, n_rows):
        """Tell whether the series by itself repeats as many rows right after them.

        Whole numbers do so by chance, and a series with a fixed period does always.
        """
        known = self.history.last.values
        if len(known) < 2 * n_rows:
            return False
        equal = self._agree(known[:-n_rows], known[n_rows:])
        varies = ~self._agree(known[:-1], known[1:])
        runs = _sums(equal, n_rows) == n_rows
        return bool((runs & (_sums(varies, n_rows - 1)[: len(runs)] > 0)).any())

    def _has_gone_on_like_this(self, n_rows, start):
        """Tell whether these rows once came after one like the series' last.

        The place at which they may lie, `start`, does not count.
        """
        rows = self.values[: min(n_rows, LOOKED_AT_FIRST)]
        first, last = self.history.first.values, self.history.last.values
        for known, place in ((first, 0), (last, self.history.n_rows - len(last))):
            after = np.flatnonzero(self._agree(known[: -len(rows)], last[-1])) + 1
            for q in after[after + place != start]:
                if self._agree(known[q : q + len(rows)], rows).all():
                    return True
        return False

    def _share_that_varies(self, values):
        """Share of the rows that differ from the median row."""
        return 1 - self._agree(values, _of_known(np.median, values)).mean()

    def _agree(self, some, others):
        """Tell for each row whether all its columns agree: NaN does with NaN."""
        agree = np.abs(some - others) <= self.tolerance
        if self.has_holes:
            agree |= np.isnan(some) & np.isnan(others)
        return agree.all(axis=-1)


def _is_float32(values):
    """Tell whether values are such as float32 can hold."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite: not the same
        same = values == np.asarray(values, np.float32)
    return bool((same | np.isnan(values)).all())


def _of_known(statistic, values):
    """Compute a statistic of the known values of each column; 0 without any."""
    known = ~np.isnan(values)
    if known.all():
        return statistic(values, axis=0)
    columns = zip(values.T, known.T, strict=True)
    return np.array([statistic(x[here]) if here.any() else 0.0 for x, here in columns])


def _sums(flags, length):
    """Sum flags over every stretch of a length."""
    total = np.concatenate([[0], np.cumsum(flags)])
    return total[length:] - total[: len(total) - length]
