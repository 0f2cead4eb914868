import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import torch

from sklearn_gru.nets.threads import allow_threads, n_threads
from sklearn_gru.training import one_thread, resolve_device


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_a_device_is_resolved(device):
    assert resolve_device(device) == torch.device("cpu")


@pytest.mark.parametrize("available", [False, True])
def test_auto_takes_cuda_if_there_is_any(monkeypatch, available):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert resolve_device("auto").type == ("cuda" if available else "cpu")


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", "cpu:x", ""])
def test_a_device_that_is_not_there_is_an_error(device):
    with pytest.raises(ValueError, match=rf"device='{device}' can't be used: \w"):
        resolve_device(device)


def test_one_thread_inside_and_the_users_number_after():
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_an_error_inside_restores_the_users_number():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert torch.get_num_threads() == 3


def test_nested_limits_end_with_the_outermost():
    # A callback that predicts while the net is being trained nests them.
    with one_thread():
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


class Worker:
    """A thread that enters and leaves `one_thread` when it is told to."""

    def __init__(self, number=None, brief=False):
        self.pool = ThreadPoolExecutor(1)
        self.limit = one_thread(brief)
        if number is not None:
            self.pool.submit(torch.set_num_threads, number).result()
            assert self.threads() == number

    def enter(self):
        self.pool.submit(self.limit.__enter__).result()

    def leave(self):
        self.pool.submit(self.limit.__exit__, None, None, None).result()

    def threads(self):
        return self.pool.submit(torch.get_num_threads).result()

    def threads_of_the_kernel(self):
        return self.pool.submit(n_threads).result()


every_length = pytest.mark.parametrize("brief", list(product([False, True], repeat=2)))


@pytest.mark.parametrize("leaving", [(0, 1), (1, 0)], ids=["in turn", "last first"])
@every_length
def test_threads_that_overlap_do_not_disturb_each_other(leaving, brief):
    workers = [Worker(brief=each) for each in brief]
    for worker in workers:
        worker.enter()
    assert [worker.threads() for worker in workers] == [1, 1]
    first, second = (workers[i] for i in leaving)
    first.leave()
    assert first.threads() == 3
    assert second.threads() == 1
    second.leave()
    assert second.threads() == 3
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("numbers", [(4, 2), (2, 4), (4, 1), (1, 4)])
@pytest.mark.parametrize("leaving", [(0, 1), (1, 0)], ids=["in turn", "last first"])
@every_length
def test_every_thread_gets_its_own_number_back(numbers, leaving, brief):
    workers = [Worker(*each) for each in zip(numbers, brief, strict=True)]
    for worker, number in zip(workers, numbers, strict=True):
        worker.enter()
        assert worker.threads() == 1
        assert worker.threads_of_the_kernel() == number
    for i in leaving:
        workers[i].leave()
        assert workers[i].threads() == numbers[i]
        assert workers[i].threads_of_the_kernel() == numbers[i]
    assert torch.get_num_threads() == 3


def test_a_number_that_was_set_but_not_used_yet_is_kept():
    first, second = Worker(4), Worker()
    second.pool.submit(torch.set_num_threads, 2).result()
    first.enter()
    second.enter()
    first.leave()
    second.leave()
    assert (first.threads(), second.threads()) == (4, 2)


def test_a_number_that_is_set_while_another_has_its_moment_is_kept():
    first, second = Worker(4, brief=True), Worker()
    first.enter()
    second.pool.submit(torch.set_num_threads, 2).result()
    second.enter()
    first.leave()
    second.leave()
    assert (first.threads(), second.threads()) == (4, 2)


def test_a_thread_that_meets_torch_meanwhile_has_the_number_that_was_set_last():
    holder, torch_user = Worker(4), Worker(2)
    holder.enter()
    assert Worker().threads() == 2
    holder.leave()
    assert Worker().threads() == 2
    assert torch_user.threads() == 2


def test_an_error_in_one_thread_gives_each_its_own_number_back():
    holder = Worker(4)
    holder.enter()

    def fail():
        torch.set_num_threads(2)
        with pytest.raises(KeyError), one_thread(), one_thread():
            raise KeyError
        return torch.get_num_threads(), n_threads()

    assert Worker().pool.submit(fail).result() == (2, 2)
    holder.leave()
    assert holder.threads() == 4


def test_what_was_allowed_before_is_allowed_after():
    before = allow_threads(2)
    with one_thread():
        assert n_threads() == 2
        with one_thread():
            assert n_threads() == 2
        assert n_threads() == 2
    assert allow_threads(before) == 2


def test_a_thread_that_starts_later_has_the_users_number():
    workers = Worker(), Worker()
    for worker in workers:
        worker.enter()
    for worker in workers:
        worker.leave()
    assert Worker().threads() == 3


def test_many_threads_leave_the_users_number():
    seen = []

    def work():
        for i in range(50):
            with one_thread(brief=i % 3 > 0):
                seen.append(torch.get_num_threads())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {1}
    assert Worker().threads() == torch.get_num_threads() == 3
