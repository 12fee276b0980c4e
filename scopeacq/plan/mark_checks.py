"""Pre-flight of landmarks and fiducials: whether the wafer is found by them, to the end of the run."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence

import numpy as np
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry import Point as Spot
from shapely.ops import unary_union

from scopeacq.plan.findings import Findings, error, note, warning
from scopeacq.plan.geometry import Point
from scopeacq.plan.landmarks import LEAST, Misfit, judge
from scopeacq.plan.mill_rate import charge_uc_per_azimuth, depth_nm
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.wording import counted

LEAST_FIDUCIALS = 3
LEAST_TURN_DEG = 1.0
"""Turned by less, a pattern is still the same one."""


def landmark_findings(plan: Plan) -> Findings:
    """Landmarks that do not tell how the wafer is mounted. A wafer without any is as it was drawn."""
    landmarks = plan.wafer.landmarks
    if not landmarks:
        return
    mounting = judge(landmarks, plan.project.registration.max_shift_um)
    if not mounting.sound:
        yield error(mounting.verdict)
    elif mounting.misfit is Misfit.OUTLIER:
        yield warning(mounting.verdict)
    elif len(mounting.residuals) == LEAST:
        yield note(mounting.verdict)


def fiducial_findings(plan: Plan) -> Findings:
    """Fiducials that are too few, in the wrong places, or gone before the run ends."""
    places = [f.centre_um for f in plan.wafer.fiducials]
    if len(places) < LEAST_FIDUCIALS:
        yield error(
            f"The wafer has {counted(len(places), 'fiducial')}; mark at least {LEAST_FIDUCIALS}, far "
            "apart, so that it is found again after each mill."
        )
        return
    yield from _spread(plan, places)
    yield from _turned_alike(plan, places)
    yield from _on_sections(plan)
    yield from _outlive(plan)


def _spread(plan: Plan, places: Sequence[Point]) -> Findings:
    sections = [p for s in plan.wafer.sections for p in s.outline_um]
    if sections and _widest_um(places) < _widest_um(sections) / 2:
        yield warning(
            f"The fiducials lie within {_widest_um(places):.0f} um, the sections within "
            f"{_widest_um(sections):.0f} um; mark some farther apart, or rotations are found badly."
        )


def _turned_alike(plan: Plan, places: Sequence[Point]) -> Findings:
    """Marks look alike, so that only their pattern tells how the wafer is turned."""
    turns = list(turns_onto_itself(places, plan.project.registration.max_shift_um))
    if turns:
        yield warning(
            f"Turned by {min(turns, key=abs):.0f} degrees the fiducials fall onto each other; move one of "
            "them, so that no turn looks like another."
        )


def turns_onto_itself(places: Sequence[Point], tolerance_um: float) -> Iterator[float]:
    """Turns about their centroid [degrees] by which points come to lie on each other again, all of them."""
    points = np.array([complex(x, y) for x, y in places])
    points = points - points.mean()
    outermost = complex(points[np.abs(points).argmax()])
    if abs(outermost) <= tolerance_um:
        return
    for other in points:
        if abs(abs(other) - abs(outermost)) > tolerance_um:
            continue
        turn = cmath.exp(1j * cmath.phase(complex(other) / outermost))
        angle_deg = math.degrees(cmath.phase(turn))
        far = np.abs(turn * points[:, None] - points[None, :]).min(axis=1)
        if abs(angle_deg) > LEAST_TURN_DEG and far.max() <= tolerance_um:
            yield angle_deg


def _on_sections(plan: Plan) -> Findings:
    """Fiducials whose pictures lay electrons on sections, which mills take away besides."""
    frame = plan.project.registration.frame()
    half_um = 5e-4 * frame.pixel_size_nm * math.hypot(frame.width_px, frame.height_px)
    tissue = unary_union([Polygon(s.outline_um) for s in plan.wafer.sections])
    near = [f.id for f in plan.wafer.fiducials if Spot(f.centre_um).distance(tissue) < half_um]
    if near and not tissue.is_empty:
        yield warning(
            f"Sections reach into the pictures of {', '.join(near)}; choose fiducials at least "
            f"{half_um:.0f} um beside them."
        )


def _outlive(plan: Plan) -> Findings:
    """Whether the run mills deeper than the marks are cut."""
    mill, milling, cycles = plan.instrument.mill, plan.project.milling, plan.project.cycles
    azimuths = len(milling.azimuths_deg)
    per_cycle_nm = depth_nm(mill, milling, charge_uc_per_azimuth(mill, milling) * azimuths)
    whole_nm = per_cycle_nm * cycles
    known_nm = plan.project.registration.fiducial_depth_nm
    if not known_nm:
        yield note(
            f"The run mills {whole_nm:.0f} nm, and nobody has said how deep the fiducials are; "
            "set registration.fiducial_depth_nm."
        )
    elif whole_nm > known_nm:
        yield error(
            f"The fiducials are {known_nm:g} nm deep and gone after {int(known_nm / per_cycle_nm)} of "
            f"{counted(cycles, 'cycle')}, which mill {whole_nm:.0f} nm; choose deeper ones, or mill less."
        )


def _widest_um(points: Sequence[Point]) -> float:
    """The diagonal of the points' bounding box."""
    left, low, right, high = MultiPoint(points).bounds
    return math.hypot(right - left, high - low)
