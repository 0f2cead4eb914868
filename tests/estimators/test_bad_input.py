"""Bad input gets an error with the numbers in it, and changes nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EpochTimer

from sklearn_gru import (
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
    make_windows,
)

QUICK = {"units": 4, "max_epochs": 2, "random_state": 0}
SERIES = np.sin(np.arange(60.0) / 4)[:, None]
TABLE = pd.DataFrame(
    {"a": SERIES[:, 0], "b": np.arange(60.0)}, index=pd.date_range("2020", periods=60)
)
X3 = np.random.default_rng(0).normal(size=(20, 6, 2))
Y = X3[:, 0, 0]
FIFTY = np.arange(50.0)


def with_value(array, value):
    array = array.copy()
    array[tuple(n // 2 for n in array.shape)] = value
    return array


FITS = [
    # The forecaster
    (GRUForecaster(horizon=90, **QUICK), (SERIES,), "give a .* a shorter horizon"),
    (GRUForecaster(8, **QUICK), (SERIES[:, 0].tolist(),), r"np.reshape\(X, \(-1, 1\)"),
    (GRUForecaster(8, **QUICK), (SERIES, ["up"] * 60), "y holds text .'up'.*numbers"),
    (
        GRUForecaster(8, **QUICK),
        (TABLE.set_axis(TABLE.index.astype(str)),),
        "index of X holds dates as text .'2020-01-01.*pd.to_datetime",
    ),
    (GRUForecaster(24, **QUICK), (SERIES[:20],), r"20 rows.*window_length=24.*25"),
    (GRUForecaster(8, horizon=9, **QUICK), (SERIES[:16],), r"16 rows.*horizon=9.*17"),
    (GRUForecaster(**QUICK), (with_value(SERIES, np.nan),), "contains NaN"),
    (GRUForecaster(**QUICK), (with_value(SERIES, np.inf),), "contains infinity"),
    (GRUForecaster(**QUICK), (SERIES, with_value(SERIES, np.nan)), "contains NaN"),
    (GRUForecaster(**QUICK), (SERIES * 1e200,), "variance is too large"),
    (
        GRUForecaster(**QUICK),
        ([["a"], ["b"], ["c"]],),
        "X holds text .*must be numbers",
    ),
    (GRUForecaster(**QUICK), (SERIES[:1],), r"1 sample\(s\).*minimum of 2"),
    (GRUForecaster(**QUICK), (SERIES[:0],), r"0 sample\(s\)"),
    (
        GRUForecaster(**QUICK),
        (SERIES[:, 0],),
        r"Expected 2D array.*reshape\(X, \(-1, 1\)",
    ),
    (GRUForecaster(**QUICK), (TABLE["a"],), r"Expected 2D array.*to_frame\(\)"),
    (GRUForecaster(**QUICK), (TABLE.reset_index(),), "Column 'index' of X holds dates"),
    (GRUForecaster(**QUICK), (X3,), "dim 3"),
    (GRUForecaster(**QUICK), (SERIES, SERIES[:50]), r"inconsistent.*\[60, 50\]"),
    (GRUForecaster(**QUICK), (SERIES, X3), r"inconsistent|dim 3"),
    (GRUForecaster(**QUICK), (TABLE.drop(TABLE.index[30]),), "hole: 2020-01-30"),
    (GRUForecaster(**QUICK), (TABLE.to_numpy(), TABLE["a"][::-1]), "must increase"),
    (
        GRUForecaster(**QUICK),
        (TABLE, TABLE["a"].shift(freq="D")),
        "different indexes: row 0 is 2020-01-01 00:00:00 in X and 2020-01-02",
    ),
    (
        GRUForecaster(**QUICK),
        (TABLE.reset_index(drop=True)[:50], pd.Series(FIFTY, range(10, 60))),
        "different indexes: row 0 is 0 in X and 10 in y",
    ),
    (
        GRUForecaster(**QUICK),
        (pd.concat({"one": TABLE, "two": TABLE}),),
        r"several levels.*sklearn_gru\.sktime.*pretrain",
    ),
    (
        GRUForecaster(**QUICK),
        (TABLE.assign(kind="sunny"),),
        r"Column 'kind' of X holds text \('sunny'\)\. Drop it, or encode",
    ),
    (
        GRUForecaster(**QUICK),
        (TABLE, TABLE[["a"]].assign(kind="sunny")),
        "Column 'kind' of y holds text",
    ),
    (
        GRUForecaster(**QUICK, channels="independent"),
        (SERIES, SERIES**2),
        'Use channels="joint"',
    ),
    (
        GRUForecaster(8, **QUICK, early_stopping=True),
        (SERIES[:9],),
        "leaves 0 windows for training and 1 for validation of 1",
    ),
    # Sets of sequences
    (GRURegressor(**QUICK), (with_value(X3, np.nan), Y), "contains NaN"),
    (GRURegressor(**QUICK), (with_value(X3, np.inf), Y), "contains infinity"),
    (GRURegressor(**QUICK), (X3[None], Y), r"4 dimensions, shape \(1, 20, 6, 2\)"),
    (GRURegressor(**QUICK), (X3, Y[:-1]), r"inconsistent.*\[20, 19\]"),
    (GRURegressor(**QUICK), (X3[:, :0], Y), r"\(20, 0, 2\).*at least 1 time step"),
    (GRURegressor(**QUICK), (X3[:0], Y[:0]), r"0 sample\(s\)"),
    (GRURegressor(**QUICK), (X3, None), "requires y"),
    (GRURegressor(**QUICK), (X3, X3), r"y must have shape.*\(20, 6, 2\)"),
    (
        GRURegressor(**QUICK),
        ([X3[0], X3[1, :, :1]], Y[:2]),
        r"got .* \[1, 2\] features",
    ),
    (GRURegressor(**QUICK), ([X3[0], X3[1, :0]], Y[:2]), "Sequence 1 has 0 time steps"),
    (
        GRURegressor(**QUICK, return_sequences=True),
        (X3, X3[:, :5, 0]),
        r"6 time steps, y has shape \(20, 5, 1\)",
    ),
    (GRURegressor(**QUICK, return_sequences=True), (X3, Y), r"n_timesteps\).*\(20,\)"),
    (GRUClassifier(**QUICK), (X3, Y), "Unknown label type: continuous"),
    (GRUClassifier(**QUICK), (X3, None), "requires y"),
    (SlidingWindowTransformer(), (with_value(SERIES, np.nan),), "contains NaN"),
]


def test_row_numbers_beside_dates_are_paired_in_their_order():
    numbered = pd.Series(SERIES[:, 0], range(300, 360))
    model = GRUForecaster(8, **QUICK).fit(TABLE[:50], numbered[:50])
    assert np.isfinite(model.score(TABLE[50:], numbered[50:]))


@pytest.mark.parametrize(("estimator", "data", "message"), FITS)
def test_bad_data_leave_the_estimator_unfitted(estimator, data, message):
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=message):
        estimator.fit(*data)
    assert vars(estimator) == before


@pytest.mark.parametrize(("estimator", "data", "message"), FITS[:-1])
def test_bad_data_leave_a_fitted_estimator_as_it_was(estimator, data, message):
    if isinstance(estimator, GRUForecaster):
        good = (np.linspace(0, 1, 100)[:, None] % 0.3,)
    elif isinstance(estimator, GRUClassifier):
        good = (X3, Y > 0)
    else:
        per_step = estimator.return_sequences
        good = (X3, X3[:, :, 0] if per_step else Y)
    estimator.fit(*good)
    before, forecast = dict(vars(estimator)), estimator.predict(good[0])
    with pytest.raises(ValueError, match=message):
        estimator.fit(*data)
    assert set(vars(estimator)) == set(before)
    np.testing.assert_array_equal(estimator.predict(good[0]), forecast)


@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (GRUForecaster, {"window_length": 0}),
        (GRUForecaster, {"window_length": 2.5}),
        (GRUForecaster, {"horizon": 0}),
        (GRUForecaster, {"center": "median"}),
        (GRUForecaster, {"stride": 0}),
        (GRUForecaster, {"calibration_fraction": 1.0}),
        (GRURegressor, {"units": ()}),
        (GRURegressor, {"units": (4, 0)}),
        (GRURegressor, {"units": 0}),
        (GRURegressor, {"units": (4.5,)}),
        (GRURegressor, {"cell": "transformer"}),
        (GRURegressor, {"activation": "gelu"}),
        (GRURegressor, {"dropout": 1.0}),
        (GRURegressor, {"lr": 0.0}),
        (GRURegressor, {"batch_size": -1}),
        (GRURegressor, {"max_epochs": 0}),
        (GRURegressor, {"dtype": "float16"}),
        (GRURegressor, {"loss": "hinge"}),
        (GRURegressor, {"time_axis": 0}),
        (GRURegressor, {"embedding_dim": 0}),
        (GRUClassifier, {"class_weight": "equal"}),
        (CharSequenceTransformer, {"max_length": 0}),
        (CharSequenceTransformer, {"min_count": 0}),
        (CharSequenceTransformer, {"pad": "yes"}),
        (SlidingWindowTransformer, {"window_length": 0}),
        (SlidingWindowTransformer, {"lag": -1}),
        (SlidingWindowTransformer, {"pad": "nan"}),
    ],
)
def test_bad_parameters_are_named(cls, parameters):
    (name, value), *_ = parameters.items()
    with pytest.raises(InvalidParameterError) as error:
        cls(**parameters).fit(X3 if cls in (GRURegressor, GRUClassifier) else SERIES, Y)
    assert f"'{name}'" in str(error.value)
    assert repr(value) in str(error.value)


def test_an_unknown_device_is_an_error():
    with pytest.raises(ValueError, match=r"device='gpu9' can't be used.*\"cpu\""):
        GRURegressor(device="gpu9").fit(X3, Y)


def test_prediction_checks_channels_columns_and_names():
    regressor = GRURegressor(**QUICK).fit(X3, Y)
    with pytest.raises(ValueError, match=r"X has 1 features.*expecting 2 features"):
        regressor.predict(X3[:, :, :1])
    with pytest.raises(ValueError, match=r"X has 1 features.*expecting 2 features"):
        regressor.predict(X3[:, :, 0])
    table = GRURegressor(**QUICK).fit(X3[:, :, 0], Y)
    with pytest.raises(ValueError, match=r"X has 5 features.*expecting 6 features"):
        table.predict(X3[:, :5, 0])
    forecaster = GRUForecaster(**QUICK).fit(TABLE)
    with pytest.raises(ValueError, match=r"X has 1 features.*expecting 2 features"):
        GRUForecaster(**QUICK).fit(TABLE.to_numpy()).predict(SERIES)
    with pytest.raises(ValueError, match=r"feature names(.|\n)*- c"):
        forecaster.predict(TABLE.rename(columns={"b": "c"}))
    with pytest.raises(ValueError, match="contains NaN"):
        forecaster.predict(TABLE.where(TABLE["b"] != 7))


@pytest.mark.parametrize("steps", [0, -1, 2.5, "3"])
def test_steps_must_be_a_positive_integer(steps):
    model = GRUForecaster(**QUICK).fit(SERIES)
    with pytest.raises(ValueError, match=f"steps.*got {steps!r}"):
        model.predict(SERIES, steps=steps)
    with pytest.raises(ValueError, match=f"steps.*got {steps!r}"):
        model.forecast(steps)


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier, GRUForecaster])
@pytest.mark.parametrize(
    ("callbacks", "place", "entry"),
    [
        ([3], 0, "3"),
        ([EpochTimer(), "early"], 1, "'early'"),
        ([EpochTimer, None], 1, "None"),
        ([("timer", 3)], 0, r"\('timer', 3\)"),
        ([(3, EpochTimer())], 0, r"\(3, <"),
        ([print], 0, "<built-in function print>"),
        ([int], 0, "<class 'int'>"),
    ],
)
def test_what_is_no_callback_is_named(cls, callbacks, place, entry):
    message = (
        f"'callbacks' parameter of {cls.__name__} must be a list of skorch callbacks"
        rf".*\(name, callback\).*Entry {place} is {entry}"
    )
    with pytest.raises(InvalidParameterError, match=message):
        cls(**QUICK, callbacks=callbacks).fit(X3, Y)


@pytest.mark.parametrize(
    "callback", [EpochTimer(), EpochTimer, ("timer", EpochTimer()), ("t", EpochTimer)]
)
def test_every_form_of_a_callback_is_taken(callback):
    model = GRURegressor(**QUICK, callbacks=[callback]).fit(X3, Y)
    assert len(model.net_.history[:, "dur"]) == 2


def test_no_nan_leaves_the_house():
    for model, data in [
        (GRURegressor(**QUICK), (X3, Y)),
        (GRUClassifier(**QUICK), (X3, Y > 0)),
        (GRUForecaster(8, **QUICK), (SERIES,)),
    ]:
        model.fit(*data)
        model.net_.module_.recurrent.layers[0][0].bias_ih_l0.data.fill_(np.nan)
        for method in (model.predict, model.transform):
            with pytest.raises(ValueError, match="not finite"):
                method(data[0])


@pytest.mark.parametrize("method", ["predict", "transform"])
def test_values_too_far_outside_are_refused_without_a_warning(method):
    model = GRUForecaster(8, **QUICK).fit(1e-10 * SERIES)
    with pytest.raises(ValueError, match="far outside the range of the training data"):
        getattr(model, method)(1e300 * SERIES)


@pytest.mark.parametrize("lr", [1e6])
def test_divergence_names_the_epoch_and_leaves_nothing_behind(lr):
    for estimator, data in [
        (GRUForecaster(10, **QUICK, lr=lr), (SERIES,)),
        (GRURegressor(**QUICK, lr=lr), (X3, Y)),
        (GRUClassifier(**QUICK, lr=lr), (X3, Y > 0)),
    ]:
        before = dict(vars(estimator))
        with pytest.raises(ValueError, match=r"diverged in epoch \d.*smaller lr"):
            estimator.fit(*data)
        assert vars(estimator) == before


def test_divergence_in_a_warm_start_keeps_the_weights():
    model = GRURegressor(**QUICK, warm_start=True).fit(X3, Y)
    expected = model.predict(X3)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(callbacks=None).fit(X3 * 1e30, Y * 1e30)
    np.testing.assert_array_equal(model.predict(X3), expected)
    assert model.n_iter_ == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 3], 0), "window_length must be .* at least 1, got 0"),
        (([1, 2, 3], 2, 2), "3 rows.*window_length=2 and horizon=2.*at least 4"),
        (([1, 2, 3], 2, 1, 0), "stride must be .* at least 1, got 0"),
        ((np.zeros((3, 2, 1)), 2), r"got \(3, 2, 1\)"),
    ],
)
def test_make_windows_checks_its_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_windows(*arguments)


def test_errors_of_sequences_say_what_to_do():
    model = GRURegressor(**QUICK).fit(X3, Y)
    with pytest.raises(ValueError, match=r"a single sequence .* is X\[np.newaxis\]"):
        model.predict(X3[0])
    assert model.predict(X3[0][np.newaxis]).shape == (1,)
    for X in (with_value(X3, np.nan), [with_value(X3[0], np.nan), X3[1][:4]]):
        with pytest.raises(ValueError, match="GRURegressor reads no missing values"):
            model.predict(X)
    with pytest.raises(ValueError, match=r"y holds text .*GRUClassifier learns"):
        model.fit(X3, ["up"] * 20)


def test_a_series_in_the_place_of_steps_is_not_printed():
    model = GRUForecaster(8, **QUICK).fit(TABLE)
    with pytest.raises(ValueError, match=r"at least 1, got a DataFrame\.$"):
        model.predict(TABLE, TABLE)


@pytest.mark.parametrize("labels", ["abc", ["2020", "2021", "2022"], ["1", "2", "3"]])
def test_an_index_of_other_text_is_taken(labels):
    index = [f"{label}" for label in np.resize(list(labels), 60)]
    GRUForecaster(8, **QUICK).fit(TABLE.set_axis(index))
