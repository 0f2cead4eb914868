"""Everything public stands on the API page, and is explained with code that runs."""

import inspect
import re
from operator import attrgetter
from pathlib import Path

import pytest

import sklearn_gru.plotting
import sklearn_gru.sktime

PAGE = Path(__file__).parents[1] / "docs" / "api.rst"
# Names on the page are indented and alone in their lines.
ON_THE_PAGE = re.findall(r"(?m)^   ([a-zA-Z_.]+)$", PAGE.read_text(encoding="utf-8"))
MODULES = (
    sklearn_gru,
    sklearn_gru.datasets,
    sklearn_gru.exceptions,
    sklearn_gru.plotting,
    sklearn_gru.sktime,
)


def public_things():
    """Return the public classes and functions, by their full names."""
    things = {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in MODULES
        for name in module.__all__
    }
    return {name: t for name, t in things.items() if not inspect.ismodule(t)}


def function_of(member):
    """Return the function of a method or property; None of anything else."""
    member = getattr(member, "fget", None) or getattr(member, "__func__", member)
    member = getattr(member, "fn", member)  # scikit-learn's `available_if`
    return member if inspect.isfunction(member) else None


def public_members(cls):
    """Yield the methods and properties of a class that this package defines.

    `get_test_params` is for sktime's tests.
    """
    for name in dir(cls):
        function = function_of(inspect.getattr_static(cls, name))
        ours = function is not None and function.__module__.startswith("sklearn_gru")
        if ours and not name.startswith("_") and name != "get_test_params":
            yield name, function


def code_in(docstring):
    """Return the lines of a docstring that Python runs."""
    lines = (line.strip() for line in (docstring or "").splitlines())
    code = (line for line in lines if line.startswith((">>>", "...")))
    return "\n".join(line for line in code if "+SKIP" not in line)


PUBLIC = public_things()
DOCUMENTED = {name: attrgetter(name)(sklearn_gru) for name in ON_THE_PAGE}
MEMBERS = [
    pytest.param(cls, member, function, id=f"{name}.{member}")
    for name, cls in DOCUMENTED.items()
    if inspect.isclass(cls)
    for member, function in public_members(cls)
]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_stand_on_the_page(name):
    assert PUBLIC[name] in DOCUMENTED.values()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_names_have_an_example(name):
    docstring = inspect.getdoc(DOCUMENTED[name])
    summary, *_ = docstring.splitlines()
    assert summary.endswith(".")
    examples = docstring.partition("\nExamples\n--------\n")[2]
    assert code_in(examples)


@pytest.mark.parametrize(("cls", "member", "function"), MEMBERS)
def test_members_are_explained_and_used(cls, member, function):
    assert function.__doc__
    code = code_in(cls.__doc__) + code_in(function.__doc__)
    assert re.search(rf"\.{member}\b", code)


def test_members_of_base_classes_are_found():
    found = {name for name, _ in public_members(sklearn_gru.SlidingWindowTransformer)}
    assert found == {"fit", "transform", "get_feature_names_out", "save"}
