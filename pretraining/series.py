"""Synthetic series: what the network in the wheel was trained on, and nothing else.

A series is ``trend + seasons + noise``, or a product of these, bent, shifted, cut and
mixed in many ways. All series of a call are drawn at once, so that a batch takes
milliseconds; every array is (n, n_rows).

What is drawn follows from what others found to matter: trends times seasons times noise
(ForecastPFN, arXiv:2311.01933), smooth random functions and mixtures of series
(KernelSynth and TSMixup of Chronos, arXiv:2403.07815), steps, spikes, saw teeth and
changes of regime (TempoPFN, arXiv:2510.25502), cycles without a fixed period.
"""

import numpy as np

# Rows of a season and of a longer one around it, and how often they are drawn.
SEASONS = {
    (1, 1): 6.0,
    (4, 4): 2.0,
    (5, 5): 0.5,
    (7, 7): 2.0,
    (12, 12): 4.0,
    (24, 24): 1.5,
    (24, 168): 4.0,
    (48, 48): 0.4,
    (48, 336): 1.2,
    (52, 52): 1.5,
    (96, 96): 0.3,
}
OTHER_SEASONS = 2.0
LONGEST_OTHER = 60


def draw_seasons(rng):
    """Draw the rows of a season and of a longer one, equal if there is none longer."""
    pairs, weights = list(SEASONS), [*SEASONS.values(), OTHER_SEASONS]
    place = rng.choice(len(weights), p=np.divide(weights, sum(weights)))
    if place < len(pairs):
        return pairs[place]
    season = int(rng.integers(2, LONGEST_OTHER))
    return season, season


def draw_series(rng, n, n_rows, seasons):
    """Draw series that share their seasons.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
    n_rows : int
    seasons : tuple of int
        Rows of a season and of a longer one.

    Returns
    -------
    ndarray of shape (n, n_rows), float32
        Each with mean 0 and mean absolute deviation 1, but constant ones.
    """
    trend = scaled(trends(rng, n, n_rows))
    season = seasonal(rng, n, n_rows, seasons)
    noise = scaled(noises(rng, n, n_rows))
    # How much of each there is; a few have none.
    trend *= size(rng, n, -0.6 if seasons[0] > 1 else 0.8, 1.3, none=0.15)
    season *= size(rng, n, 0.3, 1.0, none=0.12)
    noise *= size(rng, n, -1.5, 1.5, none=0.05)
    values = combined(rng, trend, season, noise)
    values = with_events(rng, scaled(values))
    values = mixed(rng, bent(rng, values))
    flip = rng.random((n, 1)) < 0.15
    return scaled(np.where(flip, -values, values)).astype(np.float32)


def scaled(values):
    """Bring each series to mean 0 and mean absolute deviation 1."""
    values = values - values.mean(axis=1, keepdims=True)
    spread = np.abs(values).mean(axis=1, keepdims=True)
    return values / np.where(spread > 1e-8, spread, 1.0)


def size(rng, n, mean, spread, none):
    """Draw the sizes of a component, log-normal, some of them zero: (n, 1)."""
    sizes = np.exp(mean + spread * rng.normal(size=(n, 1)))
    return np.where(rng.random((n, 1)) < none, 0.0, sizes)


def pick(rng, weights, n):
    """Divide the positions of n series among kinds, by the kinds' weights."""
    share = np.divide(weights, np.sum(weights))
    return np.split(rng.permutation(n), np.cumsum(rng.multinomial(n, share))[:-1])


# Trends


def trends(rng, n, n_rows):
    """Draw trends of several kinds."""
    kinds = [(lines, 3), (walks, 3), (smooth, 2.5), (growth, 1), (cycles, 1.5)]
    out = np.zeros((n, n_rows))
    parts = pick(rng, [weight for _, weight in kinds], n)
    for (kind, _), places in zip(kinds, parts, strict=True):
        if len(places):
            out[places] = kind(rng, len(places), n_rows)
    return out


def lines(rng, n, n_rows):
    """Straight lines, most of them broken in a few places."""
    slopes = rng.normal(size=(n, n_rows)) * (rng.random((n, n_rows)) < 2.5 / n_rows)
    slopes[:, 0] = rng.normal(size=n)
    return slopes.cumsum(axis=1).cumsum(axis=1)


def walks(rng, n, n_rows):
    """Random walks, of which some have a drift that changes slowly."""
    steps = rng.normal(size=(n, n_rows))
    drift = autoregression(
        rng.normal(size=(n, n_rows)), rng.uniform(0.8, 0.995, (n, 1))
    )
    share = rng.random((n, 1)) * (rng.random((n, 1)) < 0.5)
    return (steps + share * drift + 0.1 * rng.normal(size=(n, 1))).cumsum(axis=1)


def smooth(rng, n, n_rows, n_waves=12):
    """Smooth random functions: sums of waves of random frequencies, of variance 1."""
    length = n_rows * np.exp(rng.uniform(np.log(0.03), np.log(1.0), (n, 1, 1)))
    frequency = (rng.normal(size=(n, n_waves, 1)) / length).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (n, n_waves, 1)).astype(np.float32)
    waves = np.cos(frequency * np.arange(n_rows, dtype=np.float32) + phase)
    return waves.sum(axis=1) * (2 / n_waves) ** 0.5


def swell(rng, n, n_rows, height, share):
    """Draw factors that change slowly, 1 for all but a share of the series."""
    factor = np.ones((n, n_rows))
    places = np.flatnonzero(rng.random(n) < share)
    factor[places] = np.exp(height * smooth(rng, len(places), n_rows, 4))
    return factor


def growth(rng, n, n_rows):
    """Exponential growth or decay, and growth that saturates."""
    t = np.linspace(0, 1, n_rows)
    rate = rng.normal(scale=2.0, size=(n, 1))
    middle, width = rng.uniform(0, 1, (n, 1)), rng.uniform(0.03, 0.3, (n, 1))
    saturating = 1 / (1 + np.exp(-(t - middle) / width))
    return np.where(rng.random((n, 1)) < 0.5, np.exp(rate * t), saturating)


def cycles(rng, n, n_rows):
    """Cycles without a fixed period, of which some have steep rises."""
    period = np.exp(rng.uniform(np.log(5), np.log(150), (n, 1)))
    radius = 1 - np.exp(rng.uniform(np.log(0.002), np.log(0.1), (n, 1)))
    wave = autoregression(
        rng.normal(size=(n, n_rows)),
        2 * radius * np.cos(2 * np.pi / period),
        -(radius**2),
    )
    wave = scaled(wave)
    steep = np.where(rng.random((n, 1)) < 0.5, np.exp(0.8 * wave), wave**2)
    return np.where(rng.random((n, 1)) < 0.4, steep, wave)


def autoregression(noise, first, second=0.0):
    """Filter noise: each value is so much of the last one, and of the one before."""
    values = noise.T.copy()
    first, second = np.broadcast_arrays(first, np.asarray(second))
    first, second = first[:, 0], second[:, 0] if second.ndim else second
    for t in range(1, len(values)):
        values[t] += first * values[t - 1]
        if t > 1:
            values[t] += second * values[t - 2]
    return values.T


# Seasons


def seasonal(rng, n, n_rows, seasons):
    """Draw what repeats: profiles of a season, of a longer one, and their products."""
    season, longer = seasons
    if season == 1:
        return np.zeros((n, n_rows))
    rows = np.arange(n_rows) + rng.integers(0, longer, (n, 1))
    day = repeated(rng, n, rows, season)
    if longer == season:
        return scaled(day)
    # Days of a week: they differ in level, in size, and some in their profile.
    n_days = longer // season
    number = rows // season % n_days
    level = rng.normal(size=(n, n_days)) * size(rng, n, -0.7, 0.8, none=0.15)
    height = np.exp(0.4 * rng.normal(size=(n, n_days)))
    weekend = np.isin(np.arange(n_days), [5 % n_days, 6 % n_days])
    is_rest = np.take(weekend, number)
    alike = rng.random((n, 1)) < 0.6  # work days are like one another
    level = np.where(alike & ~weekend, level[:, :1], level)
    height = np.where(alike & ~weekend, height[:, :1], height)
    rest = np.where(rng.random((n, 1)) < 0.5, repeated(rng, n, rows, season), day)
    day = np.where(is_rest, rest, day)
    week = np.take_along_axis(level, number, axis=1)
    return scaled(np.take_along_axis(height, number, axis=1) * day + week)


def repeated(rng, n, rows, season):
    """Repeat a random profile; of some series it changes slowly."""
    profile, other = profiles(rng, n, season), profiles(rng, n, season)
    place = rows % season
    values = np.take_along_axis(profile, place, axis=1)
    share = np.linspace(0, 1, rows.shape[1]) * rng.random((n, 1))
    share = share * (rng.random((n, 1)) < 0.25)
    values = (1 - share) * values + share * np.take_along_axis(other, place, axis=1)
    return swell(rng, n, rows.shape[1], 0.4, share=0.2) * values


def profiles(rng, n, season):
    """Draw profiles (n, season): waves, bumps, steps or random values."""
    t = np.arange(season) / season
    n_waves = max(1, min(6, season // 2))
    order = np.arange(1, n_waves + 1)[:, None]
    height = rng.normal(size=(n, n_waves, 1)) / order ** rng.uniform(0, 2, (n, 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, n_waves, 1))
    waves = (height * np.cos(2 * np.pi * order * t + phase)).sum(axis=1)
    at_random = rng.normal(size=(n, season))
    start, length = rng.random((n, 1)), rng.uniform(0.1, 0.6, (n, 1))
    inside = (t - start) % 1.0 / length
    bump = np.where(inside < 1, np.sin(np.pi * np.clip(inside, 0, 1)), 0.0)
    step = (inside < 1).astype(float)
    tooth = (t - start) % 1.0
    peak = at_random * (
        at_random > np.sort(at_random)[:, -1 - (season > 4), None] - 1e-9
    )
    kinds = np.stack([waves, at_random, bump, step, tooth, peak])
    shares = [0.5, 0.2, 0.14, 0.05, 0.04, 0.07]
    kind = rng.choice(len(shares), n, p=shares)
    return scaled(kinds[kind, np.arange(n)])


# Noise


def noises(rng, n, n_rows):
    """Draw noise: independent or not, with light or heavy tails, of changing size."""
    values = rng.normal(size=(n, n_rows))
    heavy = rng.standard_t(3, size=(n, n_rows)) / 1.7
    values = np.where(rng.random((n, 1)) < 0.2, heavy, values)
    values = values * swell(rng, n, n_rows, 0.7, share=0.2)
    memory = rng.uniform(-0.4, 0.95, (n, 1)) * (rng.random((n, 1)) < 0.55)
    return autoregression(values, memory)


# Series as wholes


def combined(rng, trend, season, noise):
    """Add the components up, or let some multiply the others."""
    n = len(trend)
    added = trend + season + noise
    level = np.exp(0.35 * np.clip(trend, -6, 6))
    product = level * (1 + 0.25 * season) * (1 + 0.25 * noise)
    grown = np.exp(np.clip(0.3 * added, -5, 5))
    kind = rng.choice(3, (n, 1), p=[0.6, 0.28, 0.12])
    return np.select([kind == 0, kind == 1], [scaled(added), product], grown)


def with_events(rng, values):
    """Add steps, spikes and stretches without change."""
    n, n_rows = values.shape
    some = rng.random((n, 1))
    places = rng.random((n, n_rows))
    steps = 1.5 * rng.normal(size=(n, n_rows)) * (places < 2 / n_rows)
    spikes = 4 * rng.standard_t(3, size=(n, n_rows)) * (places > 1 - 4 / n_rows)
    values = values + np.where(some < 0.12, steps.cumsum(axis=1), 0.0)
    values = values + np.where((some > 0.12) & (some < 0.22), spikes, 0.0)
    held = np.maximum.accumulate(np.where(places < 0.3, np.arange(n_rows), 0), axis=1)
    return np.where(some > 0.985, np.take_along_axis(values, held, axis=1), values)


def bent(rng, values):
    """Cut some series off at zero, make some counts, and empty many rows of some."""
    n, n_rows = values.shape
    some = rng.random((n, 1))
    cut = np.maximum(values - rng.uniform(-1.5, 0.3, (n, 1)), 0.0)
    counts = np.round(np.maximum(values * rng.uniform(0.7, 5, (n, 1)) + 2, 0.0))
    rare = np.where(rng.random((n, n_rows)) < rng.uniform(0.1, 0.6, (n, 1)), cut, 0.0)
    return np.select(
        [some < 0.05, some < 0.1, some < 0.125], [cut, counts, rare], values
    )


def mixed(rng, values):
    """Replace some series by weighted sums of two or three."""
    n = len(values)
    parts = [scaled(values), *(scaled(values)[rng.permutation(n)] for _ in range(2))]
    weights = rng.dirichlet((1.5, 1.0, 0.5), n)[:, :, None]  # (n, 3, 1)
    sums = (weights * np.stack(parts, axis=1)).sum(axis=1)
    return np.where(rng.random((n, 1)) < 0.2, sums, parts[0])
