"""Python's interpreter is one for all threads: how the window gets its turn beside a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.001
"""A window of many widgets takes many turns to be painted once; at Python's 5 ms each that is seen."""


@contextmanager
def window_first() -> Iterator[None]:
    """Inside, a thread that computes gives up the interpreter after ``SWITCH_S``, if others wait."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
