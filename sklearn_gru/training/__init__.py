"""Training a module on arrays with skorch; no other package imports skorch."""

from sklearn_gru.training.accelerated import accelerated
from sklearn_gru.training.batches import (
    Picked,
    SequenceDataset,
    Together,
    dense,
    gather,
    labels,
    ragged,
)
from sklearn_gru.training.callbacks import is_callback
from sklearn_gru.training.device import one_thread, ready_to_train, resolve_device
from sklearn_gru.training.evaluate import evaluate_in_blocks, for_inference
from sklearn_gru.training.missing import NetOfKnown
from sklearn_gru.training.net import (
    Net,
    build_net,
    check_architecture,
    loss_curve,
    train,
)
from sklearn_gru.training.reading import Writer, read
from sklearn_gru.training.scoring import Scored
from sklearn_gru.training.text import TextDataset, TextNet

__all__ = [
    "Net",
    "NetOfKnown",
    "Picked",
    "Scored",
    "SequenceDataset",
    "TextDataset",
    "TextNet",
    "Together",
    "Writer",
    "accelerated",
    "build_net",
    "check_architecture",
    "dense",
    "evaluate_in_blocks",
    "for_inference",
    "gather",
    "is_callback",
    "labels",
    "loss_curve",
    "one_thread",
    "ragged",
    "read",
    "ready_to_train",
    "resolve_device",
    "train",
]
