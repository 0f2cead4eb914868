"""A grid search of ours through joblib's backends."""

import joblib
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklearn_gru import GRUForecaster, datasets


class Search:
    """8 candidates; `backend` says where they are fitted."""

    def __init__(self, shape):
        self.backend, self.n_jobs = shape["backend"], shape["n_jobs"]
        self.cluster = CLUSTERS[self.backend](self.n_jobs)
        self.series = datasets.make_sine(shape["rows"], noise=0.1, random_state=0)
        self.grid = {"units": shape["units"], "window_length": shape["windows"]}
        self.epochs = shape["epochs"]

    def run(self):
        forecaster = GRUForecaster(
            max_epochs=self.epochs, early_stopping=False, device="cpu", random_state=0
        )
        search = GridSearchCV(
            forecaster,
            self.grid,
            cv=TimeSeriesSplit(2),
            n_jobs=self.n_jobs,
            refit=False,
            error_score="raise",
        )
        with joblib.parallel_config(self.backend):
            search.fit(self.series, self.series)
        results = search.cv_results_
        return {"scores": [results[f"split{i}_test_score"].tolist() for i in (0, 1)]}


def loky(n_jobs):
    """Leave it to joblib."""


def dask(n_jobs):
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_jobs, threads_per_worker=1, dashboard_address=None)
    return Client(cluster)


def ray(n_jobs):
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    return ray.init(num_cpus=n_jobs, include_dashboard=False, log_to_driver=False)


CLUSTERS = {"loky": loky, "dask": dask, "ray": ray}
