"""Sampling against the plainest code for it."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import chisquare

from sklearn_gru.nets.sampling import Sampler, kept

LOGITS = np.log([0.4, 0.05, 0.2, 0.01, 0.3, 0.04])


def plain_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """Temperature first, then top-k, then top-p, class by class."""
    p = np.exp(logits / temperature) / np.exp(logits / temperature).sum()
    ranked = sorted(range(len(p)), key=lambda i: -p[i])
    if top_k is not None:
        ranked = ranked[:top_k]
        p = np.where(np.isin(range(len(p)), ranked), p, 0)
        p = p / p.sum()
    if top_p is not None:
        chosen = []
        for i in ranked:
            chosen.append(i)
            if p[chosen].sum() >= top_p:
                break
        p = np.where(np.isin(range(len(p)), chosen), p, 0)
    return p / p.sum()


SETTINGS = [
    {},
    {"temperature": 0.5},
    {"temperature": 2.0},
    {"top_k": 3},
    {"top_p": 0.8},
    {"temperature": 1.5, "top_k": 4, "top_p": 0.9},
    {"temperature": 0.7, "top_k": 5, "top_p": 0.5},
]


def counts(sampler, logits, n_draws):
    draws = np.concatenate([sampler(logits) for _ in range(n_draws // len(logits))])
    return np.bincount(draws, minlength=logits.shape[1])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("n_rows", [1, 50])
def test_draws_have_the_right_frequencies(settings, n_rows):
    sampler = Sampler(np.random.default_rng(0), **settings)
    logits = np.tile(LOGITS.astype(np.float32), (n_rows, 1))
    observed = counts(sampler, logits, 40_000)
    expected = plain_probabilities(LOGITS, **settings) * observed.sum()
    assert (observed[expected == 0] == 0).all()
    possible = expected > 0
    if possible.sum() > 1:
        assert chisquare(observed[possible], expected[possible]).pvalue > 1e-3


@pytest.mark.parametrize("top_k", [None, 1, 3, 6, 99])
@pytest.mark.parametrize("top_p", [None, 1e-9, 0.3, 0.77, 0.999])
def test_the_kept_set_is_that_of_plain_code(top_k, top_p):
    logits = np.random.default_rng(0).normal(size=(200, 6)) * 2
    plain = [plain_probabilities(row, 1.0, top_k, top_p) > 0 for row in logits]
    assert_array_equal(kept(logits, top_k, top_p), plain)


def test_the_class_that_crosses_top_p_is_kept_and_no_other():
    logits = np.log([[0.5, 0.375, 0.125]])
    assert kept(logits, top_p=0.5).tolist() == [[True, False, False]]
    assert kept(logits, top_p=0.51).tolist() == [[True, True, False]]


@pytest.mark.parametrize("settings", [{"top_k": 2}, {"top_p": 0.5}], ids=str)
def test_of_equally_likely_classes_all_are_kept(settings):
    logits = np.log([[0.2, 0.4, 0.2, 0.2, 1e-9]])
    assert kept(logits, **settings).tolist() == [[True] * 4 + [False]]


def test_zero_temperature_takes_the_largest():
    logits = np.random.default_rng(0).normal(size=(30, 8))
    for settings in ({}, {"top_k": 2, "top_p": 0.1}):
        sampler = Sampler(np.random.default_rng(0), temperature=0, **settings)
        assert_array_equal(sampler(logits), logits.argmax(axis=1))


@pytest.mark.parametrize("settings", [{}, {"top_k": 3}, {"top_p": 0.9}])
@pytest.mark.parametrize("temperature", [1e-300, 1e-9])
def test_the_lowest_temperatures_take_the_largest(settings, temperature):
    logits = np.random.default_rng(0).normal(size=(30, 8))
    sampler = Sampler(np.random.default_rng(0), temperature=temperature, **settings)
    assert_array_equal(sampler(logits), logits.argmax(axis=1))


def test_the_highest_temperatures_know_no_difference():
    sampler = Sampler(np.random.default_rng(0), temperature=1e30)
    assert chisquare(counts(sampler, LOGITS[None], 30_000)).pvalue > 1e-3


def test_rows_are_drawn_independently():
    sampler = Sampler(np.random.default_rng(0))
    draws = np.array([sampler(np.zeros((2, 2))) for _ in range(4000)])
    pairs = np.bincount(2 * draws[:, 0] + draws[:, 1], minlength=4)
    assert chisquare(pairs).pvalue > 1e-3


def test_many_classes_are_possible():
    sampler = Sampler(np.random.default_rng(0))
    draws = [sampler(np.zeros((2, 100_000), np.float32)) for _ in range(3)]
    assert len(np.unique(draws)) == 6


def test_equal_seeds_draw_alike():
    one, same, other = (
        [Sampler(np.random.default_rng(seed))(np.zeros((64, 50)))] for seed in (0, 0, 1)
    )
    assert_array_equal(one, same)
    assert not np.array_equal(one, other)
