"""Looks for model files that `load` does not refuse as it should, guided by coverage.

Run ``python -m benchmarks.fuzzing -max_total_time=600`` with atheris installed; the
options are libFuzzer's. An input is a whole file, or the text of a file whose tensors
stay and whose checksum is right, since a checksum hides what is behind it.
"""

import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sklearn_gru.files", "sklearn_gru.saving"]):
    from sklearn_gru import ModelFileError, load
    from sklearn_gru.files import pack, unpack

from benchmarks.forgeries import models


def main():
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    arrays = {}
    for name, (model, _) in models().items():
        if name == "large":
            continue
        path = folder / f"{name}.safetensors"
        model.save(path)
        data = path.read_bytes()
        text, own = unpack(data, "model")
        arrays |= own if name == "regressor" else {}
        (corpus / name).write_bytes(b"f" + data)
        (corpus / f"{name}_text").write_bytes(b"t" + text.encode())

    def one(data):
        if data[:1] == b"t":
            data = b"f" + pack(data[1:].decode("latin-1"), arrays, "model")
        (folder / "fuzzed").write_bytes(data[1:])
        with suppress(ModelFileError):
            load(folder / "fuzzed")

    options = ["-max_len=200000", "-timeout=60", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:], str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
