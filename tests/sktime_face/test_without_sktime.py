"""The package without sktime; in a process of its own, where it can't be imported."""

import subprocess
import sys

import pytest

BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("sktime", "skbase"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
USES = {
    "forecast": """
import numpy as np
from sklearn_gru import GRUForecaster
model = GRUForecaster(4, 3, max_epochs=1).fit(np.arange(30.0)[:, None])
assert np.isfinite(model.forecast(2)).all()
""",
    "all names": """
import sklearn_gru
for name in sklearn_gru.__all__:
    getattr(sklearn_gru, name)
assert "sktime" not in sys.modules
""",
    "the sktime face": """
try:
    import sklearn_gru.sktime
except ImportError as error:
    assert "sktime" in str(error), error
else:
    raise AssertionError("imported without sktime")
""",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_without_sktime(use):
    command = [sys.executable, "-c", BLOCKED + use]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_sktime_is_not_imported_before_it_is_asked_for():
    code = "import sys, sklearn_gru; assert 'sktime' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_real_sktime_is_imported_here():
    import sktime

    assert "site-packages" in sktime.__file__
    assert sktime.__version__
