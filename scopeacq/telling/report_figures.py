"""The report's plots and its map, from what was gathered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup
from shapely.geometry import Polygon

from scopeacq.journal.records import SectionRegistered, Verdict
from scopeacq.journal.thinned import evenly
from scopeacq.plan.mill_rate import evenly_milled, footprint
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.report_data import POINTS, FocusPoint, ScorePoint, WaferPoint
from scopeacq.telling.status import MillStatus, Status
from scopeacq.telling.svg import COLOURS, Area, Axes, Mark, Point, Series, map_of, plot

CYCLE = "cycle"


def focus_plots(points: Sequence[FocusPoint]) -> list[tuple[str, Markup]]:
    """Working distance and both stigmators after each correction."""
    wanted: list[tuple[str, str, Callable[[FocusPoint], float]]] = [
        ("Working distance", "wd [\u00b5m]", lambda p: p.wd_um),
        ("Stigmator x", "stig x [a.u.]", lambda p: p.stig_x),
        ("Stigmator y", "stig y [a.u.]", lambda p: p.stig_y),
    ]
    return [
        (
            title,
            plot(_per_section((p.section, (p.place, value(p))) for p in points), Axes(CYCLE, label)),
        )
        for title, label, value in wanted
    ]


def score_plot(points: Sequence[ScorePoint], sharp_below_um: float) -> Markup:
    """Scores of all scans, with the limit above which no scan is sharp."""
    kinds: dict[Verdict, list[Point]] = defaultdict(list)
    for p in points:
        kinds[p.verdict].append((p.place, p.score_um))
    series = [Series(v.value, kinds[v], colour=n) for n, v in enumerate(Verdict) if v in kinds]
    return plot(series, Axes(CYCLE, "score [\u00b5m of defocus]", sharp_below_um, "never sharp above"))


def section_shift_plots(found: Sequence[SectionRegistered]) -> list[tuple[str, Markup]]:
    """How far each section lay from its last slice, in the wafer frame."""
    wanted: list[tuple[str, str, Callable[[SectionRegistered], float]]] = [
        ("Shift in x", "dx [\u00b5m]", lambda s: s.dx_um),
        ("Shift in y", "dy [\u00b5m]", lambda s: s.dy_um),
        ("Correlation with the last slice", "correlation", lambda s: s.correlation),
    ]
    return [
        (
            title,
            plot(_per_section((s.section, (s.cycle + 1, value(s))) for s in found), Axes(CYCLE, label)),
        )
        for title, label, value in wanted
    ]


def wafer_shift_plots(found: Sequence[WaferPoint]) -> list[tuple[str, Markup]]:
    """Where the wafer lay in the stage frame, against its first place since it was mounted."""
    if not found:
        return []
    shifts = [
        Series("x", [(w.cycle + 1, w.dx_um) for w in found], Mark.LINE, 0),
        Series("y", [(w.cycle + 1, w.dy_um) for w in found], Mark.LINE, 1),
    ]
    turns = Series("rotation", [(w.cycle + 1, w.turn_deg) for w in found], Mark.LINE)
    return [
        ("Wafer shift", plot(shifts, Axes(CYCLE, "shift [\u00b5m]"))),
        ("Wafer rotation", plot([turns], Axes(CYCLE, "rotation [degrees]"))),
    ]


def charge_plot(mill: Sequence[MillStatus]) -> Markup:
    """Delivered charge of each azimuth, with what was requested."""
    azimuths: dict[float, list[Point]] = defaultdict(list)
    for m in mill:
        azimuths[m.azimuth_deg].append((m.cycle + 1, m.delivered_uc))
    series = [
        Series(f"{degrees:g}\u00b0", evenly(points, POINTS), colour=n)
        for n, (degrees, points) in enumerate(sorted(azimuths.items()))
    ]
    requested = mill[0].requested_uc if mill else None
    return plot(series, Axes(CYCLE, "charge [\u00b5C]", requested, "requested"))


def depth_map(plan: Plan, status: Status) -> Markup:
    """How much of each section's thickness is milled, with its mean depth."""
    depths = milled_depths_nm(plan, status)
    areas = [Area(evenly_milled_outline(plan), None, "evenly milled")] if _fits(plan) else []
    areas += [
        Area(s.outline_um, depths[s.id] / s.thickness_nm, f"{s.id}: {depths[s.id]:.1f} nm")
        for s in plan.wafer.sections
    ]
    return map_of(areas, [f.centre_um for f in plan.wafer.fiducials], "whole thickness milled")


def milled_depths_nm(plan: Plan, status: Status) -> dict[str, float]:
    """Mean depth [nm] per section: of each azimuth's charge, the share whose raster covered it counts.

    As the wafer is mounted now, although it may have been mounted otherwise before.
    """
    mill, vpp = plan.instrument.mill, plan.project.milling.raster_vpp
    per_azimuth_uc: dict[float, float] = defaultdict(float)
    for entry in status.mill:
        per_azimuth_uc[entry.azimuth_deg] += entry.delivered_uc
    total_uc = sum(per_azimuth_uc.values()) or 1.0
    milled_nm = {s.id: s.milled_nm for s in status.sections}

    def covered(outline: Polygon) -> float:
        shares = (
            charge_uc * footprint(mill, vpp, degrees).intersection(outline).area / outline.area
            for degrees, charge_uc in per_azimuth_uc.items()
        )
        return sum(shares) / total_uc

    mount = plan.wafer.mount
    on_stage = {s.id: Polygon([mount.apply(p) for p in s.outline_um]) for s in plan.wafer.sections}
    return {name: milled_nm[name] * covered(outline) for name, outline in on_stage.items()}


def evenly_milled_outline(plan: Plan) -> list[Point]:
    """Where all azimuths' rasters meet, on the wafer."""
    region = evenly_milled(plan.instrument.mill, plan.project.milling)
    on_wafer = plan.wafer.mount.inverse()
    return [on_wafer.apply((x, y)) for x, y in region.exterior.coords]


def _fits(plan: Plan) -> bool:
    """Whether the evenly milled region may be drawn without making the sections tiny."""
    region = evenly_milled(plan.instrument.mill, plan.project.milling).bounds
    places = [p for s in plan.wafer.sections for p in s.outline_um]
    spread_um = max((max(abs(x), abs(y)) for x, y in places), default=0.0)
    return max(map(abs, region)) < 3 * spread_um


def _per_section(points: Iterable[tuple[str, Point]]) -> list[Series]:
    """A colour for each section while there are colours enough, else one for all."""
    grouped: dict[str, list[Point]] = defaultdict(list)
    for section, point in points:
        grouped[section].append(point)
    if len(grouped) > COLOURS:
        return [Series("all sections", [p for found in grouped.values() for p in found])]
    return [Series(name, found, colour=n) for n, (name, found) in enumerate(sorted(grouped.items()))]
