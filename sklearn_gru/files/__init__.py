"""Files: trees of plain values and arrays, written whole or not at all.

A file is in the safetensors format. Its tensors are the arrays of a tree, its metadata
say what else is in the tree. Nothing in a file is ever run or imported.
"""

from sklearn_gru.files.container import FORMAT_VERSION, pack, unpack
from sklearn_gru.files.reading import read_file
from sklearn_gru.files.trees import decode, encode
from sklearn_gru.files.writing import write_bytes, write_file

__all__ = [
    "FORMAT_VERSION",
    "decode",
    "encode",
    "pack",
    "read_file",
    "unpack",
    "write_bytes",
    "write_file",
]
