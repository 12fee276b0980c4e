"""What can be asked of the grids of a wafer, and how they are then: ``scopeacq wafer grids``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scopeacq.plan.coverage import coverage
from scopeacq.plan.findings import Finding
from scopeacq.plan.geometry import Point
from scopeacq.plan.grid_checks import grid_findings
from scopeacq.plan.grids import (
    GridRefused,
    Keep,
    Likeness,
    Propagation,
    Template,
    filled,
    flipped,
    propagate,
    with_roi,
)
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section, Wafer


@dataclass(frozen=True, slots=True)
class GridOrder:
    """What to do with the grids of a wafer; as it is made, nothing.

    ``roi_from``: the section whose ROI and grid the others get. ``roi_um``: the ROI that it gets first, in
    its own frame. ``fill``: as many tiles as ROIs take. ``only``: the sections that are changed, by default
    all. ``keep``: what of them stays. ``flip``: sections whose grid is turned by half a turn.
    """

    roi_from: str | None = None
    roi_um: tuple[Point, ...] | None = None
    fill: bool = False
    only: tuple[str, ...] | None = None
    keep: frozenset[Keep] = frozenset()
    flip: tuple[str, ...] = ()

    @property
    def changes_anything(self) -> bool:
        """Whether it is more than a question."""
        return bool(self.roi_from or self.roi_um or self.fill or self.flip)


@dataclass(frozen=True, slots=True)
class GridLine:
    """The grid of one section; ``share`` (0 to 1): covered of its ROI, or of all of it without one."""

    section: str
    rows: int
    columns: int
    tiles: int
    share: float
    has_roi: bool
    rotation_deg: float
    pixel_size_nm: float
    dwell_ns: float


@dataclass(frozen=True, slots=True)
class GridReport:
    """The grids as they are, and what became of the order."""

    sections: tuple[GridLine, ...]
    changed: tuple[str, ...]
    ambiguous: tuple[str, ...]
    unlike: tuple[str, ...]
    findings: tuple[Finding, ...]


LikenessTo = Callable[[Section], Likeness]
"""Compares pictures of sections with that of one."""


def ordered(
    order: GridOrder, wafer: Wafer, imaging: ImagingSettings, likeness_to: LikenessTo | None = None
) -> Propagation:
    """The wafer after an order.

    Args:
        imaging: the project's.
        likeness_to: tells by pictures how sections are turned, where outlines leave it open.

    Raises:
        GridRefused: it cannot be carried out; the message says why.
    """
    known = {s.id for s in wafer.sections}
    named = {*(order.only or ()), *order.flip, *([order.roi_from] if order.roi_from else [])}
    if unknown := sorted(named - known):
        raise GridRefused(f"The wafer holds no section {', '.join(unknown)}; correct the ids.")
    if order.roi_from is None and order.roi_um is None:
        done = _each_filled(wafer, order.only, imaging) if order.fill else Propagation(wafer)
    else:
        done = _as_template(order, wafer, imaging, likeness_to)
    if not order.flip:
        return done
    sections = tuple(flipped(s) if s.id in order.flip else s for s in done.wafer.sections)
    return replace(
        done,
        wafer=replace(done.wafer, sections=sections),
        changed=tuple(dict.fromkeys((*done.changed, *order.flip))),
        ambiguous=tuple(name for name in done.ambiguous if name not in order.flip),
    )


def report_of(plan: Plan, done: Propagation) -> GridReport:
    """How the grids of a wafer are after an order; the rest of the plan is as it was."""
    after = replace(plan, wafer=done.wafer)
    return GridReport(
        tuple(_line(s, plan.project.imaging) for s in done.wafer.sections),
        done.changed,
        done.ambiguous,
        done.unlike,
        tuple(grid_findings(after)),
    )


def _as_template(
    order: GridOrder, wafer: Wafer, imaging: ImagingSettings, likeness_to: LikenessTo | None
) -> Propagation:
    """One section made ready, and the others made like it."""
    if not wafer.sections:
        raise GridRefused("The wafer has no section yet; find some with `scopeacq wafer detect`.")
    source = wafer.section(order.roi_from) if order.roi_from else wafer.sections[0]
    ready = source if order.roi_um is None else with_roi(source, order.roi_um)
    ready = filled(ready, imaging) if order.fill else ready
    wafer = replace(wafer, sections=tuple(ready if s.id == ready.id else s for s in wafer.sections))
    likeness = likeness_to(ready) if likeness_to else None
    done = propagate(Template.of(ready), wafer, order.only, order.keep, likeness)
    return replace(done, changed=(*([ready.id] if ready != source else []), *done.changed))


def _each_filled(wafer: Wafer, only: Sequence[str] | None, imaging: ImagingSettings) -> Propagation:
    wanted = {s.id for s in wafer.sections} if only is None else set(only)
    sections = tuple(filled(s, imaging) if s.id in wanted else s for s in wafer.sections)
    pairs = zip(wafer.sections, sections, strict=True)
    changed = tuple(after.id for before, after in pairs if before != after)
    return Propagation(replace(wafer, sections=sections), changed)


def _line(section: Section, project_imaging: ImagingSettings) -> GridLine:
    imaging, covered = section.imaging(project_imaging), coverage(section, project_imaging)
    return GridLine(
        section.id,
        imaging.grid_rows,
        imaging.grid_columns,
        covered.tiles,
        round(covered.share, 4),
        section.roi_um is not None,
        round(section.rotation_deg, 3),
        imaging.pixel_size_nm,
        imaging.dwell_ns,
    )
