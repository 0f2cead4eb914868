"""The network behind GRURegressor and GRUClassifier."""

import torch
from torch import nn

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent


class SequenceNet(nn.Module):
    """Recurrent layers and a linear head.

    Parameters
    ----------
    input_size, output_size : int
    units : tuple of int
    return_sequences : bool
        Whether the head reads every hidden state, or only the last.
    embedding_dim : int or None
        If an int, x holds integers below `input_size`, and each stands for a learned
        vector of `embedding_dim` features. The last integer stands for all symbols
        that training does not see; its vector starts at zero.
    seed : int
    dtype : torch.dtype
    **recurrent
        Arguments of `Recurrent`.
    """

    def __init__(
        self,
        input_size,
        output_size,
        units,
        *,
        return_sequences,
        embedding_dim=None,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.return_sequences = return_sequences
        self.embedding = None
        with initialized(self, seed, dtype):
            if embedding_dim is not None:
                self.embedding = nn.Embedding(input_size, embedding_dim)
                input_size = embedding_dim
            self.recurrent = Recurrent(input_size, units, seed=seed, **recurrent)
            self.head = nn.Linear(self.recurrent.output_size, output_size)
        if self.embedding is not None:
            with torch.no_grad():
                self.embedding.weight[-1] = 0

    def forward(self, x, lengths=None):
        """Map x to (B, output_size), or (B, T, output_size).

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T, 1)
        lengths : Tensor of shape (B,), default=None
            Time steps of each sequence; None is all T.
        """
        if self.return_sequences:
            return self.head(self.recurrent(self._vectors(x), lengths))
        return self.head(self.features(x, lengths))

    def features(self, x, lengths=None):
        """Map x to the last hidden state, (B, units)."""
        return self.recurrent.summary(self._vectors(x), lengths)

    def gates(self, x, lengths=None):
        """Map x to {gate: (B, T, units)} of the last layer."""
        return self.recurrent.gates(self._vectors(x), lengths)

    def _vectors(self, x):
        if self.embedding is None:
            return x
        return self.embedding(x[:, :, 0])  # (B, T, embedding_dim)
