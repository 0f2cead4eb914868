"""A grid search of this package's forecaster."""

from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklearn_gru import GRUForecaster, datasets


class Search:
    """All pairs of units and windows, on `n_jobs` processes."""

    def __init__(self, shape):
        self.series = datasets.make_sine(shape["rows"], noise=0.1, random_state=0)
        self.search = GridSearchCV(
            GRUForecaster(
                max_epochs=shape["epochs"],
                weights=None,
                early_stopping=False,
                device="cpu",
                random_state=0,
            ),
            {"units": shape["units"], "window_length": shape["windows"]},
            cv=TimeSeriesSplit(2),
            n_jobs=shape["n_jobs"],
            refit=False,
            error_score="raise",
        )

    def run(self):
        self.search.fit(self.series, self.series)

    def outcome(self):
        return self.search.cv_results_["mean_test_score"].tolist()

    def close(self):
        get_reusable_executor().shutdown()
