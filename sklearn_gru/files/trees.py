"""Trees of values as JSON text, with their arrays beside it.

JSON has no tuples, no arrays, no infinity and no keys but strings, so these become
objects with one tag: "tuple", "dict", "array", "characters", "objects", "float". JSON
reads two surrogates side by side as one character, so such a string is "joined" of its
parts. An object of a class is "object", the class's name, with its "state"; where it
comes again, it is "seen", the number of the object.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.exceptions import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sklearn_gru._types import Array

KINDS_OF_NUMBERS = "biuf"
LAST_CHARACTER = 0x10FFFF
BETWEEN_SURROGATES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
# Containers take much more memory than the brackets that stand for them.
FREE_BRACKETS, TEXT_PER_BRACKET = 2000, 8


def encode(
    tree: object,
    describe: Callable[[Any, str], tuple[str, dict[str, Any]]] | None = None,
) -> tuple[str, dict[str, Array]]:
    """Write a tree as JSON text and arrays.

    Parameters
    ----------
    tree : object
        None, bool, int, float, str, ndarray of numbers, strings or such objects; list,
        tuple or dict of all these, whose keys are str or int. NumPy's scalars become
        Python's.
    describe : callable, default=None
        Maps any other object, and its place in the tree, to a name and a dict.

    Returns
    -------
    text : str
    arrays : dict of ndarray
        By their places in the tree.

    Raises
    ------
    TypeError
        If there is another object in the tree, and no `describe`.
    """
    encoder = _Encoder(describe or _refuse)
    return json.dumps(encoder(tree, ""), separators=(",", ":")), encoder.arrays


def decode(
    text: str,
    arrays: dict[str, Array],
    build: Callable[[str, dict[str, Any]], object] | None = None,
) -> Any:
    """Read what `encode` has written.

    Parameters
    ----------
    text : str
    arrays : dict of ndarray
    build : callable, default=None
        Makes an object of a name and a dict.

    Raises
    ------
    ModelFileError
        If this is nothing that `encode` writes.
    """
    brackets = text.count("[") + text.count("{")
    if brackets > FREE_BRACKETS + len(text) / TEXT_PER_BRACKET:
        raise ModelFileError(f"its text holds {brackets} brackets, too many to be true")
    try:
        node = json.loads(
            text, object_pairs_hook=_without_twins, parse_constant=_no_constant
        )
        decoder = _Decoder(arrays, build)
        tree = decoder(node)
    except RecursionError:
        raise ModelFileError("its text is nested too deeply") from None
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"its text is not valid JSON: {error}") from error
    if decoder.arrays:
        raise ModelFileError(f"nothing refers to its tensors {sorted(decoder.arrays)}")
    return tree


def _refuse(value, place):
    raise TypeError(f"{place or 'the tree'} is {value!r}, of {type(value)}.")


class _Encoder:
    def __init__(self, describe):
        self.describe = describe
        self.arrays = {}
        self.seen = {}

    def __call__(self, value, place):
        if isinstance(value, np.generic):
            value = value.item()
        if type(value) is str and BETWEEN_SURROGATES.search(value):
            return {"joined": BETWEEN_SURROGATES.split(value)}
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if type(value) is list:
            return self._each(value, place)
        if type(value) is tuple:
            return {"tuple": self._each(value, place)}
        if type(value) is dict:
            return {"dict": [self._pair(*pair, place) for pair in value.items()]}
        if type(value) is np.ndarray and value.dtype.kind in KINDS_OF_NUMBERS + "UO":
            return self._array(value, place)
        return self._object(value, place)

    def _each(self, values, place):
        return [self(value, _join(place, i)) for i, value in enumerate(values)]

    def _pair(self, key, value, place):
        if type(key) not in (int, str):
            _refuse(key, f"a key of {place}")
        return [key, self(value, _join(place, key))]

    def _array(self, value, place):
        if value.dtype.kind == "O":
            objects = self._each(value.ravel().tolist(), place)
            return {"objects": objects, "shape": list(value.shape)}
        tag = "array"
        value = np.array(value, value.dtype.newbyteorder("="), order="C")
        if value.dtype.kind == "U":
            tag, width = "characters", value.dtype.itemsize // 4
            value = value.reshape(-1).view(np.uint32).reshape(*value.shape, width)
        name, number = place, 1
        while name in self.arrays:
            number += 1
            name = f"{place}#{number}"
        self.arrays[name] = value
        return {tag: name}

    def _object(self, value, place):
        if id(value) in self.seen:
            return {"seen": self.seen[id(value)][0]}
        name, state = self.describe(value, place)
        node = {key: self(part, _join(place, key)) for key, part in state.items()}
        # The object is kept, so that no other one gets its id.
        self.seen[id(value)] = len(self.seen), value
        return {"object": name, "state": node}


def _join(place, key):
    return f"{place}.{key}" if place else str(key)


class _Decoder:
    def __init__(self, arrays, build):
        self.arrays = dict(arrays)
        self.build = build
        self.seen = []

    def __call__(self, node):
        if isinstance(node, list):
            return [self(part) for part in node]
        if not isinstance(node, dict):
            return node
        tags = frozenset(node)
        if tags not in self.readers:
            raise ModelFileError(f"its text holds the unknown tags {sorted(tags)}")
        return self.readers[tags](self, **node)

    def _tuple(self, tuple):
        return (*self(_checked(tuple, list)),)

    def _dict(self, dict):
        pairs = [_checked(pair, list) for pair in _checked(dict, list)]
        if any(len(pair) != 2 or type(pair[0]) not in (int, str) for pair in pairs):
            raise ModelFileError("a dict of its text has entries that are no pairs")
        return _without_twins([(key, self(value)) for key, value in pairs])

    def _array(self, array):
        return self._take(array, KINDS_OF_NUMBERS)

    def _characters(self, characters):
        codes = self._take(characters, "u")
        if codes.dtype != np.uint32 or codes.ndim == 0 or not codes.shape[-1]:
            raise ModelFileError(f"its tensor {characters!r} holds no characters")
        if codes.size and codes.max() > LAST_CHARACTER:
            raise ModelFileError(f"its tensor {characters!r} holds no characters")
        *shape, width = codes.shape
        return codes.reshape(-1).view(f"<U{width}").reshape(shape)

    def _objects(self, objects, shape):
        values, shape = self(_checked(objects, list)), _checked(shape, list)
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ModelFileError(f"an array of its text has the shape {shape}")
        if math.prod(shape) != len(values):
            raise ModelFileError(
                f"an array of its text has {len(values)} entries and the shape {shape}"
            )
        flat = np.empty(len(values), dtype=object)
        flat[:] = values
        return flat.reshape(shape)

    def _joined(self, joined):
        return "".join(_checked(part, str) for part in _checked(joined, list))

    def _float(self, float):
        if float not in ("inf", "-inf", "nan"):
            raise ModelFileError(f"its text holds the float {float!r}")
        return np.float64(float).item()

    def _object(self, object, state):
        state = {key: self(part) for key, part in _checked(state, dict).items()}
        if self.build is None:
            raise ModelFileError(f"its text holds an object, {object!r}")
        self.seen.append(self._built(_checked(object, str), state))
        return self.seen[-1]

    def _built(self, name, state):
        try:
            return self.build(name, state)
        except (ModelFileError, MemoryError):
            raise
        except Exception as error:
            # What a forged state makes of the libraries that build can't be listed.
            raise ModelFileError(f"its {name[:40]!r} can't be made: {error}") from error

    def _seen(self, seen):
        if type(seen) is not int or not 0 <= seen < len(self.seen):
            raise ModelFileError(f"its text refers to the object {seen!r}")
        return self.seen[seen]

    def _take(self, name, kinds):
        array = self.arrays.pop(_checked(name, str), None)
        if array is None or array.dtype.kind not in kinds:
            raise ModelFileError(f"its tensor {name!r} is missing or of a wrong dtype")
        return array

    readers = {
        frozenset({"tuple"}): _tuple,
        frozenset({"dict"}): _dict,
        frozenset({"array"}): _array,
        frozenset({"characters"}): _characters,
        frozenset({"objects", "shape"}): _objects,
        frozenset({"joined"}): _joined,
        frozenset({"float"}): _float,
        frozenset({"object", "state"}): _object,
        frozenset({"seen"}): _seen,
    }


def _checked(value, kind):
    if not isinstance(value, kind):
        raise ModelFileError(f"its text holds {str(value)[:40]!r} in a wrong place")
    return value


def _without_twins(pairs):
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ModelFileError("its text names something twice")
    return tree


def _no_constant(name):
    raise ModelFileError(f"its text holds {name}, which is not JSON")
