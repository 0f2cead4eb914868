"""Damaged and forged model files, for tests and for the long run in benchmarks."""

import json
import math
import random

import numpy as np

from sklearn_gru.files import pack, unpack

HUGE = [2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, -1, -(2**63), 0]
WRONG = [
    None,
    True,
    *HUGE,
    -0.0,
    1e308,
    "",
    "x" * 5000,
    "\ud800",
    "cuda:99",
    "os.system",
    "__class__",
    "dateutil//etc/passwd",
    [],
    {},
    [[]],
    {"tuple": []},
    {"tuple": None},
    {"dict": [[1, 2], [1, 3]]},
    {"dict": [["a"]]},
    {"float": "nan"},
    {"float": "inf"},
    {"float": "1e999"},
    {"array": "nothing"},
    {"seen": 0},
    {"seen": 10**9},
    {"objects": [], "shape": [0, 2**62]},
    {"objects": [], "shape": [2**40, 2**40]},
    {"object": "Net", "state": {}},
    {"object": "builtins.eval", "state": {}},
    {"object": "Scaler", "state": {"mean": None}},
]


class Forger:
    """Makes damaged and forged copies of a file's bytes.

    Parameters
    ----------
    data : bytes
        Of a model file.
    others : list of bytes
        Other model files, with parts of which it is mixed.
    seed : int
    """

    def __init__(self, data, others, seed):
        self.data = data
        self.others = others
        self.rng = random.Random(seed)
        self.ways = [
            self.flipped,
            self.cut,
            self.longer,
            self.zeroed,
            self.headed,
            self.swapped,
            self.header,
            self.text,
            self.text,
            self.text,
            self.nested,
            self.array,
            self.array,
        ]

    def __call__(self):
        """Return the name of a way, and a copy made in this way."""
        way = self.rng.choice(self.ways)
        return way.__name__, way()

    def flipped(self):
        data = bytearray(self.data)
        for _ in range(self.rng.choice([1, 1, 3, 100])):
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        return bytes(data)

    def cut(self):
        return self.data[: self.rng.randrange(len(self.data))]

    def longer(self):
        place = self.rng.randrange(len(self.data))
        extra = self.rng.randbytes(self.rng.choice([1, 8, 1000]))
        return self.data[:place] + extra + self.data[place:]

    def zeroed(self):
        start = self.rng.randrange(len(self.data))
        end = min(len(self.data), start + self.rng.choice([1, 64, 4096]))
        return self.data[:start] + bytes(end - start) + self.data[end:]

    def headed(self):
        length = self.rng.choice([*HUGE[:5], 0, 1, len(self.data)]) % 2**64
        return length.to_bytes(8, "little") + self.data[8:]

    def swapped(self):
        other = self.rng.choice(self.others)
        (own, mine), (foreign, theirs) = _parts(self.data), _parts(other)
        return self.rng.choice([own + theirs, foreign + mine])

    def header(self):
        """Change the header of the container, and leave the rest."""
        header, body = _parts(self.data)
        header = json.loads(header[8:])
        name = self.rng.choice(list(header))
        entry = header[name]
        key = self.rng.choice(list(entry))
        wrong = [*HUGE, [0, 0], [2**62, 2**62], [-1], "F128", "BF16", "I8", None, "é"]
        entry[key] = self.rng.choice(
            [str(w) for w in wrong] if _is_text(entry) else wrong
        )
        return _joined(header, body)

    def text(self):
        """Change a node of the tree; the checksum is right."""
        text, arrays = unpack(self.data, "model")
        tree = json.loads(text)
        for _ in range(self.rng.choice([1, 1, 1, 2, 5])):
            holder, key = self.rng.choice(list(_places(tree)))
            self._change(holder, key)
        return pack(json.dumps(tree), arrays, "model")

    def _change(self, holder, key):
        what = self.rng.choice(["wrong", "wrong", "near", "gone", "twin"])
        value = holder[key]
        if what == "near" and type(value) in (int, float):
            holder[key] = value + self.rng.choice([-1, 1, 0.5, 1000])
        elif what == "gone":
            del holder[key]
        elif what == "twin" and isinstance(holder, list):
            holder.append(value)
        elif what == "twin":
            holder[self.rng.choice(["__class__", "extra", "units"])] = value
        else:
            holder[key] = self.rng.choice(WRONG)

    def nested(self):
        text, arrays = unpack(self.data, "model")
        depth = self.rng.choice([100, 10_000, 200_000])
        empty = "[" * depth + "]" * depth
        flat = "[" + ",".join(["[]"] * depth) + "]"
        place = text.index(":") + 1
        return pack(text[:place] + self.rng.choice([empty, flat]), arrays, "model")

    def array(self):
        """Change an array; the checksum is right."""
        text, arrays = unpack(self.data, "model")
        name = self.rng.choice(list(arrays))
        value = arrays[name].copy()
        if value.dtype.kind == "f" and value.size and self.rng.random() < 0.5:
            wrong = [math.nan, math.inf, 0.0, -1.0, 1e300, 1e-300]
            with np.errstate(over="ignore"):
                value.flat[self.rng.randrange(value.size)] = self.rng.choice(wrong)
            arrays[name] = value
            return pack(text, arrays, "model")
        others = [
            value[..., None],
            value.ravel(),
            np.concatenate([value.ravel(), value.ravel()]),
            value.ravel()[:0],
            value.astype(np.float64),
            value.astype(np.int8),
            value.astype(bool),
            np.zeros((0, 5)),
            np.full(value.shape, -1),
            np.full(value.shape, 2**40),
        ]
        arrays[name] = np.ascontiguousarray(self.rng.choice(others))
        return pack(text, arrays, "model")


def _parts(data):
    end = 8 + int.from_bytes(data[:8], "little")
    return data[:end], data[end:]


def _joined(header, body):
    header = json.dumps(header).encode()
    return len(header).to_bytes(8, "little") + header + body


def _is_text(entry):
    return all(isinstance(value, str) for value in entry.values())


def _places(node):
    keys = range(len(node)) if isinstance(node, list) else list(node)
    for key in keys:
        yield node, key
        if isinstance(node[key], (list, dict)):
            yield from _places(node[key])
