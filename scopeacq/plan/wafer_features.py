"""Features of ``wafer.geojson``: what each may say, and the sections and marks that they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from shapely.geometry import Polygon

from hardware.model_problems import Location
from scopeacq.plan.bounds import Angle, Place
from scopeacq.plan.geometry import Point, turn
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.plan.section import MOST_TILES, Section, SectionGrid
from scopeacq.plan.settings import Settings, SettingsError, validate


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise PydanticCustomError("identifier", "Input should be 1 to 64 letters, digits, _ or -")
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]
Position = tuple[Place, Place]
C = TypeVar("C", bound=Settings)

_TileIndex = Annotated[int, Field(ge=0, lt=MOST_TILES)]


class _Geometry(Settings):
    type: Literal["Polygon", "Point"]
    coordinates: Any


class _Properties(Settings):
    kind: Literal["section", "fiducial", "landmark"]
    id: Identifier
    rotation_deg: Angle = 0.0
    thickness_nm: Annotated[float, Field(ge=1, le=100_000)] = 200.0
    roi_centre_um: Position | None = None
    roi_um: Annotated[tuple[Position, ...], Field(min_length=3, max_length=10_000)] | None = None
    grid: SectionGrid | None = None
    active: bool = True
    inactive_tiles: Annotated[tuple[_TileIndex, ...], Field(max_length=MOST_TILES)] = ()
    stage_um: Position | None = None


class Feature(Settings):
    """A section, a fiducial or a landmark as it stands in the file."""

    type: Literal["Feature"]
    geometry: _Geometry
    properties: _Properties


class FeatureCollection(Settings):
    """The whole file."""

    type: Literal["FeatureCollection"]
    format: str
    features: Annotated[tuple[Feature, ...], Field(max_length=100_000)]


class _Rings(Settings):
    coordinates: tuple[Annotated[tuple[Position, ...], Field(min_length=4)], ...]


class _Mark(Settings):
    coordinates: Position


def called(data: dict[str, Any], location: Location) -> str:
    """A place in the file by the id of its section or mark, where it has one."""
    match location:
        case ("features", int(number), *keys):
            pass
        case _:
            return ".".join(map(str, location))
    match data["features"][number]:
        case {"properties": {"id": str(name), "kind": "section" | "fiducial" | "landmark" as kind}}:
            owner = f"{kind} {name}"
        case _:
            owner = f"feature {number + 1}"
    return f"{owner}: {'.'.join(str(k) for k in keys if k != 'properties')}" if keys else owner


def section_of(path: Path, feature: Feature) -> Section:
    """Raises ``SettingsError`` where its outline or its ROI cannot be used."""
    p = feature.properties
    rings = _coordinates(path, feature, _Rings).coordinates
    outline = Polygon(rings[0]) if rings else Polygon()
    if feature.geometry.type != "Polygon" or not _encloses(outline):
        problem = f"the outline of section {p.id} is no simple polygon"
        raise SettingsError(path, [problem], "Draw the section again.")
    roi_um = None if p.roi_um is None else _open(p.roi_um)
    if roi_um is not None and (len(roi_um) < 3 or not _encloses(Polygon(roi_um))):
        problem = f"roi_um of section {p.id} is no simple polygon"
        raise SettingsError(path, [problem], "Draw the ROI again, or take it out.")
    return Section(
        id=p.id,
        outline_um=rings[0][:-1],
        roi_centre_um=p.roi_centre_um or _middle(outline, roi_um, p.rotation_deg),
        rotation_deg=p.rotation_deg,
        thickness_nm=p.thickness_nm,
        active=p.active,
        inactive_tiles=tuple(sorted(set(p.inactive_tiles))),
        roi_um=roi_um,
        grid=p.grid,
    )


def fiducial_of(path: Path, feature: Feature) -> Fiducial:
    """Raises ``SettingsError`` where it lies at no point."""
    return Fiducial(feature.properties.id, _coordinates(path, feature, _Mark).coordinates)


def landmark_of(path: Path, feature: Feature) -> Landmark:
    """Raises ``SettingsError`` where it lies at no point."""
    p = feature.properties
    return Landmark(p.id, _coordinates(path, feature, _Mark).coordinates, p.stage_um)


def section_feature(section: Section) -> dict[str, object]:
    """A section as it stands in the file; what is as usual is left out."""
    unusual: dict[str, object] = {} if section.active else {"active": False}
    if section.inactive_tiles:
        unusual["inactive_tiles"] = list(section.inactive_tiles)
    if section.roi_um is not None:
        unusual["roi_um"] = [list(corner) for corner in section.roi_um]
    if section.grid is not None:
        unusual["grid"] = section.grid.model_dump(exclude_none=True)
    return _feature(
        "Polygon",
        [[list(p) for p in (*section.outline_um, section.outline_um[0])]],
        kind="section",
        id=section.id,
        rotation_deg=section.rotation_deg,
        thickness_nm=section.thickness_nm,
        roi_centre_um=list(section.roi_centre_um),
        **unusual,
    )


def fiducial_feature(mark: Fiducial) -> dict[str, object]:
    """A fiducial as it stands in the file."""
    return _feature("Point", list(mark.centre_um), kind="fiducial", id=mark.id)


def landmark_feature(mark: Landmark) -> dict[str, object]:
    """A landmark as it stands in the file."""
    stage = {} if mark.stage_um is None else {"stage_um": list(mark.stage_um)}
    return _feature("Point", list(mark.wafer_um), kind="landmark", id=mark.id, **stage)


def _feature(geometry: str, coordinates: object, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": coordinates},
        "properties": properties,
    }


def _coordinates(path: Path, feature: Feature, kind: type[C]) -> C:
    owner = f"{feature.properties.kind} {feature.properties.id}: "
    data = {"coordinates": feature.geometry.coordinates}
    return validate(path, kind, data, lambda place: owner + ".".join(map(str, place)))


def _encloses(polygon: Polygon) -> bool:
    return bool(polygon.is_valid and polygon.area > 0)


def _open(ring: tuple[Point, ...]) -> tuple[Point, ...]:
    """Without the last corner where it closes the ring, as GeoJSON has it."""
    return ring[:-1] if ring[0] == ring[-1] else ring


def _middle(outline: Polygon, roi_um: Sequence[Point] | None, rotation_deg: float) -> Point:
    """Where the grid goes that nobody has put anywhere: about the ROI, or on the section's centroid."""
    if roi_um is None:
        return outline.centroid.x, outline.centroid.y
    xs, ys = zip(*(turn(corner, -rotation_deg) for corner in roi_um), strict=True)
    return turn(((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2), rotation_deg)
