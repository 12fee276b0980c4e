"""The self-test: a sound instrument passes, nothing of it moves, and what is broken is found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware.errors import HardwareError, OutOfRange, Refused
from hardware.guard.core import GuardTiming
from hardware.monitoring import readings
from hardware.parts import Part, Parts
from hardware.self_test import Check, Checked, LeftOut, Outcome, carried_out, parts_of, passes
from hardware.self_test_checks import NOTHING_OPENS, checks
from hardware.self_test_report import SelfTestReport, as_json, as_markdown, save, verdict
from hardware.simulator.assembly import local_devices
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.simulator.tiny import tiny_twin
from hardware.simulator.truth import FrameTruth, OpeningTruth
from hardware.types import Frame, FrameSettings, Raster, StagePose
from tests.hardware.fakes import fake_devices, good_proof
from tests.hardware.lines import MemoryLine
from tests.hardware.thread_guard import thread_guard

BROKEN = {
    Device.CHAMBER: Part.CHAMBER,
    Device.COLUMN: Part.COLUMN,
    Device.DETECTOR: Part.DETECTOR,
    Device.STAGE: Part.STAGE,
    Device.SCANNER: Part.SCANNER,
    Device.BLANKER: Part.BLANKER,
    Device.GUN: Part.GUN,
    Device.RASTER: Part.RASTER,
    Device.ION_CURRENT: Part.ION_CURRENT,
    Device.IRRADIATION_METER: Part.IRRADIATION_METER,
    Device.IRRADIATION_SOURCE: Part.IRRADIATION_SOURCE,
}
LEFT_OUT = {Part.SCANNER, Part.CLEANER}
"""Without electrons."""


@contextmanager
def twin(*faults: Fault) -> Iterator[tuple[Parts, list[object]]]:
    """The parts of a tiny twin, and what truly happened to it."""
    truth: list[object] = []
    devices = local_devices(tiny_twin(truth.append, script=FaultScript(faults)))
    try:
        yield parts_of(devices), truth
    finally:
        devices.close()


def outcomes(done: list[Checked]) -> dict[Part, set[Outcome]]:
    found: dict[Part, set[Outcome]] = {}
    for check in done:
        found.setdefault(check.part, set()).add(check.outcome)
    return found


def test_a_sound_instrument_passes_and_stays_as_it_is(tmp_path: Path) -> None:
    with twin() as (parts, truth):
        before = states(parts)
        done = list(carried_out(checks(parts, tmp_path)))
        after = states(parts)
    assert passes(done)
    assert {part for part, how in outcomes(done).items() if how == {Outcome.LEFT_OUT}} == LEFT_OUT
    assert set(outcomes(done)) == set(Part)
    assert after == before
    assert not [entry for entry in truth if isinstance(entry, FrameTruth | OpeningTruth)]


def states(parts: Parts) -> list[object]:
    """What must be the same before and after."""
    assert parts.column and parts.detector and parts.stage and parts.gun and parts.raster
    return [
        parts.column.optics(),
        parts.column.beam_shift_um(),
        parts.column.state(),
        parts.detector.state(),
        parts.stage.pose(),
        parts.gun.state(),
        parts.raster.state().running,
    ]


def test_electrons_that_were_chosen_give_one_frame_and_are_blanked_again(tmp_path: Path) -> None:
    with twin() as (parts, truth):
        done = list(carried_out(checks(parts, tmp_path, with_beam=True)))
        assert parts.column is not None
        assert parts.column.state().blanked
    assert outcomes(done)[Part.SCANNER] == {Outcome.PASSED}
    assert len([entry for entry in truth if isinstance(entry, FrameTruth)]) == 1


@pytest.mark.parametrize("touched", ["eht", "valve"])
def test_no_frame_is_scanned_where_eht_or_valve_would_have_to_be_switched(
    touched: str, tmp_path: Path
) -> None:
    with twin() as (parts, truth):
        assert parts.column is not None
        (parts.column.set_eht if touched == "eht" else parts.column.set_valve)(False)
        done = list(carried_out(checks(parts, tmp_path, with_beam=True)))
        state = parts.column.state()
    assert outcomes(done)[Part.SCANNER] == {Outcome.LEFT_OUT}
    assert not (state.eht_on and state.valve_open)
    assert not [entry for entry in truth if isinstance(entry, FrameTruth)]


@pytest.mark.parametrize("device", BROKEN)
def test_an_unplugged_device_is_found_and_all_others_are_tried(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardware.self_test_checks.GuardTiming", lambda: GuardTiming(give_up_s=0.2))
    with twin(Fault(device, FaultKind.UNPLUGGED, AfterCalls(0))) as (parts, _):
        done = list(carried_out(checks(parts, tmp_path, with_beam=True)))
    part = BROKEN[device]
    failed = {check.part for check in done if check.outcome is Outcome.FAILED}
    assert failed == {part}
    assert all(str(check.said).endswith(".") for check in done if check.outcome is Outcome.FAILED)
    assert not passes(done)
    if part is Part.BLANKER:
        (configured,) = [c for c in done if c.title == "both channels are set, outputs off"]
        assert configured.outcome is Outcome.LEFT_OUT
        assert configured.said == "needs the checks of the blanker to have passed"


def test_a_running_raster_is_not_changed(tmp_path: Path) -> None:
    with twin() as (parts, _):
        assert parts.raster is not None
        parts.raster.configure(Raster(8.0, 4.0))
        parts.raster.start()
        before = parts.raster.state()
        done = list(carried_out(checks(parts, tmp_path)))
        assert parts.raster.state() == before
    assert outcomes(done)[Part.RASTER] == {Outcome.PASSED, Outcome.LEFT_OUT}


def test_a_device_alone_is_tried_for_what_it_plays(tmp_path: Path) -> None:
    with twin() as (parts, _):
        alone = Parts(raster=parts.raster)
        done = list(carried_out(checks(alone, tmp_path)))
    assert [(c.title, c.outcome) for c in done] == [
        ("its state is read", Outcome.PASSED),
        ("both channels are set, outputs off", Outcome.LEFT_OUT),
    ]
    assert done[1].said == "needs the checks of the blanker to have passed"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pressure_mbar": -1.0}, "chamber: reads -1 mbar"),
        ({"pressure_mbar": float("nan")}, "chamber: reads nan mbar"),
    ],
)
def test_numbers_that_cannot_be_are_found(values: dict[str, float], said: str, tmp_path: Path) -> None:
    class Gauge:
        def pressure_mbar(self) -> float:
            return values["pressure_mbar"]

    (done,) = carried_out(checks(Parts(chamber=Gauge()), tmp_path))
    assert done.outcome is Outcome.FAILED
    assert done.said.startswith(said)


def test_a_pose_and_its_limits_are_told_with_their_units(tmp_path: Path) -> None:
    stage = fake_devices(tmp_path).stage
    stage.pose = lambda: StagePose(466.0, -12.5, 25_500.0, 0.0, 90.0)  # type: ignore[method-assign]
    stands, allowed = carried_out(checks(Parts(stage=stage), tmp_path))
    assert stands.said == "x 466 um, y -12.5 um, z 25500 um, tilt 0 degrees, rotation 90 degrees"
    said = str(allowed.said)
    assert re.match(r"x [-\d.]+ to [\d.]+ um; y ", said)
    assert re.search(r"; tilt [-\d.]+ to [\d.]+ degrees\b", said)


def test_a_stage_that_drifts_between_two_readings_is_found(tmp_path: Path) -> None:
    stage = fake_devices(tmp_path).stage
    poses = iter([stage.pose(), replace(stage.pose(), y_um=500.0), stage.pose()])
    stage.pose = lambda: next(poses)  # type: ignore[method-assign]
    first, _ = carried_out(checks(Parts(stage=stage), tmp_path))
    assert first.outcome is Outcome.FAILED
    assert "y differs by 500 um between" in first.said


def test_a_driver_that_stumbles_keeps_nobody_from_being_tried(tmp_path: Path) -> None:
    devices = fake_devices(tmp_path)
    devices.detector.state = lambda: {}["hv"]  # type: ignore[method-assign]
    parts = Parts(detector=devices.detector, chamber=devices.chamber)
    sound, stumbled = carried_out(checks(parts, tmp_path))
    assert (sound.outcome, stumbled.outcome) == (Outcome.PASSED, Outcome.FAILED)
    assert stumbled.said == "its driver failed with KeyError: 'hv'. Tell the driver's author."
    said = {reading.part: reading.trouble for reading in readings(parts)}
    assert said == {Part.CHAMBER: "", Part.DETECTOR: "its driver failed with KeyError: 'hv'."}


def test_a_scanner_of_few_sizes_gives_the_smallest_it_has(tmp_path: Path) -> None:
    devices = fake_devices(tmp_path)
    acquire, asked = devices.scanner.acquire, []

    def offers_one_size(settings: FrameSettings) -> Frame:
        asked.append(settings.width_px)
        if settings.width_px != 512:
            raise OutOfRange("scanner", "no such size", "Choose 512.")
        return acquire(settings)

    devices.scanner.acquire = offers_one_size  # type: ignore[method-assign]
    parts = Parts(column=devices.column, scanner=devices.scanner)
    *_, frame = carried_out(checks(parts, tmp_path, with_beam=True))
    assert (frame.outcome, asked) == (Outcome.PASSED, [64, 512])
    assert frame.said.startswith("512 x 384 px")


def test_it_ends_where_nobody_iterates_further() -> None:
    tried: list[int] = []

    def trying(n: int) -> Check:
        return Check(Part.CHAMBER, f"{n}", lambda: str(tried.append(n)))

    running = carried_out([trying(n) for n in range(5)])
    assert [next(running).title, next(running).title] == ["0", "1"]
    assert tried == [0, 1]


def test_its_guard_refuses_every_opening(tmp_path: Path) -> None:
    line = MemoryLine()
    with thread_guard(line, tmp_path / "log", NOTHING_OPENS) as guard:
        with pytest.raises(HardwareError) as refusal:
            guard.open(good_proof(), "pass", 1.0, 100.0)
        assert len(getattr(refusal.value, "reasons", [])) >= 5
    assert line.openings == 0


def refused() -> str:
    raise Refused("gun", "says | no", "Ask\nagain.")


def left_out() -> str:
    raise LeftOut("for later")


REPORT = SelfTestReport(
    "Merlin | old",
    datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    False,
    tuple(
        carried_out(
            [
                Check(Part.CHAMBER, "a", lambda: "1 mbar"),
                Check(Part.GUN, "b", refused),
                Check(Part.ION_CURRENT, "c", left_out),
                Check(Part.RASTER, "d", lambda: "never", frozenset({Part.GUN})),
            ]
        )
    ),
)


def test_a_report_is_read_by_people_and_programs(tmp_path: Path) -> None:
    assert verdict(REPORT.checks) == "4 checks: 1 passed, 1 failed, 2 left out."
    page = as_markdown(REPORT)
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) == 5
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
    document = json.loads(as_json(REPORT))
    assert [check["outcome"] for check in document["checks"]] == [
        "passed",
        "failed",
        "left out",
        "left out",
    ]
    assert document["checks"][3]["said"] == "needs the checks of the gun to have passed"
    save(REPORT, tmp_path / "report.json")
    save(REPORT, tmp_path / "report.md")
    assert json.loads((tmp_path / "report.json").read_text()) == document
    assert (tmp_path / "report.md").read_text() == page
