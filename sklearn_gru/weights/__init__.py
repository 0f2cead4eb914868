"""Weights that come with the package, for forecasts without training."""

from sklearn_gru.weights.reading import (
    WEIGHTS,
    architecture_of_weights,
    fill_with,
    write_weights,
)

__all__ = ["WEIGHTS", "architecture_of_weights", "fill_with", "write_weights"]
