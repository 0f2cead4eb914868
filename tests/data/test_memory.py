from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_gru.data import memory_map_of, overlaps_itself, release, window_view

STATUS = Path("/proc/self/status")


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(40.0).reshape(20, 2))
    return tmp_path / "rows.npy"


VIEWS = {
    "itself": lambda mapped: mapped,
    "slice": lambda mapped: mapped[3:],
    "slice of slice": lambda mapped: mapped[3:][::2],
    "column": lambda mapped: mapped[:, 0],
    "transpose": lambda mapped: mapped.T,
    "plain array": np.asarray,
    "slice of plain array": lambda mapped: np.asarray(mapped)[:, None],
    "windows": lambda mapped: window_view(mapped, 3),
    "windows of plain array": lambda mapped: window_view(np.asarray(mapped[2:]), 3),
}
COPIES = {
    "copy": lambda mapped: mapped.copy(),
    "other dtype": lambda mapped: mapped.astype(np.float32),
    "view of copy": lambda mapped: mapped.copy()[3:],
    "chosen rows": lambda mapped: mapped[[3, 1]],
    "sum": lambda mapped: mapped + 1,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_finds_the_map_behind_any_view(path, view):
    mapped = np.load(path, mmap_mode="r")
    found = memory_map_of(view(mapped))
    assert isinstance(found, np.memmap)
    assert np.shares_memory(found, mapped)


# NumPy's type of some of these is memmap still, but no file is behind them.
@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_there_is_no_map_behind_a_copy(path, copy):
    assert memory_map_of(copy(np.load(path, mmap_mode="r"))) is None


@pytest.mark.parametrize("thing", [np.zeros(3), [1, 2], None, "rows.npy"])
def test_there_is_no_map_behind_other_things(thing):
    assert memory_map_of(thing) is None


def test_releasing_nothing_is_fine():
    release(None)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_release_loses_no_data(path, mode):
    mapped = np.load(path, mmap_mode=mode)
    expected = np.arange(40.0).reshape(20, 2)
    if mode != "r":
        mapped[4] = expected[4] = -1
    release(mapped)
    assert_array_equal(mapped, expected)


def resident_kilobytes():
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines["RssFile"].split()[0])


@pytest.mark.skipif(not STATUS.exists(), reason="needs Linux' account of memory")
def test_release_gives_back_what_was_read(tmp_path):
    megabytes = 16
    np.save(tmp_path / "large.npy", np.ones(megabytes * 2**17))
    mapped = np.load(tmp_path / "large.npy", mmap_mode="r")
    before = resident_kilobytes()
    assert mapped.sum() == mapped.size
    assert resident_kilobytes() - before > megabytes * 900
    release(mapped)
    assert resident_kilobytes() - before < megabytes * 100


SERIES = np.zeros((30, 4))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (SERIES, False),
        (SERIES.T, False),
        (SERIES[::-1], False),
        (SERIES[:, ::2], False),
        (SERIES.reshape(6, 5, 4), False),
        (window_view(SERIES, 1), False),
        (window_view(SERIES, 5)[::5], False),
        (window_view(SERIES, 5), True),
        (window_view(SERIES, 5)[::4], True),
        (window_view(SERIES[:, :1], 3), True),
        (np.broadcast_to(SERIES[:1], (30, 4)), True),
    ],
    ids=[
        "rows",
        "columns",
        "backwards",
        "every other column",
        "blocks",
        "windows of one row",
        "windows side by side",
        "windows",
        "windows that share a row",
        "windows of one column",
        "broadcast",
    ],
)
def test_tells_whether_elements_are_shown_twice(array, expected):
    assert overlaps_itself(array) is expected
