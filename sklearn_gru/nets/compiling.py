"""Who is told before recurrent layers are compiled, which takes a while."""

from contextlib import contextmanager
from contextvars import ContextVar

_listener = ContextVar("listener", default=None)


@contextmanager
def told_of_compiling(listener):
    """Call `listener`, without arguments, before something is compiled in here."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell_of_compiling():
    """Call the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener()
