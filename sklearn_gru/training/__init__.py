"""Training a module on arrays with skorch; no other package imports skorch."""

from sklearn_gru.training.accelerated import accelerated
from sklearn_gru.training.batches import Batch, SequenceDataset
from sklearn_gru.training.building import build_net, check_architecture
from sklearn_gru.training.callbacks import is_callback
from sklearn_gru.training.checkpoint import Checkpoint, kept_seed
from sklearn_gru.training.device import one_thread, ready_to_train, resolve_device
from sklearn_gru.training.evaluate import evaluate_in_blocks, for_inference
from sklearn_gru.training.fitting import held_out_loss, train
from sklearn_gru.training.missing import NetOfKnown
from sklearn_gru.training.net import Net, loss_curve
from sklearn_gru.training.reading import Writer, read
from sklearn_gru.training.scoring import Scored
from sklearn_gru.training.settings import Architecture, TrainingSettings, as_units
from sklearn_gru.training.sources import Picked, dense, gather, labels, ragged
from sklearn_gru.training.text import TextDataset, TextNet

__all__ = [
    "Architecture",
    "Batch",
    "Checkpoint",
    "Net",
    "NetOfKnown",
    "Picked",
    "Scored",
    "SequenceDataset",
    "TextDataset",
    "TextNet",
    "TrainingSettings",
    "Writer",
    "accelerated",
    "as_units",
    "build_net",
    "check_architecture",
    "dense",
    "evaluate_in_blocks",
    "for_inference",
    "gather",
    "held_out_loss",
    "is_callback",
    "kept_seed",
    "labels",
    "loss_curve",
    "one_thread",
    "ragged",
    "read",
    "ready_to_train",
    "resolve_device",
    "train",
]
