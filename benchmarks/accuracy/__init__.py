"""Accuracy beside the methods that people use instead."""
