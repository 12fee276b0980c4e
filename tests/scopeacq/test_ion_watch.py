"""The ion watch tells what the guard says, again and again, and ends with the run."""

from __future__ import annotations

import queue
import threading

from hardware.types import Blanker
from scopeacq.engine.ion_watch import IonsRead, ions_watched


def test_changes_are_told_while_it_watches() -> None:
    line, told = [Blanker.BLANKED], queue.SimpleQueue[IonsRead]()
    with ions_watched(lambda: line[0], told.put, every_s=0.01):
        assert told.get(timeout=5).ions is Blanker.BLANKED
        line[0] = Blanker.OPEN
        while told.get(timeout=5).ions is not Blanker.OPEN:
            pass
    assert not any(thread.name == "ion watch" for thread in threading.enumerate())
