"""What the engine can do next, one frozen dataclass per step. ``str(step)`` is what an operator reads.

Three kinds: *repeatable* (looking, focusing, imaging: doing it again costs dose and time
only), *resumable* (milling: only the remaining charge is delivered) and *operator*.
"""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.journal.records import BurnKey, MillKey, PlaneKey, WaitReason


@dataclass(frozen=True, slots=True)
class SettleMill:
    """An opening without an end: the program was killed while the ion beam may have been open."""

    key: MillKey
    opening: str

    def __str__(self) -> str:
        return f"Settling the interrupted mill pass {self.key.azimuth + 1} of cycle {self.key.cycle + 1}"


@dataclass(frozen=True, slots=True)
class SettleBurn:
    """The same of a calibration's opening: it was killed while it burned a mark."""

    key: BurnKey
    opening: str

    def __str__(self) -> str:
        return f"Settling the interrupted mark {self.key.mark + 1} of a calibration"


@dataclass(frozen=True, slots=True)
class RecoverImaging:
    """Back from the mill (or from anywhere): pressure, column, detector, a reference frame."""

    cycle: int

    def __str__(self) -> str:
        return "Recovering imaging"


@dataclass(frozen=True, slots=True)
class Clean:
    """Run the plasma cleaner before imaging."""

    cycle: int

    def __str__(self) -> str:
        return "Plasma cleaning"


@dataclass(frozen=True, slots=True)
class RegisterWafer:
    """Find the wafer by its fiducials."""

    cycle: int

    def __str__(self) -> str:
        return "Finding the wafer"


@dataclass(frozen=True, slots=True)
class FitSurface:
    """Focus on spread sections and fit the plane of focus that other tiles trust."""

    cycle: int

    def __str__(self) -> str:
        return "Measuring the focus surface"


@dataclass(frozen=True, slots=True)
class RegisterSection:
    """Find a section against its last slice."""

    cycle: int
    section: str

    def __str__(self) -> str:
        return f"Finding section {self.section}"


@dataclass(frozen=True, slots=True)
class Focus:
    """Correct working distance and stigmation before a tile."""

    key: PlaneKey

    def __str__(self) -> str:
        return f"Focusing on section {self.key.section}, tile {self.key.tile + 1}"


@dataclass(frozen=True, slots=True)
class AcquireTile:
    """Scan a tile; writing and judging go on while the next step runs. ``take`` > 0 is a retake."""

    key: PlaneKey
    take: int

    def __str__(self) -> str:
        verb = "Retaking" if self.take else "Imaging"
        return f"{verb} section {self.key.section}, tile {self.key.tile + 1}"


@dataclass(frozen=True, slots=True)
class JudgePlane:
    """Judge a take that was durable when the program was killed."""

    key: PlaneKey
    take: int

    def __str__(self) -> str:
        return f"Judging section {self.key.section}, tile {self.key.tile + 1}"


@dataclass(frozen=True, slots=True)
class AwaitPlanes:
    """Nothing to scan until a plane in flight is written and judged."""

    def __str__(self) -> str:
        return "Waiting for planes to be written"


@dataclass(frozen=True, slots=True)
class WaivePlane:
    """Accept a missing or unsharp plane that the operator's policy names."""

    key: PlaneKey
    reason: str

    def __str__(self) -> str:
        return f"Accepting section {self.key.section}, tile {self.key.tile + 1} by policy"


@dataclass(frozen=True, slots=True)
class DropSection:
    """Decide whether a section that shows the wafer is done."""

    cycle: int
    section: str

    def __str__(self) -> str:
        return f"Looking whether section {self.section} is milled through"


@dataclass(frozen=True, slots=True)
class PassGate:
    """Verify every plane of the slice on disk and copy the journal: the last step before milling."""

    cycle: int

    def __str__(self) -> str:
        return "Verifying the slice before milling"


@dataclass(frozen=True, slots=True)
class MillAzimuth:
    """Deliver what remains of one azimuth of one round."""

    key: MillKey
    azimuth_deg: float
    requested_uc: float
    remaining_uc: float

    def __str__(self) -> str:
        return (
            f"Milling from {self.azimuth_deg:g}\N{DEGREE SIGN}, round {self.key.round + 1}, "
            f"{self.remaining_uc:.1f} \N{MICRO SIGN}C to go"
        )


@dataclass(frozen=True, slots=True)
class EndCycle:
    """All azimuths are milled."""

    cycle: int

    def __str__(self) -> str:
        return f"Ending cycle {self.cycle + 1}"


@dataclass(frozen=True, slots=True)
class Pause:
    """An operator asked to pause before this section."""

    cycle: int
    section: str

    def __str__(self) -> str:
        return f"Pausing before section {self.section}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Only an operator can go on; ``text`` says why and what to do."""

    reason: WaitReason
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Finish:
    """All that was asked for is done."""

    def __str__(self) -> str:
        return "Finished"


Step = (
    SettleMill
    | SettleBurn
    | RecoverImaging
    | Clean
    | RegisterWafer
    | FitSurface
    | RegisterSection
    | Focus
    | AcquireTile
    | JudgePlane
    | AwaitPlanes
    | WaivePlane
    | DropSection
    | PassGate
    | MillAzimuth
    | EndCycle
    | Pause
    | Wait
    | Finish
)


def plane_of(step: Step) -> PlaneKey | None:
    """The plane that a step is about, if it is about one."""
    return step.key if isinstance(step, Focus | AcquireTile | JudgePlane | WaivePlane) else None


def section_of(step: Step) -> str | None:
    """The section that a step is about, if it is about one."""
    if isinstance(step, RegisterSection | DropSection | Pause):
        return step.section
    key = plane_of(step)
    return key.section if key is not None else None


def work_of(step: Step | None) -> object:
    """What a step is about however often it is tried: a tile at any take, a pass with any rest."""
    match step:
        case AcquireTile(key) | MillAzimuth(key):
            return type(step), key
        case _:
            return step
