"""What the instrument says between two steps of a run, for whoever watches."""

from __future__ import annotations

import time
from dataclasses import replace

from scopeacq.engine.readings import OPTICS, Author, Quantity, Reader, Readings
from scopeacq.engine.rig import Rig

EVERY_S = 1.0
"""Real time from one look to the next, at least."""
SHARE = 0.02
"""The most of a run's time that looking may take: slow devices are asked less often."""


class Looks:
    """Reads on the acquisition thread, where no device is busy; costs nothing while nobody watches."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._reader = Reader(rig.devices, rig.microscope.guard)
        self._due_s = 0.0

    def look(self) -> None:
        """Read everything and publish it, if that is due."""
        began_s = time.monotonic()
        if not self._rig.events.readings_wanted or began_s < self._due_s:
            return
        readings = self._reader.read()
        self._rig.events.publish(replace(readings, set_by=self._authors(readings)))
        took_s = time.monotonic() - began_s
        self._due_s = began_s + max(EVERY_S, took_s / SHARE)

    def _authors(self, readings: Readings) -> dict[Quantity, Author]:
        """A run sets everything; optics that a correction found were found by autofocus."""
        authors = dict.fromkeys(Quantity, Author.RUN)
        if readings.optics is not None and readings.optics == self._rig.progress.optics:
            authors.update(dict.fromkeys(OPTICS, Author.AUTOFOCUS))
        return authors
