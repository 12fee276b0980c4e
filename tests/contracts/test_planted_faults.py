"""The contract suite finds what it is for: a fault is planted into a driver that keeps the contract."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hardware.contract.bench import Bench, played_by, rehearsed, trial_twin
from hardware.contract.suite import electrons, honesty, stage, truth, wires
from hardware.drivers.dcon_relay.line import RelayBlanker
from hardware.emulators import rehearsal
from hardware.emulators.rehearsal import Rehearsal
from hardware.errors import HardwareError
from hardware.parts import Part
from hardware.types import Blanker, Frame, FrameSettings, Optics, StagePose
from tests.contracts import ion_benches

Plant = Callable[[Rehearsal], dict[str, object]]
"""Parts of the twin, each with a fault."""


def but(device: object, **instead: Callable[..., object]) -> Any:
    """The same device, with other methods in place of some."""
    methods = {name: staticmethod(method) for name, method in instead.items()}
    return type("But", (), {"__getattr__": lambda _self, name: getattr(device, name), **methods})()


def stigmators_in_another_unit(around: Rehearsal) -> dict[str, object]:
    column = around.twin.column

    def set_optics(optics: Optics) -> None:
        column.set_optics(Optics(optics.wd_um, optics.stig_x / 2, optics.stig_y / 2))

    def optics() -> Optics:
        got = column.optics()
        return Optics(got.wd_um, got.stig_x * 2, got.stig_y * 2)

    return {"column": but(column, set_optics=set_optics, optics=optics)}


def beam_shift_the_other_way(around: Rehearsal) -> dict[str, object]:
    column = around.twin.column

    def shift_um() -> tuple[float, float]:
        x_um, y_um = column.beam_shift_um()
        return x_um, -y_um

    def set_shift_um(x_um: float, y_um: float) -> None:
        column.set_beam_shift_um(x_um, -y_um)

    return {"column": but(column, beam_shift_um=shift_um, set_beam_shift_um=set_shift_um)}


def blanking_not_read_back(around: Rehearsal) -> dict[str, object]:
    return {"column": but(around.twin.column, blank=lambda: around.link.call("column.blank", {"on": True}))}


def optics_neither_read_back_nor_waited_for(around: Rehearsal) -> dict[str, object]:
    def set_optics(optics: Optics) -> None:
        values = {"wd_um": optics.wd_um, "stig_x": optics.stig_x, "stig_y": optics.stig_y}
        around.link.call("column.optics", values)

    return {"column": but(around.twin.column, set_optics=set_optics)}


def frame_upside_down(around: Rehearsal) -> dict[str, object]:
    def acquire(settings: FrameSettings) -> Frame:
        frame = around.twin.scanner.acquire(settings)
        return replace(frame, image=frame.image[::-1])

    return {"scanner": but(around.twin.scanner, acquire=acquire)}


def frame_of_before(around: Rehearsal) -> dict[str, object]:
    frames: list[Frame] = []

    def acquire(settings: FrameSettings) -> Frame:
        frames.append(around.twin.scanner.acquire(settings))
        return frames[0]

    return {"scanner": but(around.twin.scanner, acquire=acquire)}


def move_sent_before_it_is_checked(around: Rehearsal) -> dict[str, object]:
    twin = around.twin.stage

    def move(target: StagePose) -> object:
        around.link.call("stage.stop")
        return twin.move(target)

    return {"stage": but(twin, move=move)}


def stop_that_waits_for_the_move(around: Rehearsal) -> dict[str, object]:
    twin, lock = around.twin.stage, threading.Lock()

    def move(target: StagePose) -> object:
        motion = twin.move(target)

        def wait(timeout_s: float) -> StagePose:
            with lock:
                return motion.wait(timeout_s)

        return but(motion, wait=wait)

    def stop() -> None:
        with lock:
            twin.stop()

    return {"stage": but(twin, move=move, stop=stop)}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is planted, which test finds it, and what that is told beside the bench."""

    plant: Plant
    found_by: Callable[..., object]
    told: dict[str, object] = field(default_factory=dict)


FAULTS = [
    Fault(stigmators_in_another_unit, truth.test_the_column_does_what_the_driver_says),
    Fault(optics_neither_read_back_nor_waited_for, truth.test_the_column_does_what_the_driver_says),
    Fault(beam_shift_the_other_way, truth.test_the_column_does_what_the_driver_says),
    Fault(
        blanking_not_read_back,
        honesty.test_a_device_that_says_yes_and_does_nothing_is_found_out,
        {"part": Part.COLUMN},
    ),
    Fault(
        optics_neither_read_back_nor_waited_for,
        honesty.test_a_device_that_says_yes_and_does_nothing_is_found_out,
        {"part": Part.COLUMN},
    ),
    Fault(frame_upside_down, truth.test_a_frame_shows_what_lies_there, {"bit_depth": 8}),
    Fault(frame_of_before, electrons.test_every_frame_is_a_new_one),
    Fault(
        move_sent_before_it_is_checked, stage.test_poses_outside_the_limits_move_nothing, {"axis": "x_um"}
    ),
    Fault(stop_that_waits_for_the_move, honesty.test_a_stage_is_stopped_while_it_is_waited_for),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.plant.__name__)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(honesty, "URGENT_S", 1.0)
    monkeypatch.setattr(rehearsal, "LONGEST_STANDSTILL_S", 1.5)
    tried(fault.found_by, lambda _sound: {}, fault.told)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        tried(fault.found_by, fault.plant, fault.told)


def opened_again(once: Callable[[RelayBlanker], None], line: RelayBlanker) -> None:
    try:
        once(line)
    except HardwareError:
        once(line)


def blanked_or_not(once: Callable[[RelayBlanker], None], line: RelayBlanker) -> None:
    with suppress(HardwareError):
        once(line)


def as_it_was_told(_once: Callable[[RelayBlanker], Blanker], line: RelayBlanker) -> Blanker:
    return line._told


@pytest.mark.parametrize(
    ("method", "planted", "found_by"),
    [
        ("open", opened_again, honesty.test_an_opening_whose_answer_is_lost_is_not_repeated),
        ("blank", blanked_or_not, wires.test_an_unplugged_blanker_blanks_and_is_not_called_blanked),
        ("state", as_it_was_told, wires.test_an_unplugged_blanker_blanks_and_is_not_called_blanked),
    ],
)
def test_a_fault_that_is_planted_into_a_blanker_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    planted: Callable[..., object],
    found_by: Callable[[Bench], None],
) -> None:
    once = getattr(RelayBlanker, method)
    with ion_benches.relay_blanker(tmp_path) as bench:
        found_by(bench)
        monkeypatch.setattr(RelayBlanker, method, lambda line: planted(once, line))
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            found_by(bench)
        bench.devices.close()


def tried(test: Callable[..., object], plant: Plant, told: dict[str, object]) -> None:
    """Run one test of the suite on a fresh twin, with the fixtures that it asks for."""
    around = trial_twin()
    bench = replace(rehearsed(around), plays=played_by(around.twin))
    bench = replace(bench, devices=replace(bench.devices, **plant(around)))
    bench.devices.column.unblank()
    fixtures = {"bench": bench, "devices": bench.devices, "beam": bench.devices, **told}
    try:
        test(**{name: fixtures[name] for name in inspect.signature(test).parameters})
    finally:
        bench.devices.close()
