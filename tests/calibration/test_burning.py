"""What opens the ion beam outside of a run: agreed to, proven, journalled, and shut by anything."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hardware
import scopeacq
from calibration.bench import Bench
from calibration.procedure import Need, Result
from calibration.sitting import calibrate
from hardware.errors import Halted, HardwareError
from hardware.microscope import SafeState
from hardware.simulator.config import GunSettings
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.simulator.truth import IncidentTruth, OpeningTruth
from hardware.types import Blanker
from scopeacq.burning import Agreed, Burner, Burnt, Mark
from scopeacq.engine.planner import Target, next_step
from scopeacq.engine.steps import SettleBurn
from scopeacq.journal.dose_ledger import DoseLedger
from scopeacq.journal.journal import JournalError
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import BurnBegin, BurnEnd, MillHeartbeat, Record, WaferRegistered
from scopeacq.journal.wafer_place import WaferPlace
from scopeacq.manual import Manual
from scopeacq.plan.burn_place import pose_for
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Fiducial, Landmark
from scopeacq.sections.candidates import Candidate, Candidates
from tests.calibration import tiny_procedure
from tests.calibration.benches import Listener
from tests.calibration.burn_twin import burn_run, mounted_run
from tests.calibration.tiny_procedure import TinySettings
from tests.scenarios.harness import TinyRun
from tests.scenarios.life import Killed, Life
from tests.scopeacq.manual_bench import held

PLACE_UM = (0.0, 6000.0)
CHARGE_UC = 0.4
AGREED = Agreed(consent=True, charge_limit_uc=1.0, clearance_um=300.0)
SITTING = "calibrations/ion-beam/now"
STEADY = GunSettings(map_pitch_um=400.0, meter_s=0.0, meter_noise=0.0, current_drift=0.0)
"""What falls is what is measured: its meter's accuracy is no part of what is booked."""
FRAME_UC = 0.038
"""What falls in one slow frame of the raster."""


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    return mounted_run(tmp_path)


def mark(plan: Plan, at_um: Point = PLACE_UM, number: int = 0, charge_uc: float = CHARGE_UC) -> Mark:
    return Mark(number, pose_for(plan.instrument.mill, at_um), (0.6, 0.6), charge_uc)


def burner(manual: Manual, sitting: str = SITTING) -> Burner:
    return Burner(manual, manual.microscope, manual.journal, sitting)


def burn(run: TinyRun, agreed: Agreed = AGREED, life: Life | None = None, sitting: str = SITTING) -> Burnt:
    with held(run, life) as manual:
        return burner(manual, sitting).burn(mark(run.plan), agreed)


def openings(run: TinyRun) -> list[OpeningTruth]:
    return [t for t in run.truth if isinstance(t, OpeningTruth)]


def of_kind(run: TinyRun, kind: type[Record]) -> list[Record]:
    return [r for r in run.records() if isinstance(r, kind)]


def untouched(run: TinyRun) -> bool:
    """Whether no ion has left the gun and the stage stands where it stood."""
    pose = run.nature.stage.reported(run.nature.now_s)
    return not openings(run) and (pose.x_um, pose.tilt_deg) == (0.0, 0.0)


# -- what is agreed to -----------------------------------------------------------------------


def test_a_mark_gets_its_charge_in_whole_frames_and_is_booked(run: TinyRun) -> None:
    burnt = burn(run)
    (opening,) = openings(run)
    assert opening.at_opening == opening.while_open == ()
    assert CHARGE_UC - FRAME_UC <= opening.delivered_uc <= CHARGE_UC + 0.01
    assert burnt.charge_uc == pytest.approx(opening.delivered_uc, rel=0.02)
    (begin,), (end,) = of_kind(run, BurnBegin), of_kind(run, BurnEnd)
    assert isinstance(begin, BurnBegin) and isinstance(end, BurnEnd)
    assert begin.opening == end.opening and of_kind(run, MillHeartbeat)
    assert not run.nature.raster.running and not run.nature.detector.hv_on


@pytest.mark.parametrize(
    ("agreed", "why"),
    [
        (replace(AGREED, consent=False), "nobody has agreed"),
        (replace(AGREED, charge_limit_uc=0.39), "the limit is 0.39 uC"),
        (replace(AGREED, charge_limit_uc=float("nan")), "the limit is nan uC"),
        (replace(AGREED, clearance_um=8000.0), "might reach section S001"),
    ],
)
def test_what_is_not_agreed_to_is_refused_before_anything_moves(
    run: TinyRun, agreed: Agreed, why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        burn(run, agreed)
    assert untouched(run) and of_kind(run, BurnBegin) == []


def on_wafer(run: TinyRun, **marks: Any) -> None:
    run.plan = replace(run.plan, wafer=replace(run.plan.wafer, **marks))


def with_candidate(run: TinyRun) -> None:
    x, y = PLACE_UM[0], PLACE_UM[1] + 900.0
    ring = ((x - 50, y - 50), (x + 50, y - 50), (x + 50, y + 50), (x - 50, y + 50))
    run.plan.folder.candidates_file.write_text(Candidates((Candidate("C7", ring),)).to_geojson())


def without_confirmation(run: TinyRun) -> None:
    instrument = run.plan.instrument
    mill = instrument.mill.model_copy(update={"fails_closed_confirmed": False})
    run.plan = replace(run.plan, instrument=instrument.model_copy(update={"mill": mill}))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda run: on_wafer(run, fiducials=(Fiducial("F9", (0.0, 6900.0)),)), "fiducial F9"),
        (lambda run: on_wafer(run, landmarks=(Landmark("L1", (500.0, 6000.0)),)), "landmark L1"),
        (with_candidate, "candidate C7"),
        (without_confirmation, "unplugged"),
    ],
)
def test_nothing_that_is_kept_lies_within_reach(
    run: TinyRun, spoil: Callable[[TinyRun], None], why: str
) -> None:
    spoil(run)
    with pytest.raises(SettingsError, match=why):
        burn(run)
    assert untouched(run)


def test_the_reach_is_longer_along_the_beam(run: TinyRun) -> None:
    with held(run) as manual:
        for beside_um, refused in (((0.0, 900.0), True), ((900.0, 0.0), False)):
            x, y = PLACE_UM[0] + beside_um[0], PLACE_UM[1] + beside_um[1]
            manual.plan = replace(
                run.plan, wafer=replace(run.plan.wafer, fiducials=(Fiducial("F9", (x, y)),))
            )
            problems = list(burner(manual)._problems((mark(run.plan),), AGREED))
            assert bool(problems) == refused


@pytest.mark.parametrize("measured", [0, 1])
def test_nothing_opens_on_a_wafer_that_lies_nobody_knows_where(run: TinyRun, measured: int) -> None:
    """As drawn and as mounted are taken for the same: ions might meet any section."""
    marks = run.plan.wafer.landmarks
    on_wafer(run, landmarks=(*marks[:measured], *(replace(m, stage_um=None) for m in marks[measured:])))
    with pytest.raises(SettingsError, match="at least two landmarks"):
        burn(run)
    assert untouched(run)


def test_nothing_opens_on_a_wafer_whose_landmarks_contradict_one_another(run: TinyRun) -> None:
    """One of them was taken for another: where sections lie is anywhere between."""
    first, second = run.plan.wafer.landmarks
    on_wafer(run, landmarks=(first, replace(second, stage_um=(8e3, -6e3))))
    with pytest.raises(SettingsError, match=r"landmarks contradict one another: .* apart"):
        burn(run)
    assert untouched(run)


def test_a_wafer_that_a_run_has_found_lies_where_it_was_found(run: TinyRun) -> None:
    """Until it is mounted otherwise, which only landmarks tell."""
    on_wafer(run, landmarks=())
    with held(run) as manual:
        manual.note(WaferRegistered(0, 3.0, -2.0, 0.0, 0.1, 2, 1.0))
    burn(run)
    assert len(openings(run)) == 1
    assert not WaferPlace(mounted=Rigid(500.0), found=Rigid()).is_known(run.plan.wafer)


def test_a_wafer_without_anything_needs_no_place(run: TinyRun) -> None:
    on_wafer(run, landmarks=(), sections=())
    with held(run) as manual:
        burner(manual).require((mark(run.plan),), AGREED)


def test_ions_stay_on_the_wafer(run: TinyRun) -> None:
    with held(run) as manual, pytest.raises(SettingsError, match="rim"):
        burner(manual).burn(mark(run.plan, (0.0, 12_400.0)), AGREED)
    assert untouched(run)


def test_a_place_is_burned_by_one_calibration_only(run: TinyRun) -> None:
    burn(run)
    with pytest.raises(SettingsError, match=r"ion-beam/now has burned there"):
        burn(run, sitting="calibrations/ion-beam/later")
    assert len(openings(run)) == 1


def test_all_marks_of_a_calibration_share_one_limit(run: TinyRun) -> None:
    with held(run) as manual:
        lent = burner(manual)
        for number, x_um in enumerate((-2000.0, 0.0)):
            lent.burn(mark(run.plan, (x_um, 6000.0), number), AGREED)
        with pytest.raises(SettingsError, match="the limit is 1 uC"):
            lent.burn(mark(run.plan, (2000.0, 6000.0), 2), AGREED)
    assert len(openings(run)) == 2


# -- what ends it ------------------------------------------------------------------------------


def on_record(run: TinyRun, kind: type[Record], do: Callable[[], None]) -> None:
    """Do something at the first record of a kind."""
    due = [do]

    def look(records: tuple[Record, ...]) -> None:
        if due and any(isinstance(r, kind) for r in records):
            due.pop()()

    run.on_commit = look


def test_an_operators_stop_shuts_the_beam_and_the_rest_is_given_later(run: TinyRun) -> None:
    halted = threading.Event()
    on_record(run, MillHeartbeat, halted.set)
    with held(run) as manual:
        manual.begin(halted)
        with pytest.raises(Halted):
            burner(manual).burn(mark(run.plan), AGREED)
        assert not run.nature.gun.open and manual.devices.column.state().blanked
    (first,) = openings(run)
    assert first.delivered_uc < CHARGE_UC / 2
    burn(run)
    assert len(openings(run)) == 2
    assert sum(o.delivered_uc for o in openings(run)) <= CHARGE_UC + 0.01


@pytest.mark.parametrize(
    "kind", [FaultKind.LOST_VACUUM, FaultKind.GUN_TRIP, FaultKind.RASTER_STOPPED, FaultKind.EHT_TRIP]
)
def test_what_trips_while_it_is_open_shuts_it(run: TinyRun, kind: FaultKind) -> None:
    devices = {
        FaultKind.LOST_VACUUM: Device.CHAMBER,
        FaultKind.GUN_TRIP: Device.GUN,
        FaultKind.RASTER_STOPPED: Device.RASTER,
        FaultKind.EHT_TRIP: Device.COLUMN,
    }

    def trip() -> None:
        fault = Fault(devices[kind], kind, AfterCalls(1))
        run.nature.faults = FaultDesk(FaultScript((fault,)), run.nature.meter_rng)

    on_record(run, BurnBegin, trip)
    if kind is FaultKind.EHT_TRIP:  # the electron beam is blanked all the time
        burn(run)
    else:
        with pytest.raises(HardwareError):
            burn(run)
    assert not run.nature.gun.open
    assert len(of_kind(run, BurnEnd)) == 1
    assert not [t for t in run.truth if isinstance(t, IncidentTruth)]
    assert all(o.unproven_s <= 0.5 for o in openings(run))


def test_a_guard_that_dies_lets_the_beam_go_and_its_charge_is_settled(tmp_path: Path) -> None:
    run = burn_run(tmp_path, STEADY)
    hands: list[Manual] = []
    on_record(run, MillHeartbeat, lambda: hands[0].microscope.guard._wire.close())
    with pytest.raises(HardwareError), held(run) as manual:
        hands.append(manual)
        burner(manual).burn(mark(run.plan), AGREED)
    assert not run.nature.gun.open
    run.repair()
    burn(run)
    true_uc = sum(o.delivered_uc for o in openings(run))
    ends = [r for r in of_kind(run, BurnEnd) if isinstance(r, BurnEnd)]
    assert len(ends) == len(of_kind(run, BurnBegin))
    low_uc = sum(r.delivered_uc - r.uncertain_uc for r in ends)
    assert low_uc - 1e-6 <= true_uc <= sum(r.delivered_uc for r in ends) + 1e-6


@pytest.mark.parametrize("kind", [FaultKind.REFUSED, FaultKind.WRONG_POSITION, FaultKind.TIMEOUT])
def test_whatever_the_stage_does_the_beam_opens_at_its_place_or_not_at_all(
    tmp_path: Path, kind: FaultKind
) -> None:
    failed = 0
    for n_calls in range(1, 24, 4):
        run = mounted_run(tmp_path / str(n_calls))
        fault = Fault(Device.STAGE, kind, AfterCalls(n_calls))
        run.nature.faults = FaultDesk(FaultScript((fault,)), run.nature.meter_rng)
        try:
            burn(run)
        except HardwareError:
            failed += 1
        assert not run.nature.gun.open
        assert not [o for o in openings(run) if o.at_opening or o.while_open]
        assert not [t for t in run.truth if isinstance(t, IncidentTruth)]
        assert len(of_kind(run, BurnBegin)) == len(of_kind(run, BurnEnd))
    assert failed


def burn_by_a_mortal(run: TinyRun, life: Life) -> None:
    """The same by a program that may die: nothing is made safe behind it."""
    with run.start(life) as program:
        microscope, journal = program.rig.microscope, program.rig.journal
        blanked = SafeState(Blanker.BLANKED, electrons_blanked=True, stage_stopped=True)
        manual = Manual(run.plan, microscope, journal, WaferPlace(), blanked)
        Burner(manual, microscope, journal, SITTING).burn(mark(run.plan), AGREED)


EVERY = 13
"""No divisor of the deeds between two heartbeats, so that each of these comes up."""


def deeds_of_a_burn(folder: Path) -> range:
    """Some of all from just before the beam is journalled to open until the end."""
    life, run = Life(), burn_run(folder, STEADY)
    begun: list[int] = []
    on_record(run, BurnBegin, lambda: begun.append(life.deeds))
    burn_by_a_mortal(run, life)
    return range(begun[0] - 2, life.deeds + 1, EVERY)


def test_a_kill_at_any_deed_leaves_it_shut_and_the_rest_is_given_once(tmp_path: Path) -> None:
    for dies_at in deeds_of_a_burn(tmp_path / "whole"):
        run = burn_run(tmp_path / str(dies_at), STEADY)
        with suppress(Killed, OSError, HardwareError, JournalError):
            burn_by_a_mortal(run, Life(dies_at=dies_at))
        assert not run.nature.gun.open
        burn_by_a_mortal(run, Life())
        begins, ends = of_kind(run, BurnBegin), [r for r in of_kind(run, BurnEnd) if isinstance(r, BurnEnd)]
        assert len(begins) == len(ends), f"killed at deed {dies_at}"
        true_uc = sum(o.delivered_uc for o in openings(run))
        booked_uc, doubt_uc = sum(r.delivered_uc for r in ends), sum(r.uncertain_uc for r in ends)
        assert booked_uc - doubt_uc - 1e-6 <= true_uc <= booked_uc + 1e-6, f"killed at deed {dies_at}"
        assert CHARGE_UC - FRAME_UC - doubt_uc <= true_uc <= CHARGE_UC + 0.01, f"killed at deed {dies_at}"
        assert not [o for o in openings(run) if o.at_opening or o.while_open]


# -- what a run makes of it --------------------------------------------------------------------


def interrupted(run: TinyRun) -> None:
    """A burn that was killed while the beam was open."""
    life = Life()
    on_record(run, MillHeartbeat, life.end)
    with pytest.raises(BaseException):  # noqa: B017  whatever a dead program raises
        burn(run, life=life)
    assert len(of_kind(run, BurnBegin)) == 1 and of_kind(run, BurnEnd) == []
    run.on_commit = None


def test_a_run_settles_it_first_and_books_it_on_no_cycle(run: TinyRun) -> None:
    interrupted(run)
    progress = Progress.of(run.plan)
    progress.apply_all(run.records())
    assert isinstance(next_step(run.plan, progress, frozenset(), Target(2)), SettleBurn)
    with run.start() as program:
        program.engine.run()
        assert program.rig.progress.burns.open is None
    ends = [r for r in of_kind(run, BurnEnd) if isinstance(r, BurnEnd)]
    assert len(ends) == 1 and "interrupted" in ends[0].reason
    ledger = DoseLedger(run.plan)
    for record in run.records():
        ledger.apply(record)
    per_cycle_uc = 2 * run.plan.project.milling.charge_uc_per_azimuth  # type: ignore[operator]
    assert progress.totals.milled_uc == 0.0
    assert ledger.burned_per_nm2 == {} and per_cycle_uc > 0


def test_ions_that_may_have_met_a_section_are_known(run: TinyRun) -> None:
    section = run.plan.wafer.sections[0]
    x, y = section.roi_centre_um
    corners = (x - 10, y - 10, x + 10, y - 10, x + 10, y + 10, x - 10, y + 10)
    burn(run)
    ledger = DoseLedger(run.plan)
    for record in run.records():
        ledger.apply(replace(record, reach_um=corners) if isinstance(record, BurnBegin) else record)
    # 0.4 uC over 0.66 x 0.66 mm
    assert ledger.burned_per_nm2[section.id] == pytest.approx(0.38e-6 / 1.602e-19 / (0.66e6**2), rel=0.1)


def test_an_old_copy_of_the_journal_opens_nothing(run: TinyRun) -> None:
    with held(run):
        pass
    before = run.plan.folder.journal_file.read_bytes()
    burn(run)
    run.plan.folder.journal_file.write_bytes(before)
    for name in ("-wal", "-shm"):
        run.plan.folder.journal_file.with_name(f"journal.sqlite{name}").unlink(missing_ok=True)
    with pytest.raises(JournalError, match="old copy"):
        burn(run)
    assert len(openings(run)) == 1


# -- what else could open it -------------------------------------------------------------------


def calls_of(package: Path, *names: str) -> set[str]:
    """Files in which ``<names[0]>.<names[1]>(...)`` is called, by the last names of the expression.

    The contract suite is no part of the program: it tries whether a blanker opens, for authors of drivers.
    """
    found = set()
    for file in (f for f in package.rglob("*.py") if "contract" not in f.relative_to(package).parts):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if (last, node.func.attr) == names:
                    found.add(file.name)
    return found


def test_the_guard_is_asked_to_open_in_one_place() -> None:
    root = Path(scopeacq.__file__).parents[1]
    folders = [root / name for name in ("scopeacq", "calibration", "ui", "hardware")]
    assert set().union(*(calls_of(f, "guard", "open") for f in folders)) == {"opening.py"}
    assert Path(hardware.__file__).parent in folders


def test_a_calibration_that_does_not_say_so_is_not_lent_the_ion_beam(run: TinyRun) -> None:
    lent: list[Burner | None] = []

    def measure(bench: Bench, settings: TinySettings) -> Result:
        lent.append(bench.ions)
        return tiny_procedure.measure(bench, settings)

    tiny = replace(tiny_procedure.PROCEDURE, measure=measure)
    with held(run) as manual:
        for procedure in (tiny, replace(tiny, needs=tiny.needs | {Need.IONS})):
            calibrate(procedure, TinySettings(), run.plan, Listener(), manual, anew=True)
    assert lent[0] is None and isinstance(lent[1], Burner)
    assert openings(run) == []
