"""What to mix into forecasts, found out on the latest rows of a series.

Three forecasts of these rows are compared: those of the weights in the package, naive
ones, and those of the linear path that an engine's network corrects, solved without
these rows. To solve it takes milliseconds, and where it is good, so is the network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators.forecasting.mixture import Mixture, naive_forecasts
from sklearn_gru.estimators.forecasting.network import new_net, place_of
from sklearn_gru.estimators.forecasting.windows import series_dataset
from sklearn_gru.nets.compiling import told_of_compiling
from sklearn_gru.weights import architecture_of_weights

if TYPE_CHECKING:
    from sklearn_gru._types import Floats
    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.choices import Choices
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.estimators.forecasting.history import Rows
    from sklearn_gru.estimators.forecasting.relation import Relation

# What `weights="auto"` mixes in. To forecast every row of larger tables zero-shot would
# take long, and in these a network finds enough to learn.
USUAL, MOST_VALUES = "synthetic", 10_000
# Forecasts are compared over the horizon, or a season if that is a single row, within
# these limits, on twice as many of the latest rows or, if that is enough, on a part of
# the series.
FEWEST_STEPS, MOST_STEPS, LARGEST_PART, ENOUGH_ROWS = 12, 64, 4, 12
# Shares are as errors to the power of -POWER; those that are smaller are left out.
POWER, SMALLEST_SHARE = 3, 0.05
# A naive forecast stands in if its errors are so many times smaller.
TIMES_BETTER = 1.5


def is_mixed(
    settings: GRUForecaster, n_rows: int, relation: Relation, choices: Choices
) -> bool:
    """Tell whether zero-shot forecasts can be mixed into those of a network to train.

    Parameters
    ----------
    settings : GRUForecaster
    n_rows : int
        Rows of the series.
    relation : Relation
    choices : Choices
    """
    return (
        settings.weights == "auto"
        and relation.affine is not None
        and n_rows * relation.n_outputs <= MOST_VALUES
        and not relation.n_exogenous
        and choices.linear_path
    )


def rows_read() -> int:
    """Return how many rows of history the weights of a mixture read."""
    return architecture_of_weights(USUAL)["window_length"]


def n_compared(n_rows: int, horizon: int, season_length: int) -> tuple[int, int]:
    """Return over how many steps forecasts are compared, and on how many rows.

    Parameters
    ----------
    n_rows : int
        Of the series.
    horizon, season_length : int

    Returns
    -------
    n_steps, n_held : int
    """
    n_steps = horizon if horizon > 1 else max(season_length, FEWEST_STEPS)
    n_steps = min(n_steps, MOST_STEPS)
    n_held = min(2 * max(n_steps, FEWEST_STEPS), n_rows // LARGEST_PART)
    return max(1, min(n_steps, n_held)), n_held


def compared(
    engine: ForecastEngine,
    rows: Rows,
    settings: GRUForecaster,
    seed: int,
    season_length: int,
) -> Mixture | None:
    """Compare forecasts on the latest rows of a series.

    Parameters
    ----------
    engine : ForecastEngine
        Of the series. If it came trained, its forecasts are compared with naive ones
        only.
    rows : Rows
        Those that training has seen.
    settings : GRUForecaster
    seed : int
    season_length : int
        Rows of a season, also if the engine's windows are too short for it.

    Returns
    -------
    Mixture or None
        None if nothing is to be mixed in.
    """
    weights = None if engine.is_ready else USUAL
    n_steps, n_held = n_compared(len(rows), settings.horizon, season_length)
    first = len(rows) - n_held
    shape = n_steps, engine.relation.n_targets
    # What can't be compared is mixed evenly.
    mixture = Mixture(
        weights,
        season_length,
        share=np.full(shape, 0.5 if weights else 0.0),
        naive=np.zeros(shape, dtype=int),
    )
    if n_held >= ENOUGH_ROWS:
        with told_of_compiling(_announce if settings.verbose else None):
            judged = _judged(engine, rows.part(0, first), settings, seed)
            if judged is not None:
                mixture = _by_errors(mixture, judged, rows, first)
    return mixture if mixture.share.any() or mixture.naive.any() else None


def _announce():
    print("Compiling, once")


def _judged(engine, rows, settings, seed):
    """Return an engine that has seen these rows only, or None if they are too few.

    That of a network to train has only its linear path.
    """
    if engine.is_ready:
        return engine
    choices, relation = engine.choices, engine.relation
    if len(rows) < choices.window_length + settings.horizon:
        return None
    place = place_of(settings, engine.net_)
    dataset = series_dataset(
        rows, relation, choices.window_length, settings, place, hold_out=False
    )
    if not len(dataset):
        return None
    net = new_net(dataset, relation, choices, settings, seed, device=place[1])
    net.module_.recurrent.use_kernel(settings.kernel)
    return replace(engine, net_=net)


# A path that explodes has large errors, which say enough.
@np.errstate(over="ignore", invalid="ignore")
def _by_errors(mixture, engine, rows, first):
    """Choose shares and naive forecasts by errors on the rows from `first` on."""
    n_steps = len(mixture.share)
    origins = np.arange(first, len(rows) - n_steps + 1)
    truth = engine.relation.targets_of(rows)[origins[:, None] + np.arange(n_steps)]
    known, share = (origins, rows.values, n_steps), mixture.share
    reader = mixture.reader(engine)
    error = usual_errors(engine.raw_forecasts(*known), truth)
    if mixture.weights:
        of_weights = usual_errors(reader.raw_forecasts(*known), truth)
        share = _shares(error, of_weights)
        error = (1 - share) * error + share * of_weights
    simple = naive_forecasts(reader, mixture.season_length, *known)
    simple = np.stack([usual_errors(forecast, truth) for forecast in simple])
    is_better = TIMES_BETTER * simple.min(axis=0) < error
    naive = np.where(is_better, 1 + simple.argmin(axis=0), 0)
    return replace(mixture, share=share, naive=naive)


def usual_errors(forecast: Floats, truth: Floats) -> Floats:
    """Measure the mean absolute error over all steps up to each.

    Parameters
    ----------
    forecast, truth : ndarray of shape (n_origins, steps, n_targets)
        NaN in `truth` is not known.

    Returns
    -------
    ndarray of shape (steps, n_targets), float64
        NaN where no truth is known; the largest number where a forecast is no number.
    """
    known = ~np.isnan(truth)
    with np.errstate(all="ignore"):
        wrong = np.where(known, np.abs(truth - forecast), 0.0)
        wrong[np.isnan(wrong)] = np.inf
        total = wrong.sum(axis=0).cumsum(axis=0)
        usual = total / known.sum(axis=0).cumsum(axis=0)
    return np.minimum(usual, np.finfo(np.float64).max)


def _shares(own, other):
    """Return the shares of other forecasts, by the errors of both."""
    largest = np.maximum(own, other)
    with np.errstate(invalid="ignore"):
        own, other = (own / largest) ** POWER, (other / largest) ** POWER
        share = np.nan_to_num(own / (own + other), nan=0.5)
    return np.where(share < SMALLEST_SHARE, 0.0, share)
