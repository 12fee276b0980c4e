"""A run tells what its devices read to whoever watches, and asks nothing for nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from scopeacq.engine.events import Event, Publisher
from scopeacq.engine.looks import Looks
from scopeacq.engine.readings import Author, Quantity, Reader, Readings
from tests.scenarios.harness import TinyRun


class Heard(Publisher):
    """Keeps all that is published."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)

    @property
    def readings(self) -> list[Readings]:
        return [event for event in self.events if isinstance(event, Readings)]


def test_nobody_is_asked_for_nobody(tmp_path: Path) -> None:
    run, heard = TinyRun.make(tmp_path), Heard()
    run.events = heard
    with run.start() as program:
        before = program.life.deeds
        Looks(program.rig).look()
        assert program.life.deeds == before and not heard.readings


def test_a_watched_run_is_read_at_once_and_then_not_too_often(tmp_path: Path) -> None:
    run, heard = TinyRun.make(tmp_path), Heard()
    run.events = heard
    with run.start() as program:
        heard.subscribe(readings=True)
        watching = Looks(program.rig)
        for _ in range(5):
            watching.look()
    (read,) = heard.readings
    assert read.silent == {} and read.stage is not None
    assert read.set_by[Quantity.EHT] is Author.RUN


def test_optics_that_a_correction_found_are_autofocus(tmp_path: Path) -> None:
    run, heard = TinyRun.make(tmp_path), Heard()
    run.events = heard
    with run.start() as program:
        heard.subscribe(readings=True)
        program.rig.progress.optics = program.rig.devices.column.optics()
        Looks(program.rig).look()
    assert heard.readings[0].set_by[Quantity.WD] is Author.AUTOFOCUS


def test_devices_that_answer_slowly_are_asked_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, heard, now_s = TinyRun.make(tmp_path), Heard(), [100.0]
    run.events = heard

    def slowly(_: object) -> Readings:
        now_s[0] += 0.5
        return Readings(now_s[0])

    monkeypatch.setattr("scopeacq.engine.looks.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr(Reader, "read", slowly)
    with run.start() as program:
        heard.subscribe(readings=True)
        watching = Looks(program.rig)
        for now_s[0] in (100.0, 110.0, 124.0, 126.0):
            watching.look()
    assert [read.at_s for read in heard.readings] == [100.5, 126.5]


def test_a_dead_device_is_told_and_ends_nothing(tmp_path: Path) -> None:
    dead = FaultScript((Fault(Device.GUN, FaultKind.UNPLUGGED, AfterCalls(0)),))
    run, heard = TinyRun.make(tmp_path, script=dead), Heard()
    run.events = heard
    with run.start() as program:
        heard.subscribe(readings=True)
        Looks(program.rig).look()
    assert heard.readings[0].gun is None and "gun" in heard.readings[0].silent


def test_a_whole_run_tells_its_devices_while_it_mills_too(tmp_path: Path) -> None:
    run, heard = TinyRun.make(tmp_path), Heard()
    run.events = heard
    with run.start() as program:
        heard.subscribe(readings=True)
        program.engine.run(1)
    tilts = {read.stage.tilt_deg for read in heard.readings if read.stage is not None}
    assert max(t for t in tilts if t is not None) > 29.0
