"""What notebooks show: diagrams, their links, and what was trained."""

import re
from importlib.metadata import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sklearn_gru.sktime
from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
    load,
)

ESTIMATORS = [
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
]
API = Path(__file__).parents[1] / "docs" / "api.rst"
WAVE = np.sin(np.arange(200) / 6)[:, None]


def captions(estimator):
    """Read the lines below the names in an estimator's diagram."""
    return re.findall(r'class="caption">([^<]*)<', estimator._repr_html_())


def links(estimator):
    return re.findall(
        r'class="sk-estimator-doc-link[^"]*"[^>]*href="([^"]*)"',
        estimator._repr_html_(),
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_diagram_links_to_the_page_that_the_docs_have(estimator):
    (link,) = links(estimator())
    address = dict(
        entry.split(", ") for entry in metadata("sklearn-gru").get_all("Project-URL")
    )["Documentation"]
    assert link == f"{address}api/generated/sklearn_gru.{estimator.__name__}.html"
    assert f"   {estimator.__name__}\n" in API.read_text()


def test_link_of_the_sktime_face():
    link = sklearn_gru.sktime.GRUForecaster()._get_doc_link()
    assert link.endswith("/api/generated/sklearn_gru.sktime.GRUForecaster.html")
    assert "   sktime.GRUForecaster\n" in API.read_text()


def test_a_class_of_somebody_else_has_no_link():
    class Mine(GRURegressor):
        pass

    assert Mine()._get_doc_link() == ""


def test_nothing_is_said_of_training_before_fit():
    assert captions(GRUForecaster()) == []


def test_forecaster_says_what_it_was_trained_on():
    forecaster = GRUForecaster(max_epochs=3, early_stopping=False).fit(WAVE)
    weights = forecaster.net_.module_.state_dict(keep_vars=True).values()
    n_parameters = sum(
        each.numel() for each in weights if isinstance(each, torch.nn.Parameter)
    )
    (caption,) = captions(forecaster)
    assert caption == f"200 rows, {n_parameters:,} parameters, 3 epochs, cpu"
    forecaster.partial_fit(np.sin(np.arange(200, 250) / 6)[:, None])
    assert captions(forecaster)[0].startswith("250 rows, ")


def test_sequences_that_are_held_out_are_not_counted():
    X = np.random.default_rng(0).normal(size=(40, 5, 2))
    regressor = GRURegressor(units=4, max_epochs=1, early_stopping=False)
    assert captions(regressor.fit(X, X[:, 0, 0]))[0].startswith("40 sequences, ")
    regressor.set_params(early_stopping=True, validation_fraction=0.25)
    caption = captions(regressor.fit(X, X[:, 0, 0]))[0]
    assert caption.startswith("30 sequences, ")
    assert caption.endswith(", 1 epoch, cpu")


def test_text_is_counted_in_characters(tmp_path):
    generator = CharGRUGenerator(units=4, max_epochs=1, early_stopping=False)
    generator.fit("abcd " * 50)
    (caption,) = captions(generator)
    assert caption.startswith("250 characters, ")
    generator.save(tmp_path / "text.safetensors")
    assert captions(load(tmp_path / "text.safetensors")) == [caption]


def test_diagram_of_a_pipeline_says_what_its_forecaster_was_trained_on():
    pipe = make_pipeline(MinMaxScaler(), GRUForecaster(max_epochs=1)).fit(WAVE, WAVE)
    assert [c for c in captions(pipe) if c.startswith("200 rows, ")]
