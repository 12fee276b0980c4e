"""One interpreter and one memory for all threads: how the window gets its turn beside a run."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.001
"""A window of many widgets takes many turns to be painted once; at Python's 5 ms each that is seen."""
KEPT_BYTES = 2**30
"""A process keeps so much memory that it does not use at the moment."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h


def window_first() -> None:
    """From now on threads hold up the window for less: by what they compute, and by the memory they take.

    A thread that computes gives up the interpreter after ``SWITCH_S``, if others wait. Memory for tiles is
    kept instead of given back to the system and asked for again, which stops all threads: for up to 0.1 s
    where tens of megabytes come and go with each tile. That is glibc's to do; others have no such setting.
    """
    sys.setswitchinterval(SWITCH_S)
    if sys.platform == "linux":
        _keep_memory()


def _keep_memory() -> None:
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_ARENA_MAX, 1)  # the memory of a thread's own arena is given back whatever is set
        set_option(_M_MMAP_THRESHOLD, KEPT_BYTES)
        set_option(_M_TRIM_THRESHOLD, KEPT_BYTES)


@contextmanager
def loading() -> Iterator[None]:
    """Inside, libraries may be loaded. They stay for good, so that nobody has to look for garbage in them.

    Looking through a million objects takes 0.1 to 0.4 s, in which every thread stands still.
    """
    loaded = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if len(sys.modules) > loaded:
            gc.freeze()
