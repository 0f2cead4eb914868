"""Reading a file, or saying what is wrong with it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.files.container import unpack
from sklearn_gru.files.trees import decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sklearn_gru._types import FileKind, FilePath


def read_file(
    path: FilePath,
    kind: FileKind,
    build: Callable[[str, dict[str, Any]], object] | None = None,
) -> Any:
    """Read the tree that `write_file` has written.

    Parameters
    ----------
    path : str or path-like
    kind : {"model", "checkpoint", "weights"}
    build : callable, default=None
        See `decode`.

    Returns
    -------
    object

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ModelFileError
        If it is not such a file, was damaged, or has a newer format.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ModelFileError(f"{str(path)!r} is not a regular file.")
    data = Path(path).read_bytes()
    try:
        return decode(*unpack(data, kind), build)
    except ModelFileError as error:
        raise ModelFileError(f"{str(path)!r} can't be read: {error}.") from error
