"""Ways to keep a fitted estimator and to read it again."""

import copy
import io
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import skops.io as sio

from sklearn_gru import load, trusted_types


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def through_file(model):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        return load(path)


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": through_joblib,
    "deepcopy": copy.deepcopy,
    "save": through_file,
    "skops": lambda model: sio.loads(sio.dumps(model), trusted=trusted_types()),
}
