"""What Ctrl-C during training ends: a fit, or all of the search that it is part of."""

import sys

# Whose functions fit a candidate, or a fold, only to evaluate it. The final fit of a
# search is called from elsewhere.
EVALUATING = (
    "sklearn.model_selection._validation",
    "sktime.forecasting.model_evaluation",
)


class SearchInterrupted(BaseException):
    """Ctrl-C in a search; skorch would end a KeyboardInterrupt at its own fit."""


def is_in_a_search():
    """Tell whether a search or a cross-validation has called this one's callers.

    Half-trained candidates would be compared with others if it went on.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(EVALUATING):
            return True
        frame = frame.f_back
    return False
