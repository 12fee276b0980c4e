"""Points of the wafer by which it is found: landmarks when it is mounted, fiducials after each mill."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.plan.geometry import Point


@dataclass(frozen=True, slots=True)
class Fiducial:
    """A mark by which the wafer is found again."""

    id: str
    centre_um: Point


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point that is told by eye, on the wafer and, once the stage was driven there, of the stage."""

    id: str
    wafer_um: Point
    stage_um: Point | None = None
