"""One model is used by many threads at once."""

import pytest

pytest.importorskip("skops.io")
pytest.importorskip("sktime")

from benchmarks.endurance import N_READERS, cases, use_at_once


@pytest.mark.parametrize("place", range(3), ids=["regressor", "classifier", "series"])
def test_threads_that_predict_save_and_load_do_not_disturb_each_other(place, tmp_path):
    estimator, data = cases()[place]
    model = estimator.set_params(units=4).fit(*data)
    counts = use_at_once(model, data[0], tmp_path, n_files=8)
    assert len(counts) == N_READERS
    assert min(counts) > 0
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
