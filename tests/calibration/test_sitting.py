"""A calibration on the twin: paused, killed or disconnected anywhere, it leaves all as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.figures import Figure
from calibration.folders import PROFILE, SETTINGS, Sitting, finished, sitting_folders
from calibration.keeping import NotPutBack, as_found, look, put_back
from calibration.measurements import LOG, Measurements
from calibration.sitting import Finished, calibrate
from hardware.errors import BlankerUnknown, Halted, HardwareError, Refused
from hardware.paths import path_to_mill
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.types import DetectorState, StagePose
from scopeacq.engine.ways import at_imaging, xy_um
from scopeacq.manual import Manual, in_hand, wafer_place
from scopeacq.plan.as_found import NAME, AsFound, left_changed
from scopeacq.plan.calibrations import CalibrationKind, Profile
from scopeacq.plan.profiles import accepted, undone, value_at
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles
from tests.calibration.benches import Listener
from tests.calibration.tiny_procedure import KEY, PROCEDURE, Seen, TinySettings
from tests.scenarios.harness import TinyRun
from tests.scenarios.life import Killed, Life, mortal_files
from tests.scopeacq.manual_bench import held

SETTINGS_OF_TINY = TinySettings()


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    return TinyRun.make(tmp_path)


@dataclass(frozen=True)
class InTruth:
    """The twin as it really is; what the program may not read."""

    pose: tuple[float, ...]
    optics: object
    beam_shift_um: object
    detector: DetectorState
    switched_on: tuple[bool, bool]

    def like(self, other: InTruth) -> bool:
        near = all(abs(a - b) < 2.0 for a, b in zip(self.pose, other.pose, strict=True))
        return near and replace(self, pose=other.pose) == other


def as_it_is(run: TinyRun) -> InTruth:
    with held(run) as manual:
        column, pose = manual.devices.column, manual.devices.stage.pose()
        state = column.state()
        return InTruth(
            pose=(pose.x_um or 0.0, pose.y_um or 0.0, pose.z_um or 0.0, pose.tilt_deg or 0.0),
            optics=column.optics(),
            beam_shift_um=column.beam_shift_um(),
            detector=manual.devices.detector.state(),
            switched_on=(state.eht_on, state.valve_open),
        )


def measured(
    run: TinyRun, manual: Manual, anew: bool = False, audience: Listener | None = None
) -> Finished:
    return calibrate(PROCEDURE, SETTINGS_OF_TINY, run.plan, audience or Listener(), manual, anew=anew)


def frames(run: TinyRun) -> int:
    return len(run.records())


def pending(run: TinyRun) -> AsFound | None:
    return left_changed(run.plan.instrument_folder)


@dataclass
class Until(Listener):
    """An audience that does something at the n-th telling."""

    at: int = 1
    then: Callable[[], None] = lambda: None
    said: list[tuple[float, str]] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)

    def told(self, share: float, saying: str) -> None:
        super().told(share, saying)
        if len(self.said) == self.at:
            self.then()


# -- success -------------------------------------------------------------------------------


def test_a_calibration_ends_with_a_profile_and_the_instrument_as_it_was(run: TinyRun) -> None:
    before = as_it_is(run)
    with held(run) as manual:
        done = measured(run, manual)
    assert as_it_is(run).like(before) and pending(run) is None
    profile = Profile.read(done.profile_file)
    assert profile == done.profile
    assert profile.values[0].before == value_at(run.plan.instrument, KEY)
    assert profile.conditions.landing_energy_kv == run.plan.instrument.electron.eht_kv
    assert profile.measurements_xxh3 and len(Measurements.read(done.folder)) == 3
    report = done.report_file.read_text()
    assert "All images are there." in report and "<svg" in report and "http" not in report
    assert Sitting.read(done.folder).kind is PROCEDURE.kind


def test_what_was_measured_can_be_accepted_and_undone(run: TinyRun) -> None:
    with held(run) as manual:
        done = measured(run, manual)
    after = accepted(run.plan.instrument, done.profile, "somewhere")
    assert value_at(after, KEY) == done.profile.values[0].value
    assert undone(after, PROCEDURE.kind).instrument == run.plan.instrument


def test_the_next_calibration_is_a_sitting_of_its_own(run: TinyRun) -> None:
    with held(run) as manual:
        first = measured(run, manual)
        kept = {path: path.read_bytes() for path in first.folder.iterdir()}
        second = measured(run, manual)
    assert second.folder != first.folder
    assert {path: path.read_bytes() for path in first.folder.iterdir()} == kept


# -- pauses --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_pause_at_any_step_puts_back_and_the_same_call_goes_on(run: TinyRun, step: int) -> None:
    before, halted = as_it_is(run), threading.Event()
    with held(run) as manual:
        manual.begin(halted)
        with pytest.raises(Halted):
            measured(run, manual, audience=Until(at=step, then=halted.set))
        assert halted.is_set() and not run.nature.column.on_wafer
    assert as_it_is(run).like(before) and pending(run) is None
    (folder,) = sitting_folders(run.plan.folder)
    known = Measurements.read(folder)
    taken = [known.get(f"image {n}", Seen) for n in range(step - 1)]
    with held(run) as manual:
        audience = Listener()
        done = measured(run, manual, audience=audience)
    assert done.folder == folder and audience.said[0][1].startswith("Going on with")
    again = [Measurements.read(folder).get(f"image {n}", Seen) for n in range(step - 1)]
    assert again == taken and as_it_is(run).like(before)


def test_after_the_operator_stopped_the_stage_it_stays_there(run: TinyRun) -> None:
    before = as_it_is(run)
    with held(run) as manual:
        manual.begin(threading.Event())
        with pytest.raises(Halted) as halt:
            measured(run, manual, audience=Until(at=2, then=manual.stop_stage))
        assert "stays where it was stopped" in " ".join(halt.value.__notes__)
        assert manual.devices.stage.pose().x_um == pytest.approx(300.0, abs=2.0)
    now = as_it_is(run)
    assert replace(now, pose=before.pose) == before
    with held(run) as manual:
        left = pending(run)
        assert left is not None
        put_back(manual, left, DiskFiles())
    assert as_it_is(run).like(before) and pending(run) is None


def test_with_other_settings_or_another_instrument_it_begins_anew_and_says_so(run: TinyRun) -> None:
    halted = threading.Event()
    with held(run) as manual:
        manual.begin(halted)
        with suppress(Halted):
            measured(run, manual, audience=Until(at=2, then=halted.set))
        manual.begin(threading.Event())
        audience = Listener()
        other = calibrate(PROCEDURE, TinySettings(steps=2), run.plan, audience, manual)
        assert "begun with other settings" in audience.said[0][1]
        electron = run.plan.instrument.electron.model_copy(update={"eht_kv": 3.0})
        instrument = run.plan.instrument.model_copy(update={"electron": electron})
        plan = replace(run.plan, instrument=instrument)
        audience = Listener()
        third = calibrate(PROCEDURE, SETTINGS_OF_TINY, plan, audience, manual)
        assert "landing energy 1.5 kV instead of 3 kV" in audience.said[0][1]
    folders = sitting_folders(run.plan.folder)
    assert len(folders) == 3 and [finished(f) for f in folders].count(True) == 2
    assert other.folder != third.folder


# -- kills ---------------------------------------------------------------------------------


@contextmanager
def mortal_hand(run: TinyRun, life: Life) -> Iterator[Manual]:
    with run.start(life) as program:
        microscope, journal = program.rig.microscope, program.rig.journal
        with (
            microscope.claim("an operator"),
            in_hand(run.plan, microscope, journal, wafer_place(journal)) as manual,
        ):
            yield manual


def lived(run: TinyRun, life: Life) -> None:
    """One calibration of a program that may be killed."""
    with mortal_hand(run, life) as manual:
        files = mortal_files(life, run.disk)
        calibrate(PROCEDURE, TinySettings(steps=1), run.plan, Listener(), manual, anew=True, files=files)


def test_a_kill_at_any_deed_is_mended_by_the_next_calibration(run: TinyRun) -> None:
    before, whole, mended = as_it_is(run), Life(), 0
    lived(run, whole)
    assert whole.deeds > 60
    for deed in range(5, whole.deeds, 7):
        instrument = run.plan.instrument
        with suppress(BaseException):
            lived(run, Life(dies_at=deed))
        changed = pending(run)
        if not as_it_is(run).like(before):
            mended += 1
            assert changed is not None, f"killed at deed {deed}, nobody would know"
        with held(run) as manual:
            measured(run, manual)
        assert as_it_is(run).like(before) and pending(run) is None, f"killed at deed {deed}"
        assert run.plan.instrument == instrument
        assert all((f / SETTINGS).exists() for f in sitting_folders(run.plan.folder) if finished(f))
    assert mended > 4, "most kills leave an instrument that is not as it was"


def test_after_a_kill_nothing_is_measured_twice(run: TinyRun) -> None:
    def die() -> None:
        raise Killed

    with suppress(Killed), held(run) as manual:
        measured(run, manual, audience=Until(at=3, then=die))
    assert pending(run) is not None
    (folder,) = sitting_folders(run.plan.folder)
    assert len(Measurements.read(folder)) == 2
    booked = frames(run)
    with held(run) as manual:
        done = measured(run, manual)
    assert done.folder == folder and frames(run) == booked + 1


# -- faults --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        (Device.COLUMN, FaultKind.UNPLUGGED),
        (Device.STAGE, FaultKind.REFUSED),
        (Device.SCANNER, FaultKind.UNPLUGGED),
        (Device.DETECTOR, FaultKind.TIMEOUT),
    ],
)
@pytest.mark.parametrize("call", [5, 13])
def test_a_device_that_fails_anywhere_leaves_no_profile_and_is_known(
    tmp_path: Path, device: Device, kind: FaultKind, call: int
) -> None:
    run = TinyRun.make(tmp_path, script=FaultScript((Fault(device, kind, AfterCalls(call)),)))
    with suppress(HardwareError), held(run) as manual:
        measured(run, manual)
        return  # it met nothing that had failed
    assert not list(run.plan.folder.calibrations.rglob(PROFILE))
    assert not run.nature.column.on_wafer
    changed = pending(run)
    run.repair()
    with held(run) as manual:
        if changed is not None:
            with pytest.raises(Refused, match="calibrate restore"):
                measured(run, manual)
            put_back(manual, changed, DiskFiles())
        measured(run, manual)
    assert pending(run) is None


def test_after_a_device_failed_nothing_is_driven_or_switched_on(run: TinyRun) -> None:
    with held(run) as manual:
        with pytest.raises(Refused) as error, as_found(manual, CalibrationKind.SCAN, DiskFiles()):
            manual.go(manual.way_to(300.0, -200.0))
            manual.set_beam_shift(2.0, 1.0)
            manual.set_eht(False)
            raise Refused("detector", "it refused")
        assert not manual.devices.column.state().eht_on
        assert manual.devices.stage.pose().x_um == pytest.approx(300.0, abs=2.0)
        assert manual.devices.column.beam_shift_um() == (0.0, 0.0)
    told = " ".join(error.value.__notes__)
    assert "stays where it was stopped" in told and "EHT stays off, since a device failed" in told
    left = pending(run)
    assert left is not None and "it refused" in left.failed


def test_nothing_is_switched_on_without_vacuum(run: TinyRun) -> None:
    with held(run) as manual:
        with (
            pytest.raises(NotPutBack, match="pressure"),
            as_found(manual, CalibrationKind.SCAN, DiskFiles()),
        ):
            manual.set_eht(False)
            run.nature.chamber.pressure_mbar = 1.0
        assert not manual.devices.column.state().eht_on and pending(run) is not None


def test_what_was_off_is_switched_off_again(run: TinyRun) -> None:
    with held(run) as manual:
        manual.set_detector_hv(False)
        manual.set_eht(False)
        manual.set_valve(False)
    before = as_it_is(run)
    with held(run) as manual, as_found(manual, CalibrationKind.SCAN, DiskFiles()):
        manual.bring_up()
    assert as_it_is(run) == before


def beside_the_gun(run: TinyRun, manual: Manual) -> StagePose:
    """The stage as a mill leaves it: tilted and turned, the detector safe."""
    profile, stage = run.plan.instrument, manual.devices.stage
    manual.set_detector_hv(False)
    for leg in path_to_mill(stage.pose(), profile.mill.pose(120.0), profile.stage.safe_z_um):
        stage.move(leg).wait(100.0)
    return stage.pose()


def test_a_stage_beside_the_gun_comes_to_the_nearest_section_and_stays_there(run: TinyRun) -> None:
    section = run.plan.wafer.sections[0]
    with held(run) as manual:
        beside_the_gun(run, manual)
        audience = Listener()
        done = measured(run, manual, audience=audience)
        pose = manual.devices.stage.pose()
        assert at_imaging(run.plan.instrument.stage, pose)
        assert xy_um(pose) == pytest.approx(manual.place.apply(section.roi_centre_um), abs=2.0)
    told = [said for _, said in audience.said]
    assert told[0].endswith(f"over the safe plane to section {section.id}") and finished(done.folder)
    assert pending(run) is None


@pytest.mark.parametrize("call", [2, 4, 8, 14])
def test_a_fault_on_the_way_from_the_gun_moves_and_sets_nothing_else(run: TinyRun, call: int) -> None:
    with held(run) as manual:
        beside_the_gun(run, manual)
        manual.set_eht(False)
        before = look(manual, CalibrationKind.SCAN)
        fault = Fault(Device.STAGE, FaultKind.REFUSED, AfterCalls(call))
        run.nature.faults = FaultDesk(FaultScript((fault,)), run.nature.meter_rng)
        with pytest.raises(HardwareError) as error:
            measured(run, manual)
        after = look(manual, CalibrationKind.SCAN)
    assert "\n" not in str(error.value) and not hasattr(error.value, "__notes__")
    kept = {"found_at", "x_um", "y_um", "z_um", "tilt_deg", "rotation_deg"}
    assert after.model_dump(exclude=kept) == before.model_dump(exclude=kept)
    assert not at_imaging(run.plan.instrument.stage, after.pose) and pending(run) is None


def test_no_stage_is_driven_from_the_gun_while_the_ions_are_not_known_to_be_blanked(
    run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> None:
        raise BlankerUnknown("no answer in time")

    with held(run) as manual:
        before = beside_the_gun(run, manual)
        monkeypatch.setattr(type(manual.microscope), "blank_ions", lambda _: unknown())
        with pytest.raises(BlankerUnknown):
            measured(run, manual)
        assert manual.devices.stage.pose() == before
        monkeypatch.undo()


def test_a_stop_on_the_way_from_the_gun_leaves_the_stage_where_it_is(run: TinyRun) -> None:
    halted = threading.Event()
    with held(run) as manual:
        before = beside_the_gun(run, manual)
        manual.begin(halted)
        with pytest.raises(Halted):
            measured(run, manual, audience=Until(at=1, then=halted.set))
        assert manual.devices.stage.pose() == before and pending(run) is None


def test_a_full_disk_puts_back_and_goes_on_later(run: TinyRun) -> None:
    before, life = as_it_is(run), Life()
    with mortal_hand(run, life) as manual:
        files = mortal_files(life, run.disk)
        audience = Until(at=2, then=lambda: run.disk.fill(2))
        with pytest.raises(OSError):
            calibrate(PROCEDURE, SETTINGS_OF_TINY, run.plan, audience, manual, files=files)
        run.disk.fill(0)
        assert pending(run) is None
        done = calibrate(PROCEDURE, SETTINGS_OF_TINY, run.plan, Listener(), manual, files=files)
    assert as_it_is(run).like(before) and finished(done.folder)


# -- files ---------------------------------------------------------------------------------


def damaged(whole: bytes, junk: bytes, place: int, cut: bool) -> bytes:
    return whole[:place] + junk + (b"" if cut else whole[place:])


hostile = given(junk=st.binary(max_size=80), place=st.integers(0, 500), cut=st.booleans())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> AsFound:
    with held(TinyRun.make(tmp_path_factory.mktemp("found"))) as manual:
        return look(manual, CalibrationKind.SCAN)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@hostile
def test_damaged_files_of_a_sitting_are_one_sentence_each(
    junk: bytes, place: int, cut: bool, found: AsFound, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sitting")
    memory = Measurements(folder)
    for n in range(3):
        memory.add(f"image {n}", Seen(1.0, n / 7))
    sitting = Sitting(
        kind=CalibrationKind.SCAN,
        began_at=datetime.now(UTC),
        machine="lab 1",
        software="0",
        settings=SETTINGS_OF_TINY.model_dump(),
    )
    (folder / SETTINGS).write_bytes(damaged(to_toml(sitting).encode(), junk, place, cut))
    (folder / LOG).write_bytes(damaged((folder / LOG).read_bytes(), junk, place, cut))
    (folder / NAME).write_bytes(damaged(found.model_dump_json().encode(), junk, place, cut))
    reads: tuple[Callable[[], object], ...] = (
        lambda: Sitting.read(folder),
        lambda: Measurements.read(folder).get("image 1", Seen),
        lambda: left_changed(folder),
    )
    for read in reads:
        try:
            read()
        except SettingsError as refusal:
            assert str(folder) in str(refusal) and "\n\n" not in str(refusal)
