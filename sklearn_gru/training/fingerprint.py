"""Telling runs apart: a digest of all that the result of a training depends on."""

from __future__ import annotations

import functools
import hashlib
import inspect
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided

from sklearn_gru.data import memory_map_of, overlaps_itself, release
from sklearn_gru.training.keeping import building_of, learned_by
from sklearn_gru.training.scoring import SCORER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sklearn_gru.training.batches import SequenceDataset
    from sklearn_gru.training.net import Net
    from sklearn_gru.training.settings import TrainingSettings
    from sklearn_gru.training.text import TextDataset

PACKAGES = "sklearn-gru", "torch", "numpy", "skorch"
# Settings that are no part of the result, or are read apart from the others.
APART = "verbose", "checkpoint", "callbacks"
# Values whose type and repr tell all about them.
PLAIN = bool, int, float, complex, str, bytes, type(None), range
PLAIN += torch.dtype, torch.device, np.dtype
BLOCK_BYTES = 1 << 22


def fingerprint(
    net: Net,
    dataset: SequenceDataset | TextDataset,
    settings: TrainingSettings,
    epochs: int,
    callbacks: Sequence[Any],
    truth: Sequence[Any] = (),
) -> str:
    """Return a name that two runs share if they must have the same result.

    Nothing is changed by it, and neither addresses nor the order of dicts matter.

    Parameters
    ----------
    net : Net
        As it is before the run.
    dataset : SequenceDataset or TextDataset
    settings : TrainingSettings
    epochs : int
    callbacks : list of Callback
        The user's. Code of theirs is known by its name.
    truth : sequence of array-like
        The targets that callbacks score, in the units of `y`.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    TypeError
        If the dataset holds something of an unknown type.
    """
    learned = learned_by(net)
    learned["history"] = [_without_duration(epoch) for epoch in learned["history"]]
    run = {
        "versions": {name: version(name) for name in PACKAGES},
        "net": type(net),
        "building": building_of(net),
        "learned": learned,
        "settings": {n: v for n, v in vars(settings).items() if n not in APART},
        "epochs": epochs,
        "dataset": dataset,
        "truth": list(truth),
    }
    described = [(type(callback), _parameters(callback)) for callback in callbacks]
    parts = Digests()(run), Digests(lenient=True)(described)
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def _without_duration(epoch):
    return {name: value for name, value in epoch.items() if name != "dur"}


def _parameters(callback):
    """Return what a callback was made with; keywords that it collects, too."""
    expected = inspect.signature(type(callback).__init__).parameters.values()
    names = {parameter.name for parameter in expected}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in expected):
        names |= set(callback.get_params(deep=False))
    return {name: value for name, value in vars(callback).items() if name in names}


class Digests:
    """Maps values to digests: equal values to the same, others to others.

    Parameters
    ----------
    lenient : bool, default=False
        Whether a value of an unknown type is known by this type, or is an error.
    """

    def __init__(self, lenient=False):
        self.lenient = lenient
        # The value is kept, so that no other one gets its id.
        self.known = {}

    def __call__(self, value, place="the run"):
        """Return the digest of a value, 32 bytes.

        Parameters
        ----------
        value : object
        place : str
            Where the value is, for messages.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, PLAIN):
            return hashlib.sha256(f"{type(value).__name__} {value!r}".encode()).digest()
        if id(value) not in self.known:
            digest = hashlib.sha256()
            for part in self._parts(value, place):
                digest.update(part)
            self.known[id(value)] = digest.digest(), value
        return self.known[id(value)][0]

    def _parts(self, value, place):
        """Yield the bytes that tell a value from all others."""
        if isinstance(value, np.ndarray) and value.dtype != object:
            yield from _array_parts(value)
        elif isinstance(value, torch.Tensor):
            yield from _tensor_parts(value)
        elif isinstance(value, dict):
            yield from self._dict_parts(value, place)
        elif isinstance(value, list | tuple | np.ndarray):
            yield b"tuple" if isinstance(value, tuple) else b"list"
            yield from (self(part, f"{place}[{i}]") for i, part in enumerate(value))
        elif isinstance(value, np.random.Generator):
            yield b"generator" + self(value.bit_generator.state, place)
        else:
            yield from self._object_parts(value, place)

    def _dict_parts(self, value, place):
        yield b"dict"
        pairs = [(self(key, place), key) for key in value]
        for digest, key in sorted(pairs, key=lambda pair: pair[0]):
            yield digest + self(value[key], f"{place}[{key!r}]")

    def _object_parts(self, value, place):
        if isinstance(value, functools.partial):
            yield b"partial"
            parts = [value.func, value.args, value.keywords]
            yield from (self(part, place) for part in parts)
        elif hasattr(value, "__qualname__"):
            yield f"code {value.__module__}.{value.__qualname__}".encode()
        elif _is_own(value) or isinstance(value, SCORER):
            yield f"object {_name(type(value))}".encode()
            yield self(_attributes(value), f"{place} ({type(value).__name__})")
        elif self.lenient:
            yield f"some {_name(type(value))}".encode()
        else:
            raise TypeError(
                f"A checkpoint can't tell one run from another by {place}, of "
                f"{type(value)}: fit with checkpoint=None."
            )


def _is_own(value):
    return type(value).__module__.startswith("sklearn_gru.")


def _attributes(value):
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return vars(value)


def _name(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def _array_parts(array):
    """Yield an array's form and its bytes, block by block.

    Of windows, which show each row many times, the memory is read that they show.
    """
    yield f"array {array.dtype!r} {array.shape}".encode()
    if not array.size:
        return
    whole_items = all(stride % array.itemsize == 0 for stride in array.strides)
    if overlaps_itself(array) and whole_items:
        yield f"strides {array.strides}".encode()
        array = _memory_of(array)
    rows = array.reshape(1) if array.ndim == 0 else array
    at_once, mapped = max(1, BLOCK_BYTES // rows[0].nbytes), memory_map_of(rows)
    for start in range(0, len(rows), at_once):
        block = np.ascontiguousarray(rows[start : start + at_once])
        yield block.reshape(-1).view(np.uint8).data
        release(mapped)


def _memory_of(array):
    """View the memory between the first and the last element of an array: (n,)."""
    forward = [slice(None, None, -1 if s < 0 else 1) for s in array.strides]
    array = array[tuple(forward)]
    pairs = zip(array.shape, array.strides, strict=True)
    n = sum((length - 1) * stride for length, stride in pairs) // array.itemsize + 1
    return as_strided(array, (n,), (array.itemsize,), writeable=False)


def _tensor_parts(tensor):
    """Do what `_array_parts` does; a strided view is read as its memory."""
    yield f"tensor {tensor.dtype} {tuple(tensor.shape)} {tensor.stride()}".encode()
    if not tensor.numel():
        return
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    n = sum((length - 1) * stride for length, stride in pairs) + 1
    memory = tensor.detach().as_strided((n,), (1,))
    for block in memory.split(max(1, BLOCK_BYTES // memory.itemsize)):
        yield block.cpu().view(torch.uint8).numpy().data
