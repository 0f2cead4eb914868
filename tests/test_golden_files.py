"""Files of every format that was released are read by this version."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import load_file

from sklearn_gru import load
from tests.golden.models import FOLDER, models, outputs, sktime_models

FILES = sorted(FOLDER.glob("format_*/*.safetensors"))
HAS_SKTIME = importlib.util.find_spec("sktime") is not None


def data_of(name):
    if name == "face" and not HAS_SKTIME:
        pytest.skip("sktime is not installed")
    return ((sktime_models() if name == "face" else {}) | models())[name]


@pytest.mark.parametrize(
    "path", FILES, ids=[f"{path.parent.name}-{path.stem}" for path in FILES]
)
def test_a_file_of_an_earlier_version_is_read(path):
    model, data = data_of(path.stem)
    kept = load(path)
    expected = load_file(path.parent / "expected_outputs")[path.stem]
    # The compiled loops round in another order on other processors.
    assert_allclose(outputs(kept, data), expected, rtol=1e-4, atol=1e-5)
    given = {k: v for k, v in model.get_params().items() if v == v}
    assert {name: kept.get_params()[name] for name in given} == given
    if hasattr(kept, "update"):
        kept.update(data[0].shift(60, freq="M"))
    elif hasattr(kept, "partial_fit"):
        kept.partial_fit(*data)
    assert np.isfinite(np.ravel(outputs(kept, data)).astype(float)).all()


def test_there_are_files_of_every_estimator():
    names = {path.stem for path in FILES}
    assert names == {*models(), "face"}
