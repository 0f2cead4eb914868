"""Names of types that several modules share; type checkers alone import them.

Some methods return an array or a str, but a list where a parameter or the input asks
for one. Callers know which. So the result has the usual type `| Any`: nobody has to
rule the list out.
"""

import os
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sklearn_gru.data import LogScaler, Ragged, Scaler, Symbols
from sklearn_gru.training import Checkpoint

# Arrays; of what the first one holds, only a run knows.
Array = NDArray[Any]
Floats = NDArray[np.float64]
# Sequences once they are read: (n, t, f), or of different lengths.
Sequences = Array | Ragged
# Their targets: class indices, or numbers in one of these forms.
Targets = Any
Table: TypeAlias = pd.Series | pd.DataFrame
# What standardises quantities, or numbers symbols.
AnyScaler = Scaler | LogScaler
Encoder = AnyScaler | Symbols

# What parameters may be.
Auto = Literal["auto"]
Activation = Literal["tanh", "relu"]
# skorch has no types.
Callbacks = list[Any] | None
Cell = Literal["gru", "lstm", "rnn"]
CheckpointPlace = str | os.PathLike[str] | Checkpoint | None
Device = str | torch.device
FileKind = Literal["model", "checkpoint", "weights"]
FilePath = str | os.PathLike[str]
Kernel = Literal["auto", "fused", "torch"]
LearningRateSchedule = Literal["constant", "cosine", "plateau"]
Optimizer = Literal["adam", "adamw", "sgd", "rmsprop"] | type[torch.optim.Optimizer]
Precision = Literal["float32", "float64"]
RandomState = int | np.random.RandomState | None
Units = int | tuple[int, ...] | list[int]
Verbosity = Literal[0, 1, 2] | bool

# What parameters of sequence estimators may be.
Pool = Literal["last", "mean", "max"]
Pooling = Auto | Pool | tuple[Pool, ...] | list[Pool]
TimeAxis = Literal[1, 2]

# What parameters of forecasters may be.
Center = Literal["auto", "last", "mean", "season"] | None
Channels = Literal["joint", "independent"]
ContextRule = Literal["extend", "apply"]
ForecastLoss = Literal["squared_error", "absolute_error", "huber", "quantile"]
IntervalMethod = Literal["adaptive", "split"]
Missing = Literal["error", "mask"]
Scale = Literal["auto", "series", "window"]
Weights = Literal["auto", "synthetic"]
TargetTransform = Literal["auto", "log"] | None

# What is drawn into, and how.
ManyAxes = Sequence[Axes] | Array
Style = dict[str, Any]
