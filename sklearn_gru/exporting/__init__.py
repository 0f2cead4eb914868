"""Fitted networks as ONNX files; the only room that imports onnx.

The nodes are written one by one, without torch's exporter: a network here has few
kinds of parts, and each is a handful of ONNX operators. As in predictions on a CPU,
recurrent layers run in float32 and nearly everything else in float64. Convolutions run
in float32, too.
"""

from sklearn_gru.exporting.files import (
    SequenceInput,
    save_classifier,
    save_forecaster,
    save_regressor,
)

__all__ = ["SequenceInput", "save_classifier", "save_forecaster", "save_regressor"]
