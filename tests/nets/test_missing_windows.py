"""Windows with NaN: filled from their own rows, and pointed out to the network."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets import ForecastNet
from sklearn_gru.nets.linear_path import LinearPath
from sklearn_gru.nets.missing import filled

WINDOW, N_SERIES, HORIZON = 8, 2, 3
NAN = np.nan


def holed_windows(share, n_windows=30, seed=0):
    rng = np.random.default_rng(seed)
    windows = rng.normal(size=(n_windows, WINDOW, N_SERIES))
    windows[rng.random(windows.shape) < share] = NAN
    return windows


def plainly_filled(column):
    """Fill a column (T,), row by row."""
    known = [row for row in range(len(column)) if not np.isnan(column[row])]
    result = column.copy()
    for row in range(len(column)):
        before = [k for k in known if k <= row]
        after = [k for k in known if k >= row]
        if not known:
            result[row] = 0.0
        elif not before:
            result[row] = column[after[0]]
        elif not after:
            result[row] = column[before[-1]]
        elif before[-1] != after[0]:
            left, right = before[-1], after[0]
            weight = (row - left) / (right - left)
            result[row] = (1 - weight) * column[left] + weight * column[right]
    return result


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_fills_as_a_plain_loop_over_rows(share):
    windows = holed_windows(share)
    expected = [
        np.stack([plainly_filled(column) for column in window.T], axis=1)
        for window in windows
    ]
    assert_allclose(filled(torch.from_numpy(windows)), expected, rtol=1e-12, atol=1e-12)


def test_known_rows_stay_to_the_last_bit():
    windows = torch.from_numpy(holed_windows(0.3)).float()
    known = ~windows.isnan()
    assert torch.equal(filled(windows)[known], windows[known])


def make_net(**changes):
    settings = {
        "window_length": WINDOW,
        "horizon": HORIZON,
        "center": "last",
        "seed": 0,
        "dtype": torch.float64,
        "masked": True,
        **changes,
    }
    net = ForecastNet(N_SERIES, N_SERIES, (5,), **settings)
    for weight in net.head.parameters():  # which begin at zero
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(1))
    return net.eval()


@torch.no_grad()
@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("segment_length", [1, 4])
@pytest.mark.parametrize("center", ["last", "mean", None])
def test_reads_each_filled_column_beside_where_it_was_missing(
    independent, segment_length, center
):
    net = make_net(
        independent=independent, segment_length=segment_length, center=center
    )
    windows = torch.from_numpy(holed_windows(0.3, n_windows=4))
    features = net.features(windows)
    for window, feature in zip(windows, features, strict=True):
        full = filled(window[None])[0]
        level = {"last": full[-1], "mean": full.mean(dim=0), None: 0 * full[-1]}[center]
        z = full - level
        hidden = []
        for columns in [[0], [1]] if independent else [[0, 1]]:
            inputs = [
                torch.stack([z[row, c], window[row, c].isnan().double()])
                for row in range(WINDOW)
                for c in columns
            ]
            inputs = torch.cat(inputs).reshape(1, WINDOW // segment_length, -1)
            hidden.append(net.recurrent(inputs)[0, -1])
        assert_allclose(feature, torch.cat(hidden), rtol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("center", ["last", "mean", "season", None])
@pytest.mark.parametrize("scale", ["series", "window"])
def test_no_nan_leaves(center, scale):
    net = make_net(center=center, scale=scale, season_length=4, linear_path=True)
    for share in (0.0, 0.5, 1.0):
        windows = torch.from_numpy(holed_windows(share))
        assert net(windows).isfinite().all()
        assert net.features(windows).isfinite().all()


@torch.no_grad()
def test_whether_a_row_was_missing_matters():
    net = make_net()
    window = torch.zeros(1, WINDOW, N_SERIES).double()
    holed = window.clone()
    holed[0, 3, 0] = NAN  # filled by the zero that stood there
    assert not torch.equal(net(window), net(holed))


def test_without_a_mask_nothing_is_added():
    masked, plain = make_net(), make_net(masked=False)
    assert masked.recurrent.layers[0][0].weight_ih_l0.shape[1] == 2 * N_SERIES
    assert plain.recurrent.layers[0][0].weight_ih_l0.shape[1] == N_SERIES


def test_scales_are_measured_on_known_targets():
    windows, blocks = torch.from_numpy(holed_windows(0.2)), torch.randn(30, HORIZON, 2)
    blocks = blocks.double()
    blocks[5:, :, 0] = NAN
    net = make_net()
    net.fit_scales(windows, blocks)
    base = filled(windows)[:, -1:]
    expected = [
        (blocks[:5, :, 0] - base[:5, :, 0]).square().mean().sqrt(),
        (blocks[:, :, 1] - base[:, :, 1]).square().mean().sqrt(),
    ]
    assert_allclose(net.output_scale, expected, rtol=1e-6)


def test_a_column_without_known_targets_keeps_its_unit():
    windows = torch.from_numpy(holed_windows(0.2))
    blocks = torch.full((30, HORIZON, N_SERIES), NAN).double()
    net = make_net(center="auto", linear_path=True)
    net.fit_scales(windows, blocks)
    assert_array_equal(net.output_scale, 1.0)
    assert_array_equal(net.linear_path.solved, 0.0)


def plain_ridge(z, missing, penalty):
    """Solve each step ahead on the rows where it is known."""
    columns = []
    for step in missing.T:
        known = ~np.isnan(step)
        gram = z[known].T @ z[known] + penalty * len(z) * np.eye(z.shape[1])
        columns.append(np.linalg.solve(gram, z[known].T @ step[known]))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_the_linear_path_is_solved_on_known_targets(share, monkeypatch):
    monkeypatch.setattr("sklearn_gru.nets.linear_path.PENALTIES", (1e-2,))
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, WINDOW, 1)).cumsum(axis=1)
    weight = rng.normal(size=(WINDOW, HORIZON)) / WINDOW
    missing = z[..., 0] @ weight + 0.1 * rng.normal(size=(400, HORIZON))
    missing[:, 1:][rng.random((400, HORIZON - 1)) < share] = NAN
    path = LinearPath(1, 1, WINDOW, HORIZON)
    path.double().reset()
    path.solve(torch.from_numpy(z), torch.from_numpy(missing)[..., None], HORIZON - 1)
    expected = plain_ridge(z[..., 0], missing, 1e-2)
    assert_allclose(path.solved[0], expected, rtol=1e-6)
