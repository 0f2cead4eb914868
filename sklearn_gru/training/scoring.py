"""What scorers see of a fit: the estimator as it stands, and rows of its own data.

skorch scores what a network puts out. Here that is standardised, or logits, and the
targets are as well; the numbers would be in units that no one asked for.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring, make_scorer, r2_score
from skorch.dataset import Dataset

# What scikit-learn makes of a metric; there is no public name for it.
SCORER = type(make_scorer(r2_score))


@dataclass(frozen=True)
class Scored:
    """What of a fit can be scored while it goes on.

    Parameters
    ----------
    candidate : callable
        Maps the net in training to an estimator that predicts with it.
    rows_of : callable
        Maps indices of the dataset to what that estimator's `predict` takes, and to
        what should come out, in the units and the shape of `y`.
    """

    candidate: Callable
    rows_of: Callable


class Candidate:
    """An estimator in the midst of its training, which scorers get for a net.

    It answers as the estimator would, were it to stop now. What the estimator lacks,
    its history for instance, is that of the net.

    Parameters
    ----------
    estimator : estimator
        It predicts with the net in training.
    """

    # What the net has put out in an epoch comes from weights that have changed since.
    use_caching = False

    def __init__(self, estimator):
        self._estimator = estimator

    def __getattr__(self, name):
        if name == "_estimator":  # not there yet, while this is being copied
            raise AttributeError(name)
        estimator = self._estimator
        return getattr(estimator if hasattr(estimator, name) else estimator.net_, name)


class Scoring:
    """Calls `EpochScoring` with a `Candidate` and the rows that it is asked about.

    Parameters
    ----------
    estimator : estimator
        That is being fitted.
    scored : Scored
    dataset : SequenceDataset
        That is trained on.
    """

    def __init__(self, estimator, scored, dataset):
        self.estimator = estimator
        self.candidate = scored.candidate
        self.rows = {
            "dataset_train": _rows(dataset, scored.rows_of),
            "dataset_valid": _rows(dataset.validation, scored.rows_of),
        }

    def end_epoch(self, callback, net):
        callback.on_epoch_end(Candidate(self.candidate(net)), **self.rows)

    def try_out(self, callback):
        """Raise unless scikit-learn's scorer can score the simplest predictions."""
        scoring = callback.scoring_
        if not isinstance(scoring, str | SCORER):
            return
        rows = self.rows["dataset_train" if callback.on_train else "dataset_valid"]
        try:
            _score_a_constant(scoring, self.estimator, rows.y)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"{type(callback).__name__}({callback.scoring!r}) can't score this "
                f"{type(self.estimator).__name__}: {error}"
            ) from error


def _rows(dataset, rows_of):
    if dataset is None:
        return None
    return Dataset(*rows_of(dataset.indices), length=len(dataset))


def _score_a_constant(scoring, estimator, y):
    if isinstance(y, list) or y.ndim > 2:
        raise ValueError(
            "there is a target for every time step, and scikit-learn's scorers take "
            "arrays of shape (n_samples,) or (n_samples, n_outputs). Use scoring=None, "
            "which is score, or a function of (net, X, y)."
        )
    if is_classifier(estimator):
        classes = estimator.classes_
        constant = DummyClassifier().fit(np.zeros((len(classes), 1)), classes)
    else:
        constant = DummyRegressor().fit(np.zeros((len(y), 1)), y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant's score may be undefined
        check_scoring(constant, scoring)(constant, np.zeros((len(y), 1)), y)
