"""Where the wafer lies on the stage: as it was mounted, and as it was found since."""

from __future__ import annotations

from dataclasses import dataclass, field

from scopeacq.journal.records import Record, WaferMounted, WaferRegistered
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.landmarks import tell_mount
from scopeacq.plan.wafer import Wafer


@dataclass(slots=True)
class WaferPlace:
    """What the journal knows of it. A mount that is journalled makes all that was found before void."""

    mounted: Rigid = field(default_factory=Rigid)
    found: Rigid | None = None

    def apply(self, record: Record) -> None:
        match record:
            case WaferMounted():
                self.mounted, self.found = placed(record), None
            case WaferRegistered():
                self.found = placed(record)
            case _:
                pass

    def under(self, mount: Rigid) -> Rigid:
        """Where a wafer with this mount lies: as it was found since it was mounted so, else as mounted.

        ``mount`` is :attr:`scopeacq.plan.wafer.Wafer.mount`: another one than that of the journal is newer.
        """
        return self.found if self.found is not None and mount == self.mounted else mount

    def is_known(self, wafer: Wafer) -> bool:
        """Whether a wafer was seen where it is taken to lie: by landmarks, or found by fiducials since."""
        return tell_mount(wafer.landmarks) or (self.found is not None and wafer.mount == self.mounted)


@dataclass(slots=True)
class WaferShift:
    """How far the wafer was found from where it was found first since it was mounted."""

    _first: WaferRegistered | None = None

    def remounted(self) -> None:
        """Shifts count from the next place on."""
        self._first = None

    def of(self, found: WaferRegistered) -> tuple[float, float, float]:
        """Of one more place: x, y [um] and rotation [degrees]."""
        first = self._first = self._first or found
        return found.x_um - first.x_um, found.y_um - first.y_um, found.rotation_deg - first.rotation_deg


def placed(record: WaferMounted | WaferRegistered) -> Rigid:
    """From the wafer to the stage, as a record says it."""
    return Rigid(record.x_um, record.y_um, record.rotation_deg)


def remounting(known: WaferPlace, wafer: Wafer) -> tuple[WaferMounted, ...]:
    """What to journal of a wafer before a run goes on: its mount, unless that is known already."""
    mount = wafer.mount
    if mount == known.mounted:
        return ()
    measured = sum(mark.stage_um is not None for mark in wafer.landmarks)
    return (WaferMounted(mount.x_um, mount.y_um, mount.rotation_deg, measured),)
