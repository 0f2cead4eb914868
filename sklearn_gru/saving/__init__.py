"""Saving estimators to files that can be read without running anything in them."""

from sklearn_gru.saving.models import load, save

__all__ = ["load", "save"]
