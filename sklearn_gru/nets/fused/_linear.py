"""A linear layer over many rows, by the products that the recurrence uses."""

import numpy as np
import torch

from sklearn_gru.nets.fused._matmul import (
    add_product,
    add_transposed_product,
    pack,
)
from sklearn_gru.nets.threads import in_parts, n_threads

WORTH_A_THREAD = 10_000_000


def fused_linear(x, layer):
    """Apply a layer to all hidden states of a batch.

    Parameters
    ----------
    x : Tensor of shape (B, T, in_features)
        As `fused_gru` returns it: in memory, time is the first axis.
    layer : torch.nn.Linear

    Returns
    -------
    Tensor of shape (B, T, out_features)
        In memory, time is the first axis.
    """
    rows = x.transpose(0, 1)  # (T, B, in_features)
    result = _FusedLinear.apply(rows.flatten(0, 1), layer.weight, layer.bias)
    return result.unflatten(0, rows.shape[:2]).transpose(0, 1)


class _FusedLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        result = bias.detach().expand(len(x), -1).clone()
        panels = pack(weight.detach().numpy().T)
        _add_rows(result.numpy(), x.numpy(), panels)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_result):
        x, weight = ctx.saved_tensors
        x, d_result = x.numpy(), d_result.contiguous().numpy()
        d_x = np.zeros_like(x)
        _add_rows(d_x, d_result, pack(weight.detach().numpy()))
        d_weight = np.zeros((x.shape[1], d_result.shape[1]), x.dtype)
        in_parts(
            lambda start, stop: add_transposed_product(
                d_weight[start:stop], x[:, start:stop], d_result
            ),
            len(d_weight),
            _parts(x, d_result),
        )
        gradients = d_x, d_weight.T, d_result.sum(axis=0)
        return tuple(torch.from_numpy(gradient) for gradient in gradients)


def _add_rows(result, a, panels):
    in_parts(
        lambda start, stop: add_product(result[start:stop], a[start:stop], panels),
        len(a),
        _parts(a, result),
    )


def _parts(a, b):
    products = len(a) * a.shape[1] * b.shape[1]
    return n_threads() if products >= WORTH_A_THREAD else 1
