"""What Ctrl-C during training ends: the fit, or the whole search that contains it."""

import sys

# Modules with the functions that fit a candidate, or a fold, only to evaluate it. The
# final fit of a search is called from elsewhere.
EVALUATING = (
    "sklearn.model_selection._validation",
    "sktime.forecasting.model_evaluation",
)


class FitInterrupted(BaseException):
    """Ctrl-C that ends a fit; a KeyboardInterrupt would be caught by skorch's own."""


def is_in_a_search():
    """Tell whether a search or a cross-validation is among the callers.

    If so, Ctrl-C must end it: if it went on, it would compare a half-trained candidate
    with others.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(EVALUATING):
            return True
        frame = frame.f_back
    return False
