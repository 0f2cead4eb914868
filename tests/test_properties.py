"""Whatever is given to an estimator, it refuses in words or keeps its promises."""

import copy

import numpy as np
import pandas as pd
import pytest
from drawn_cases import CASES, Face
from hypothesis import HealthCheck, Phase, given, settings
from promises import Refusal, outcome, questions
from ways_to_keep import WAYS

ANY = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
# A smaller failing case is not looked for, since that takes minutes.
SHORT = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    **ANY,
)
LONG = settings(max_examples=150, **ANY)


def fitted(case):
    """Fit a case's estimator; return None if its data are refused."""
    model, data = copy.deepcopy(case.estimator), case.data
    if isinstance(model, Face):
        n, fh = case.asked["n"], case.asked["fh"]
        y, X = [None if table is None else table.iloc[:n] for table in data]
        fit = outcome(lambda: model.fit(y, X=X, fh=fh))
    else:
        fit = outcome(lambda: model.fit(*data))
    return None if isinstance(fit, Refusal) else model


def trained_more(model, case):
    if isinstance(model, Face):
        n = case.asked["n"]
        y, X = [None if table is None else table.iloc[n:] for table in case.data]
        return outcome(lambda: model.update(y, X=X))
    if hasattr(model, "partial_fit"):
        return outcome(lambda: model.partial_fit(*case.data))
    return None


def answers(model, case):
    return {
        name: outcome(lambda question=question: question.ask(model))
        for name, question in questions(model, case).items()
    }


def keeps_its_promises(case):
    model = fitted(case)
    if model is None:
        return
    for question in questions(model, case).values():
        answer = outcome(lambda question=question: question.ask(model))
        if not isinstance(answer, Refusal):
            question.check(answer)


def stays_the_same(case):
    model = fitted(case)
    if model is None:
        return
    ways = (
        ["pickle", "save"] if isinstance(model, Face) else ["pickle", "save", "skops"]
    )
    expected = answers(model, case)
    kept = {way: WAYS[way](model) for way in ways}
    for other in kept.values():
        assert_same(answers(other, case), expected)
    trained, expected = trained_more(model, case), answers(model, case)
    for other in kept.values():
        assert type(trained_more(other, case)) is type(trained)
        assert_same(answers(other, case), expected)


def assert_same(given, expected):
    assert type(given) is type(expected)
    if isinstance(expected, dict):
        assert list(given) == list(expected)
        given, expected = list(given.values()), list(expected.values())
    if isinstance(expected, list):
        for one, other in zip(given, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, (pd.DataFrame, pd.Series)):
        assert given.equals(expected)
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(given, expected, strict=True)
    else:
        assert given == expected


def check(prove, name, how):
    how(given(case=CASES[name])(lambda case: prove(case)))()


@pytest.mark.parametrize("prove", [keeps_its_promises, stays_the_same])
@pytest.mark.parametrize("name", CASES)
def test_drawn_cases(name, prove):
    check(prove, name, SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("prove", [keeps_its_promises, stays_the_same])
@pytest.mark.parametrize("name", CASES)
def test_many_drawn_cases(name, prove):
    check(prove, name, LONG)
