"""Checkpoints: the state of a run in a file, from which a killed run is continued.

A run is one call of `train`. Its file is named by its fingerprint, so the runs of a
search, or of many series, share a folder.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from sklearn_gru.exceptions import CheckpointError, ModelFileError
from sklearn_gru.files import read_file, write_bytes, write_file
from sklearn_gru.training.accelerated import current_accelerator
from sklearn_gru.training.fingerprint import fingerprint
from sklearn_gru.training.resuming import (
    check_callbacks_can_be_kept,
    part_of,
    plain_parts,
    restore,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from sklearn_gru._types import FilePath
    from sklearn_gru.training.batches import SequenceDataset
    from sklearn_gru.training.net import Net
    from sklearn_gru.training.scoring import Scoring
    from sklearn_gru.training.settings import TrainingSettings
    from sklearn_gru.training.text import TextDataset

SEED, LARGEST_SEED = "seed", 2**31 - 1
# How long another process may take to write a seed.
SECONDS_FOR_A_SEED = 60


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often `fit` writes what it needs to go on after it was killed.

    Parameters
    ----------
    folder : str or path-like
        Made if it is absent. Any number of fits may share it.
    seconds : float, default=30
        Least time from one writing to the next; 0 writes after every epoch.

    Examples
    --------
    >>> from sklearn_gru import Checkpoint, GRUForecaster
    >>> GRUForecaster(checkpoint=Checkpoint("unfinished", seconds=300))
    GRUForecaster(checkpoint=Checkpoint(folder='unfinished', seconds=300))
    """

    folder: FilePath
    seconds: float = 30

    def __post_init__(self) -> None:
        if not isinstance(self.folder, str | os.PathLike):
            raise TypeError(f"folder must be a str or a path, got {self.folder!r}.")
        object.__setattr__(self, "folder", os.fsdecode(self.folder))
        if not isinstance(self.seconds, Real) or not 0 <= self.seconds < float("inf"):
            raise ValueError(f"seconds must be 0 or more, got {self.seconds!r}.")


def as_checkpoint(checkpoint: FilePath | Checkpoint) -> Checkpoint:
    """Read the parameter `checkpoint`, which is not None."""
    return checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)


@contextmanager
def run_file(
    net: Net,
    dataset: SequenceDataset | TextDataset,
    settings: TrainingSettings,
    epochs: int,
    callbacks: Sequence[Any],
    scoring: Scoring | None,
) -> Iterator[RunFile | None]:
    """Open the file of a run, and remove it once the run has finished.

    Parameters
    ----------
    net : Net
        With all its callbacks, before the first epoch.
    dataset : SequenceDataset or TextDataset
    settings : TrainingSettings
    epochs : int
    callbacks : list of Callback
        The user's.
    scoring : Scoring or None

    Yields
    ------
    RunFile or None
        None without a checkpoint, and for a single epoch, which nothing can continue.
    """
    if settings.checkpoint is None or epochs == 1:
        yield None
        return
    if current_accelerator() is not None:
        raise ValueError(
            "A fit inside accelerated() can't be continued: fit with checkpoint=None, "
            "or outside of accelerated()."
        )
    check_callbacks_can_be_kept(net)
    checkpoint = as_checkpoint(settings.checkpoint)
    folder = _opened(checkpoint.folder)
    truth = [] if scoring is None else scoring.truth
    name = fingerprint(net, dataset, settings, epochs, callbacks, truth)
    with _locked(folder / f"{name}.lock"):
        file = RunFile(folder, name, checkpoint.seconds)
        if settings.verbose and file.epoch:
            print(f"Continuing after epoch {file.epoch} of {epochs}: {file.path}")
        yield file
        if file.is_finished:
            file.remove()


class RunFile:
    """The file of a run: reads what is there, and writes at ends of epochs.

    Parameters
    ----------
    folder : Path
    name : str
        The fingerprint of the run.
    seconds : float
        Least time from one writing to the next.

    Attributes
    ----------
    epoch : int
        Epochs of the run in the file.
    is_finished : bool
        Whether the run has come to its end; set by the net.
    """

    def __init__(self, folder: Path, name: str, seconds: float) -> None:
        self.folder = folder
        self.name = name
        self.seconds = seconds
        self.path = folder / f"{name}.safetensors"
        _remove_temporary(self.path)
        self.state = self._read()
        self.epoch = 0 if self.state is None else self.state["epoch"]
        self.n_done = self.epoch
        self.written_at = time.monotonic()
        self.is_finished = False

    def _read(self) -> dict[str, Any] | None:
        try:
            state = read_file(self.path, "checkpoint", build=part_of)
            if not isinstance(state, dict) or state.get("run") != self.name:
                raise ModelFileError(f"{str(self.path)!r} belongs to another fit.")
        except FileNotFoundError:
            return None
        except ModelFileError as error:
            raise ModelFileError(
                f"{error} It should hold the checkpoint of this fit: remove it to "
                "begin anew."
            ) from error
        return state

    def restore(self, net: Net) -> int:
        """Bring a net to where the file has it; return the epochs that are done."""
        if self.state is not None:
            restore(net, self.state)
            self.state = None
        return self.epoch

    def end_epoch(self, net: Net) -> None:
        """Write the state of a net, unless it was written a moment ago."""
        self.n_done += 1
        is_last = self.n_done == net.max_epochs
        if is_last or time.monotonic() - self.written_at < self.seconds:
            return
        self._write({"run": self.name, "epoch": self.n_done, **state_of(net)})
        self.epoch, self.written_at = self.n_done, time.monotonic()

    def _write(self, state: dict[str, Any]) -> None:
        try:
            write_file(self.path, state, "checkpoint", describe=plain_parts)
        except TypeError as error:
            raise TypeError(
                "A checkpoint holds numbers, strings, arrays, tensors and containers "
                f"of these, but {error}"
            ) from error
        except OSError as error:
            raise OSError(error.errno, self._explained(error)) from error

    def _explained(self, error: OSError) -> str:
        kept = "No checkpoint was written before, so the next fit begins anew."
        if self.epoch:
            kept = (
                f"The checkpoint of epoch {self.epoch} is still there, or a later one: "
                "then call fit again, with the same parameters and data, and it goes "
                "on from there."
            )
        reason = error.strerror or error
        return f"Training ended after epoch {self.n_done}: {reason}. {kept}"

    def remove(self) -> None:
        with suppress(FileNotFoundError):
            self.path.unlink()


def kept_seed(checkpoint: FilePath | Checkpoint, draw: Callable[[], int]) -> int:
    """Return the seed of a checkpoint's folder; the first call draws and keeps it.

    Parameters
    ----------
    checkpoint : str, path-like or Checkpoint
    draw : callable
        Returns a seed.

    Returns
    -------
    int
    """
    path = _opened(as_checkpoint(checkpoint).folder) / SEED
    if not path.exists():
        with _locked(path.with_name(f"{SEED}.lock"), SECONDS_FOR_A_SEED):
            _remove_temporary(path)
            if not path.exists():
                write_bytes(path, f"{draw()}\n".encode())
    text = path.read_bytes().strip()
    if not (text.isdigit() and int(text) <= LARGEST_SEED):
        raise ModelFileError(
            f"{str(path)!r} should hold the seed of the fits with this checkpoint, a "
            f"number up to {LARGEST_SEED}, and holds {text[:40]!r}: remove it to begin "
            "anew, or name another folder."
        )
    return int(text)


def _opened(folder: FilePath) -> Path:
    """Return a folder as a Path; make it if it is absent."""
    folder = Path(folder).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


def _unusable(folder: Path, error: OSError) -> OSError:
    message = (
        f"{error.strerror or error}: {str(folder)!r} can't hold checkpoints. Name a "
        "folder that you may write to, or one that can be made"
    )
    return OSError(error.errno, message)


@contextmanager
def _locked(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold a lock file, which the system releases if this process dies."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise CheckpointError(
            f"Another fit with the same parameters and data is using {str(path)!r}: "
            "wait until it has ended, or name another folder as checkpoint. If there "
            "is none, as after a crash on a network drive, remove that file."
        ) from None
    except OSError as error:
        raise _unusable(path.parent, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it with the lock
            path.unlink()
        lock.release()


def _remove_temporary(path: Path) -> None:
    """Remove what a process left that was killed while it wrote a file."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        with suppress(FileNotFoundError):
            temporary.unlink()
