"""Recurrent networks and their losses in PyTorch; knows nothing of data's forms."""

from sklearn_gru.nets.cells import CELLS
from sklearn_gru.nets.forecast import ForecastNet
from sklearn_gru.nets.losses import LOSSES, CrossEntropy
from sklearn_gru.nets.sequence import SequenceNet

__all__ = ["CELLS", "LOSSES", "CrossEntropy", "ForecastNet", "SequenceNet"]
