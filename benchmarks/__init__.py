"""Measurements beside the package: its speed, accuracy and memory."""
