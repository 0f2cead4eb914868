"""The network behind GRURegressor and GRUClassifier."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_gru.nets.convolutions import Convolutions, Normalization
from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.pooling import POOLS, is_read, mean
from sklearn_gru.nets.recurrent import Recurrent
from sklearn_gru.nets.side_by_side import SEEDS_APART, SideBySide
from sklearn_gru.nets.time_warp import TimeWarp

# Columns that vary by less than this share of their mean are taken as constant.
ROUNDING = 1e-6


class SequenceNet(nn.Module):
    """Recurrent layers and a linear head, with convolutions in front or without.

    Parameters
    ----------
    input_size, output_size : int
    units : tuple of int
    return_sequences : bool
        Whether the head reads every hidden state, or those of all steps as one vector.
    pooling : tuple of {"last", "mean", "max"}
        What is read of the hidden states of all steps.
    segment_length : int
        Rows that form one input of the recurrent layers.
    normalized : bool
        Whether each sequence, given zero mean and unit variance of its own, is read
        beside its values.
    differences : bool
        Whether the differences of neighbouring rows, normalised, are read beside them.
    conv_filters : tuple of int
        Channels of each convolution; none if empty. The mean of the last one's outputs
        is read beside the hidden states.
    conv_kernel_size, conv_stride : int
        See `Convolutions`.
    time_warp : float
        See `TimeWarp`.
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
        return_sequences=False,
        pooling=("last",),
        segment_length=1,
        normalized=False,
        differences=False,
        conv_filters=(),
        conv_kernel_size=1,
        conv_stride=1,
        time_warp=0.0,
        embedding_dim=None,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.return_sequences = return_sequences
        self.pooling = pooling
        self.segment_length = -(-segment_length // conv_stride)  # in convolved rows
        self.embedding = self.courses = self.changes = self.convolutions = None
        with initialized(self, seed, dtype):
            if embedding_dim is not None:
                self.embedding = nn.Embedding(input_size, embedding_dim)
                input_size = embedding_dim
            if normalized:
                self.courses = Normalization(input_size)
                input_size = 2 * input_size
            if differences:
                self.changes = Normalization(input_size)
                input_size = 2 * input_size
            if conv_filters:
                self.convolutions = Convolutions(
                    input_size, conv_filters, conv_kernel_size, conv_stride
                )
                input_size = self.convolutions.output_size
            size = self.segment_length * input_size
            self.recurrent = Recurrent(size, units, seed=seed, **recurrent)
            self.head = nn.Linear(self.n_features, output_size)
        if self.embedding is not None:
            with torch.no_grad():
                self.embedding.weight[-1] = 0
        for part in self.modules():
            if isinstance(part, Normalization):
                part.reset()
        self.time_warp = TimeWarp(time_warp, seed)

    @property
    def n_features(self):
        """Width of what the head reads."""
        if self.return_sequences:
            return self.recurrent.output_size
        width = len(self.pooling) * self.recurrent.output_size
        beside = self.convolutions is not None
        return width + (self.convolutions.output_size if beside else 0)

    def forward(self, x, lengths=None):
        """Map x to (B, output_size), or (B, T, output_size).

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T, 1)
        lengths : Tensor of shape (B,), default=None
            Time steps of each sequence; None is all T.
        """
        if self.return_sequences:
            return self.head(self.recurrent(*self._inputs(*self._rows(x, lengths))))
        return self.head(self.features(self.time_warp(x, lengths), lengths))

    def features(self, x, lengths=None):
        """Map x to what the head reads of a whole sequence, (B, n_features)."""
        rows, lengths = self._rows(x, lengths)
        pooled = self._pooled(*self._inputs(rows, lengths))
        if self.convolutions is None or self.return_sequences:
            return pooled
        beside = self.recurrent.dropout(mean(rows, lengths))
        return torch.cat([pooled, beside], dim=1)

    def gates(self, x, lengths=None):
        """Map x to {gate: (B, n_segments, units)} of the last layer."""
        return self.recurrent.gates(*self._inputs(*self._rows(x, lengths)))

    @property
    def rows_per_segment(self):
        """Rows of a sequence behind one input of the recurrent layers."""
        stride = 1 if self.convolutions is None else self.convolutions.stride
        return stride * self.segment_length

    def n_segments(self, lengths):
        """Map lengths of sequences to numbers of inputs of the recurrent layers."""
        return -(-lengths // self.rows_per_segment)

    def _pooled(self, inputs, steps):
        if self.pooling == ("last",):
            return self.recurrent.summary(inputs, steps)
        hidden = self.recurrent.states(inputs, steps)
        parts = [
            POOLS[name](hidden, steps)
            if name in POOLS
            else self.recurrent.summarize(hidden, steps)
            for name in self.pooling
        ]
        return self.recurrent.dropout(torch.cat(parts, dim=1))

    def _rows(self, x, lengths):
        """Join x with what is read beside it, and convolve: rows and their lengths."""
        x = x if self.embedding is None else self.embedding(x[:, :, 0])
        if self.courses is not None:
            x = _joined(x, _normalized(x, lengths), self.courses, lengths)
        if self.changes is not None:
            change = x.diff(dim=1, prepend=x[:, :1])
            x = _joined(x, change, self.changes, lengths)
        if self.convolutions is not None:
            return self.convolutions(x, lengths)
        return x, lengths

    def _inputs(self, rows, lengths):
        """Cut rows into segments, the inputs of the recurrent layers."""
        if self.segment_length == 1:
            return rows, lengths
        if lengths is not None:
            rows = rows.masked_fill(~is_read(rows, lengths), 0)
            lengths = -(-lengths // self.segment_length)
        # (B, T, k) -> (B, n_segments, segment_length * k)
        rows = F.pad(rows, (0, 0, 0, -rows.shape[1] % self.segment_length))
        rows = rows.reshape(len(rows), -1, self.segment_length * rows.shape[2])
        return rows, lengths


def sequence_net(*args, n_estimators, **kwargs):
    """Make one network, or several: the arguments are those of `SequenceNets`."""
    if n_estimators == 1:
        return SequenceNet(*args, **kwargs)
    return SequenceNets(*args, n_estimators=n_estimators, **kwargs)


def _joined(x, beside, norm, lengths):
    """Join x (B, T, k) with rows that are normalised: (B, T, 2 * k)."""
    beside = norm(beside.transpose(1, 2), lengths).transpose(1, 2)
    return torch.cat([x, beside], dim=2)


def _normalized(x, lengths):
    """Give each column of each sequence (B, T, k) zero mean and unit variance."""
    first = x[:, :1]
    # The mean of equal numbers is rounded; that of their distances from one is not.
    shifted = x - first
    center = mean(shifted, lengths)[:, None]
    variance = mean((shifted - center).square(), lengths)[:, None]
    # What varies less than rounding does is constant.
    floor = (ROUNDING * (first + center)).square() + torch.finfo(x.dtype).tiny
    return (shifted - center) * torch.rsqrt(variance + floor)


class SequenceNets(nn.Module):
    """Networks that differ in nothing but their random numbers.

    In training their outputs stay apart, (B, n_estimators, ...); then their mean is the
    output.

    Parameters
    ----------
    n_estimators : int
    *args, seed, **kwargs
        Arguments of `SequenceNet`.
    """

    def __init__(self, *args, n_estimators, seed, **kwargs):
        super().__init__()
        self.members = nn.ModuleList(
            SequenceNet(*args, seed=seed + number * SEEDS_APART, **kwargs)
            for number in range(n_estimators)
        )

    @property
    def recurrent(self):
        """The recurrent layers of all networks."""
        return SideBySide(member.recurrent for member in self.members)

    @property
    def return_sequences(self):
        """Whether there is an output for every step."""
        return self.members[0].return_sequences

    @property
    def n_features(self):
        """Width of what the heads read."""
        return sum(member.n_features for member in self.members)

    @property
    def rows_per_segment(self):
        """Rows of a sequence behind one input of the recurrent layers."""
        return self.members[0].rows_per_segment

    def n_segments(self, lengths):
        """Map lengths of sequences to numbers of inputs of the recurrent layers."""
        return self.members[0].n_segments(lengths)

    def forward(self, x, lengths=None):
        """Map x as `SequenceNet` does."""
        outputs = torch.stack([member(x, lengths) for member in self.members], dim=1)
        return outputs if self.training else outputs.mean(dim=1)

    def features(self, x, lengths=None):
        """Map x to what the heads read, (B, n_features)."""
        return torch.cat([net.features(x, lengths) for net in self.members], dim=1)

    def gates(self, x, lengths=None):
        """Map x to {gate: (B, n_segments, n_estimators * units)}."""
        gates = [net.gates(x, lengths) for net in self.members]
        return {
            name: torch.cat([each[name] for each in gates], dim=2) for name in gates[0]
        }
