"""GRUForecaster(missing="mask") behind scikit-learn's interface."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from skorch.callbacks import EpochScoring

from sklearn_gru import GRUForecaster

NAN = np.nan
QUICK = {"window_length": 10, "units": 4, "max_epochs": 2, "random_state": 0}
MASK = {**QUICK, "missing": "mask"}
# Training that moves no weight: what comes out depends on the rows alone.
STILL = {**MASK, "weights": None, "optimizer": "sgd", "lr": 1e-300}
INDEX = pd.date_range("2024-01-01", periods=200)


def made_series(n_columns=2, share=0.1, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(200)[:, None]
    values = 20 + 5 * np.sin(t / 4 + np.arange(n_columns))
    values = values + 0.3 * rng.normal(size=values.shape)
    values[rng.random(values.shape) < share] = NAN
    return values


SERIES = made_series()
FULL = made_series(share=0.0)


def weights(model):
    module = model.net_.module_
    return torch.cat([p.detach().ravel() for p in module.parameters()]).clone()


def assert_finite(*results):
    for result in results:
        assert np.isfinite(result).all()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"horizon": 4},
        {"horizon": 3, "loss": "quantile"},
        {"n_estimators": 2},
        {"channels": "independent"},
        {"center": None},
        {"center": "mean", "scale": "series"},
        {"season_length": 5, "segment_length": 5},
        {"target_transform": "log"},
        {"standardize": False},
        {"early_stopping": True, "dtype": "float64"},
        {"linear_path": False, "cell": "lstm", "stride": 3},
        {"batch_size": 1},
    ],
    ids=str,
)
def test_nothing_that_comes_out_is_nan(changes):
    model = GRUForecaster(**{**MASK, **changes}).fit(SERIES[:150])
    assert_finite(
        model.loss_curve_,
        model.forecast(7),
        model.predict(SERIES[150:]),
        model.predict(SERIES[:150]),
        model.predict(SERIES, steps=7),
        model.predict(SERIES[100:], context="apply"),
        model.rolling_forecast(SERIES[150:], 5),
        model.engine_.states(np.arange(50), SERIES[150:]),
        model.score(SERIES[150:]),
    )
    model.partial_fit(SERIES[150:])
    assert_finite(model.forecast(7), model.loss_curve_)


def test_nothing_is_written_to_what_is_given():
    late = SERIES.copy()
    late[:3] = NAN
    given = late.copy()
    model = GRUForecaster(**MASK).fit(given[:150], given[:150])
    model.partial_fit(given[150:]).predict(given)
    assert_array_equal(given, late)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_targets_of_their_own_may_be_missing(n_targets):
    y = np.random.default_rng(1).normal(size=(200, n_targets)).cumsum(axis=0)
    y[3::7] = NAN
    model = GRUForecaster(**MASK, horizon=3).fit(SERIES[:150], y[:150])
    assert model.engine_.relation.affine is None
    assert_finite(model.predict(SERIES[150:]), model.forecast(3))
    model.partial_fit(SERIES[150:], y[150:])
    assert_finite(model.forecast(3), model.score(SERIES[150:], y[150:]))


# What is learned


def test_without_nan_only_the_mask_is_new():
    plain, masked = (
        GRUForecaster(**{**QUICK, "missing": missing}).fit(FULL[:150])
        for missing in ("error", "mask")
    )
    theirs = plain.net_.module_.recurrent.layers[0][0].weight_ih_l0
    ours = masked.net_.module_.recurrent.layers[0][0].weight_ih_l0
    assert ours.shape[1] == 2 * theirs.shape[1]
    assert plain.engine_.choices == masked.engine_.choices
    for name in ("input_scale", "output_scale"):
        of_both = (getattr(m.net_.module_, name) for m in (plain, masked))
        assert torch.equal(*of_both)
    path = plain.net_.module_.linear_path.solved
    assert torch.equal(masked.net_.module_.linear_path.solved, path)


def test_the_first_loss_is_the_mean_over_known_targets():
    model = GRUForecaster(**{**STILL, "max_epochs": 1, "scale": "series"}, horizon=3)
    model.fit(SERIES)
    net = model.net_.module_
    z = model.engine_.relation.x_scaler.transform(SERIES)
    total, n = 0.0, 0
    for start in range(len(z) - 10 - 3 + 1):
        window, block = z[start : start + 10], z[start + 10 : start + 13]
        with torch.no_grad():
            ahead = net(torch.from_numpy(window)[None].float())[0].numpy()
        errors = (ahead - block)[~np.isnan(block)]
        total, n = total + (errors**2).sum(), n + len(errors)
    assert_allclose(model.loss_curve_[0], total / n, rtol=1e-5)


def test_a_missing_target_teaches_as_much_as_a_window_left_out():
    """Row 60 is NaN in y alone: the window that forecasts it is no sample."""
    y = FULL.copy()
    y[60] = NAN
    settings = {**MASK, "batch_size": 1000, "max_epochs": 1, "dtype": "float64"}
    settings |= {"optimizer": "sgd", "lr_schedule": "constant", "linear_path": False}
    model = GRUForecaster(**settings, lr=0.1).fit(FULL, y)
    assert model.engine_.relation.affine is not None
    start = GRUForecaster(**settings, lr=1e-300).fit(FULL, y).net_.module_
    z = torch.from_numpy(model.engine_.relation.x_scaler.transform(FULL))
    starts = [row for row in range(190) if row + 10 != 60]
    windows = torch.stack([z[row : row + 10] for row in starts])
    blocks = torch.stack([z[row + 10 : row + 11] for row in starts])
    start.zero_grad()
    ahead, truth = start.in_spreads(start(windows), blocks, windows)
    ((ahead - truth) ** 2).mean().backward()
    expected = [(p - 0.1 * p.grad).detach().ravel() for p in start.parameters()]
    assert_allclose(weights(model), torch.cat(expected), rtol=1e-9, atol=1e-12)


def test_a_row_of_nothing_but_nan_is_no_target():
    model = GRUForecaster(**MASK).fit(SERIES[:150])
    before, n_epochs = weights(model), model.n_iter_
    model.partial_fit(np.full((1, 2), NAN))
    assert torch.equal(weights(model), before)
    assert model.n_iter_ == n_epochs
    assert model.engine_.history.n_rows == 151
    model.partial_fit(FULL[151:152])
    assert not torch.equal(weights(model), before)


def test_one_row_at_a_time():
    model, whole = (GRUForecaster(**STILL).fit(SERIES[:150]) for _ in range(2))
    for row in SERIES[150:170]:
        model.partial_fit(row[None])
    whole.partial_fit(SERIES[150:170])
    assert_allclose(model.forecast(5), whole.forecast(5), rtol=1e-9)
    assert_array_equal(
        model.engine_.history.last.values[-20:], SERIES[150:170], strict=True
    )


def test_early_stopping_watches_known_targets_only():
    late = SERIES.copy()
    late[181::2] = NAN
    model = GRUForecaster(**{**STILL, "max_epochs": 1, "scale": "series"})
    model.set_params(early_stopping=True, validation_fraction=0.1).fit(late)
    truth, ahead = late[181:], model.predict(late)[181:]
    errors = (truth - ahead) / model.engine_.relation.x_scaler.scale
    assert_allclose(
        model.net_.history[-1]["valid_loss"], np.nanmean(errors**2), rtol=1e-4
    )


def test_a_column_that_varies_no_more_than_its_holes_is_constant():
    series = SERIES.copy()
    series[:, 1] = np.where(np.isnan(series[:, 1]), NAN, 3.0)
    model = GRUForecaster(**MASK).fit(series[:150])
    assert_allclose(model.forecast(4)[:, 1], 3.0)
    model.partial_fit(series[150:] + [0, 0.1] * np.arange(50)[:, None])
    assert not model.net_.module_.holds_still


# No leak


def test_a_forecast_depends_on_no_later_row():
    model = GRUForecaster(**MASK).fit(SERIES[:150])
    rows = SERIES[150:].copy()
    rows[18:22] = NAN
    forecast = model.predict(rows)
    for origin in (0, 5, 19, 21, 30):
        changed = rows.copy()
        changed[origin:] = 1e3 * FULL[150 + origin :]
        assert_array_equal(model.predict(changed)[: origin + 1], forecast[: origin + 1])
        ahead = model.predict(rows[:origin], steps=1) if origin else model.forecast(1)
        assert_allclose(ahead[0], forecast[origin], rtol=1e-9)


def test_a_window_is_filled_from_its_own_rows():
    model = GRUForecaster(**MASK, weights=None).fit(SERIES[:150])
    rows = FULL[150:].copy()
    rows[4:6] = NAN  # the window's first rows
    rows[9, 0] = NAN  # in its midst
    rows[13] = NAN  # its last
    filled = rows[4:14].copy()
    filled[:2] = filled[2]
    filled[5, 0] = (filled[4, 0] + filled[6, 0]) / 2
    filled[9] = filled[8]
    net = model.net_.module_.double().eval()
    scaler = model.engine_.relation.x_scaler
    z, holed = (torch.from_numpy(scaler.transform(x)) for x in (filled, rows[4:14]))
    with torch.no_grad():
        full, base, spread = net._parts(z[None])
        hidden = net._hidden(full, holed[None], None)
        corrected = net.head(hidden)[0, 0] + net.linear_path(full)[0, 0, 0]
        expected = base[0, 0] + spread[0, 0] * corrected
    ahead = model.predict(rows[:14], steps=1)
    assert_allclose(ahead[0], scaler.inverse_transform(expected.numpy()), rtol=1e-6)


# Long gaps


@pytest.mark.parametrize("n_missing", [12, 600])
def test_behind_a_long_gap_the_last_known_value_stands_in(n_missing):
    model = GRUForecaster(**{**STILL, "center": "last"})
    model.fit(SERIES[:150])
    last = SERIES[:150][~np.isnan(SERIES[:150, 0]), 0][-1]
    gap = np.full((n_missing, 2), NAN)
    gap[:, 1] = 20.0
    assert_allclose(model.predict(gap, steps=1)[0, 0], last)  # heads are zero
    for part in np.array_split(gap, 10):
        model.partial_fit(part)
    assert_allclose(model.forecast(3)[:, 0], last)
    assert_finite(model.partial_fit(SERIES[150:]).forecast(3))


def test_before_the_first_known_value_there_is_the_mean():
    late = SERIES.copy()
    late[:40, 0] = NAN
    model = GRUForecaster(**MASK).fit(late)
    assert_finite(model.predict(late), model.predict(late, context="apply"))


@pytest.mark.parametrize("missing", ["error", "mask"])
@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinity_is_an_error(missing, bad):
    wrong = SERIES.copy() if missing == "mask" else FULL.copy()
    wrong[7, 1] = bad
    good = np.where(np.isinf(wrong), 0.0, wrong)
    for X, y, name in [(wrong, None, "X"), (good, wrong, "y")]:
        with pytest.raises(ValueError, match=f"{name} contains infinity"):
            GRUForecaster(**{**QUICK, "missing": missing}).fit(X, y)


def test_a_series_of_nothing_but_nan_is_an_error():
    nothing = np.full((100, 2), NAN)
    with pytest.raises(ValueError, match=r"nothing but NaN in columns \[0, 1\]"):
        GRUForecaster(**MASK).fit(nothing)
    nothing[:, 1] = FULL[:100, 1]
    with pytest.raises(ValueError, match=r"nothing but NaN in columns \[0\]"):
        GRUForecaster(**MASK).fit(nothing)


def test_nothing_known_behind_the_first_window_is_an_error():
    series = np.full((100, 1), NAN)
    series[:5, 0] = range(5)
    with pytest.raises(ValueError, match="behind the first window there is no known"):
        GRUForecaster(**MASK).fit(series)
    model = GRUForecaster(**MASK, warm_start=True).fit(SERIES)
    with pytest.raises(ValueError, match="behind the first window there is no known"):
        model.fit(np.full((100, 2), NAN))


# The way out


@pytest.mark.parametrize("name", ["X", "y"])
def test_the_default_names_the_way_out(name):
    X, y = (SERIES, None) if name == "X" else (FULL, SERIES)
    with pytest.raises(ValueError, match=rf'{name} contains NaN.* missing="mask"'):
        GRUForecaster(**QUICK).fit(X, y)
    model = GRUForecaster(**QUICK).fit(FULL)
    with pytest.raises(ValueError, match=r'X contains NaN.* missing="mask"'):
        model.predict(SERIES)


def test_the_default_names_the_way_out_in_a_mapped_file(tmp_path):
    SERIES.tofile(tmp_path / "series")
    mapped = np.memmap(tmp_path / "series", np.float64, "r", shape=SERIES.shape)
    with pytest.raises(ValueError, match=r'first at row .*missing="mask"'):
        GRUForecaster(**QUICK).fit(mapped)


def test_a_mapped_file_gives_the_results_of_an_array(tmp_path):
    SERIES.tofile(tmp_path / "series")
    mapped = np.memmap(tmp_path / "series", np.float64, "r", shape=SERIES.shape)
    expected = GRUForecaster(**MASK).fit(SERIES)
    model = GRUForecaster(**MASK).fit(mapped)
    assert_allclose(model.predict(mapped), expected.predict(SERIES), rtol=1e-5)
    model.partial_fit(mapped)


def test_the_tag_follows_the_parameter():
    for missing, allowed in [("mask", True), ("error", False)]:
        model = GRUForecaster(missing=missing)
        assert model.__sklearn_tags__().input_tags.allow_nan is allowed


@pytest.mark.parametrize("train", ["fit", "partial_fit"])
def test_training_goes_on_with_the_same_meaning_of_nan(train):
    model = GRUForecaster(**QUICK, warm_start=True).fit(FULL)
    model.set_params(missing="mask")
    with pytest.raises(ValueError, match="can't go on with missing='mask': the fitted"):
        getattr(model, train)(SERIES)
    # What is fitted decides what can be read.
    masked = GRUForecaster(**MASK).fit(SERIES)
    expected = masked.predict(SERIES)
    assert_array_equal(masked.set_params(missing="error").predict(SERIES), expected)


# Rows that are known already


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_rows_are_recognised_by_what_is_known_and_missing(share):
    series = made_series(share=share)
    model = GRUForecaster(**MASK).fit(series[:150])
    one = model.predict(series)[150:]
    assert_allclose(model.predict(series[150:]), one, rtol=1e-9)
    assert_allclose(model.predict(series[130:])[20:], one, rtol=1e-9)
    assert_allclose(model.predict(series.astype(np.float32))[150:], one, rtol=1e-4)


def test_known_rows_are_not_learned_twice():
    model = GRUForecaster(**MASK).fit(SERIES[:150])
    model.partial_fit(SERIES[130:160])
    assert model.engine_.history.n_rows == 160


def test_targets_missing_by_themselves_stay_missing_in_updates():
    y = FULL.copy()
    y[::3] = NAN
    model, expected = (GRUForecaster(**STILL) for _ in range(2))
    model.fit(FULL[:100], y[:100])
    for part in range(100, 200, 20):
        model.partial_fit(FULL[part : part + 20], y[part : part + 20])
    expected.fit(FULL, y)
    for history in (model.engine_.history, expected.engine_.history):
        assert_array_equal(history.last.targets, y[-len(history.last) :])
    assert model.predict(FULL, steps=20).shape == (20, 2)  # fed back


# Scores, searches, pipelines


def test_the_score_is_that_of_known_rows():
    model = GRUForecaster(**MASK).fit(SERIES[:150])
    late, ahead = SERIES[150:], model.predict(SERIES[150:])
    weight = np.linspace(0, 1, 50)
    for sample_weight in (None, weight):
        scores = []
        for column in range(2):
            known = ~np.isnan(late[:, column])
            of_rows = None if sample_weight is None else weight[known]
            scores.append(
                r2_score(
                    late[known, column], ahead[known, column], sample_weight=of_rows
                )
            )
        score = model.score(late, sample_weight=sample_weight)
        assert_allclose(score, np.mean(scores))


def of_known_rows(y, predicted):
    known = ~np.isnan(y).any(axis=1)
    return mean_absolute_error(y[known], predicted[known])


@pytest.mark.parametrize("scoring", [None, make_scorer(of_known_rows)])
def test_a_search_goes_over_missing_values(scoring):
    pipe = Pipeline([("scale", StandardScaler()), ("gru", GRUForecaster(**MASK))])
    search = GridSearchCV(
        pipe,
        {"gru__units": [2, 4]},
        cv=TimeSeriesSplit(3),
        scoring=scoring,
        error_score="raise",
    ).fit(SERIES, SERIES)
    assert_finite(search.cv_results_["mean_test_score"], search.predict(SERIES))


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()])
def test_behind_a_scaler_forecasts_are_in_the_units_of_y(scaler):
    settings = {**MASK, "dtype": "float64"}
    pipe = make_pipeline(scaler, GRUForecaster(**settings)).fit(SERIES, SERIES)
    plain = GRUForecaster(**settings).fit(SERIES)
    assert_allclose(pipe.predict(SERIES, steps=20), plain.forecast(20), rtol=1e-6)
    one = make_pipeline(scaler, clone(plain)).fit(SERIES, SERIES[:, 1])
    assert one.predict(SERIES, steps=20).shape == (20,)


def test_callbacks_score_known_rows():
    scoring = EpochScoring("neg_mean_absolute_error", name="mae", lower_is_better=False)
    model = GRUForecaster(**{**STILL, "max_epochs": 1}, early_stopping=True)
    model.set_params(callbacks=[scoring]).fit(SERIES)
    held_out = SERIES[-19:]
    known = ~np.isnan(held_out).any(axis=1)
    ahead = model.predict(SERIES)[-19:]
    expected = -np.abs(ahead - held_out)[known].mean()
    assert_allclose(model.net_.history[-1]["mae"], expected, rtol=1e-5)


# Intervals


@pytest.mark.parametrize("method", ["split", "adaptive"])
@pytest.mark.parametrize("steps", [None, 3])
def test_intervals_are_made_from_known_errors(method, steps):
    model = GRUForecaster(**MASK, calibration_fraction=0.5, interval_method=method)
    model.fit(SERIES[:170])
    bounds = model.predict_interval(SERIES[170:], steps, coverage=0.8)
    assert_finite(bounds)
    assert (bounds[..., 0] < bounds[..., 1]).all()
    assert_finite(model.predict_quantiles(steps=3))


def test_split_intervals_are_those_of_each_columns_known_errors():
    model = GRUForecaster(**MASK, calibration_fraction=0.5).fit(SERIES)
    bounds = model.predict_interval(steps=2, coverage=0.8)
    for step in range(2):
        ahead = model.rolling_forecast(SERIES, 2)[:, step]
        for column in range(2):
            origins = np.arange(99, 199 - step)
            errors = np.abs(SERIES[origins + 1 + step, column] - ahead[origins, column])
            errors = np.sort(errors[~np.isnan(errors)])
            radius = errors[int(np.ceil((len(errors) + 1) * 0.8)) - 1]
            width = bounds[step, column, 1] - bounds[step, column, 0]
            assert_allclose(width, 2 * radius, rtol=1e-6)


# Columns known of the future


def shop(n_rows=150, n_future=0):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"a": SERIES[:200, 0], "known": rng.normal(size=200), "b": SERIES[:200, 1]},
        INDEX,
    )[: n_rows + n_future]
    table.iloc[n_rows:, [0, 2]] = NAN
    return table


KNOWN = {**MASK, "known_columns": ["known"]}


def test_known_columns_stand_beside_missing_values():
    model = GRUForecaster(**KNOWN).fit(shop())
    assert_finite(
        model.predict(shop()),
        model.predict(shop(150, 10), steps=10),
        model.rolling_forecast(shop(), 5),
        model.partial_fit(shop(160)).predict(shop(160, 3), steps=3),
    )


def test_known_columns_are_never_nan():
    table = shop()
    table.iloc[30, 1] = NAN
    with pytest.raises(ValueError, match=r"NaN in column 'known', row 30 .* fill it"):
        GRUForecaster(**KNOWN).fit(table)
    with pytest.raises(ValueError, match="NaN in column 'known'"):
        GRUForecaster(**KNOWN).fit(shop()).predict(table)


def test_the_default_names_the_way_out_beside_known_columns():
    with pytest.raises(ValueError, match=r'NaN in column .* fit with missing="mask"'):
        GRUForecaster(**{**KNOWN, "missing": "error"}).fit(shop())


def test_last_rows_may_be_missing_but_not_mistaken_for_the_future():
    table = shop()
    table.iloc[-2:, [0, 2]] = NAN
    model = GRUForecaster(**KNOWN).fit(table)
    assert model.engine_.history.n_rows == 150
    assert len(model.predict(table)) == 150
    ahead = shop(160)[150:].assign(a=NAN, b=NAN)
    assert model.predict(ahead, steps=10).shape == (10, 2)
    with pytest.raises(ValueError, match=r"ends in 12 rows .* more than steps=10"):
        model.predict(pd.concat([table, ahead]), steps=10)
