"""The bytes of a file: safetensors, with a checksum and the versions that wrote it."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import safetensors
from safetensors.numpy import save

from sklearn_gru.exceptions import ModelFileError

if TYPE_CHECKING:
    from sklearn_gru._types import Array, FileKind

# Raised when files change so that older versions of this package can't read them.
FORMAT_VERSION = 1
NAME = "sklearn-gru"
DTYPES = {
    "BOOL": np.bool_,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
    "U16": np.uint16,
    "U32": np.uint32,
    "U64": np.uint64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}
# How files of pickle, and compressed ones of joblib, begin.
PICKLED = b"\x80", b"\x78", b"\x1f\x8b"
PACKAGES = "sklearn-gru", "torch", "numpy", "scikit-learn", "skorch"


def pack(text: str, arrays: dict[str, Array], kind: FileKind) -> bytes:
    """Make the bytes of a file.

    Parameters
    ----------
    text : str
    arrays : dict of ndarray
        Contiguous arrays of numbers.
    kind : {"model", "checkpoint", "weights"}

    Returns
    -------
    bytes
    """
    metadata = {
        "format": NAME,
        "format_version": str(FORMAT_VERSION),
        "kind": kind,
        "versions": _versions(),
        "content": text,
    }
    metadata["sha256"] = _digest(metadata, arrays)
    return _in_order(save(arrays, metadata))


def _in_order(data):
    """Put the entries of a header in order; the library has them in any order."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)  # tensors begin at a multiple of 8
    return len(header).to_bytes(8, "little") + header + data[start:]


def unpack(data: bytes, kind: FileKind) -> tuple[str, dict[str, Array]]:
    """Return the text and the arrays of a file's bytes.

    Parameters
    ----------
    data : bytes
    kind : {"model", "checkpoint", "weights"}

    Returns
    -------
    text : str
    arrays : dict of ndarray

    Raises
    ------
    ModelFileError
        If the bytes are not those of such a file, or were changed since.
    """
    try:
        tensors = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        problem = f"it is not a safetensors file: {error}"
        if data.startswith(PICKLED):
            problem += ". It looks like a file of pickle or joblib: read it with these"
        raise ModelFileError(problem) from error
    metadata = _metadata(data)
    _check_format(metadata, kind)
    arrays = {name: _array(name, **tensor) for name, tensor in tensors}
    if metadata["sha256"] != _digest(metadata, arrays):
        raise ModelFileError(
            "its checksum is wrong: it was damaged, or changed after it was written"
        )
    return metadata["content"], arrays


@cache
def _versions():
    versions = {name: version(name) for name in PACKAGES}
    return json.dumps({"python": platform.python_version(), **versions})


def _metadata(data):
    # The library has checked these lengths and this text.
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]).get("__metadata__") or {}


def _check_format(metadata, kind):
    if metadata.get("format") != NAME:
        raise ModelFileError(f"{NAME} did not write it")
    number = metadata.get("format_version", "")
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 10):
        raise ModelFileError(f"its format version is {number[:40]!r}")
    if int(number) > FORMAT_VERSION:
        raise ModelFileError(
            f"its format is {number}, and this version of {NAME} reads formats up to "
            f"{FORMAT_VERSION}. Update {NAME}"
        )
    missing = {"kind", "versions", "content", "sha256"} - set(metadata)
    if int(number) < 1 or missing:
        raise ModelFileError(f"its metadata lack {sorted(missing)}")
    if metadata["kind"] != kind:
        raise ModelFileError(f"it is a {metadata['kind'][:40]}, not a {kind}")


def _array(name, dtype, shape, data):
    if dtype not in DTYPES:
        raise ModelFileError(f"its tensor {name!r} has the dtype {dtype}")
    array = np.frombuffer(data, DTYPES[dtype]).reshape(shape)
    if array.dtype == bool and array.size and array.view(np.uint8).max() > 1:
        raise ModelFileError(f"its tensor {name!r} holds booleans above 1")
    return array


def _digest(metadata, arrays):
    digest = hashlib.sha256()
    parts = {name: value for name, value in metadata.items() if name != "sha256"}
    digest.update(json.dumps(parts, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        described = json.dumps([name, array.dtype.str, array.shape])
        digest.update(described.encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
