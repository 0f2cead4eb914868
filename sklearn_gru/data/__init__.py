"""Series, windows, sequences and texts as NumPy arrays; independent of torch."""

from sklearn_gru.data._affine import AffineMap, find_affine_map, varies
from sklearn_gru.data._logarithm import LogScaler, fit_log_scaler
from sklearn_gru.data._memory import memory_map_of, overlaps_itself, release
from sklearn_gru.data._scaling import Scaler, fit_scaler
from sklearn_gru.data._sequences import Ragged, as_sequences
from sklearn_gru.data._symbols import Symbols, fit_symbols
from sklearn_gru.data._text import Corpus, StopStrings
from sklearn_gru.data._vocabulary import BOUNDARY, N_SPECIAL, UNKNOWN, Vocabulary
from sklearn_gru.data._windows import lagged_windows, make_windows, window_view

__all__ = [
    "BOUNDARY",
    "N_SPECIAL",
    "UNKNOWN",
    "AffineMap",
    "Corpus",
    "LogScaler",
    "Ragged",
    "Scaler",
    "StopStrings",
    "Symbols",
    "Vocabulary",
    "as_sequences",
    "find_affine_map",
    "fit_log_scaler",
    "fit_scaler",
    "fit_symbols",
    "lagged_windows",
    "make_windows",
    "memory_map_of",
    "overlaps_itself",
    "release",
    "varies",
    "window_view",
]
