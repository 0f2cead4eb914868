"""Convolutions in front of the recurrent layers."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_gru.nets.pooling import is_read

# The share of the newest batch in the running statistics, once there were many batches.
MOMENTUM = 0.1
# What is added to variances.
EPSILON = 1e-5


class Convolutions(nn.Module):
    """Convolutions over time, each with batch normalisation and relu.

    Every output row sees the rows around it, and never those beyond the end of its
    sequence. After Wang et al. (2017, arXiv:1611.06455) and, beside a recurrent
    network, Karim et al. (2018, arXiv:1709.05206).

    Parameters
    ----------
    input_size : int
    filters : tuple of int
        Channels of each convolution.
    kernel_size : int
        Rows that a filter sees.
    stride : int
        Rows from one output of the first convolution to the next. Its filters see
        twice as many, if that is more.
    """

    def __init__(self, input_size, filters, kernel_size, stride=1):
        super().__init__()
        self.stride = stride
        self.output_size = filters[-1]
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for width in filters:
            first = not self.layers
            size = max(kernel_size, 2 * stride) if first else kernel_size
            step = stride if first else 1
            self.layers.append(
                nn.Conv1d(input_size, width, size, stride=step, bias=False)
            )
            self.norms.append(Normalization(width))
            input_size = width

    def forward(self, x, lengths=None):
        """Map x (B, T, k) and its lengths to those of ceil(T / stride) rows."""
        x = x if lengths is None else x.masked_fill(~is_read(x, lengths), 0)
        lengths = None if lengths is None else -(-lengths // self.stride)
        x = x.transpose(1, 2)  # (B, k, T), the layout of torch's convolutions
        for layer, norm in zip(self.layers, self.norms, strict=True):
            # What lies beyond the end of a sequence is zero, and stays so.
            x = F.relu(norm(_around(layer, x), lengths))
        return x.transpose(1, 2), lengths


def _around(layer, x):
    """Convolve x (B, k, T) with zeros on both sides: (B, width, ceil(T / stride))."""
    before, after, n_rows = zeros_around(layer, x.shape[2])
    return layer(F.pad(x, (before, after)))[:, :, :n_rows]


def zeros_around(layer, n_steps):
    """Count the zeros before and after a sequence, and the rows that a layer makes."""
    size, stride = layer.kernel_size[0], layer.stride[0]
    n_rows = -(-n_steps // stride)
    before = max(size - stride, 0) // 2
    after = max((n_rows - 1) * stride + size - n_steps - before, 0)
    return before, after, n_rows


class Normalization(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) over the rows that are read.

    The running statistics are means over the first batches, and then move by
    `MOMENTUM`, so that they are of use after a single batch.

    Parameters
    ----------
    size : int
        Channels.
    """

    # A replayed step would repeat the share of its recording in the statistics.
    repeats = False

    def __init__(self, size):
        super().__init__()
        self.gain = nn.Parameter(torch.empty(size))
        self.bias = nn.Parameter(torch.empty(size))
        self.register_buffer("mean", torch.empty(size))
        self.register_buffer("variance", torch.empty(size))
        self.register_buffer("n_batches", torch.empty(()))

    def reset(self):
        """Change nothing."""
        for ones in (self.gain, self.variance):
            nn.init.ones_(ones)
        for zeros in (self.bias, self.mean, self.n_batches):
            nn.init.zeros_(zeros)

    def forward(self, x, lengths=None):
        """Map x (B, size, T) to x with zero mean and unit variance, scaled.

        What lies beyond the end of a sequence becomes zero.
        """
        if lengths is None:
            return self._normalized(x)
        x = x.transpose(1, 2)  # (B, T, size)
        read = is_read(x, lengths).squeeze(2)
        out = torch.zeros_like(x)
        out[read] = self._normalized(x[read])
        return out.transpose(1, 2)

    def _normalized(self, x):
        """Normalise x (N, size) or (B, size, T); a single row can't be."""
        learns = self.training and x.numel() > x.shape[1]
        if learns:
            self.n_batches += 1
        else:
            # What never varied in training says nothing: no weight has learned from it.
            of_channels = -1, *[1] * (x.ndim - 2)
            varied = (self.variance > 0).view(of_channels)
            x = torch.where(varied, x, self.mean.view(of_channels))
        return F.batch_norm(
            x,
            self.mean,
            self.variance,
            self.gain,
            self.bias,
            training=learns,
            momentum=max(MOMENTUM, 1 / self.n_batches.item()) if learns else 0.0,
            eps=EPSILON,
        )
