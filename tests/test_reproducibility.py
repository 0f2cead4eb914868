"""Same seed, same result: in threads, in processes, and without global state."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import joblib
import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklearn_gru import GRUClassifier, GRUForecaster, GRURegressor

RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(60, 12, 2))
SERIES = RNG.normal(size=(150, 2)).cumsum(axis=0)
QUICK = {"units": (6, 5), "max_epochs": 3, "dropout": 0.2, "random_state": 7}
CASES = [
    (GRURegressor(**QUICK), (SEQUENCES, SEQUENCES[:, 0, 0])),
    (
        GRURegressor(**QUICK, cell="lstm", bidirectional=True),
        (SEQUENCES, RNG.normal(size=60)),
    ),
    (GRUClassifier(**QUICK, early_stopping=True), (SEQUENCES, np.arange(60) % 3)),
    (GRUForecaster(8, **QUICK), (SERIES, SERIES)),
    (GRUForecaster(8, **QUICK, early_stopping=True, dtype="float64"), (SERIES,)),
]
cases = pytest.mark.parametrize(("estimator", "data"), CASES)


def fit_and_predict(estimator, data):
    return clone(estimator).fit(*data).predict(data[0])


@cases
def test_same_seed_same_result(estimator, data):
    first, second = (clone(estimator).fit(*data) for _ in range(2))
    np.testing.assert_array_equal(first.predict(data[0]), second.predict(data[0]))
    assert first.loss_curve_ == second.loss_curve_
    other = clone(estimator).set_params(random_state=8).fit(*data)
    assert other.loss_curve_ != first.loss_curve_


@cases
def test_same_result_in_two_threads_at_once(estimator, data):
    barrier = threading.Barrier(2)

    def work(_):
        barrier.wait(timeout=60)
        return fit_and_predict(estimator, data)

    expected = fit_and_predict(estimator, data)
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(work, range(2)):
            np.testing.assert_array_equal(result, expected)


def test_same_result_in_worker_processes():
    jobs = (joblib.delayed(fit_and_predict)(*case) for case in CASES)
    results = joblib.Parallel(n_jobs=2, backend="loky")(jobs)
    for result, case in zip(results, CASES, strict=True):
        np.testing.assert_array_equal(result, fit_and_predict(*case))


@cases
@pytest.mark.parametrize("random_state", [0, None])
def test_global_random_states_and_threads_stay_as_they_were(
    estimator, data, random_state
):
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    numpy_state = copy.deepcopy(np.random.get_state())  # noqa: NPY002
    torch_state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    fitted = clone(estimator).set_params(random_state=random_state).fit(*data)
    fitted.predict(data[0])
    for now, before in zip(np.random.get_state(), numpy_state, strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(now, before)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert torch.get_num_threads() == n_threads


def test_without_a_seed_results_differ():
    model = GRURegressor(units=4, max_epochs=1)
    X, y = SEQUENCES, SEQUENCES[:, 0, 0]
    assert (model.fit(X, y).predict(X) != model.fit(X, y).predict(X)).any()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_grid_search_scores_are_those_of_the_serial_run(backend):
    search = GridSearchCV(
        GRUForecaster(**QUICK),
        {"window_length": [4, 8], "units": [4, (4, 4)]},
        cv=TimeSeriesSplit(3),
    )
    serial = clone(search).fit(SERIES, SERIES).cv_results_
    with parallel_config(backend=backend):
        parallel = search.set_params(n_jobs=2).fit(SERIES, SERIES).cv_results_
    for split in range(3):
        name = f"split{split}_test_score"
        np.testing.assert_array_equal(parallel[name], serial[name])


@contextmanager
def dask_cluster():
    from distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None):
        yield


@contextmanager
def ray_cluster():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    register_ray()
    try:
        yield
    finally:
        ray.shutdown()


# The clusters' own start-up warns of what it finds.
@pytest.mark.filterwarnings("default")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "cluster"), [("dask", dask_cluster), ("ray", ray_cluster)]
)
def test_grid_search_on_a_cluster_gives_the_serial_scores(backend, cluster):
    search = GridSearchCV(
        GRUForecaster(**QUICK), {"window_length": [4, 8]}, cv=TimeSeriesSplit(3)
    )
    serial = clone(search).fit(SERIES, SERIES).cv_results_["mean_test_score"]
    with cluster(), parallel_config(backend=backend):
        parallel = search.set_params(n_jobs=2).fit(SERIES, SERIES)
    np.testing.assert_array_equal(parallel.cv_results_["mean_test_score"], serial)


@cases
def test_a_pickle_predicts_and_goes_on_like_the_original(estimator, data):
    fitted = clone(estimator).fit(*data)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict(data[0]), fitted.predict(data[0]))
    np.testing.assert_array_equal(
        loaded.partial_fit(*data).predict(data[0]),
        fitted.partial_fit(*data).predict(data[0]),
    )


@cases
def test_a_pickle_does_not_hold_the_training_data(estimator, data):
    fitted = clone(estimator).set_params(max_epochs=1)
    sizes = []
    for times in (10, 50):  # a forecaster keeps some hundred rows of both ends
        many = [np.concatenate([part] * times) for part in data]
        sizes.append(len(pickle.dumps(fitted.fit(*many))))
    assert sizes[1] < sizes[0] + 500
