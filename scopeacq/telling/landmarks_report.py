"""How the landmarks of a wafer stand, and what came of measuring them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from scopeacq.landmarking import Measured, Measurement
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.landmarks import Misfit, judge
from scopeacq.plan.mark_checks import fiducial_findings, landmark_findings
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.wording import counted

MICRO = "\N{MICRO SIGN}m"


@dataclass(frozen=True, slots=True)
class LandmarkStanding:
    """One landmark. ``residual_um``: how far from where the mount puts it; ``measured``: just now."""

    id: str
    wafer_um: Point
    stage_um: Point | None
    residual_um: float | None
    measured: Measured | None


@dataclass(frozen=True, slots=True)
class LandmarksReport:
    """All landmarks, the mount of least squares, and what to think of it.

    ``outliers``: landmarks that the others contradict. ``pictured``: what came of fiducials' pictures.
    ``findings``: sentences of pre-flight about landmarks and fiducials.
    """

    landmarks: tuple[LandmarkStanding, ...]
    mount: Rigid
    scale: float
    misfit: Misfit | None
    outliers: tuple[str, ...]
    sound: bool
    verdict: str
    fiducials: tuple[Fiducial, ...]
    pictured: tuple[Measured, ...]
    findings: tuple[str, ...]


def landmarks_report(
    plan: Plan,
    measurement: Measurement | None = None,
    pictured: Sequence[Measured] = (),
    more_findings: Sequence[str] = (),
) -> LandmarksReport:
    """Of a plan's landmarks, with what came of measuring them just now."""
    mounting = judge(plan.wafer.landmarks, plan.project.registration.max_shift_um)
    residuals = {r.landmark: r.distance_um for r in mounting.residuals}
    measured = {m.mark: m for m in measurement.each} if measurement else {}

    def standing(mark: Landmark) -> LandmarkStanding:
        return LandmarkStanding(
            mark.id, mark.wafer_um, mark.stage_um, residuals.get(mark.id), measured.get(mark.id)
        )

    found = [finding.text for check in (landmark_findings, fiducial_findings) for finding in check(plan)]
    return LandmarksReport(
        tuple(map(standing, plan.wafer.landmarks)),
        mounting.mount,
        mounting.scale,
        mounting.misfit,
        tuple(o.landmark for o in mounting.outliers),
        mounting.sound,
        mounting.verdict,
        plan.wafer.fiducials,
        tuple(pictured),
        tuple(text for text in (*found, *more_findings) if text != mounting.verdict),
    )


def landmarks_table(report: LandmarksReport) -> Table:
    """For a terminal."""
    table = Table(
        "Landmark", f"Wafer x, y [{MICRO}]", f"Stage x, y [{MICRO}]", f"Off [{MICRO}]", "Just now"
    )
    for mark in report.landmarks:
        off = "" if mark.residual_um is None else f"{mark.residual_um:.1f}"
        stage = "not measured" if mark.stage_um is None else _place(mark.stage_um)
        now = f"{mark.measured.how.value} {mark.measured.text}".strip() if mark.measured else ""
        table.add_row(mark.id, _place(mark.wafer_um), stage, off, now)
    return table


def landmarks_sentences(report: LandmarksReport) -> list[str]:
    """What the table does not say."""
    mount = report.mount
    lines = [report.verdict]
    if report.sound:
        lines.append(
            f"The wafer's middle lies at {_place((mount.x_um, mount.y_um))} {MICRO} of the stage, "
            f"turned by {mount.rotation_deg:.2f} degrees."
        )
    if report.fiducials:
        places = "; ".join(f"{mark.id} at {_place(mark.centre_um)}" for mark in report.fiducials)
        lines.append(f"{counted(len(report.fiducials), 'fiducial').capitalize()} [{MICRO}]: {places}.")
    lines += [f"Fiducial {m.mark}: {m.how.value}. {m.text}".rstrip() for m in report.pictured]
    return [*lines, *report.findings]


def _place(point: Point) -> str:
    return f"{point[0]:.1f}, {point[1]:.1f}"
