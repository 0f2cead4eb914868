"""`save` and `load`."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.files import decode, encode, pack, read_file, unpack, write_bytes
from sklearn_gru.saving.estimator_kinds import ESTIMATOR_KINDS
from sklearn_gru.saving.learned_kinds import LEARNED_KINDS
from sklearn_gru.saving.network_kinds import NETWORK_KINDS
from sklearn_gru.saving.pandas_kinds import PANDAS_KINDS
from sklearn_gru.training import resolve_device

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru._types import Device, FilePath
    from sklearn_gru.saving.kinds import Kind

KINDS = (*ESTIMATOR_KINDS, *LEARNED_KINDS, *NETWORK_KINDS, *PANDAS_KINDS)
OF_SKTIME = "sktime.GRUForecaster", "ForecastingHorizon", "VectorizedDF", "DtypeKind"


def save(estimator: object, path: FilePath) -> None:
    """Write an estimator to a file that can be read without running anything in it.

    The file is in the safetensors format: weights and other arrays are its tensors, all
    else is JSON in its metadata. `load` reads it. It is written whole or not at all: if
    the process is killed or the disk is full, a file that was there before is still
    there.

    Parameters
    ----------
    estimator : estimator of this package
        Fitted or not.
    path : str or path-like
        By custom it ends in ``.safetensors``.

    Raises
    ------
    TypeError
        If the estimator is of another class, or holds an object of yours, such as a
        callback or an optimizer's class.
    ModelFileError
        If the file could not be read again, since weights are not finite, for example.
    OSError
        If the file can't be written.

    See Also
    --------
    load : Read the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import sklearn_gru
    >>> series = np.sin(np.arange(100) / 5)[:, None]
    >>> model = sklearn_gru.GRUForecaster(max_epochs=1, random_state=0).fit(series)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     sklearn_gru.save(model, path)  # or model.save(path)
    ...     kept = sklearn_gru.load(path)
    >>> bool((kept.predict(series) == model.predict(series)).all())
    True
    """
    of_sktime = type(estimator).__module__.startswith("sklearn_gru.sktime")
    kinds = {kind.cls: kind for kind in _kinds(with_sktime=of_sktime)}
    if type(estimator) not in kinds or not hasattr(estimator, "save"):
        raise TypeError(
            f"{type(estimator).__name__} can't be saved: expected an estimator of "
            "sklearn_gru. Of a pipeline, save the estimators one by one, or keep the "
            "whole of it with skops."
        )

    def describe(value: object, place: str) -> tuple[str, dict[str, Any]]:
        kind = kinds.get(type(value))
        if kind is None:
            raise TypeError(_cannot_be_saved(value, place))
        return kind.name, kind.state_of(value)

    data = pack(*encode(estimator, describe), "model")
    try:
        decode(*unpack(data, "model"), partial(_made, "auto"))
    except ModelFileError as error:
        raise ModelFileError(
            f"This {type(estimator).__name__} can't be saved, since its file could not "
            f"be read again: {error}."
        ) from error
    write_bytes(path, data)


def load(path: FilePath, device: Device = "auto") -> Any:
    """Read an estimator from a file that `save` has written.

    Nothing in a file is ever run or imported. Whatever is wrong with it ends in a
    `ModelFileError`.

    Parameters
    ----------
    path : str or path-like
    device : str or torch.device, default="auto"
        Where networks are put. "auto" is where they were trained, if this machine has
        such a device, else the CPU.

    Returns
    -------
    estimator
        It predicts the same to the last bit as the one that was saved, and goes on
        learning the same.

    Raises
    ------
    ModelFileError
        A ValueError: the file is damaged, was not written by `save`, or has a newer
        format.
    ValueError
        If this machine lacks the device.
    OSError
        If there is no such file, or it may not be read.

    See Also
    --------
    save : Write the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import sklearn_gru
    >>> X = np.random.default_rng(0).normal(size=(30, 8))
    >>> model = sklearn_gru.GRURegressor(units=4, max_epochs=2).fit(X, X[:, -1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     sklearn_gru.save(model, path)
    ...     kept = sklearn_gru.load(path)
    >>> bool((kept.predict(X) == model.predict(X)).all())
    True
    """
    place = "auto" if str(device) == "auto" else str(resolve_device(device))
    estimator = read_file(path, "model", partial(_made, place))
    if not hasattr(estimator, "save"):
        raise ModelFileError(f"{str(path)!r} can't be read: it holds no estimator.")
    return estimator


def _made(device: str, name: str, state: dict[str, Any]) -> Any:
    """Make an object of what a file says of it, a network on this device."""
    kinds = _kinds_by_name(with_sktime=name in OF_SKTIME)
    if name not in kinds:
        raise ModelFileError(f"it holds an unknown object, {name[:40]!r}")
    if "building" in state and device != "auto":
        state["building"] = {**state["building"], "device": device}
    return kinds[name].made_of(state)


@cache
def _kinds_by_name(with_sktime: bool) -> dict[str, Kind]:
    return {kind.name: kind for kind in _kinds(with_sktime)}


def _kinds(with_sktime: bool) -> tuple[Kind, ...]:
    """List all kinds; those of sktime are imported only when they are needed."""
    if not with_sktime:
        return KINDS
    from sklearn_gru.saving.sktime_kinds import SKTIME_KINDS

    return (*KINDS, *SKTIME_KINDS)


def _cannot_be_saved(value: object, place: str) -> str:
    name = place.removeprefix("parameters.").split(".")[0]
    return (
        f"{place} is {value!r}, an object of a class that files can't hold. Set it to "
        f"None, such as by set_params({name}=None), if the model no longer needs it, "
        "or keep the model with pickle."
    )
