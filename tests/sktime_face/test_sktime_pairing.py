"""X belongs to y by index, and columns by name, in every method."""

import numpy as np
import pandas as pd
import pytest
from sktime.transformations.series.difference import Differencer

from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 6, "units": 4, "max_epochs": 2, "random_state": 0}
INDEX = pd.period_range("2010-01", periods=110, freq="M")
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(110, 2)), INDEX, ["p", "q"])
Y = pd.Series(RNG.normal(size=110).cumsum(), INDEX, name="y") + 5 * X["p"]
TABLE = pd.DataFrame({"a": Y, "b": 100 - 3 * Y, "c": X["q"].cumsum()})
FH = [-3, 0, 1, 4]


def assert_same(one, two):
    pd.testing.assert_series_equal(one.predict(FH, X), two.predict(FH, X))
    bounds = one.predict_interval([1, 2], X), two.predict_interval([1, 2], X)
    pd.testing.assert_frame_equal(*bounds)


@pytest.fixture
def expected():
    return GRUForecaster(**QUICK).fit(Y[30:80], X[30:80])


TABLES = {
    "earlier rows": lambda X: X[:80],
    "later rows": lambda X: X[30:],
    "rows on both sides": lambda X: X,
    "columns in another order": lambda X: X.loc[INDEX[30:80], ["q", "p"]],
}


@pytest.mark.parametrize("more", TABLES.values(), ids=TABLES)
def test_fit_pairs_by_index(expected, more):
    if list(more(X).columns) != ["p", "q"]:
        # Which column comes first decides what weights it is given.
        forecaster = GRUForecaster(**QUICK).fit(Y[30:80], more(X))
        twin = GRUForecaster(**QUICK).fit(Y[30:80], X.loc[INDEX[30:80], ["q", "p"]])
        pd.testing.assert_series_equal(
            forecaster.predict(FH, X), twin.predict(FH, X[["q", "p"]])
        )
        return
    assert_same(GRUForecaster(**QUICK).fit(Y[30:80], more(X)), expected)


@pytest.mark.parametrize("more", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("update_params", [False, True])
def test_update_and_predict_pair_by_index_and_name(expected, more, update_params):
    forecaster = GRUForecaster(**QUICK).fit(Y[30:80], X[30:80])
    swapped = X[["q", "p"]] if list(more(X).columns) != ["p", "q"] else X
    forecaster.update(Y[80:90], swapped[40:], update_params=update_params)
    expected.update(Y[80:90], X[80:90], update_params=update_params)
    pd.testing.assert_series_equal(
        forecaster.predict(FH, swapped), expected.predict(FH, X[90:])
    )


@pytest.mark.parametrize("missing", [30, 45, 79])
def test_a_row_that_x_misses_is_an_error(missing):
    with pytest.raises((TypeError, ValueError), match=r"(?i)index|misses 1 of 50"):
        GRUForecaster(**QUICK).fit(Y[30:80], X.drop(INDEX[missing]))


@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_transformers_that_drop_rows_of_y_shift_nothing():
    """Differences lose the first row; X still has it."""
    pipe = Differencer(na_handling="drop_na") * GRUForecaster(**QUICK)
    forecast = pipe.fit(Y[:80], X[:80]).predict([1, 2, 3], X[80:83])
    alone = GRUForecaster(**QUICK).fit(Y[:80].diff()[1:], X[1:80])
    expected = Y.iloc[79] + alone.predict([1, 2, 3], X[80:83]).cumsum()
    np.testing.assert_allclose(forecast, expected, rtol=1e-6)


def test_pretraining_pairs_by_index():
    panel = pd.concat({i: TABLE[["a"]][20 * i : 20 * i + 40] for i in range(3)})
    known = pd.concat({i: X[20 * i : 20 * i + 40] for i in range(3)})
    more = pd.concat(dict.fromkeys(range(4), X))
    expected = GRUForecaster(**QUICK).pretrain(panel, known)
    forecaster = GRUForecaster(**QUICK).pretrain(panel, more)
    assert forecaster.pretrained_.loss_curve_ == expected.pretrained_.loss_curve_
    for one in (forecaster, expected):
        one.fit(Y[60:90], X[["q", "p"]][50:])
    pd.testing.assert_series_equal(forecaster.predict(FH, X), expected.predict(FH, X))
    with pytest.raises(ValueError, match=r"X has the columns \['p', 'r'\]"):
        forecaster.fit(Y[60:90], X.rename(columns={"q": "r"}))


@pytest.mark.parametrize("update_params", [False, True])
def test_columns_of_y_in_another_order_are_the_same_columns(update_params):
    one, two = (GRUForecaster(**QUICK).fit(TABLE[:80]) for _ in range(2))
    one.update(TABLE[80:95], update_params=update_params)
    two.update(TABLE[["c", "a", "b"]][80:95], update_params=update_params)
    assert list(two.predict(FH).columns) == ["c", "a", "b"]
    pd.testing.assert_frame_equal(one.predict(FH), two.predict(FH)[["a", "b", "c"]])
    bounds = two.predict_interval([1], coverage=0.8)[["a", "b", "c"]]
    pd.testing.assert_frame_equal(one.predict_interval([1], coverage=0.8), bounds)


def test_a_pretrained_network_knows_columns_by_name():
    panel = pd.concat({i: TABLE[20 * i : 20 * i + 40] for i in range(3)})
    forecaster = GRUForecaster(**QUICK).pretrain(panel)
    one = forecaster.clone().fit(TABLE[50:90])
    two = forecaster.clone().fit(TABLE[["b", "c", "a"]][50:90])
    assert list(two.predict(FH).columns) == ["b", "c", "a"]
    pd.testing.assert_frame_equal(one.predict(FH), two.predict(FH)[["a", "b", "c"]])
    bounds = two.predict_interval([1, 3], coverage=0.8)[["a", "b", "c"]]
    pd.testing.assert_frame_equal(one.predict_interval([1, 3], coverage=0.8), bounds)


@pytest.mark.parametrize("spiked_row", [50, 51, 55, 56, 79])
@pytest.mark.parametrize("center", [None, "last", "mean"])
def test_a_row_moves_no_forecast_of_itself_or_of_earlier_rows(spiked_row, center):
    spiked = Y[:80].copy()
    spiked.iloc[spiked_row] += 50
    plain, moved = (
        GRUForecaster(**QUICK, center=center)
        .fit(Y[:50])
        .update(rows[50:], update_params=False)
        .predict(range(-79, 3))
        .to_numpy()
        for rows in (Y[:80], spiked)
    )
    differs = plain != moved
    assert not differs[: spiked_row + 1].any()
    assert differs[spiked_row + 1 : spiked_row + 7].all()


# Series of a panel


NAMES = ["s0", "s1", "s2"]
OTHER_ORDER = ["s2", "s0", "s1"]


def panel_of(table, names=NAMES, rows=slice(None)):
    """Series that differ in size, and so do their exogenous columns."""
    return pd.concat({name: 10 ** int(name[1]) * table[rows] for name in names})


def fitted(how, X=None):
    forecaster = GRUForecaster(**QUICK)
    known = panel_of(Y.to_frame(), rows=slice(80))
    if how == "pretrained":
        forecaster.pretrain(known, X, fh=[1])
    return forecaster.fit(known, X, fh=[1])


every_panel = pytest.mark.parametrize("how", ["pretrained", "one by one"])


@every_panel
@pytest.mark.parametrize("trains", [False, True])
def test_series_are_updated_by_name(how, trains):
    one, two = fitted(how), fitted(how)
    later = panel_of(Y.to_frame(), rows=slice(80, 90))
    one.update(later, update_params=trains)
    two.update(later.loc[OTHER_ORDER], update_params=trains)
    forecast = two.predict()
    assert forecast.index.unique(0).tolist() == OTHER_ORDER
    pd.testing.assert_frame_equal(forecast.loc[NAMES], one.predict())


@every_panel
@pytest.mark.parametrize("trains", [False, True])
def test_series_of_other_names_are_no_update(how, trains):
    later = panel_of(Y.to_frame(), ["s0", "s1", "s5"], slice(80, 90))
    with pytest.raises(ValueError, match=r"without 1 of the 3 .* first 's5': fit it"):
        fitted(how).update(later, update_params=trains)


@every_panel
def test_exogenous_series_belong_by_name(how):
    one = fitted(how, panel_of(X, NAMES, slice(80)))
    two = fitted(how, panel_of(X, OTHER_ORDER, slice(80)))
    for forecast in ("predict", "predict_interval"):
        expected = getattr(one, forecast)(X=panel_of(X))
        for forecaster in (one, two):
            found = getattr(forecaster, forecast)(X=panel_of(X, OTHER_ORDER))
            pd.testing.assert_frame_equal(found, expected)
        with pytest.raises(ValueError, match=r"X must hold rows of .* first 's2'"):
            getattr(one, forecast)(X=panel_of(X, NAMES[:2]))
