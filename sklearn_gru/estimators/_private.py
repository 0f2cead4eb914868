"""What is used of scikit-learn though it is not public; all of it is named here."""

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils._param_validation import validate_params as _validate_params
from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
from sklearn.utils.validation import (
    _check_feature_names_in as check_feature_names_in,
)
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

Method = TypeVar("Method", bound=Callable[..., Any])

# As they come, without types, they would hide those of the methods that they decorate.
fit_context: Callable[..., Callable[[Method], Method]] = _fit_context
validate_params: Callable[..., Callable[[Method], Method]] = _validate_params

__all__ = [
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "VisualBlock",
    "check_feature_names_in",
    "check_sample_weight",
    "fit_context",
    "validate_params",
]
