from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from sklearn_gru.nets import linear_path
from sklearn_gru.nets.linear_path import LinearPath

WINDOW, HORIZON = 6, 3


def make_path(n_maps=1, n_estimators=1):
    path = LinearPath(n_estimators, n_maps, WINDOW, HORIZON).double()
    path.reset()
    return path


def make_data(n_windows=400, n_series=2, noise=0.1, maps=None):
    """Windows (B, WINDOW, k) of noise, and what linear maps make of them."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n_windows, WINDOW, n_series))
    if maps is None:
        maps = [rng.normal(size=(WINDOW, HORIZON))] * n_series
    columns = [z[:, :, c] @ weight for c, weight in enumerate(maps)]
    missing = np.stack(columns, axis=2)
    missing += noise * rng.normal(size=missing.shape)
    return torch.from_numpy(z), torch.from_numpy(missing), maps


def test_a_new_path_adds_nothing():
    z, _, _ = make_data()
    assert not make_path()(z).any()
    assert not make_path(2)(z).any()


@pytest.mark.parametrize("n_maps", [1, 2])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_maps_every_column_to_its_own_forecast(n_maps, n_estimators):
    path = make_path(n_maps, n_estimators)
    with torch.no_grad():
        path.solved.normal_(generator=torch.Generator().manual_seed(0))
        path.moved.normal_(generator=torch.Generator().manual_seed(1))
    z, _, _ = make_data(n_windows=5)
    forecast = path(z).detach()
    assert forecast.shape == (5, n_estimators, HORIZON, 2)
    for number in range(n_estimators):
        weight = (path.solved + 0.3 * path.moved[number]).detach().numpy()
        for window, rows in zip(z.numpy(), forecast[:, number], strict=True):
            for column in range(2):
                expected = window[:, column] @ weight[column if n_maps == 2 else 0]
                assert_allclose(rows[:, column], expected, rtol=1e-12)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_solves_the_ridge_regression_of_scikit_learn(monkeypatch, penalty):
    monkeypatch.setattr(linear_path, "PENALTIES", (penalty,))
    z, missing, _ = make_data()
    path = make_path()
    path.solve(z, missing, overlap=HORIZON - 1)
    inputs = z.transpose(1, 2).reshape(-1, WINDOW).numpy()
    outputs = missing.transpose(1, 2).reshape(-1, HORIZON).numpy()
    ridge = Ridge(alpha=penalty * len(inputs), fit_intercept=False)
    expected = ridge.fit(inputs, outputs).coef_.T
    assert_allclose(path.solved[0], expected, rtol=1e-9)


def plain_choice(z, missing, overlap):
    """Choose the penalty with scikit-learn's regression, fold by fold."""
    n, errors = len(z), np.zeros(len(linear_path.PENALTIES))
    cuts = [int(n * (1 - 0.3) + n * 0.3 * fold / 4 + 1e-9) for fold in range(5)]
    for first, end in pairwise(cuts):
        seen = first - overlap
        for number, penalty in enumerate(linear_path.PENALTIES):
            ridge = Ridge(alpha=penalty * seen, fit_intercept=False)
            ridge.fit(z[:seen], missing[:seen])
            forecast = ridge.predict(z[first:end]).reshape(end - first, -1)
            errors[number] += np.abs(forecast - missing[first:end]).sum()
    return linear_path.PENALTIES[int(errors.argmin())]


@pytest.mark.parametrize("noise", [0.1, 2.0, 10.0])
@pytest.mark.parametrize("overlap", [0, 5])
def test_the_penalty_is_that_which_forecasts_later_windows_best(noise, overlap):
    z, missing, _ = make_data(200, n_series=1, noise=noise)
    path = make_path()
    path.solve(z, missing, overlap)
    inputs, outputs = z[:, :, 0].numpy(), missing[:, :, 0].numpy()
    penalty = plain_choice(inputs, outputs, overlap)
    ridge = Ridge(alpha=penalty * len(inputs), fit_intercept=False)
    expected = ridge.fit(inputs, outputs).coef_.T
    assert_allclose(path.solved[0], expected, rtol=1e-8)


@pytest.mark.parametrize("n_maps", [1, 2])
def test_recovers_a_linear_map(n_maps):
    z, missing, maps = make_data(n_windows=2000, noise=0.01)
    path = make_path(n_maps)
    path.solve(z, missing, overlap=HORIZON - 1)
    for solved in path.solved:
        assert_allclose(solved, maps[0], atol=0.01)


def test_each_map_is_that_of_its_column():
    rng = np.random.default_rng(1)
    maps = list(rng.normal(size=(2, WINDOW, HORIZON)))
    z, missing, _ = make_data(n_windows=2000, noise=0.01, maps=maps)
    path = make_path(2)
    path.solve(z, missing, overlap=HORIZON - 1)
    for solved, expected in zip(path.solved, maps, strict=True):
        assert_allclose(solved, expected, atol=0.01)


def test_a_shared_map_is_learned_from_all_columns(monkeypatch):
    """It lies between those that two columns need."""
    monkeypatch.setattr(linear_path, "PENALTIES", (1e-3,))
    weight = np.random.default_rng(1).normal(size=(WINDOW, HORIZON))
    z, missing, _ = make_data(n_windows=4000, maps=[3 * weight, weight])
    path = make_path()
    path.solve(z, missing, overlap=HORIZON - 1)
    assert_allclose(path.solved[0], 2 * weight, atol=0.2)


def test_there_is_no_map_where_none_helps():
    """Of white noise nothing follows, whatever the penalty."""
    rng = np.random.default_rng(0)
    path = make_path(8)
    z = torch.from_numpy(rng.normal(size=(300, WINDOW, 8)))
    missing = torch.from_numpy(rng.normal(size=(300, HORIZON, 8)))
    path.solve(z, missing, overlap=HORIZON - 1)
    assert path(z).square().mean() < 0.02
    none = (path.solved == 0).flatten(1).all(dim=1)
    assert none.sum() >= 4


def test_one_column_may_have_a_map_and_another_none():
    z, missing, maps = make_data()
    missing[:, :, 1] = 0
    path = make_path(2)
    path.solve(z, missing, overlap=HORIZON - 1)
    assert_allclose(path.solved[0], maps[0], atol=0.1)
    assert not path.solved[1].any()


@pytest.mark.parametrize("n_windows", [1, 3, 8])
def test_too_few_windows_leave_the_path_at_zero(n_windows):
    z, missing, _ = make_data(n_windows)
    path = make_path()
    path.solve(z, missing, overlap=HORIZON + 4)
    assert not path.solved.any()


def test_windows_without_content_leave_the_path_at_zero():
    path = make_path()
    path.solve(torch.zeros(50, WINDOW, 2), torch.ones(50, HORIZON, 2), 2)
    assert not path.solved.any()


def test_what_is_solved_is_not_trained_and_the_rest_is():
    path = make_path()
    assert [name for name, _ in path.named_parameters()] == ["moved"]
    z, missing, _ = make_data()
    path.solve(z, missing, overlap=2)
    before = path(z)
    (before - 1).square().mean().backward()
    torch.optim.SGD(path.parameters(), lr=0.1).step()
    assert (path(z) != before).any()
