"""Where on the wafer the ions of a calibration's mark may fall, and what must not lie there. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shapely.geometry import Point as Spot
from shapely.geometry import Polygon, box

from hardware.paths import centred_xy
from hardware.types import StagePose
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.instrument import Instrument, MillSettings
from scopeacq.plan.wafer import Wafer

WAFER_RADIUS_UM = 12_700.0

Vpp = tuple[float, float]
"""Amplitudes of the ion raster's plates, x and y."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies on the wafer and must not be burned: outlines and points by their names, in wafer um."""

    outlines_um: dict[str, tuple[Point, ...]]
    points_um: dict[str, Point]

    @classmethod
    def of(cls, wafer: Wafer, others: dict[str, tuple[Point, ...]]) -> Kept:
        """All sections, imaged or not, fiducials and landmarks; ``others``: outlines beside these."""
        sections = {f"section {s.id}": s.outline_um for s in wafer.sections}
        fiducials = {f"fiducial {f.id}": f.centre_um for f in wafer.fiducials}
        landmarks = {f"landmark {m.id}": m.wafer_um for m in wafer.landmarks}
        return cls({**others, **sections}, {**fiducials, **landmarks})


def pose_for(mill: MillSettings, stage_um: Point, dz_um: float = 0.0) -> StagePose:
    """The pose beside the gun in which the ion beam meets a point of the stage frame, unrotated.

    ``dz_um``: above the mill height, where the beam meets the wafer's plane elsewhere along the beam.
    """
    y_um = mill.y_um + stage_um[1] - along_um(mill, dz_um)
    return StagePose(mill.x_um + stage_um[0], y_um, mill.z_um + dz_um, mill.tilt_deg, 0.0)


def along_um(mill: MillSettings, dz_um: float) -> float:
    """How far the beam's foot on the tilted wafer walks when that rises [um], up the slope.

    The beam falls by the gun's elevation e, the wafer rises by the tilt t: -dz cos(e) / sin(t + e).
    """
    return (
        -dz_um * math.cos(math.radians(mill.gun_elevation_deg)) / math.sin(math.radians(mill.glancing_deg))
    )


def reach(instrument: Instrument, pose: StagePose, vpp: Vpp, clearance_um: float, place: Rigid) -> Polygon:
    """What ions of a raster may meet on the wafer, a polygon in wafer um.

    The raster with the width of the spot around it, longer along the beam by 1 / sin(glancing angle),
    and ``clearance_um`` more on all sides for what the profile does not know yet. ``place``: from the
    wafer to the stage frame. Raises ``ValueError`` where the pose is not complete.
    """
    mill, stage = instrument.mill, instrument.stage
    if not pose.complete or pose.x_um is None or pose.y_um is None or pose.z_um is None:
        raise ValueError("a pose beside the gun must be complete")
    half_x_um, half_y_um = (
        v * per_v / 2 + mill.spot_um for v, per_v in zip(vpp, mill.raster_um_per_vpp, strict=True)
    )
    half_along_um = half_y_um / math.sin(math.radians(mill.glancing_deg)) + clearance_um
    half_across_um = half_x_um + clearance_um
    x_um, y_um = pose.x_um - mill.x_um, pose.y_um - mill.y_um + along_um(mill, pose.z_um - mill.z_um)
    corners = box(x_um - half_across_um, y_um - half_along_um, x_um + half_across_um, y_um + half_along_um)
    centre = stage.rotation_centre_x_um, stage.rotation_centre_y_um
    unturned_deg, on_wafer = -(pose.rotation_deg or 0.0), place.inverse()
    ring = corners.exterior.coords[:-1]
    return Polygon([on_wafer.apply(centred_xy((x, y), unturned_deg, centre)) for x, y in ring])


def objections(burned: Polygon, kept: Kept) -> Iterator[str]:
    """What speaks against ions there, a sentence each."""
    if not Spot(0.0, 0.0).buffer(WAFER_RADIUS_UM).contains(burned):
        yield "the ions would reach beyond the wafer's rim"
    if hit := [name for name, outline in kept.outlines_um.items() if burned.intersects(Polygon(outline))]:
        yield f"the ions might reach {_listed(hit)}"
    if hit := [name for name, point in kept.points_um.items() if burned.intersects(Spot(point))]:
        yield f"the ions might reach {_listed(hit)}"


def corners_of(polygon: Polygon) -> tuple[float, ...]:
    """Corners, x and y in turn, the first one not repeated."""
    return tuple(float(value) for corner in polygon.exterior.coords[:-1] for value in corner)


def polygon_of(corners: Iterable[float]) -> Polygon:
    """Inverse of :func:`corners_of`."""
    values = list(corners)
    return Polygon(list(zip(values[::2], values[1::2], strict=True)))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
