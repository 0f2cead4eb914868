import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets import QUANTILES, ForecastNet

N_SERIES, WINDOW, HORIZON, SEGMENT, SEASON = 3, 8, 5, 4, 3
CENTERS = [None, "last", "mean", "season"]
every_center = pytest.mark.parametrize("center", CENTERS)
every_segment = pytest.mark.parametrize("segment_length", [1, SEGMENT, WINDOW])
both_scales = pytest.mark.parametrize("scale", ["series", "window"])
both_channels = pytest.mark.parametrize("independent", [False, True])


def make_net(n_targets=N_SERIES, **choices):
    net = ForecastNet(
        N_SERIES,
        n_targets,
        (6, 4),
        **{
            "window_length": WINDOW,
            "horizon": HORIZON,
            "center": None,
            "season_length": SEASON,
            "seed": 0,
            "dtype": torch.float64,
            **choices,
        },
    )
    # As if measured and trained, so that forgetting or exchanging anything shows.
    net.input_scale.copy_(torch.tensor([0.5, 2.0, 3.0]))
    net.output_scale.copy_(torch.linspace(0.25, 4.0, n_targets))
    fill_in(net)
    return net.eval()


@torch.no_grad()
def fill_in(net):
    """Fill in what begins at zero: heads and the linear path."""
    generator = torch.Generator().manual_seed(1)
    for weight in net.head.parameters():
        weight.normal_(generator=generator)
    if net.linear_path is not None:
        net.linear_path.solved.normal_(generator=generator)
        net.linear_path.moved.normal_(generator=generator)


def make_windows(n_windows=4):
    rng = np.random.default_rng(0)
    return rng.normal([10, 0, -10], size=(n_windows, WINDOW, N_SERIES))


def plain_base(window, center):
    """Return a window's level, and the naive forecast (HORIZON, N_SERIES)."""
    if center is None:
        return 0 * window[-1], np.zeros((HORIZON, N_SERIES))
    if center == "season":
        latest = window[-SEASON:]
        rows = [latest[step % SEASON] for step in range(HORIZON)]
        return latest.mean(axis=0), np.array(rows)
    level = {"last": window[-1], "mean": window.mean(axis=0)}[center]
    return level, np.array([level] * HORIZON)


def plain_inputs(net, window):
    """Return what the network reads of a window, and the unit of its forecasts."""
    x = window - plain_base(window, net.center)[0]
    unit = net.output_scale.numpy()
    if net.center is None:
        return x, unit
    if net.scale == "series":
        return x / net.input_scale.numpy(), unit
    size = np.abs(x).mean(axis=0)
    return x / size, size * unit


def members_of(part):
    """Return the networks of `recurrent` or `head`, one or several."""
    return list(getattr(part, "members", [part]))


def plain_hidden(net, columns, member=0):
    """Run columns (WINDOW, k) of a window, segment by segment."""
    length = net.segment_length
    segments = [
        np.concatenate([columns[row] for row in range(start, start + length)])
        for start in range(0, WINDOW, length)
    ]
    recurrent = members_of(net.recurrent)[member]
    return recurrent(torch.from_numpy(np.array(segments))[None])[0, -1]


def plain_block(net, x, member):
    """Return outputs (HORIZON, channels, n_quantiles) of one network."""
    flat = members_of(net.head)[member](plain_hidden(net, x, member)).numpy()
    rows = np.array(np.split(flat, HORIZON))  # one row of targets after another
    return np.array([np.split(row, len(row) // net.n_quantiles) for row in rows])


def plain_quantiles(outputs):
    """Walk from the median, up and down, by steps that are never negative."""
    middle = len(outputs) // 2
    steps = np.log1p(np.exp(outputs))
    quantiles = list(outputs)
    for place in range(middle + 1, len(outputs)):
        quantiles[place] = quantiles[place - 1] + steps[place]
    for place in range(middle - 1, -1, -1):
        quantiles[place] = quantiles[place + 1] - steps[place]
    return quantiles


def plain_linear(path, x, member):
    """Return what the linear path adds to a network, (HORIZON, N_SERIES)."""
    added = np.zeros((HORIZON, N_SERIES))
    for column in range(N_SERIES):
        number = min(column, len(path.solved) - 1)
        for step in range(HORIZON):
            for row in range(WINDOW):
                weight = path.solved[number, row, step]
                moved = path.moved[member, number, row, step]
                weight = weight + 0.3 * moved
                added[step, column] += float(weight) * x[row, column]
    return added


@torch.no_grad()
def plain_member(net, x, member):
    """Forecast (HORIZON, n_targets, n_quantiles) by one network, in spreads."""
    if net.independent:
        columns = [plain_block(net, x[:, [c]], member) for c in range(N_SERIES)]
        block = np.concatenate(columns, axis=1)
    else:
        block = plain_block(net, x, member)
    if net.n_quantiles > 1:
        block = np.apply_along_axis(plain_quantiles, 2, block)
    if net.linear_path is not None:
        block = block + plain_linear(net.linear_path, x, member)[..., None]
    return block


@torch.no_grad()
def plain_forecast(net, window):
    """Forecast (HORIZON, n_targets) of one window (WINDOW, N_SERIES)."""
    x, unit = plain_inputs(net, window)
    n_members = len(members_of(net.recurrent))
    blocks = [plain_member(net, x, member) for member in range(n_members)]
    block = np.median(blocks, axis=0) * unit[:, None]
    if net.center is not None:
        block = block + plain_base(window, net.center)[1][..., None]
    return block if net.n_quantiles > 1 else block[..., 0]


def assert_forecasts_window_by_window(net):
    windows = make_windows()
    expected = np.array([plain_forecast(net, window) for window in windows])
    forecast = net(torch.from_numpy(windows)).detach()
    assert forecast.shape == expected.shape
    assert_allclose(forecast, expected, rtol=1e-11, atol=1e-11)


@every_center
@every_segment
@both_channels
def test_forecasts_as_window_by_window(center, segment_length, independent):
    assert_forecasts_window_by_window(
        make_net(center=center, segment_length=segment_length, independent=independent)
    )


@every_center
@both_scales
@both_channels
def test_the_linear_path_adds_to_the_network(center, scale, independent):
    assert_forecasts_window_by_window(
        make_net(center=center, scale=scale, independent=independent, linear_path=True)
    )


@both_scales
@both_channels
@pytest.mark.parametrize("n_estimators", [2, 3])
@pytest.mark.parametrize("quantiles", [False, True])
def test_several_networks_forecast_their_median(
    scale, independent, n_estimators, quantiles
):
    assert_forecasts_window_by_window(
        make_net(
            center="season",
            scale=scale,
            independent=independent,
            n_estimators=n_estimators,
            quantiles=quantiles,
            linear_path=True,
            segment_length=SEGMENT,
        )
    )


@every_center
@both_channels
def test_forecasts_quantiles_in_order(center, independent):
    net = make_net(center=center, independent=independent, quantiles=True)
    assert_forecasts_window_by_window(net)
    windows = torch.from_numpy(make_windows())
    forecast = net(windows).detach()
    assert forecast.shape == (4, HORIZON, N_SERIES, len(QUANTILES))
    assert (forecast.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_forecasts_other_targets_than_its_columns(n_estimators):
    net = make_net(n_targets=2, n_estimators=n_estimators)
    assert net(torch.from_numpy(make_windows())).shape == (4, HORIZON, 2)
    assert_forecasts_window_by_window(net)


@both_scales
@pytest.mark.parametrize("center", CENTERS[1:])
def test_a_new_network_forecasts_naively(center, scale):
    net = ForecastNet(
        N_SERIES,
        N_SERIES,
        (6,),
        window_length=WINDOW,
        horizon=HORIZON,
        center=center,
        scale=scale,
        season_length=SEASON,
        linear_path=True,
        n_estimators=2,
        seed=0,
        dtype=torch.float64,
    ).eval()
    windows = make_windows()
    expected = [plain_base(window, center)[1] for window in windows]
    assert_allclose(net(torch.from_numpy(windows)).detach(), expected, rtol=1e-15)


@pytest.mark.parametrize("quantiles", [False, True])
@both_channels
def test_in_training_the_networks_stay_apart(quantiles, independent):
    net = make_net(
        center="last",
        n_estimators=3,
        quantiles=quantiles,
        independent=independent,
        linear_path=True,
    )
    windows = make_windows()
    apart = net.train()(torch.from_numpy(windows)).detach()
    assert apart.shape[:4] == (4, 3, HORIZON, N_SERIES)
    for window, forecasts in zip(windows, apart, strict=True):
        x, unit = plain_inputs(net, window)
        base = plain_base(window, "last")[1]
        for member, forecast in enumerate(forecasts):
            expected = plain_member(net, x, member) * unit[:, None] + base[..., None]
            expected = expected if quantiles else expected[..., 0]
            assert_allclose(forecast, expected, rtol=1e-11, atol=1e-11)


@every_center
@both_scales
@both_channels
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_features_are_the_last_hidden_states(center, scale, independent, n_estimators):
    net = make_net(
        center=center,
        scale=scale,
        independent=independent,
        n_estimators=n_estimators,
        segment_length=SEGMENT,
    )
    windows = make_windows()
    expected = []
    for window in windows:
        x, _ = plain_inputs(net, window)
        parts = [x[:, [c]] for c in range(N_SERIES)] if independent else [x]
        states = [
            plain_hidden(net, part, member)
            for part in parts
            for member in range(n_estimators)
        ]
        expected.append(torch.cat(states))
    features = net.features(torch.from_numpy(windows)).detach()
    assert_allclose(features, torch.stack(expected).detach(), rtol=1e-12, atol=1e-12)


def test_passes_choices_on_to_the_recurrent_layers():
    for n_estimators in (1, 2):
        net = make_net(
            cell="lstm", dropout=0.3, activation="relu", n_estimators=n_estimators
        )
        for recurrent in members_of(net.recurrent):
            assert recurrent.dropout.probability == 0.3
            assert not recurrent.layers[0][0].is_pytorchs
            assert recurrent.layers[0][0].GATES == ("input", "forget", "output")


@pytest.mark.parametrize("n_estimators", [1, 3])
@pytest.mark.parametrize("quantiles", [False, True])
@both_channels
def test_losses_count_in_the_spreads_of_windows(n_estimators, quantiles, independent):
    net = make_net(
        center="last",
        scale="window",
        n_estimators=n_estimators,
        quantiles=quantiles,
        independent=independent,
    ).train()
    windows = make_windows()
    inputs = torch.from_numpy(windows)
    target = torch.from_numpy(np.random.default_rng(2).normal(size=(4, HORIZON, 3)))
    target[0, 2, 1] = 1e6  # which counts as 30 spreads
    prediction = net(inputs).detach()
    scaled, scaled_target = net.in_spreads(prediction, target, inputs)
    for number, window in enumerate(windows):
        size, base = np.abs(window - window[-1]).mean(axis=0), window[-1]
        expected = (target[number].numpy() - base) / size
        assert_allclose(scaled_target[number], expected.clip(-30, 30), rtol=1e-12)
        if quantiles:
            size, base = size[:, None], base[:, None]
        expected = (prediction[number].numpy() - base) / size
        assert_allclose(scaled[number], expected, rtol=1e-9)


@pytest.mark.parametrize(
    "choices", [{"center": "last"}, {"center": None, "scale": "window"}]
)
def test_without_spreads_of_windows_losses_count_as_they_are(choices):
    net = make_net(**choices)
    windows, target = torch.from_numpy(make_windows()), torch.ones(4, HORIZON, 3)
    prediction = net(windows)
    assert net.in_spreads(prediction, target, windows) == (prediction, target)


@both_scales
def test_columns_that_are_held_still_have_no_loss(scale):
    net = make_net(center="last", scale=scale, linear_path=True)
    net.hold_still(torch.tensor([False, True, False]))
    windows = torch.from_numpy(make_windows())
    windows[:, :, 1] = 7.0
    target = torch.full((4, HORIZON, N_SERIES), 7.0, dtype=torch.float64)
    forecast = net(windows)
    assert_array_equal(forecast[:, :, 1].detach(), target[:, :, 1])
    forecast, target = net.in_spreads(forecast, target, windows)
    loss = (forecast - target).square()
    assert (loss[:, :, 1] == 0).all()
    loss.mean().backward()
    for weight in net.parameters():
        assert weight.grad is None or weight.grad.isfinite().all()


def make_walks(kind):
    """Windows, and blocks that are forecast best from the `kind` of level."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, WINDOW + HORIZON, N_SERIES))
    shift = 20 * rng.normal(size=(200, 1, N_SERIES))
    pattern = 5 * rng.normal(size=(200, SEASON, N_SERIES))
    rows = {
        None: noise + 3,
        "mean": noise + shift,
        "last": noise.cumsum(axis=1) + shift,
        "season": np.tile(pattern, (1, 5, 1))[:, : WINDOW + HORIZON] + shift,
    }[kind]
    return torch.from_numpy(rows[:, :WINDOW]), torch.from_numpy(rows[:, WINDOW:])


@every_center
def test_auto_takes_the_center_around_which_targets_vary_least(center):
    season_length = SEASON if center == "season" else 1
    net = make_net(center="auto", season_length=season_length)
    net.fit_scales(*make_walks(center))
    assert net.center == center


@pytest.mark.parametrize("asked", CENTERS)
def test_a_center_asked_for_is_kept(asked):
    net = make_net(center=asked)
    net.fit_scales(*make_walks("last"))
    assert net.center == asked


def root_mean_square(parts):
    """Return that of each column of a list of arrays (n_rows, N_SERIES)."""
    squares = [(part**2).mean(axis=0) for part in parts]
    return np.sqrt(np.mean(squares, axis=0))


@pytest.mark.parametrize("center", CENTERS[1:])
@both_scales
@both_channels
def test_scales_are_the_spread_around_the_level(center, scale, independent):
    windows, blocks = make_walks("last")
    windows[:, :, 1], blocks[:, :, 1] = 5 * windows[:, :, 1], 5 * blocks[:, :, 1]
    net = make_net(center=center, scale=scale, independent=independent)
    net.fit_scales(windows, blocks)
    levels, bases = zip(
        *[plain_base(window, center) for window in windows.numpy()], strict=True
    )
    around = [w - level for w, level in zip(windows.numpy(), levels, strict=True)]
    missing = [b - base for b, base in zip(blocks.numpy(), bases, strict=True)]
    assert_allclose(net.input_scale, root_mean_square(around), rtol=1e-12)
    expected = root_mean_square(missing)
    if scale == "window":
        sizes = [np.abs(x).mean(axis=0, keepdims=True) for x in around]
        expected = expected / root_mean_square(sizes)
    assert_allclose(net.output_scale, expected, rtol=1e-12)


@both_scales
@both_channels
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_quantiles_begin_with_those_of_what_is_missing(
    scale, independent, n_estimators
):
    windows, blocks = make_walks("last")
    net = make_net(
        center="last",
        scale=scale,
        independent=independent,
        n_estimators=n_estimators,
        quantiles=True,
    )
    with torch.no_grad():
        for head in net.head.members:
            head.weight.zero_()
    net.fit_scales(windows, blocks)
    forecast = net(windows).detach().numpy()
    units = [plain_inputs(net, window)[1] for window in windows.numpy()]
    bases = [plain_base(window, "last")[1] for window in windows.numpy()]
    missing = (blocks.numpy() - bases) / np.array(units)[:, None]
    if independent:  # all columns share a network
        missing = missing.transpose(0, 2, 1).reshape(-1, HORIZON, 1)
    expected = np.quantile(missing, QUANTILES, axis=0)  # (n_quantiles, HORIZON, ...)
    for number in range(len(windows)):
        spread = units[number][:, None]
        steps = (forecast[number] - bases[number][..., None]) / spread
        expected_steps = np.broadcast_to(np.moveaxis(expected, 0, -1), steps.shape)
        assert_allclose(steps, expected_steps, rtol=1e-9, atol=1e-9)


def test_columns_without_spread_keep_their_unit():
    net = make_net(center="last")
    windows, blocks = make_walks("last")
    windows[:, :, 1] = blocks[:, :, 1] = 7.0
    net.fit_scales(windows, blocks)
    assert net.input_scale[1] == net.output_scale[1] == 1
    assert (net.input_scale[[0, 2]] != 1).all()


def test_without_a_center_the_standardised_data_need_no_scales():
    net = make_net(center=None)
    before = net.input_scale.clone(), net.output_scale.clone()
    net.fit_scales(*make_walks("mean"))
    assert_array_equal(net.input_scale, before[0])
    assert_array_equal(net.output_scale, before[1])


def test_a_flat_window_counts_a_small_part_of_the_usual_spread():
    """Else its forecast would be a division by zero, or nothing but noise."""
    net = make_net(center="last", scale="window", linear_path=True)
    flat = torch.full((1, WINDOW, N_SERIES), 7.0, dtype=torch.float64)
    forecast = net(flat).detach()
    usual = (net.input_scale * net.output_scale).numpy()
    x = np.zeros((WINDOW, N_SERIES))
    expected = 7 + 1e-3 * usual * plain_member(net, x, 0)[..., 0]
    assert_allclose(forecast[0], expected, rtol=1e-12)


@both_scales
@both_channels
def test_fit_scales_solves_the_linear_path(scale, independent):
    """Rows that are a linear map of their window are forecast without training."""
    rows = np.zeros((2000, N_SERIES))
    rng = np.random.default_rng(0)
    for row in range(3, len(rows)):
        rows[row] = 1.6 * rows[row - 1] - 1.2 * rows[row - 2] + 0.6 * rows[row - 3]
        rows[row] += rng.normal(size=N_SERIES)
    cut = torch.from_numpy(rows).unfold(0, WINDOW + HORIZON, 1).transpose(1, 2)
    windows, blocks = cut[:, :WINDOW], cut[:, WINDOW:]
    net = make_net(
        center="last", scale=scale, independent=independent, linear_path=True
    )
    with torch.no_grad():
        for weight in [*net.head.parameters(), *net.linear_path.parameters()]:
            weight.zero_()
    net.fit_scales(windows, blocks)
    first = net(windows)[:, 0].detach()
    known = 1.6 * windows[:, -1] - 1.2 * windows[:, -2] + 0.6 * windows[:, -3]
    error = (first - known).square().mean().sqrt()
    naive = (windows[:, -1] - known).square().mean().sqrt()
    assert error < 0.3 * naive
