"""What scorers get during a fit: the estimator in its present state, and its data.

skorch scores a network's own outputs against the targets that the network gets. Here
these are standardised numbers, or logits and class indices; scores should be in the
units and labels of `y`.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring, make_scorer, r2_score
from skorch.dataset import Dataset

# The class of scikit-learn's scorers, which has no public name.
SCORER = type(make_scorer(r2_score))


@dataclass(frozen=True)
class Scored:
    """How a fit can be scored while it goes on.

    Parameters
    ----------
    candidate : callable
        Maps the net in training to an estimator that predicts with it.
    rows_of : callable
        Maps indices of the dataset to the input of that estimator's `predict`, and to
        the true targets, in the units and the shape of `y`.
    name : str
        The estimator's name, for messages.
    classes : ndarray or None
        The classes that a classifier tells apart.
    """

    candidate: Callable
    rows_of: Callable
    name: str
    classes: np.ndarray | None = None


class Candidate:
    """An estimator during its training, which scorers get in the place of a net.

    It predicts as the estimator would if training stopped now. Attributes that the
    estimator lacks, `history` for instance, are those of the net.

    Parameters
    ----------
    estimator : estimator
        Predicts with the net in training.
    """

    # The outputs from within an epoch come from weights that have changed since.
    use_caching = False

    def __init__(self, estimator):
        self._estimator = estimator

    def __getattr__(self, name):
        if name == "_estimator":  # a copy in the making has no attributes yet
            raise AttributeError(name)
        estimator = self._estimator
        return getattr(estimator if hasattr(estimator, name) else estimator.net_, name)


class Scoring:
    """Calls `EpochScoring` callbacks with a `Candidate` and the rows to score.

    Parameters
    ----------
    scored : Scored
    dataset : SequenceDataset
        The training set.
    """

    def __init__(self, scored, dataset):
        self.scored = scored
        self.rows = {
            "dataset_train": _rows(dataset, scored.rows_of),
            "dataset_valid": _rows(dataset.validation, scored.rows_of),
        }

    @property
    def truth(self):
        """The targets that are scored."""
        return [rows.y for rows in self.rows.values() if rows is not None]

    def end_epoch(self, callback, net):
        callback.on_epoch_end(Candidate(self.scored.candidate(net)), **self.rows)

    def try_out(self, callback):
        """Raise if a scorer of scikit-learn's can't score a constant prediction."""
        scoring = callback.scoring_
        if not isinstance(scoring, str | SCORER):
            return
        rows = self.rows["dataset_train" if callback.on_train else "dataset_valid"]
        try:
            _score_a_constant(scoring, self.scored.classes, rows.y)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"{type(callback).__name__}({callback.scoring!r}) can't score this "
                f"{self.scored.name}: {error}"
            ) from error


def _rows(dataset, rows_of):
    if dataset is None:
        return None
    return Dataset(*rows_of(dataset.indices), length=len(dataset))


def _score_a_constant(scoring, classes, y):
    if isinstance(y, list) or y.ndim > 2:
        raise ValueError(
            "there is a target for every time step, and scikit-learn's scorers take "
            "arrays of shape (n_samples,) or (n_samples, n_outputs). Use scoring=None, "
            "which is score, or a function of (net, X, y)."
        )
    if classes is not None:
        constant = DummyClassifier().fit(np.zeros((len(classes), 1)), classes)
    else:
        constant = DummyRegressor().fit(np.zeros((len(y), 1)), y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant's score may be undefined
        check_scoring(constant, scoring)(constant, np.zeros((len(y), 1)), y)
