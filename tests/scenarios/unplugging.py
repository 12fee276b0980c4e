"""Pulling the plug of one device at one point of a run, and going on after it is in again.

Points are the begins of all steps, the first heartbeat of each pass while the ion beam is open, and the
first frame of each imaging when it was asked for and none of it has arrived.
Whether the instrument is safe is asked of nature, in real time, every few milliseconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.emulators.counterparts import COUNTERPARTS
from hardware.emulators.sharksem.images import DataPort
from hardware.errors import BlankerUnknown, HardwareError
from hardware.simulator.nature import Nature
from hardware.simulator.truth import IncidentTruth, OpeningTruth
from hardware.transport.dialogue import Dialogue
from hardware.types import Image
from scopeacq import session
from scopeacq.engine.events import Event, Publisher, StepStarted
from scopeacq.journal.records import MillBegin, MillHeartbeat, Record, RunClosed, RunEnd
from scopeacq.plan.project import CleaningSettings, Project
from tests.scenarios import audit
from tests.scenarios.harness import tiny_project
from tests.scenarios.wired import WiredRun, on_the_wire, wired_run

MICROSCOPE, BLANKER = "microscope", "ion blanker"
DEVICES = tuple(COUNTERPARTS)
CYCLES = 2
SAFE_WITHIN_S = 1.0
LOOK_S = 0.002
WHILE_OPEN = "while the ion beam is open"
MID_FRAME = "while a frame is on its way"


def the_job() -> Project:
    """The least in which every kind of step occurs."""
    return tiny_project(CYCLES, cleaning=CleaningSettings(every_cycles=1, duration_s=60.0))


@dataclass
class Points:
    """Counts the points of a run as they pass, and acts at one of them."""

    at: int = -1
    act: Callable[[], None] = lambda: None
    names: list[str] = field(default_factory=list)
    _beating: bool = False
    _frame_ahead: bool = False

    def step(self, name: str) -> None:
        """A step begins."""
        self._frame_ahead = name.startswith("Imaging")
        self.passed(name)

    def frame(self) -> None:
        """The microscope is about to send one."""
        if self._frame_ahead:
            self._frame_ahead = False
            self.passed(MID_FRAME)

    def passed(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.at:
            self.act()

    def committed(self, records: tuple[Record, ...]) -> None:
        """The journal's observer."""
        for record in records:
            if isinstance(record, MillBegin):
                self._beating = False
            if isinstance(record, MillHeartbeat) and not self._beating:
                self._beating = True
                self.passed(WHILE_OPEN)

    def publisher(self) -> Publisher:
        """What a session tells its steps to."""
        points = self

        class Watching(Publisher):
            def publish(self, event: Event) -> None:
                super().publish(event)
                if isinstance(event, StepStarted):
                    points.step(event.text)

        return Watching()


class Watch:
    """Looks when nature was unsafe for the last time, and when a device was asked for the first time.

    Of a microscope that cannot be reached neither electrons nor stage are watched.
    """

    def __init__(self, nature: Nature, device: str) -> None:
        self._nature, self._device = nature, device
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.unplugged_s = self.missed_s = math.inf
        self.unsafe_s = self.open_s = -math.inf

    def begin(self) -> None:
        """The plug is out, from now on."""
        self.unplugged_s = time.monotonic()
        self._thread.start()

    def asked(self, device: str) -> None:
        """Somebody speaks to a device."""
        if device == self._device and self.unplugged_s < math.inf and not self._over.is_set():
            self.missed_s = min(self.missed_s, time.monotonic())

    def end(self) -> None:
        """The run has ended: what is asked to say goodbye does not count."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def late_s(self) -> float:
        """How long it was unsafe after the loss could first be noticed [s].

        The blanker's line is read all the time, any other device when it is used.
        """
        noticed_s = self.unplugged_s if self._device == BLANKER else self.missed_s
        return max(self.unsafe_s - noticed_s, 0.0) if noticed_s < math.inf else 0.0

    def _look(self) -> None:
        nature, reached = self._nature, self._device != MICROSCOPE
        while not self._over.wait(LOOK_S):
            with nature.lock:
                moves = nature.stage.moving(nature.clock.now_s())
                ions, electrons = nature.gun.open, nature.column.on_wafer
            if ions or (reached and (electrons or moves)):
                self.unsafe_s = time.monotonic()


@dataclass(frozen=True, slots=True)
class Unplugged:
    """What came of it. ``reason``: what the operator reads; ``troubles``: promises that were broken."""

    device: str
    point: str
    end: RunEnd
    reason: str
    late_s: float
    troubles: tuple[str, ...]


def points_of(folder: Path) -> list[str]:
    """The names of all points of the job, in order."""
    points = Points()
    with on_the_wire(wired_run(folder, the_job())) as wired, _watched(wired, points) as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    return points.names


def unplug(folder: Path, device: str, at: int) -> Unplugged:
    """Run the job, pull one plug at a point, put it in again, and go on to the end."""
    run = wired_run(folder, the_job())
    with on_the_wire(run) as wired:
        watch = Watch(run.nature, device)
        points = Points(at, lambda: _pull(wired, device, watch))
        end, reason = _until_it_ends(wired, points, watch)
        troubles = list(_first_troubles(device, end, reason, watch, run.nature))
        for wire in wired.laboratory[device].wires:
            wire.plug_in()
        if end is not RunEnd.FINISHED:
            troubles += _go_on(wired)
        troubles += _whole(wired)
    return Unplugged(device, points.names[at], end, reason, watch.late_s, tuple(troubles))


def _pull(wired: WiredRun, device: str, watch: Watch) -> None:
    for wire in wired.laboratory[device].wires:
        wire.unplug()
    watch.begin()


def _until_it_ends(wired: WiredRun, points: Points, watch: Watch) -> tuple[RunEnd, str]:
    """How the run ended, and all that the operator was told of it."""
    said: list[str] = []
    end = RunEnd.FAILED
    try:
        with _noting_questions(watch), _watched(wired, points) as opened:
            end = opened.engine.run()
            watch.end()
    except BlankerUnknown as error:  # the guard ended without a confirmed blanking
        said.append(str(error))
    told = [record.reason for record in wired.run.records() if isinstance(record, RunClosed)]
    return end, "; ".join([*told, *said])


def _first_troubles(device: str, end: RunEnd, reason: str, watch: Watch, nature: Nature) -> Iterator[str]:
    asked = watch.missed_s < math.inf or device == BLANKER
    if asked and end not in (RunEnd.PAUSED, RunEnd.FINISHED):  # finished: nothing was left to be done
        yield f"The run is {end.value} without the {device}."
    if asked and end is RunEnd.PAUSED and device not in reason:
        yield f"It is not said that the {device} is lost, but: {reason!r}"
    if device == BLANKER and "Ion beam state unknown: press gun off." not in reason:
        yield f"The operator is not told to press gun off, but: {reason}"
    if nature.gun.open:
        yield "The ion beam is open in the end."
    if watch.late_s > SAFE_WITHIN_S:
        yield f"It was safe after {watch.late_s:.2f} s only."


def _go_on(wired: WiredRun) -> Iterator[str]:
    """As an operator does: bring up the gun if it was taken down, and run."""
    try:
        with wired.session() as opened:
            opened.rig.devices.gun.set_hv(True)
            if (end := opened.engine.run()) is not RunEnd.FINISHED:
                yield f"Plugged in again, the run is {end.value}."
    except HardwareError as error:
        yield f"Plugged in again, it does not go on: {error}"


def _whole(wired: WiredRun) -> Iterator[str]:
    """The volume is whole, nothing was milled twice, unproven or on a slice that was not safe."""
    records, truth = wired.run.records(), wired.run.truth
    openings = [one for one in truth if isinstance(one, OpeningTruth)]
    yield from audit.plane_troubles(wired.plan, records, CYCLES)
    yield from audit.opening_troubles(wired.plan, records, openings)
    yield from audit.slice_troubles(records, openings)
    yield from (
        f"{p.key} is done {p.done} times."
        for p in audit.passes(wired.plan, records, openings)
        if p.done != 1
    )
    yield from (f"Damage: {one}." for one in truth if isinstance(one, IncidentTruth))


@contextmanager
def _watched(wired: WiredRun, points: Points) -> Iterator[session.Session]:
    send = DataPort.send

    def sent(port: DataPort, frame: int, channel: int, image: Image) -> None:
        points.frame()
        send(port, frame, channel, image)

    with (
        mock.patch.object(session, "Publisher", points.publisher),
        mock.patch.object(DataPort, "send", sent),
        wired.session(points.committed) as opened,
    ):
        yield opened


@contextmanager
def _noting_questions(watch: Watch) -> Iterator[None]:
    """Each exchange over a wire is noted before it begins."""
    with mock.patch.multiple(
        Dialogue,
        ask=_noting(Dialogue.ask, watch),
        command=_noting(Dialogue.command, watch),
        tell=_noting(Dialogue.tell, watch),
    ):
        yield


def _noting(real: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    def noted(dialogue: Dialogue, *args: Any, **named: Any) -> Any:
        watch.asked(dialogue.device)
        return real(dialogue, *args, **named)

    return noted
