"""The irradiation gun and its meter at work: paced readings that are logged, and a switch to turn it off.

A reading that does not come in time is missing, and what it leaves open is counted by
:mod:`calibration.irradiation.dose`; a meter that is silent for long ends the sitting.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from calibration.irradiation.log import ReadingLog
from calibration.irradiation.settings import IrradiationSettings
from hardware.errors import Deadline, HardwareError, Refused
from hardware.microscope import Devices
from hardware.protocols import Clock, IrradiationMeter, IrradiationSource

LOG = logging.getLogger(__name__)

METER, SOURCE = "irradiation meter", "irradiation gun"
BY_HAND = "Nobody watches the irradiation any more: switch its beam off by hand."
MOST_MISSED = 10
"""A meter that misses more readings in a row is broken."""


@dataclass
class Station:
    """Meter, switch and log of one sitting. Used by one thread."""

    meter: IrradiationMeter
    source: IrradiationSource | None
    clock: Clock
    log: ReadingLog
    interval_s: float
    _missed: int = 0

    @classmethod
    def of(cls, devices: Devices, settings: IrradiationSettings, log: ReadingLog) -> Station:
        """Set the preamplifier up. Raises ``Refused`` for an instrument without one, ``HardwareError``."""
        meter = devices.irradiation_meter
        if meter is None:
            raise Refused(METER, "this instrument has none", "Name its driver in instrument.toml.")
        station = cls(meter, devices.irradiation_source, devices.clock, log, settings.interval_s)
        with station.never_unwatched():  # a program that was killed may have left the beam on
            station._set_up(settings)
        return station

    def _set_up(self, settings: IrradiationSettings) -> None:
        reads_back = self.meter.configure(settings.preamplifier)
        if reads_back is None:
            LOG.warning(
                "The preamplifier only listens: %g A/V cannot be verified. Compare with its front panel.",
                settings.sensitivity_a_per_v,
            )
        elif reads_back != settings.preamplifier:
            what = f"the preamplifier reads back {reads_back} after {settings.preamplifier} was set"
            raise Refused(METER, what, "Look at the device.")

    def take(self) -> None:
        """Wait until the next reading is due, take it and log it.

        Raises ``Deadline`` or ``Refused`` when too many in a row are missing or tell nothing, or what else
        goes wrong with the meter.
        """
        now_s = self.clock.now_s()
        due_s = self.log.last_s + (1 + self._missed) * self.interval_s
        self.clock.sleep(min(max(due_s - now_s, 0.0), self.interval_s))
        try:
            reading = self.meter.read()
        except Deadline as late:
            self._miss(late)
            return
        if not (math.isfinite(reading.volts) and self.log.last_s < reading.at_s < math.inf):
            what = f"it reads {reading.volts:g} V at {reading.at_s:.1f} s, after {self.log.last_s:.1f} s"
            self._miss(Refused(METER, what, "Look at the device and at the clock, and begin anew."))
            return
        self._missed = 0
        self.log.add(reading)

    def _miss(self, why: HardwareError) -> None:
        """Bear that a reading is missing, a few times in a row; what is not counted never ends a watch."""
        self._missed += 1
        LOG.warning("A reading of the irradiation is missing. %s", why)
        if self._missed > MOST_MISSED:
            raise why

    def switch_off(self) -> bool:
        """Switch the beam off where a program can; whether it reads back as off. ``HardwareError``."""
        if self.source is None:
            return False
        self.source.switch_off()  # not only where it reads as on: whether it does may not be known
        return not self.source.beam_on()

    @property
    def reads_on(self) -> bool:
        """Whether the beam reads back as on; never where nothing reads it back."""
        return self.source is not None and self.source.beam_on()

    def require_off(self) -> None:
        """Raise ``Refused`` where the beam reads back as on."""
        if self.reads_on:
            raise Refused(SOURCE, "its beam is on", "Switch it off, so that the offset can be measured.")

    @contextmanager
    def never_unwatched(self) -> Iterator[None]:
        """Whatever ends the watch before its end switches the beam off, or says that somebody must."""
        try:
            yield
        except BaseException as why:
            try:
                off = self.switch_off()
                self.take()  # proves that nothing falls until somebody goes on
            except (HardwareError, OSError) as trouble:
                off = False
                why.add_note(f"Whether the beam is off is not known: {trouble}")
            if not off:
                LOG.error(BY_HAND)
                why.add_note(BY_HAND)
            raise
