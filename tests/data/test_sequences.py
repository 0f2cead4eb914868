import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_gru.data import Ragged, as_sequences


def sequences(lengths, n_features=2):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, n_features)) for length in lengths]


def as_object_array(members):
    array = np.empty(len(members), dtype=object)
    array[:] = members
    return array


CONTAINERS = {"list": list, "tuple": tuple, "object array": as_object_array}
in_any_container = pytest.mark.parametrize(
    "container", CONTAINERS.values(), ids=CONTAINERS
)


@in_any_container
def test_different_lengths_are_ragged(container):
    members = sequences([3, 1, 4])
    X = as_sequences(container(members))
    assert isinstance(X, Ragged)
    assert len(X) == 3
    assert_array_equal(X.lengths, [3, 1, 4])
    assert_array_equal(X.starts, [0, 3, 4])
    assert_array_equal(X.rows, np.concatenate(members))


def test_split_undoes_concatenation():
    members = sequences([3, 1, 4])
    X = as_sequences(members)
    for part, member in zip(X.split(), members, strict=True):
        assert_array_equal(part, member)
    for part, member in zip(X.split(X.rows * 2), members, strict=True):
        assert_array_equal(part, member * 2)


@in_any_container
def test_equal_lengths_are_dense(container):
    members = sequences([4, 4, 4])
    assert_array_equal(as_sequences(container(members)), np.stack(members), strict=True)


def test_nested_lists_are_sequences_too():
    assert_array_equal(as_sequences([[1, 2], [3, 4]]), [[1, 2], [3, 4]])
    ragged = as_sequences([[[1, 2]], [[3, 4], [5, 6]]])
    assert_array_equal(ragged.rows, [[1, 2], [3, 4], [5, 6]])
    assert_array_equal(ragged.lengths, [1, 2])


def test_members_of_one_dimension_have_one_feature():
    ragged = as_sequences([np.arange(3), np.arange(5)])
    assert_array_equal(ragged.rows, [[0], [1], [2], [0], [1], [2], [3], [4]])


def test_data_frames_can_be_members():
    members = [pd.DataFrame(member) for member in sequences([3, 2])]
    assert_array_equal(as_sequences(members).rows, np.concatenate(members))


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (0, 3, 2)])
def test_arrays_are_returned_as_they_are(shape):
    X = np.zeros(shape)
    assert as_sequences(X) is X


def test_tables_are_returned_as_they_are():
    X = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert as_sequences(X) is X


@in_any_container
def test_time_axis_2_reads_channels_first_when_lengths_are_equal(container):
    members = sequences([4, 4, 4])
    X = as_sequences(container([member.T for member in members]), time_axis=2)
    assert_array_equal(X, np.stack(members))


@in_any_container
def test_time_axis_2_reads_channels_first_when_lengths_differ(container):
    members = sequences([3, 1, 4])
    X = as_sequences(container([member.T for member in members]), time_axis=2)
    assert_array_equal(X.lengths, [3, 1, 4])
    assert_array_equal(X.rows, np.concatenate(members))


def test_time_axis_2_swaps_a_3d_array_without_copying_it():
    X = np.random.default_rng(0).normal(size=(3, 2, 5))
    swapped = as_sequences(X, time_axis=2)
    assert_array_equal(swapped, np.swapaxes(X, 1, 2))
    assert np.shares_memory(swapped, X)


def test_time_axis_2_has_no_say_over_tables():
    X = np.zeros((3, 5))
    assert as_sequences(X, time_axis=2) is X


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([np.zeros(3), np.zeros((3, 1))], r"\[1, 2\] dimensions"),
        ([np.zeros((3, 1, 1)), np.zeros((4, 1, 1))], r"\[3\] dimensions"),
        ([np.zeros((3, 2)), np.zeros((5, 4))], r"\[2, 4\] features"),
        ([np.zeros((3, 2)), np.zeros((3, 4))], r"\[2, 4\] features"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], "Sequence 1 has 0 time steps"),
        ([np.zeros(0), np.zeros(2)], "Sequence 0 has 0 time steps"),
    ],
)
def test_says_what_is_wrong_with_a_list(members, message):
    with pytest.raises(ValueError, match=message):
        as_sequences(members)
