"""Microscopes with AutoScript when things go wrong: one typed error each, and nothing sent twice."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from hardware import protocols
from hardware.contract.bench import SMALL, trial_settings
from hardware.contract.suite.expect import refuses
from hardware.drivers.thermo.server import Server, number, truth
from hardware.emulators.autoscript.structures import AdornedImageMetadata
from hardware.emulators.serving import Spoiled, Spoiling
from hardware.errors import (
    BadFrame,
    ConnectionLost,
    Deadline,
    Garbled,
    HardwareError,
    NotReached,
    Refused,
    StageTouch,
)
from hardware.microscope import Devices
from hardware.simulator.faults import Device, FaultKind
from hardware.transport.wire_log import NoLog
from hardware.types import DetectorState, Optics, StagePose
from tests.contracts.autoscript_bench import settings_for
from tests.hardware.drivers.thermo_bench import Sem, microscope, twin_with

NEAR = StagePose(x_um=40.0)
LOW = StagePose(z_um=6_000.0)

CALLS: Mapping[str, Callable[[Devices], object]] = {
    "column.optics_limits": lambda devices: devices.column.optics_limits,
    "column.optics": lambda devices: devices.column.optics(),
    "column.set_optics": lambda devices: devices.column.set_optics(Optics(4_512.0, 0.5, 0.5)),
    "column.beam_shift_um": lambda devices: devices.column.beam_shift_um(),
    "column.set_beam_shift_um": lambda devices: devices.column.set_beam_shift_um(1.0, 1.0),
    "column.state": lambda devices: devices.column.state(),
    "column.blank": lambda devices: devices.column.blank(),
    "column.unblank": lambda devices: devices.column.unblank(),
    "column.set_eht": lambda devices: devices.column.set_eht(True),
    "column.set_valve": lambda devices: devices.column.set_valve(True),
    "column.specimen_current_na": lambda devices: devices.column.specimen_current_na(),  # type: ignore[attr-defined]
    "scanner.acquire": lambda devices: devices.scanner.acquire(SMALL),
    "scanner.abort": lambda devices: devices.scanner.abort(),
    "detector.state": lambda devices: devices.detector.state(),
    "detector.make_safe": lambda devices: devices.detector.make_safe(),
    "detector.restore": lambda devices: devices.detector.restore(DetectorState(True, 0.3, 0.5)),
    "stage.pose": lambda devices: devices.stage.pose(),
    "stage.duration_s": lambda devices: devices.stage.duration_s(NEAR),
    "stage.move": lambda devices: devices.stage.move(NEAR).wait(100.0),
    "stage.stop": lambda devices: devices.stage.stop(),
    "chamber.pressure_mbar": lambda devices: devices.chamber.pressure_mbar(),
}
"""Every public call that goes to the microscope."""

NOWHERE = {"stage.limits", "stage.check"}
"""These ask nobody."""


@pytest.fixture
def sem(tmp_path: Path) -> Iterator[Sem]:
    with microscope(tmp_path) as connected:
        connected.devices.column.unblank()
        connected.reached.clear()
        yield connected


def test_every_public_call_is_tried() -> None:
    parts = {
        "column": (protocols.ElectronColumn, protocols.SpecimenCurrentMeter),
        "scanner": (protocols.Scanner,),
        "detector": (protocols.Detector,),
        "stage": (protocols.Stage,),
        "chamber": (protocols.Chamber,),
    }
    public = {
        f"{part}.{name}"
        for part, kinds in parts.items()
        for kind in kinds
        for name, _ in inspect.getmembers(kind, lambda m: inspect.isfunction(m) or isinstance(m, property))
        if not name.startswith("_")
    }
    assert public == set(CALLS) | NOWHERE


def test_every_call_answers(sem: Sem) -> None:
    for call in CALLS.values():
        call(sem.devices)


@contextmanager
def spoilt(sem: Sem, how: Spoiling) -> Iterator[None]:
    """Every answer is spoilt inside."""
    sem.server.spoiler.spoil(Spoiled(how, times=1_000))
    try:
        yield
    finally:
        sem.server.spoiler.clear()


@pytest.mark.parametrize(("how", "kind"), [(Spoiling.SILENT, Deadline), (Spoiling.CUT_OFF, ConnectionLost)])
def test_a_call_that_is_never_answered_is_an_error(
    sem: Sem, how: Spoiling, kind: type[HardwareError]
) -> None:
    for call in CALLS.values():
        with spoilt(sem, how):
            refuses(partial(call, sem.devices), kind)


def test_an_unplugged_microscope_is_an_error_until_it_is_back(sem: Sem) -> None:
    for call in CALLS.values():
        sem.server.unplug()
        refuses(partial(call, sem.devices), ConnectionLost)
        sem.server.plug_in()
        call(sem.devices)


ACKNOWLEDGED = {"stage.stop", "scanner.abort"}
"""Nothing comes back of these that could be wrong."""


def test_an_answer_that_is_none_is_an_error(sem: Sem) -> None:
    for name, call in CALLS.items():
        if name not in ACKNOWLEDGED:
            with spoilt(sem, Spoiling.GARBAGE):
                refuses(partial(call, sem.devices), Garbled)


READ_BACK = [
    "column.set_optics",
    "column.set_beam_shift_um",
    "column.blank",
    "column.unblank",
    "column.set_eht",
    "column.set_valve",
    "scanner.acquire",
    "detector.make_safe",
    "detector.restore",
    "stage.move",
]


def test_a_read_back_that_is_another_is_an_error(sem: Sem) -> None:
    for name in READ_BACK:
        with spoilt(sem, Spoiling.WRONG_ECHO):
            refuses(partial(CALLS[name], sem.devices))


COMMANDS = {
    "stage.move": ("specimen.stage.absolute_move", "stage.move"),
    "stage.stop": ("specimen.stage.stop", "stage.stop"),
    "scanner.acquire": ("imaging.grab_frame", "scanner.acquire"),
    "scanner.abort": ("imaging.stop_acquisition", "scanner.abort"),
    "column.unblank": ("beams.electron_beam.unblank", "column.blank"),
    "column.set_eht": ("beams.electron_beam.turn_on", "column.eht"),
    "column.set_beam_shift_um": ("beams.electron_beam.beam_shift.value", "column.shift"),
    "detector.make_safe": ("detector.custom_settings", "detector.set"),
}


@pytest.mark.parametrize("how", [Spoiling.SILENT, Spoiling.CUT_OFF])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_without_an_answer_is_not_sent_again(sem: Sem, name: str, how: Spoiling) -> None:
    path, reaches = COMMANDS[name]
    sem.server.spoiler.spoil(Spoiled(how, path.encode()))
    refuses(partial(CALLS[name], sem.devices))
    assert sem.reached[reaches] == 1


@pytest.mark.parametrize("name", ["column.blank", "scanner.abort", "stage.stop"])
def test_what_brings_to_rest_gets_through_though_its_connection_died_unnoticed(sem: Sem, name: str) -> None:
    sem.server.spoiler.spoil(Spoiled(Spoiling.CUT_OFF))
    CALLS[name](sem.devices)


@pytest.mark.parametrize("how", [Spoiling.SILENT, Spoiling.CUT_OFF, Spoiling.GARBAGE])
def test_a_question_without_an_answer_is_asked_again(sem: Sem, how: Spoiling) -> None:
    sem.server.spoiler.spoil(Spoiled(how, b"chamber_pressure"))
    assert sem.devices.chamber.pressure_mbar() > 0


# -- what the microscope itself does -------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "kind", "call", "error"),
    [
        (Device.SCANNER, FaultKind.TRUNCATED_FRAME, "scanner.acquire", BadFrame),
        (Device.STAGE, FaultKind.WRONG_POSITION, "stage.move", NotReached),
        (Device.STAGE, FaultKind.REFUSED, "stage.pose", Refused),
        (Device.COLUMN, FaultKind.REFUSED, "column.optics", Refused),
        (Device.DETECTOR, FaultKind.REFUSED, "detector.make_safe", Refused),
        (Device.COLUMN, FaultKind.UNPLUGGED, "column.state", ConnectionLost),
        (Device.CHAMBER, FaultKind.UNPLUGGED, "chamber.pressure_mbar", ConnectionLost),
    ],
)
def test_trouble_of_the_microscope_has_its_type(
    tmp_path: Path, device: Device, kind: FaultKind, call: str, error: type[HardwareError]
) -> None:
    with microscope(tmp_path, twin=twin_with(device, kind)) as sem:
        refuses(partial(CALLS[call], sem.devices), error)


def test_a_frame_that_is_the_last_one_again_is_none(tmp_path: Path) -> None:
    with microscope(tmp_path, twin=twin_with(Device.SCANNER, FaultKind.FROZEN_FRAME, after=1)) as sem:
        sem.devices.column.unblank()
        sem.devices.scanner.acquire(SMALL)
        refuses(partial(CALLS["scanner.acquire"], sem.devices), BadFrame)
        sem.devices.scanner.acquire(SMALL)


def test_a_scan_that_was_aborted_gives_no_frame(sem: Sem) -> None:
    """However its call ends: with what was scanned so far, or with a frame begun after the stop."""
    grab = sem.server.tree.commands["imaging.grab_frame"]

    def aborted_meanwhile(*order: object) -> object:
        sem.devices.scanner.abort()
        return grab(*order)

    cast(dict[str, object], sem.server.tree.commands)["imaging.grab_frame"] = aborted_meanwhile
    with pytest.raises(Refused, match="the scan was aborted"):
        sem.devices.scanner.acquire(SMALL)
    cast(dict[str, object], sem.server.tree.commands)["imaging.grab_frame"] = grab
    assert sem.devices.scanner.acquire(SMALL).image.size


def test_no_scan_begins_after_an_abort(sem: Sem) -> None:
    show = sem.server.tree.commands["imaging.set_active_view"]

    def aborted_before(view: int) -> None:
        sem.devices.scanner.abort()
        show(view)

    cast(dict[str, object], sem.server.tree.commands)["imaging.set_active_view"] = aborted_before
    with pytest.raises(Refused, match="the scan was aborted"):
        sem.devices.scanner.acquire(SMALL)
    assert not sem.reached["scanner.acquire"]


SCANNED_OTHERWISE: Mapping[str, Callable[[AdornedImageMetadata], object]] = {
    "dwell_ns": lambda metadata: setattr(metadata.scan_settings, "dwell_time", 200e-9),
    "pixel_size_nm": lambda metadata: setattr(metadata.binary_result.pixel_size, "x", 20e-9),
}


def saying(sem: Sem, change: Callable[[AdornedImageMetadata], object]) -> None:
    """Each frame says otherwise of itself."""
    grab = sem.server.tree.commands["imaging.grab_frame"]

    def changed(*order: object) -> object:
        image = grab(*order)
        change(image.metadata)
        return image

    cast(dict[str, object], sem.server.tree.commands)["imaging.grab_frame"] = changed


@pytest.mark.parametrize("name", SCANNED_OTHERWISE)
def test_a_frame_that_says_it_was_scanned_otherwise_is_refused(sem: Sem, name: str) -> None:
    saying(sem, SCANNED_OTHERWISE[name])
    with pytest.raises(NotReached, match=name):
        sem.devices.scanner.acquire(SMALL)


def test_a_dwell_time_that_no_frame_tells_is_called_unverifiable(
    sem: Sem, caplog: pytest.LogCaptureFixture
) -> None:
    saying(sem, lambda metadata: setattr(metadata, "scan_settings", None))
    for _ in range(2):
        assert sem.devices.scanner.acquire(SMALL).image.size
    assert caplog.text.count("unverifiable") == 1


def test_a_detector_that_is_not_taken_makes_no_frame(tmp_path: Path) -> None:
    settings = settings_for(trial_settings()).model_copy(update={"detector": "TLD"})
    with microscope(tmp_path, settings) as sem:
        cast(dict[str, object], sem.server.tree.settings)["detector.type.value"] = lambda _name: None
        refuses(partial(CALLS["scanner.acquire"], sem.devices), Refused)
        assert not sem.reached["scanner.acquire"]


def test_a_working_distance_that_stays_changed_after_a_move_is_told(tmp_path: Path) -> None:
    with microscope(tmp_path, linked=True) as sem:
        path = "beams.electron_beam.working_distance.value"
        cast(dict[str, object], sem.server.tree.settings)[path] = lambda _metres: None
        refuses(lambda: sem.devices.stage.move(LOW).wait(1e3), NotReached)


def test_a_stage_that_touches_something_says_so(tmp_path: Path) -> None:
    with microscope(tmp_path, twin=twin_with(Device.STAGE, FaultKind.TOUCH_ALARM, after=4)) as sem:
        refuses(partial(CALLS["stage.move"], sem.devices), StageTouch)


def test_eht_in_a_bad_vacuum_is_refused(tmp_path: Path) -> None:
    with microscope(tmp_path, twin=twin_with(Device.CHAMBER, FaultKind.LOST_VACUUM)) as sem:
        sem.devices.chamber.pressure_mbar()
        sem.devices.clock.sleep(60.0)
        sem.devices.column.set_eht(False)
        refuses(partial(CALLS["column.set_eht"], sem.devices), Refused)
        assert not sem.devices.column.state().eht_on


# -- a package that raises anything --------------------------------------------------------


class Client:
    """A client whose only attribute fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    @property
    def value(self) -> float:
        raise self.error

    def disconnect(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), Deadline),
        (BrokenPipeError("pipe"), ConnectionLost),
        (EOFError(), ConnectionLost),
        (KeyError("key"), Garbled),
        (TypeError("type"), Garbled),
        (RuntimeError("Two lines\nof the server.\n"), Refused),
        (NotImplementedError(), Refused),
    ],
)
def test_whatever_a_client_raises_is_typed(error: Exception, kind: type[HardwareError]) -> None:
    server = Server("SEM", lambda: Client(error), NoLog())
    refuses(lambda: server.number("value"), kind)
    server.close()


@pytest.mark.parametrize("value", ["1", None, True, float("nan"), float("inf"), b"1"])
def test_what_is_no_number_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="no number"):
        number(value)


@pytest.mark.parametrize("value", ["yes", None, 1, 0.0])
def test_what_is_neither_true_nor_false_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="neither"):
        truth(value)
