"""All that is wrong with a plan at once, before anything moves: ``scopeacq check``.

Each check is a generator of findings over the plan. What must be looked up (disk, weights, drivers)
comes in as a :class:`Site`, so that every check can be tried without one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shapely.geometry import Polygon

from hardware.errors import OutOfRange
from hardware.paths import Path as StagePath
from hardware.paths import path_to_imaging, path_to_mill
from hardware.protocols import Stage
from hardware.registry import microscope_names
from hardware.types import StagePose
from scopeacq.journal.history import History
from scopeacq.journal.wafer_place import remounting
from scopeacq.plan.assembly import device_findings
from scopeacq.plan.calibration_checks import calibration_findings
from scopeacq.plan.estimate import Estimate, estimate
from scopeacq.plan.findings import Finding, Findings, Severity, error, note, warning
from scopeacq.plan.focus_checks import network_problems
from scopeacq.plan.instrument import Instrument, chamber_model
from scopeacq.plan.mark_checks import fiducial_findings, landmark_findings
from scopeacq.plan.mill_rate import evenly_milled
from scopeacq.plan.plan_changes import ADVICE, changes
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.stage_checks import scatter_findings
from scopeacq.plan.wafer_checks import section_findings
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.locks import probe_folder
from scopeacq.telling.wording import counted

LEAST_FRAMES_PER_PASS = 10
"""Slow frames: with fewer, rounding a pass to whole frames changes its charge by more than 5 %."""
DOSE_WARNING_PER_NM2 = 1000.0
"""Per cycle at one spot; some fifty tiles at 200 ns."""
NO_CHARGING_1E27_EV_PER_CM3 = 1.0
"""Sections irradiated at least so much showed no charging (Schubert 2022, chapter 2)."""
HAIR_NM = 1e-3
"""A section that is milled through by less is milled as planned."""

GB = 1e9


@dataclass(frozen=True)
class Site:
    """What the computer answers: room on a disk, a folder's problems, drivers, what the networks refuse."""

    free_bytes: Callable[[Path], int] = DiskFiles().free_bytes
    probe: Callable[[Path], list[str]] = probe_folder
    drivers: Callable[[], list[str]] = microscope_names
    network_problems: Callable[[Plan], list[str]] = network_problems


def check(plan: Plan, site: Site | None = None, history: History | None = None) -> list[Finding]:
    """Everything that is wrong or worth knowing, worst first; no error means that the run may start."""
    site, history = site or Site(), history or History()
    cost = estimate(plan.project, plan.wafer, plan.instrument)
    findings = [
        *_changes(plan, history),
        *section_findings(plan),
        *landmark_findings(plan),
        *_mounted_anew(plan, history),
        *_gun_given_back(history),
        *fiducial_findings(plan),
        *calibration_findings(plan),
        *scatter_findings(plan),
        *_mill_paths(plan),
        *_raster(plan),
        *_charge(plan, cost),
        *_depth(plan, cost, history),
        *_doses(plan, cost),
        *_guarding(plan.instrument),
        *device_findings(plan),
        *_software(plan, site),
        *_disk(plan, cost, site, history.cycles_done),
    ]
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def _changes(plan: Plan, history: History) -> Findings:
    if history.unreadable:
        yield error(history.unreadable)
    for change in changes(plan, history.begun):
        yield error(f"{change}. {ADVICE}")


def _mounted_anew(plan: Plan, history: History) -> Findings:
    if history.begun.opened and remounting(history.begun.place, plan.wafer):
        yield note(
            "By its landmarks the wafer is mounted otherwise than before: the run looks for it where they "
            "put it."
        )


def _gun_given_back(history: History) -> Findings:
    if history.begun.gun_hv_due:
        yield warning(
            "The ion gun's high voltage was taken off for a cleaning that broke off: going on switches it "
            "on again, once chamber and gun are pumped."
        )


def check_stage(plan: Plan, stage: Stage) -> list[Finding]:
    """Ask a connected stage whether it may go to every pose of the plan; moves nothing."""
    mill, mount = plan.instrument.mill, plan.wafer.mount
    poses = {f"the mill pose at {a:g} degrees": mill.pose(a) for a in plan.project.milling.azimuths_deg}
    for name, point in _imaged_points(plan):
        poses[name] = _imaging_pose(plan.instrument, mount.apply(point))
    findings = []
    for name, pose in poses.items():
        try:
            stage.check(pose)
        except OutOfRange as refusal:
            findings.append(error(f"The stage cannot go to {name}: {refusal.what}."))
    return findings


def _imaged_points(plan: Plan) -> Iterator[tuple[str, tuple[float, float]]]:
    for section in plan.wafer.sections:
        for tile in section.tiles(plan.project.imaging):
            yield f"section {section.id}, tile {tile.index + 1}", tile.centre_um
    for fiducial in plan.wafer.fiducials:
        yield f"fiducial {fiducial.id}", fiducial.centre_um


def _imaging_pose(instrument: Instrument, stage_um: tuple[float, float]) -> StagePose:
    return StagePose(*stage_um, instrument.stage.imaging_z_um, 0.0, 0.0)


# -- milling -----------------------------------------------------------------------------


def _mill_paths(plan: Plan) -> Findings:
    """The way to each azimuth and back, against the solids of the chamber."""
    stage, mill = plan.instrument.stage, plan.instrument.mill
    model = chamber_model(plan.instrument)
    home = _imaging_pose(plan.instrument, (0.0, 0.0))
    poses = [home]
    for azimuth_deg in plan.project.milling.azimuths_deg:
        poses += _completed(poses[-1], path_to_mill(poses[-1], mill.pose(azimuth_deg), stage.safe_z_um))
    poses += _completed(poses[-1], path_to_imaging(poses[-1], home, stage.safe_z_um))
    for collision in model.path_collisions(poses):
        yield error(f"On the way to mill or back: {collision}; correct the poses of instrument.toml.")


def _completed(start: StagePose, path: StagePath) -> Iterator[StagePose]:
    pose = start
    for leg in path:
        pose = leg.over(pose)
        yield pose


def _raster(plan: Plan) -> Findings:
    even = evenly_milled(plan.instrument.mill, plan.project.milling)
    mount = plan.wafer.mount
    on_stage = {s.id: Polygon([mount.apply(p) for p in s.outline_um]) for s in plan.wafer.sections}
    outside = [name for name, outline in on_stage.items() if not even.contains(outline)]
    if outside:
        yield error(
            f"The ion raster does not mill {_listed(outside)} from all azimuths; raise milling.raster_vpp "
            "or leave these sections out."
        )


def _charge(plan: Plan, cost: Estimate) -> Findings:
    mill = plan.instrument.mill
    low_na, high_na = mill.interlocks.current_na
    if not low_na <= mill.ion_current_na <= high_na:
        yield error(
            f"The nominal ion current {mill.ion_current_na:g} nA lies outside its interlock "
            f"({low_na:g} to {high_na:g} nA); correct one of them."
        )
    frames = cost.pass_s * mill.raster_y_hz
    if frames < 1:
        yield error(
            f"A mill pass takes {cost.pass_s:.2f} s, less than one frame of the ion raster; "
            "mill more, in fewer rounds, or with a smaller raster."
        )
    elif frames < LEAST_FRAMES_PER_PASS:
        yield warning(
            f"A mill pass has only {frames:.1f} frames of the ion raster and is rounded to whole ones; "
            "mill in fewer rounds."
        )
    if cost.pass_s > mill.interlocks.current_max_age_s:
        yield warning(
            f"A mill pass takes {cost.pass_s / 60:.0f} min, in which the ion current is not measured "
            "again; mill in more rounds."
        )


def _depth(plan: Plan, cost: Estimate, history: History) -> Findings:
    if not plan.wafer.sections:
        return
    cycles_left = cost.cycles - history.cycles_done
    left_nm = {
        s.id: s.thickness_nm - history.milled_nm.get(s.id, 0.0)
        for s in plan.wafer.sections
        if s.id not in history.dropped
    }
    sections = counted(cost.sections, "section")
    thinnest = min(plan.wafer.sections, key=lambda s: s.thickness_nm)
    if cost.depth_nm > thinnest.thickness_nm:
        yield error(
            f"One cycle mills {cost.depth_nm:.1f} nm, more than section {thinnest.id} is thick "
            f"({thinnest.thickness_nm:g} nm); mill less per cycle."
        )
    elif early := {s: nm for s, nm in left_nm.items() if nm + HAIR_NM < cost.depth_nm * cycles_left}:
        first = min(early, key=lambda s: early[s])
        cycles = history.cycles_done + max(math.ceil(early[first] / cost.depth_nm), 0)
        yield warning(
            f"At {cost.depth_nm:.1f} nm per cycle {len(early)} of {sections} will be milled "
            f"through before the run ends, section {first} first: after {cycles} of {cost.cycles} cycles, "
            f"{history.milled_nm.get(first, 0.0):.1f} nm of it are milled already."
        )
    if plan.project.milling.irradiation_1e27_ev_per_cm3 < NO_CHARGING_1E27_EV_PER_CM3:
        yield note(
            "Sections irradiated with less than 10²⁷ eV/cm³ may charge; look for streaks in the first "
            "cycle."
        )


def _doses(plan: Plan, cost: Estimate) -> Findings:
    if cost.dose_most_per_nm2 > DOSE_WARNING_PER_NM2:
        yield warning(
            f"One spot may get up to {cost.dose_most_per_nm2:.0f} electrons per nm^2 in a cycle; "
            "lower dwell times, focus iterations or retakes."
        )
    if plan.project.focus.dwell_ns > min(imaging.dwell_ns for imaging in plan.kinds_of_tiles):
        yield warning("Focus images dwell longer than tiles; DeepFocus needs no more than 50 to 200 ns.")


# -- what the operator and the computer must provide --------------------------------------


def _guarding(instrument: Instrument) -> Findings:
    if not instrument.mill.fails_closed_confirmed:
        yield error(
            "Nobody has confirmed that the ion blanker blanks when it is unpowered or unplugged; test it, "
            "then set mill.fails_closed_confirmed in instrument.toml."
        )
    yield note(
        "Confirm by hand that the manual valve to the ion gun is open and its gas is on: "
        "no software can read that valve."
    )


def _software(plan: Plan, site: Site) -> Findings:
    driver = plan.instrument.driver.name
    if driver not in (names := site.drivers()):
        yield error(f"There is no driver {driver!r}; installed: {', '.join(names) or 'none'}.")
    for problem in site.network_problems(plan):
        yield error(problem)


def _disk(plan: Plan, cost: Estimate, site: Site, cycles_done: int) -> Findings:
    folder = plan.folder.root
    images = plan.folder.images(plan.project)
    for problem in site.probe(folder):
        yield error(problem)
    free = site.free_bytes(images) - plan.project.storage.reserve_gb * GB
    wanted = cost.slice_bytes * max(cost.cycles - cycles_done, 0)
    if free < cost.slice_bytes:
        yield error(
            f"The disk of {images} has no room for one slice of {cost.slice_bytes / GB:.2f} GB above "
            "the reserve; free some space or move storage.images."
        )
    elif free < wanted:
        yield warning(
            f"The disk of {images} has {free / GB:.1f} GB above the reserve and the run may need "
            f"{wanted / GB:.1f} GB; it would pause when the disk is full."
        )


def _listed(ids: list[str]) -> str:
    if len(ids) == 1:
        return f"section {ids[0]}"
    return f"sections {', '.join(ids[:5])}" + (" and others" if len(ids) > 5 else "")
