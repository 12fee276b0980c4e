"""The electron detector and the pressure gauge over SharkSEM."""

from __future__ import annotations

from hardware.drivers.tescan.client import LOOK, STABLE_S, SharkSem, await_stable, number_of
from hardware.drivers.tescan.message import numbered
from hardware.drivers.tescan.session import PROTECTED, Session
from hardware.drivers.tescan.units import MBAR_PER_PA, exact, scaled
from hardware.errors import Refused
from hardware.protocols import Clock
from hardware.set_points import require_reached, require_within
from hardware.types import DetectorState, Range
from hardware.waiting import wait_until

IN_TRANSITION = 0x80000000
PERCENT = -2
PERCENT_TOLERANCE = 1e-3
WHOLE = Range(0.0, 1.0)
CHAMBER_GAUGE = 0


def detector_index(sem: SharkSem, name: str) -> int:
    """The detector of this name. Raises ``Refused`` that lists what there is."""
    listed = numbered(sem.text("DtEnumDetectors"), "det")
    known = {number: entry for number, entry in listed.items() if entry.get("detector", "").isdecimal()}
    return int(known[number_of(sem, "detector", name, known)]["detector"])


class TescanDetector:
    """A detector whose high voltage is off while its protection is on (manual, ``DtStateSet``).

    ``gain`` and ``offset`` are shares: contrast and brightness of the microscope over 100 %. The
    protection holds while the program is connected, and no longer: ``session`` keeps it up.
    """

    def __init__(self, sem: SharkSem, session: Session, clock: Clock, index: int) -> None:
        self._sem, self._session, self._clock, self._index = sem, session, clock, index

    def state(self) -> DetectorState:
        gain, black = self._sem.reals("DtGetGainBlack", 2, self._index)
        return DetectorState(not self._protected(), scaled(gain, PERCENT), scaled(black, PERCENT))

    def make_safe(self) -> None:
        self._protect(True)

    def restore(self, state: DetectorState) -> None:
        for name in ("gain", "offset"):
            require_within(self._sem.device, f"detector {name}", getattr(state, name), WHOLE)
        gain, black = (exact(value).scaleb(-PERCENT) for value in (state.gain, state.offset))
        self._sem.command("DtSetGainBlack", self._index, gain, black)
        await_stable(self._sem, self._clock)
        self._protect(state.safe)
        got = self.state()
        for name in ("gain", "offset"):
            wanted, is_ = getattr(state, name), getattr(got, name)
            require_reached(self._sem.device, f"detector {name}", wanted, is_, PERCENT_TOLERANCE)

    def _protect(self, on: bool) -> None:
        if on and not self._sem.integer("DtStateEnum") & PROTECTED:
            what = "DtStateEnum: its detectors have no protection that a program can switch on"
            raise Refused(
                self._sem.device, what, "Retract the detector, and leave it out of the instrument."
            )
        self._session.protects = on
        self._sem.command("DtStateSet", PROTECTED if on else 0)
        what = "DtStateSet: the detector is still changing"
        wait_until(self._stands, self._clock, STABLE_S, self._sem.device, what, LOOK)
        if self._protected() is not on:
            what = f"DtStateSet: its protection stays {'off' if on else 'on'}"
            raise Refused(self._sem.device, what, LOOK)

    def _protected(self) -> bool:
        return bool(self._sem.integer("DtStateGet") & PROTECTED)

    def _stands(self) -> bool:
        return not self._sem.integer("DtStateGet") & IN_TRANSITION


class TescanChamber:
    """The gauge of the chamber."""

    def __init__(self, sem: SharkSem) -> None:
        self._sem = sem

    def pressure_mbar(self) -> float:
        """``VacGetPressure`` [Pa]."""
        return scaled(self._sem.real("VacGetPressure", CHAMBER_GAUGE), MBAR_PER_PA)
