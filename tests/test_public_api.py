"""What users import, and what importing it costs them."""

import subprocess
import sys

import sklearn_gru


def test_public_names_exist():
    for name in sklearn_gru.__all__:
        assert hasattr(sklearn_gru, name)


OPTIONAL = {"sktime", "llvmlite", "matplotlib", "onnx", "vega_datasets"}


def test_import_is_silent_and_leaves_optional_packages_alone():
    code = f"import sys, sklearn_gru; print({OPTIONAL!r} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "set()\n", "")


def test_every_public_estimator_documents_every_parameter():
    for name in sklearn_gru.__all__:
        estimator = getattr(sklearn_gru, name)
        if not hasattr(estimator, "get_params"):
            continue
        missing = [
            parameter
            for parameter in estimator().get_params()
            if f"    {parameter} : " not in estimator.__doc__
        ]
        assert missing == []
