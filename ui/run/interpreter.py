"""Python's interpreter is one for all threads: how the window gets its turn beside a run."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.001
"""A window of many widgets takes many turns to be painted once; at Python's 5 ms each that is seen."""


def window_first() -> None:
    """From now on a thread that computes gives up the interpreter after ``SWITCH_S``, if others wait."""
    sys.setswitchinterval(SWITCH_S)


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
