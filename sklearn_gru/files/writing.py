"""Writing a file whole, or leaving what was there."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn_gru.files.container import pack
from sklearn_gru.files.trees import encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sklearn_gru._types import FileKind, FilePath

CHUNK = 1 << 20


def write_file(
    path: FilePath,
    tree: object,
    kind: FileKind,
    describe: Callable[[Any, str], tuple[str, dict[str, Any]]] | None = None,
) -> None:
    """Write a tree to a file, as `encode` and `write_bytes` do.

    Parameters
    ----------
    path : str or path-like
    tree : object
    kind : {"model", "checkpoint", "weights"}
    describe : callable, default=None
    """
    write_bytes(path, pack(*encode(tree, describe), kind))


def write_bytes(path: FilePath, data: bytes) -> None:
    """Write a file that is, after any crash, the old one or the new one.

    Parameters
    ----------
    path : str or path-like
        If it is a link, what it points to is written.
    data : bytes

    Raises
    ------
    OSError
        If the system refuses. The file that was there before is still there, unless
        the very last step fails, which makes a finished file survive a power failure.
    """
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _write(temporary, data)
        os.replace(temporary, path)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    _flush_folder(path.parent)


def _write(path, data):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest[:CHUNK]) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder):
    """Make a renaming survive a power failure, where the system has a way to."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explained(error, path):
    message = (
        f"{error.strerror}, so {path.name!r} could not be written to "
        f"{str(path.parent)!r}. Whatever file was there is as it was. Check that the "
        "folder exists, that it may be written to and that the disk is not full"
    )
    return OSError(error.errno, message)
