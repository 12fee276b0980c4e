"""Between imaging and milling: recovering the column, cleaning, dropping, the mill gate, parking."""

from __future__ import annotations

import math
from dataclasses import replace

from hardware.errors import Interlocked, Refused
from hardware.interlocks import gun_pump_refusals
from hardware.milling import end_mill
from hardware.motion import follow
from hardware.paths import path_to_imaging
from hardware.types import StagePose
from scopeacq.engine.locating import book_dose, go, tolerance, wafer_to_stage
from scopeacq.engine.planner import mill_plan
from scopeacq.engine.rig import Rig
from scopeacq.engine.steps import Clean, DropSection, PassGate, RecoverImaging, WaivePlane
from scopeacq.engine.taking import PLANES_AHEAD, require_room
from scopeacq.engine.trouble import StepRefused
from scopeacq.engine.vacuum import await_pressure
from scopeacq.journal.records import (
    Cleaned,
    CleaningBegin,
    DropRefused,
    ErrorKind,
    GatePassed,
    ImagingRecovered,
    PlaneChosen,
    PlaneLost,
    PlaneWaived,
    Purpose,
    SectionDropped,
)
from scopeacq.plan.estimate import PYRAMID
from scopeacq.storage.storage import Written
from scopeacq.vision.darkness import require_tissue
from scopeacq.vision.drop import DropCase, ReferenceTile, drop_evidence


def recover_imaging(rig: Rig, step: RecoverImaging) -> None:
    """Make the column fit for imaging: ions blanked, pressure, valve, EHT, detector, a frame.

    The ion gun's high voltage comes on again where a cleaning took it off.

    Ends early, and recovers nothing, when the operator asks while it waits for the pressure or for
    charges to decay. Raises ``HardwareError``; ``Interlocked`` when the pressure does not come down, or
    the gun's vacuum does not bear the high voltage; ``BadFrame`` when the frame is dark before it can be.
    """
    end_mill(rig.microscope)
    recovery = rig.plan.project.recovery
    pressure_mbar = await_pressure(
        rig.devices, recovery.pressure_max_mbar, recovery.pressure_timeout_s, lambda: rig.control.urgent
    )
    if pressure_mbar is None:
        return
    column, detector = rig.devices.column, rig.devices.detector
    beam = column.state()
    if not beam.valve_open:
        column.set_valve(True)
    if not beam.eht_on:
        column.set_eht(True)
    if not detector.state().hv_on:
        detector.restore(replace(detector.state(), hv_on=True))
    if rig.progress.gun_hv_due:
        _give_gun_hv_back(rig)
    if step.cycle > 0 and not _await_charge_decay(rig):
        return
    section, settings = rig.progress.active()[0], rig.plan.project.registration
    where_um = rig.plan.wafer.section(section).roi_centre_um
    go(rig, where_um, wafer_to_stage(rig))
    scan = settings.frame()
    book_dose(rig, Purpose.REFERENCE, where_um, scan, frames=1)
    frame = rig.imager.scan(scan)
    require_tissue(rig, section, frame.image)
    rig.record(ImagingRecovered(step.cycle, pressure_mbar, float(frame.image.mean()), rig.now_s()))


def _give_gun_hv_back(rig: Rig) -> None:
    """The chamber is pumped by now; so must be the gun, which the plasma's gas has reached as well."""
    gun = rig.devices.gun.state()
    if gun.hv_on:
        return
    if reasons := gun_pump_refusals(gun, rig.limits):
        raise Interlocked("ion gun", reasons, "Wait until the gun is pumped.")
    rig.devices.gun.set_hv(True)


def _await_charge_decay(rig: Rig) -> bool:
    """Whether the charges had their time; False when the operator wants an end at once."""
    clock, decay_s = rig.devices.clock, rig.plan.project.recovery.charge_decay_s
    end_s = clock.now_s() + decay_s
    while (left_s := end_s - clock.now_s()) > 0 and not rig.control.urgent:
        clock.sleep(min(left_s, clock.longest_step_s(decay_s)))
    return not rig.control.urgent


def clean(rig: Rig, step: Clean) -> None:
    """Run the plasma cleaner with column and ion gun off; recovering the imaging switches both on again.

    Raises ``StepRefused`` when there is none, ``Interlocked``, and what the devices raise.
    """
    cleaning, cleaner = rig.plan.project.cleaning, rig.devices.cleaner
    if cleaner is None:
        raise StepRefused(
            ErrorKind.CONNECTION,
            "this instrument has no plasma cleaner",
            "Set cleaning.every_cycles = 0 in project.toml.",
        )
    end_mill(rig.microscope)
    gun_hv_on = rig.devices.gun.state().hv_on
    rig.record(CleaningBegin(step.cycle, gun_hv_on))
    if gun_hv_on:
        rig.devices.gun.set_hv(False)
    rig.imager.blank()
    rig.devices.column.set_valve(False)
    rig.devices.column.set_eht(False)
    rig.devices.detector.make_safe()
    try:
        cleaner.clean(cleaning.power_w, cleaning.duration_s)
    except Refused:
        if rig.control.urgent:
            return  # it was ended for that
        raise
    rig.record(Cleaned(step.cycle))


def waive_plane(rig: Rig, step: WaivePlane) -> None:
    """Accept what there is of a plane: its best take counts, if it has one."""
    plane = rig.progress.plane(step.key)
    takes = plane.takes
    scores = {
        n: t.judged.score_um if math.isfinite(t.judged.score_um) else math.inf
        for n, t in enumerate(takes)
        if t.durable is not None and t.judged is not None
    }
    # first, so that after a kill in between nothing else is chosen
    rig.record(PlaneWaived(step.key, step.reason))
    if scores:
        best = min(scores, key=scores.__getitem__)
        rig.store.choose(step.key, best, plane.chosen)
        rig.record(PlaneChosen(step.key, best))


def drop_section(rig: Rig, step: DropSection) -> None:
    """Drop a section whose wafer shows through, on evidence; or journal what the evidence lacks."""
    progress = rig.progress
    history = progress.sections[step.section].dark_fractions
    case = DropCase(
        step.section,
        (*history, progress.dark_fraction(step.section)),
        rig.devices.column.state(),
        rig.devices.detector.state(),
        _bright_reference(rig, step.section),
        progress.dropped_this_cycle,
    )
    decision = drop_evidence(case, rig.plan.project.drop)
    if decision.drop:
        rig.record(SectionDropped(step.cycle, step.section, decision.sentences))
    else:
        rig.record(DropRefused(step.cycle, step.section, "; ".join(decision.sentences)))


def _bright_reference(rig: Rig, other_than: str) -> ReferenceTile | None:
    """The brightest section elsewhere, imaged in the same cycle."""
    progress = rig.progress
    others = [s for s in progress.active() if s != other_than and progress.section_planes(s)]
    if not others:
        return None
    brightest = min(others, key=progress.dark_fraction)
    return ReferenceTile(f"section {brightest}", progress.dark_fraction(brightest))


def pass_gate(rig: Rig, step: PassGate) -> None:
    """Read every plane of the slice back from disk, copy the journal, and open the gate.

    A plane that is not as recorded is journalled as lost, and the gate stays shut. Raises
    ``DiskFull`` when the next slice would not fit.
    """
    planes = dict(rig.progress.planes)
    more_to_come = step.cycle + 1 < rig.plan.project.cycles
    require_room(rig, PLANES_AHEAD + more_to_come * math.ceil(len(planes) * PYRAMID))
    for key, plane in planes.items():
        if plane.chosen is None:
            continue
        durable = plane.takes[plane.chosen].durable
        if durable is None or not rig.store.verify(
            Written(durable.path, durable.size_bytes, durable.checksum)
        ):
            rig.store.set_aside(key, plane.chosen)
            rig.record(PlaneLost(key, plane.chosen, "its file is missing or differs from its checksum"))
            return
    rig.journal.backup(rig.plan.folder.journal_copy)
    waived = sum(p.waived for p in planes.values())
    rig.record(GatePassed(step.cycle, len(planes), waived, mill_plan(rig.plan)))


def park(rig: Rig) -> None:
    """Flat, unrotated and low: a move of its own along a checked path, never a reflex to an error."""
    profile = rig.plan.instrument.stage
    pose = rig.devices.stage.pose()
    parked = StagePose(0.0, 0.0, profile.safe_z_um, 0.0, 0.0)
    path = path_to_imaging(pose, parked, profile.safe_z_um)
    follow(rig.devices.stage, rig.microscope.model, path, tolerance(rig))
