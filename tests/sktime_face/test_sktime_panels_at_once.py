"""After `pretrain`, a panel in one pass is what sktime's loop over its series gives."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import BaseForecaster

from sklearn_gru.sktime import GRUForecaster
from sklearn_gru.training import evaluate

QUICK = {"window_length": 6, "units": 4, "max_epochs": 1, "random_state": 0}
N_KNOWN = 40


class OneByOne(GRUForecaster):
    """The same forecaster, with sktime's own loop over the series of a panel."""

    _vectorize = BaseForecaster._vectorize


INDEXES = {
    "days": pd.date_range("2020-01-01", periods=90),
    "month starts": pd.date_range("2010-01-01", periods=90, freq="MS"),
    "business days": pd.bdate_range("2020-01-01", periods=90),
    "months": pd.period_range("2010-01", periods=90, freq="M"),
    "numbers": pd.RangeIndex(90),
}


def make_panel(index=INDEXES["months"], spans=((0, 60),) * 4, columns=("y",)):
    rng = np.random.default_rng(0)
    series = {}
    for i, (start, stop) in enumerate(spans):
        shape = stop - start, len(columns)
        values = 10**i * (5 + rng.normal(size=shape).cumsum(axis=0))
        series[f"s{i}"] = pd.DataFrame(values, index[start:stop], list(columns))
    return pd.concat(series, names=["series", "time"])


def make_hierarchy():
    parts = {region: make_panel() * size for region, size in (("n", 1), ("s", 3))}
    return pd.concat({"all": pd.concat(parts)}, names=["top", "region", "series", "t"])


LENGTHS = ((0, 60), (0, 41), (0, 52), (0, 49))
ENDS = ((0, 60), (19, 63), (25, 88), (40, 90))
PANELS = {
    **{name: make_panel(index) for name, index in INDEXES.items()},
    "lengths": make_panel(spans=LENGTHS),
    "ends": make_panel(INDEXES["days"], spans=ENDS),
    "ends of months": make_panel(spans=ENDS),
    "columns": make_panel(columns=("a", "b")),
    "hierarchy": make_hierarchy(),
    "not in order": make_panel().loc[["s2", "s0", "s3", "s1"]],
    "very short": make_panel(spans=((0, 60), (0, 3), (0, 5), (0, 8))),
}
every_panel = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


def split(panel, n_later=8):
    """Divide each series into what is known, and the last rows."""
    levels = list(range(panel.index.nlevels - 1))
    from_end = panel.groupby(level=levels).cumcount(ascending=False)
    short = panel.groupby(level=levels).transform("size") <= n_later
    later = (from_end < n_later) & ~short
    return panel[~later], panel[later | (from_end == 0)]


def pretrained(panel, X=None, **settings):
    """Forecasters that take panels at once and one by one, with the same network."""
    known, _ = split(panel)
    enough = known.groupby(level=list(range(known.index.nlevels - 1)))
    known = enough.filter(lambda series: len(series) > 12)
    X = None if X is None else X.loc[known.index]
    at_once = GRUForecaster(**{**QUICK, **settings}).pretrain(known, X, fh=[3])
    loop = OneByOne(**{**QUICK, **settings}).pretrain(known, X, fh=[3])
    loop.pretrained_ = at_once.pretrained_
    return at_once, loop


def assert_same(ours, theirs, **tolerance):
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, **tolerance)
    assert ours.index.names == theirs.index.names


def count_evaluations(monkeypatch):
    """Note the number of windows of each call of the network."""
    calls, original = [], evaluate.evaluate_in_blocks

    def counted(function, n_samples, *others):
        calls.append(n_samples)
        return original(function, n_samples, *others)

    where = "sklearn_gru.estimators.forecasting.origins.evaluate_in_blocks"
    monkeypatch.setattr(where, counted)
    return calls


@every_panel
@pytest.mark.parametrize("fh", [[1, 2, 5], [-2, 0], [4, -1, 1]], ids=str)
def test_forecasts_are_those_of_the_loop(panel, fh):
    if min(fh) < 0 and panel is PANELS["very short"]:
        fh = [2, 0]
    at_once, loop = (f.fit(panel, fh=fh) for f in pretrained(panel))
    assert_same(at_once.predict(), loop.predict())
    assert_same(at_once.predict([7]), loop.predict([7]))


@every_panel
def test_forecasts_are_those_of_single_fits(panel):
    at_once, loop = pretrained(panel)
    forecast = at_once.fit(panel).predict([1, 3]).sort_index()
    levels = list(range(panel.index.nlevels - 1))
    for name, series in panel.groupby(panel.index.droplevel(-1)):
        alone = loop.fit(series.droplevel(levels)).predict([1, 3])
        np.testing.assert_allclose(forecast.loc[name], alone, rtol=1e-9)


def test_one_pass_reads_all_series(monkeypatch):
    panel = PANELS["hierarchy"]
    at_once, _ = pretrained(panel)
    calls = count_evaluations(monkeypatch)
    at_once.fit(panel).predict([1, 2, 3])
    assert calls == [8]
    at_once.predict([-1, 0, 1])
    assert calls == [8, 8, 16]


@every_panel
@pytest.mark.parametrize("trains", [False, True])
def test_updates_are_those_of_the_loop(panel, trains):
    known, later = split(panel)
    at_once, loop = (f.fit(known, fh=[1, 4, -1]) for f in pretrained(panel))
    for forecaster in (at_once, loop):
        forecaster.update(later, update_params=trains)
    assert_same(at_once.predict(), loop.predict())
    assert at_once.cutoff[0] == loop.cutoff[0]


def test_updates_without_training_are_read_at_once(monkeypatch):
    known, later = split(PANELS["hierarchy"])
    at_once, _ = pretrained(PANELS["hierarchy"])
    at_once.fit(known)
    loops = []
    monkeypatch.setattr(
        BaseForecaster, "_vectorize", lambda self, name, **kwargs: loops.append(name)
    )
    at_once.update(later, update_params=False)
    assert loops == []
    at_once.update(later, update_params=True)
    assert loops == ["update"]


def test_updates_may_overlap_and_come_in_parts():
    panel = PANELS["days"]
    known, _ = split(panel, 20)
    at_once, in_parts, loop = (
        f.fit(known) for f in [*pretrained(panel), pretrained(panel)[1]]
    )
    in_parts = at_once.clone().fit(known)
    loop.update(panel, update_params=False)
    at_once.update(panel, update_params=False)
    times = panel.index.get_level_values("time")
    for stop in INDEXES["days"][41:61]:
        part = panel[(times < stop) & (times >= stop - pd.Timedelta("1D"))]
        in_parts.update(part, update_params=False)
    expected = loop.predict([1, 2, -20])
    assert_same(at_once.predict([1, 2, -20]), expected)
    assert_same(in_parts.predict([1, 2, -20]), expected)
    at_once.update(known, update_params=False)  # nothing of it is new
    assert_same(at_once.predict([1, 2, -20]), expected)


def test_series_are_known_by_name_in_updates():
    panel = PANELS["days"]
    known, later = split(panel)
    at_once, loop = (f.fit(known) for f in pretrained(panel))
    loop.update(later, update_params=False)
    at_once.update(later.loc[["s3", "s1", "s0", "s2"]], update_params=False)
    forecast = at_once.predict([1, 2])
    assert forecast.index.unique(0).tolist() == ["s3", "s1", "s0", "s2"]
    assert_same(forecast.sort_index(), loop.predict([1, 2]))


def test_an_update_of_some_series_is_refused_as_by_sktime():
    panel = PANELS["days"]
    known, later = split(panel)
    at_once, _ = pretrained(panel)
    with pytest.raises(ValueError, match="same shape"):
        at_once.fit(known).update(later.loc[["s0", "s1"]], update_params=False)


def test_a_gap_of_one_series_is_its_own():
    panel = PANELS["days"]
    known, later = split(panel)
    gap = later.index.get_loc("s1").start
    later = later.drop(later.index[gap : gap + 3])
    at_once, loop = (f.fit(known) for f in pretrained(panel))
    for forecaster in (at_once, loop):
        forecaster.update(later, update_params=False)
    assert_same(at_once.predict([1, 2]), loop.predict([1, 2]))
    assert len(at_once.forecasters_.loc["s1"].iloc[0].forecaster_.history.last) == 5


def test_holes_are_an_error_that_names_the_series():
    panel = PANELS["days"]
    at_once, _ = pretrained(panel)
    hole = panel.drop(panel.index[panel.index.get_loc("s2")][20:23])
    with pytest.raises(ValueError, match=r"series 's2' has a hole"):
        at_once.fit(hole)
    with pytest.raises(ValueError, match=r"40 rows behind .*only 3 .*'s1' are known"):
        at_once.fit(PANELS["very short"]).predict([1, -40])


def test_training_after_it_makes_networks_of_their_own():
    known, later = split(PANELS["days"])
    at_once, loop = (f.fit(known) for f in pretrained(PANELS["days"]))
    shared = at_once.forecasters_.iloc[0, 0].forecaster_.net_
    assert shared is at_once.pretrained_.net_
    for forecaster in (at_once, loop):
        forecaster.update(later[: len(later) // 2 * 2])
        forecaster.update(PANELS["days"], update_params=False)
    nets = {id(f.forecaster_.net_) for f in at_once.forecasters_["forecasters"]}
    assert len(nets) == 4
    assert id(shared) not in nets
    assert_same(at_once.predict([1]), loop.predict([1]))


@pytest.mark.parametrize("name", ["days", "ends", "hierarchy"])
@pytest.mark.filterwarnings("ignore:.*calibration errors are too few:UserWarning")
def test_intervals_are_those_of_the_loop(name):
    panel = PANELS[name]
    known, later = split(panel)
    at_once, loop = (f.fit(known, fh=[1, 2]) for f in pretrained(panel))
    kinds = {
        "predict_interval": {"coverage": [0.5, 0.8]},
        "predict_quantiles": {"alpha": [0.3, 0.9]},
    }
    for asked, arguments in kinds.items():
        ours, theirs = (getattr(f, asked)(**arguments) for f in (at_once, loop))
        assert_same(ours, theirs)
    for forecaster in (at_once, loop):
        forecaster.update(later, update_params=False)
    assert_same(at_once.predict_interval([3]), loop.predict_interval([3]))
    assert_same(at_once.predict([3]), loop.predict([3]))


# Exogenous columns


@pytest.mark.filterwarnings("ignore:.*calibration errors are too few:UserWarning")
def test_intervals_have_the_names_of_columns_that_came_in_another_order():
    known, later = split(PANELS["columns"])
    for forecaster in pretrained(PANELS["columns"]):
        forecaster.fit(known, fh=[1]).update(later[["b", "a"]], update_params=False)
        forecast, bounds = forecaster.predict(), forecaster.predict_interval()
        for column in "ab":
            lower, upper = bounds[column].to_numpy().T
            assert (lower <= forecast[column]).all()
            assert (forecast[column] <= upper).all()


def make_known(index, n_ahead=8):
    """Two exogenous columns beside a panel, and of some steps after it."""
    later = {
        name: pd.period_range(series.index[-1][-1] + 1, periods=n_ahead, freq="M")
        for name, series in pd.Series(0, index).groupby(level=0)
    }
    later = [(name, time) for name, times in later.items() for time in times]
    index = index.append(pd.MultiIndex.from_tuples(later)).sort_values()
    values = np.random.default_rng(1).normal(size=(len(index), 2))
    return pd.DataFrame(values, index, ["p", "q"])


@pytest.mark.parametrize("name", ["months", "lengths", "ends of months", "columns"])
def test_exogenous_columns_are_those_of_each_series(name):
    panel = PANELS[name]
    X = make_known(panel.index)
    known, later = split(panel)
    at_once, loop = (f.fit(known, X.loc[known.index]) for f in pretrained(panel, X))
    assert_same(at_once.predict([1, 5], X), loop.predict([1, 5], X))
    for forecaster in (at_once, loop):
        forecaster.update(later, X, update_params=False)
    fh = [2, -3, 4]  # the rows of steps 1 and 3 are not needed
    expected = loop.predict(fh, X)
    assert_same(at_once.predict(fh, X), expected)
    assert_same(at_once.predict(fh, X[["q", "p"]].iloc[::-1].sort_index()), expected)
    assert not np.allclose(at_once.predict(fh, X + 1), expected)


def test_exogenous_rows_that_miss_are_an_error():
    panel = PANELS["months"]
    X = make_known(panel.index)
    at_once, _ = pretrained(panel, X)
    at_once.fit(panel, X.loc[panel.index])
    with pytest.raises(ValueError, match=r"each of the 4 series .* misses 1 .* 's2'"):
        at_once.predict([1], X.drop("s2"))
    with pytest.raises(ValueError, match=r"misses 1 of 2, first 2015-01"):
        at_once.predict([1, 2], X.drop(index=[("s1", pd.Period("2015-01", "M"))]))
    with pytest.raises(ValueError, match="used without it"):
        at_once.predict([1])
    with pytest.raises(ValueError, match=r"X 0, .* pretrained with 1 and 2"):
        at_once.fit(panel)
    forecast = at_once.fit(panel, X.loc[panel.index]).predict([1, 2], X)
    other = X.rename(index={"s0": "another"}, level=0)
    with pytest.raises(ValueError, match="misses 1 of them, first 's0'"):
        at_once.predict([1, 2], other)
    more = pd.concat([X, other.loc[["another"]]])
    assert_same(at_once.predict([1, 2], more), forecast)


# Horizons, formats and copies


@pytest.mark.parametrize("name", ["days", "months", "numbers", "ends", "month starts"])
def test_dates_are_horizons(name):
    panel = PANELS[name]
    at_once, loop = (f.fit(panel) for f in pretrained(panel))
    last = panel.index.get_level_values(-1).max()
    times = INDEXES["days" if name == "ends" else name]
    fh = times[times > last][:5] if name != "ends" else times[times <= last][-5:]
    assert_same(at_once.predict(fh), loop.predict(fh))


@pytest.mark.parametrize("n_instances", [1, 3])
def test_arrays_are_panels(n_instances):
    cube = np.random.default_rng(0).normal(size=(n_instances, 2, 30)).cumsum(axis=2)
    at_once = GRUForecaster(**QUICK).pretrain(cube)
    loop = OneByOne(**QUICK).pretrain(cube)
    loop.pretrained_ = at_once.pretrained_
    forecast = at_once.fit(cube, fh=[1, 2]).predict()
    assert forecast.shape == (n_instances, 2, 2)
    np.testing.assert_allclose(forecast, loop.fit(cube, fh=[1, 2]).predict())


def test_columns_come_in_any_order():
    panel = PANELS["columns"]
    at_once, _ = pretrained(panel)
    forecast = at_once.fit(panel).predict([1, 2])
    turned = at_once.fit(panel[["b", "a"]]).predict([1, 2])
    assert_same(turned, forecast[["b", "a"]])


def test_fitting_again_forgets_the_panel():
    panel = PANELS["days"]
    at_once, loop = pretrained(panel)
    at_once.fit(PANELS["hierarchy"]).predict([1])
    assert_same(at_once.fit(panel).predict([1]), loop.fit(panel).predict([1]))
    series = panel.loc["s1"]
    pd.testing.assert_frame_equal(
        at_once.fit(series).predict([1]), loop.fit(series).predict([1])
    )


def test_copies_are_forecasters_of_their_own():
    known, later = split(PANELS["days"])
    at_once, loop = (f.fit(known, fh=[1, 2]) for f in pretrained(PANELS["days"]))
    expected = loop.predict()
    for duplicate in (copy.deepcopy(at_once), pickle.loads(pickle.dumps(at_once))):
        assert_same(duplicate.predict(), expected)
        duplicate.update(later, update_params=False)
        assert_same(at_once.predict(), expected)


def test_fitted_parameters_are_those_of_the_loop():
    at_once, loop = (f.fit(PANELS["columns"]) for f in pretrained(PANELS["columns"]))
    assert set(at_once.get_fitted_params()) == set(loop.get_fitted_params())
    assert at_once.forecasters_.index.equals(loop.forecasters_.index)
    assert set(vars(at_once)) == set(vars(loop))
    ours, theirs = (f.forecasters_.iloc[1, 0] for f in (at_once, loop))
    assert set(vars(ours)) == set(vars(theirs))


def test_predicting_changes_no_series():
    panel = PANELS["ends"]
    at_once, _ = pretrained(panel)
    at_once.fit(panel)
    singles = at_once.forecasters_["forecasters"]
    before = [dict(vars(single)) for single in singles]
    at_once.predict([1, 2, 0])
    for single, content in zip(singles, before, strict=True):
        assert list(vars(single)) == list(content)
        assert all(vars(single)[name] is content[name] for name in content)
