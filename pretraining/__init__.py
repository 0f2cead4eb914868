"""Weights for forecasts without training: where they come from."""
