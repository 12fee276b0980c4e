"""What lies on the wafer: ``wafer.geojson``. Sections, their ROIs and fiducials, in wafer um."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from shapely.geometry import Polygon

from scopeacq.plan.geometry import Point, Tile, grid
from scopeacq.plan.instrument import Angle, Place
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.settings import Location, Settings, SettingsError, check_format, read_text, validate

FORMAT = "scopeacq.wafer/1"


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise PydanticCustomError("identifier", "Input should be 1 to 64 letters, digits, _ or -")
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]


@dataclass(frozen=True, slots=True)
class Section:
    """One thick section. ``rotation_deg`` turns its grid counter-clockwise on the wafer.

    What is not ``active`` is milled along with the others and never imaged: the whole section, or the
    tiles of ``inactive_tiles``, by their indices in the grid and in order.
    """

    id: str
    outline_um: tuple[Point, ...]
    roi_centre_um: Point
    rotation_deg: float
    thickness_nm: float
    active: bool = True
    inactive_tiles: tuple[int, ...] = ()

    def images(self, tile: int) -> bool:
        """Whether a tile of the grid is imaged, by its index."""
        return self.active and tile not in self.inactive_tiles

    def tiles(self, imaging: ImagingSettings) -> tuple[Tile, ...]:
        """The tiles that are imaged, with their indices in the grid."""
        grid = self.grid(imaging)
        if self.active and not self.inactive_tiles:
            return grid
        left_out = frozenset(self.inactive_tiles)
        return tuple(t for t in grid if t.index not in left_out) if self.active else ()

    def grid(self, imaging: ImagingSettings) -> tuple[Tile, ...]:
        """The grid of the project on this section's ROI, with tiles that are not imaged."""
        pixel_um = imaging.pixel_size_nm * 1e-3
        step = (
            (imaging.tile_width_px - imaging.overlap_px) * pixel_um,
            (imaging.tile_height_px - imaging.overlap_px) * pixel_um,
        )
        return grid(
            self.id, self.roi_centre_um, self.rotation_deg, imaging.grid_rows, imaging.grid_columns, step
        )


@dataclass(frozen=True, slots=True)
class Fiducial:
    """A mark by which the wafer is found again."""

    id: str
    centre_um: Point


@dataclass(frozen=True, slots=True)
class Wafer:
    """The wafer as the operator prepared it; the order of sections is the order of imaging."""

    sections: tuple[Section, ...]
    fiducials: tuple[Fiducial, ...]

    def section(self, section_id: str) -> Section:
        """Raises ``KeyError``."""
        for section in self.sections:
            if section.id == section_id:
                return section
        raise KeyError(section_id)

    @classmethod
    def read(cls, path: Path) -> Wafer:
        """Raises ``SettingsError`` with all that is wrong."""
        return cls.parse(path, read_text(path))

    @classmethod
    def parse(cls, path: Path, text: str) -> Wafer:
        """The wafer that the text of a file says; ``path`` names it in errors. See :meth:`read`."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
            raise SettingsError(
                path, [f"the file is not valid GeoJSON ({error})"], "Restore it from a copy."
            ) from None
        if not isinstance(data, dict):
            raise SettingsError(path, ["the file is not a GeoJSON object"], "Restore it from a copy.")
        check_format(path, data.get("format"), FORMAT)
        collection = validate(path, _Collection, data, lambda place: _called(data, place))
        wafer = _wafer(path, collection)
        if not wafer.sections:
            raise SettingsError(path, ["the file holds no section"], "Add at least one section.")
        return wafer

    def to_geojson(self) -> str:
        """The text of ``wafer.geojson``."""
        features = [_section_feature(s) for s in self.sections]
        features += [_feature("Point", list(f.centre_um), kind="fiducial", id=f.id) for f in self.fiducials]
        collection = {"type": "FeatureCollection", "format": FORMAT, "features": features}
        return json.dumps(collection, indent=1)


_Place = tuple[Place, Place]
_TileIndex = Annotated[int, Field(ge=0, lt=40_000)]


class _Geometry(Settings):
    type: Literal["Polygon", "Point"]
    coordinates: Any


class _Properties(Settings):
    kind: Literal["section", "fiducial"]
    id: Identifier
    rotation_deg: Angle = 0.0
    thickness_nm: Annotated[float, Field(ge=1, le=100_000)] = 200.0
    roi_centre_um: _Place | None = None
    active: bool = True
    inactive_tiles: Annotated[tuple[_TileIndex, ...], Field(max_length=40_000)] = ()


class _Feature(Settings):
    type: Literal["Feature"]
    geometry: _Geometry
    properties: _Properties


class _Collection(Settings):
    type: Literal["FeatureCollection"]
    format: str
    features: Annotated[tuple[_Feature, ...], Field(max_length=100_000)]


class _Ring(Settings):
    coordinates: tuple[Annotated[tuple[_Place, ...], Field(min_length=4)], ...]


class _Position(Settings):
    coordinates: _Place


def _called(data: dict[str, Any], location: Location) -> str:
    """A place in the file by the id of its section or fiducial, where it has one."""
    match location:
        case ("features", int(number), *keys):
            pass
        case _:
            return ".".join(map(str, location))
    match data["features"][number]:
        case {"properties": {"id": str(name), "kind": "section" | "fiducial" as kind}}:
            owner = f"{kind} {name}"
        case _:
            owner = f"feature {number + 1}"
    return f"{owner}: {'.'.join(str(k) for k in keys if k != 'properties')}" if keys else owner


def _wafer(path: Path, collection: _Collection) -> Wafer:
    """Raises ``SettingsError`` with all features that cannot be used."""
    sections: list[Section] = []
    fiducials: list[Fiducial] = []
    problems: list[str] = []
    for feature in collection.features:
        try:
            if feature.properties.kind == "section":
                sections.append(_section(path, feature))
            else:
                fiducials.append(_fiducial(path, feature))
        except SettingsError as error:
            problems += error.problems
    problems += _repeated("section", (s.id for s in sections))
    problems += _repeated("fiducial", (f.id for f in fiducials))
    if problems:
        raise SettingsError(path, problems, "Correct them; ids are given once.")
    return Wafer(tuple(sections), tuple(fiducials))


def _fiducial(path: Path, feature: _Feature) -> Fiducial:
    name = f"fiducial {feature.properties.id}: "
    data = {"coordinates": feature.geometry.coordinates}
    where = validate(path, _Position, data, lambda place: name + ".".join(map(str, place)))
    return Fiducial(feature.properties.id, where.coordinates)


def _section(path: Path, feature: _Feature) -> Section:
    p = feature.properties
    data = {"coordinates": feature.geometry.coordinates}
    name = f"section {p.id}: "
    rings = validate(path, _Ring, data, lambda place: name + ".".join(map(str, place))).coordinates
    polygon = Polygon(rings[0]) if rings else Polygon()
    if feature.geometry.type != "Polygon" or not polygon.is_valid or polygon.area <= 0:
        raise SettingsError(
            path, [f"the outline of section {p.id} is no simple polygon"], "Draw the section again."
        )
    centre = p.roi_centre_um or (polygon.centroid.x, polygon.centroid.y)
    inactive_tiles = tuple(sorted(set(p.inactive_tiles)))
    return Section(p.id, rings[0][:-1], centre, p.rotation_deg, p.thickness_nm, p.active, inactive_tiles)


def _repeated(kind: str, ids: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    twice = sorted({i for i in ids if i in seen or seen.add(i)})  # type: ignore[func-returns-value]
    return [f"the {kind} id {i} stands there twice" for i in twice]


def _section_feature(section: Section) -> dict[str, object]:
    ring = [list(p) for p in (*section.outline_um, section.outline_um[0])]
    left_out: dict[str, object] = {} if section.active else {"active": False}
    if section.inactive_tiles:
        left_out["inactive_tiles"] = list(section.inactive_tiles)
    return _feature(
        "Polygon",
        [ring],
        kind="section",
        id=section.id,
        rotation_deg=section.rotation_deg,
        thickness_nm=section.thickness_nm,
        roi_centre_um=list(section.roi_centre_um),
        **left_out,
    )


def _feature(geometry: str, coordinates: object, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": coordinates},
        "properties": properties,
    }
