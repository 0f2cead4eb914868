"""The network behind GRURegressor and GRUClassifier."""

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
    seed : int
    dtype : torch.dtype
    **recurrent
        As for `Recurrent`.
    """

    def __init__(
        self,
        input_size,
        output_size,
        units,
        *,
        return_sequences,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.return_sequences = return_sequences
        with initialized(self, seed, dtype):
            self.recurrent = Recurrent(input_size, units, seed=seed, **recurrent)
            self.head = nn.Linear(self.recurrent.output_size, output_size)

    def forward(self, x, lengths=None):
        """Map x (B, T, input_size) to (B, output_size), or (B, T, output_size)."""
        if self.return_sequences:
            return self.head(self.recurrent(x, lengths))
        return self.head(self.features(x, lengths))

    def features(self, x, lengths=None):
        """Map x to the last hidden state, (B, units)."""
        return self.recurrent.summarize(self.recurrent(x, lengths), lengths)

    def gates(self, x, lengths=None):
        """Map x to {gate: (B, T, units)} of the last layer."""
        return self.recurrent.gates(x, lengths)
