"""Recurrent networks and their losses in PyTorch; independent of `data`."""

from sklearn_gru.nets.cells import CELLS
from sklearn_gru.nets.execution import warm_up
from sklearn_gru.nets.forecast import ForecastNet
from sklearn_gru.nets.language import LanguageNet
from sklearn_gru.nets.levels import LEVELS
from sklearn_gru.nets.losses import (
    FORECAST_LOSSES,
    IGNORED,
    LOSSES,
    QUANTILES,
    CrossEntropy,
    NextSymbol,
)
from sklearn_gru.nets.missing import filled
from sklearn_gru.nets.pooling import POOLINGS
from sklearn_gru.nets.sampling import Sampler
from sklearn_gru.nets.sequence import SequenceNet, SequenceNets, sequence_net
from sklearn_gru.nets.zero_shot import ZeroShotNet

__all__ = [
    "CELLS",
    "FORECAST_LOSSES",
    "IGNORED",
    "LEVELS",
    "LOSSES",
    "POOLINGS",
    "QUANTILES",
    "CrossEntropy",
    "ForecastNet",
    "LanguageNet",
    "NextSymbol",
    "Sampler",
    "SequenceNet",
    "SequenceNets",
    "ZeroShotNet",
    "filled",
    "sequence_net",
    "warm_up",
]
