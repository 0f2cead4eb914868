"""What is private elsewhere is imported in modules that say so, and only there."""

import ast
from pathlib import Path

import pytest

import sklearn_gru

PACKAGE = Path(sklearn_gru.__file__).parent
FOREIGN = "numpy", "pandas", "scipy", "sklearn", "skorch", "sktime", "torch"
FILES = [path for path in PACKAGE.rglob("*.py") if path.name != "_private.py"]


def private_imports(source):
    """List what a source imports that is private where it comes from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            root, *parts = name.split(".")
            if root in FOREIGN and any(part.startswith("_") for part in parts):
                yield name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_private_is_imported_elsewhere(path):
    assert list(private_imports(path.read_text())) == []


def test_private_imports_are_found():
    source = (PACKAGE / "estimators" / "_private.py").read_text()
    assert "sklearn.base._fit_context" in private_imports(source)
