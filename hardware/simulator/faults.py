"""What goes wrong on the twin, on a script or from a seed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

Json = dict[str, Any]
FOREVER_S = 1e12


class Device(Enum):
    """The devices by the names that operators read in errors."""

    COLUMN = "electron column"
    SCANNER = "scanner"
    DETECTOR = "detector"
    STAGE = "stage"
    GUN = "ion gun"
    ION_CURRENT = "ion current meter"
    RASTER = "raster generator"
    CHAMBER = "chamber"
    CLEANER = "plasma cleaner"
    BLANKER = "ion blanker"
    IRRADIATION_METER = "irradiation meter"
    IRRADIATION_SOURCE = "irradiation source"


class FaultKind(Enum):
    """What can happen. Calls are spoilt, events strike once, conditions last."""

    TIMEOUT = "time-out"
    REFUSED = "refused"
    WRONG_POSITION = "wrong position"
    FROZEN_FRAME = "frozen frame"
    BLACK_FRAME = "black frame"
    TRUNCATED_FRAME = "truncated frame"
    SATURATED_FRAME = "saturated frame"
    BLANKER_READBACK_WRONG = "blanker read-back wrong"
    EHT_TRIP = "EHT trip"
    VALVE_CLOSED = "closed column valve"
    EMISSION_DECAY = "emission decay"
    GUN_TRIP = "gun trip"
    TOUCH_ALARM = "touch alarm"
    RASTER_STOPPED = "raster stopped"
    UNPLUGGED = "unplugged"
    LOST_VACUUM = "lost vacuum"
    GAS_OUT = "gas out"


EVENTS = frozenset(
    {
        FaultKind.EHT_TRIP,
        FaultKind.VALVE_CLOSED,
        FaultKind.EMISSION_DECAY,
        FaultKind.GUN_TRIP,
        FaultKind.TOUCH_ALARM,
        FaultKind.RASTER_STOPPED,
    }
)
CONDITIONS = frozenset({FaultKind.UNPLUGGED, FaultKind.LOST_VACUUM, FaultKind.GAS_OUT})

NO_PART_OF_A_RUN = frozenset({Device.IRRADIATION_METER, Device.IRRADIATION_SOURCE})

VICTIMS: Mapping[FaultKind, tuple[Device, ...]] = {
    FaultKind.TIMEOUT: tuple(Device),
    FaultKind.REFUSED: (Device.STAGE, Device.COLUMN, Device.GUN, Device.RASTER, Device.DETECTOR),
    FaultKind.WRONG_POSITION: (Device.STAGE,),
    FaultKind.FROZEN_FRAME: (Device.SCANNER,),
    FaultKind.BLACK_FRAME: (Device.SCANNER,),
    FaultKind.TRUNCATED_FRAME: (Device.SCANNER,),
    FaultKind.SATURATED_FRAME: (Device.SCANNER,),
    FaultKind.BLANKER_READBACK_WRONG: (Device.BLANKER,),
    FaultKind.EHT_TRIP: (Device.COLUMN,),
    FaultKind.VALVE_CLOSED: (Device.COLUMN,),
    FaultKind.EMISSION_DECAY: (Device.COLUMN,),
    FaultKind.GUN_TRIP: (Device.GUN,),
    FaultKind.TOUCH_ALARM: (Device.STAGE,),
    FaultKind.RASTER_STOPPED: (Device.RASTER,),
    FaultKind.UNPLUGGED: tuple(Device),
    FaultKind.LOST_VACUUM: (Device.CHAMBER,),
    FaultKind.GAS_OUT: (Device.GUN,),
}

# a kind that can spoil only one command waits for it
SPOILS: Mapping[FaultKind, str] = {
    FaultKind.WRONG_POSITION: "stage.move",
    FaultKind.FROZEN_FRAME: "scanner.acquire",
    FaultKind.BLACK_FRAME: "scanner.acquire",
    FaultKind.TRUNCATED_FRAME: "scanner.acquire",
    FaultKind.SATURATED_FRAME: "scanner.acquire",
    FaultKind.BLANKER_READBACK_WRONG: "blanker.state",
}


@dataclass(frozen=True, slots=True)
class AfterCalls:
    """From the call after the ``n_calls``-th to the device."""

    n_calls: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """From an instant of the instrument's clock."""

    at_s: float


@dataclass(frozen=True, slots=True)
class AtRandom:
    """At each call to the device with a probability, drawn from the twin's seed."""

    probability: float


Trigger = AfterCalls | AtTime | AtRandom


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: whom it strikes, when, for how many calls (or how long, if it is a condition)."""

    device: Device
    kind: FaultKind
    trigger: Trigger
    n_times: int = 1
    lasts_s: float = FOREVER_S

    def __post_init__(self) -> None:
        if self.device not in VICTIMS[self.kind]:
            raise ValueError(f"The {self.device.value} cannot suffer the fault '{self.kind.value}'.")


@dataclass(frozen=True, slots=True)
class FaultScript:
    """All faults of a run."""

    faults: tuple[Fault, ...] = ()

    @classmethod
    def random(cls, rng: np.random.Generator, max_faults: int = 3, max_calls: int = 60) -> FaultScript:
        """One to ``max_faults`` faults of any kind, each within the first ``max_calls`` calls."""
        return cls(tuple(_random_fault(rng, max_calls) for _ in range(rng.integers(1, max_faults + 1))))


def _random_fault(rng: np.random.Generator, max_calls: int) -> Fault:
    kinds = list(FaultKind)
    kind = kinds[rng.integers(len(kinds))]
    victims = [device for device in VICTIMS[kind] if device not in NO_PART_OF_A_RUN]
    return Fault(
        device=victims[rng.integers(len(victims))],
        kind=kind,
        trigger=AfterCalls(int(rng.integers(max_calls))),
        n_times=int(rng.integers(1, 4)),
        lasts_s=float(rng.choice([30.0, 600.0, FOREVER_S])),
    )


@dataclass(slots=True)
class _Course:
    """How far a fault has come."""

    times_left: int
    since_s: float | None = None


@dataclass(slots=True)
class FaultDesk:
    """Says which faults strike a call now, and which conditions hold."""

    script: FaultScript
    rng: np.random.Generator
    _calls: Counter[Device] = field(default_factory=Counter)
    _courses: list[_Course] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._courses = [_Course(fault.n_times) for fault in self.script.faults]

    def strike(self, device: Device, command: str, now_s: float) -> frozenset[FaultKind]:
        """Count a call to the device; the kinds that strike it (events strike through it, too)."""
        self._calls[device] += 1
        kinds = set()
        for fault, course in self._pending():
            concerned = fault.device is device and SPOILS.get(fault.kind, command) == command
            if concerned and self._triggered(fault.trigger, device, now_s):
                self._start(fault, course, now_s)
                kinds.add(fault.kind)
        if self.holds(FaultKind.UNPLUGGED, device, now_s):
            kinds.add(FaultKind.UNPLUGGED)
        return frozenset(kinds)

    def due(self, now_s: float) -> frozenset[FaultKind]:
        """Events and conditions whose instant has come without any call."""
        kinds = set()
        for fault, course in self._pending():
            by_itself = fault.kind in EVENTS | CONDITIONS and isinstance(fault.trigger, AtTime)
            if by_itself and self._triggered(fault.trigger, fault.device, now_s):
                self._start(fault, course, now_s)
                kinds.add(fault.kind)
        return frozenset(kinds)

    def next_instant_s(self, after_s: float) -> float:
        """The next instant at which a fault is due by the clock; ``inf`` if there is none."""
        instants = (f.trigger.at_s for f, _ in self._pending() if isinstance(f.trigger, AtTime))
        return min((at_s for at_s in instants if at_s > after_s), default=math.inf)

    def holds(self, kind: FaultKind, device: Device, now_s: float) -> bool:
        """Whether a condition stands at the device."""
        return any(
            fault.kind is kind and fault.device is device and since is not None
            for fault, course in zip(self.script.faults, self._courses, strict=True)
            if (since := course.since_s) is not None and now_s < since + fault.lasts_s
        )

    def _pending(self) -> list[tuple[Fault, _Course]]:
        pairs = zip(self.script.faults, self._courses, strict=True)
        return [(fault, course) for fault, course in pairs if course.times_left > 0]

    def _triggered(self, trigger: Trigger, device: Device, now_s: float) -> bool:
        match trigger:
            case AfterCalls(n_calls):
                return self._calls[device] > n_calls
            case AtTime(at_s):
                return now_s >= at_s
            case AtRandom(probability):
                return bool(self.rng.random() < probability)

    def _start(self, fault: Fault, course: _Course, now_s: float) -> None:
        """Use up one time of the fault; a condition starts once and then holds."""
        course.times_left = 0 if fault.kind in CONDITIONS else course.times_left - 1
        course.since_s = now_s

    def remember(self) -> Json:
        """How far all faults have come, as JSON."""
        return {
            "calls": {device.name: n for device, n in self._calls.items()},
            "courses": [[course.times_left, course.since_s] for course in self._courses],
        }

    def recall(self, memory: Json) -> None:
        """Go on from :meth:`remember`; a script of another length starts anew."""
        if len(memory["courses"]) == len(self._courses):
            self._calls = Counter({Device[name]: n for name, n in memory["calls"].items()})
            self._courses = [_Course(*course) for course in memory["courses"]]
