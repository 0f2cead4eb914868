"""A linear layer over many rows, with the matrix products of the recurrence."""

import numpy as np
import torch

from sklearn_gru.nets.fused._kernels import products
from sklearn_gru.nets.fused._products import packed
from sklearn_gru.nets.threads import n_threads, on_threads, parts

# Multiplications from which on a second thread pays. A recurrent layer needs more of
# them; here there is only one product to divide.
WORTH_A_THREAD = 10_000_000


def fused_linear(x, layer):
    """Apply a layer to all hidden states of a batch.

    Parameters
    ----------
    x : Tensor of shape (B, T, in_features)
        As `Stack.run` returns it: in memory, time is the first axis.
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
        ctx.threads = n_threads() if len(x) * weight.numel() >= WORTH_A_THREAD else 1
        _add_product(result.numpy(), x.numpy(), weight.detach().numpy().T, ctx.threads)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_result):
        x, weight = ctx.saved_tensors
        x, d_result = x.numpy(), d_result.contiguous().numpy()
        weight = weight.detach().numpy()
        d_x, d_weight = np.zeros_like(x), np.zeros(weight.T.shape, x.dtype)
        _add_product(d_x, d_result, weight, ctx.threads)
        add_transposed = products(x.dtype.name).add_transposed
        on_threads(
            lambda start, stop: add_transposed(
                d_weight[start:stop], x[:, start:stop], d_result
            ),
            parts(len(d_weight), ctx.threads),
            ctx.threads,
        )
        gradients = d_x, d_weight.T, d_result.sum(axis=0)
        return tuple(torch.from_numpy(gradient) for gradient in gradients)


def _add_product(c, a, b, threads):
    add = products(c.dtype.name).add
    panels = packed(b)
    on_threads(
        lambda start, stop: add(c[start:stop], a[start:stop], panels),
        parts(len(c), threads),
        threads,
    )
