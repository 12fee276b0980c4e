"""Sections that were found, drawn or imported: ``sections.geojson`` of a run, in wafer um.

A FeatureCollection of polygons. Those of the kind ``candidate`` may become sections of the plan; what is
accepted lies in ``wafer.geojson`` under the same id. Those of the kinds ``tissue``, ``background`` and
``ignore`` are labels that an operator has drawn to teach the network.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from shapely.geometry import Polygon

from hardware.model_problems import Location
from scopeacq.plan.bounds import Fraction, Place
from scopeacq.plan.geometry import Point
from scopeacq.plan.settings import Settings, SettingsError, check_format, read_text, validate
from scopeacq.plan.wafer_features import Identifier
from scopeacq.sections.flags import Flag

FORMAT = "scopeacq.sections/1"
MOST_FEATURES = 100_000
ADVICE = "Correct them, or restore the file from a copy."

Ring = tuple[Point, ...]
"""The corners of a polygon in turn, the first one not repeated."""


class SectionsRefused(ValueError):
    """Something that cannot be done with sections; the message says why in one sentence."""


class Verdict(Enum):
    """What an operator says of a candidate."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Origin(Enum):
    """How a candidate came to be."""

    FOUND = "found"
    DRAWN = "drawn"
    IMPORTED = "imported"


class LabelKind(Enum):
    """What the wafer is said to be within a label."""

    TISSUE = "tissue"
    BACKGROUND = "background"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a section. ``id`` is also that of the section that it becomes when it is accepted.

    ``confidence``: 0..1, 1 where a person has drawn it. ``roi_um``: what of it matters, if that is known.
    """

    id: str
    outline_um: Ring
    confidence: float = 1.0
    flags: frozenset[Flag] = frozenset()
    verdict: Verdict = Verdict.OPEN
    origin: Origin = Origin.FOUND
    roi_um: Ring | None = None

    @property
    def settled(self) -> bool:
        """Whether a person stands for it, by a verdict or an outline; a search leaves it as it is."""
        return self.verdict is not Verdict.OPEN or self.origin is not Origin.FOUND


@dataclass(frozen=True, slots=True)
class Label:
    """What an operator says of a part of the wafer."""

    kind: LabelKind
    outline_um: Ring


@dataclass(frozen=True, slots=True)
class Candidates:
    """All candidates and labels of a run."""

    sections: tuple[Candidate, ...] = ()
    labels: tuple[Label, ...] = ()

    def section(self, candidate_id: str) -> Candidate:
        """Raises ``KeyError``."""
        for candidate in self.sections:
            if candidate.id == candidate_id:
                return candidate
        raise KeyError(candidate_id)

    @classmethod
    def read(cls, path: Path) -> Candidates:
        """What a file says, nothing where there is none. Raises ``SettingsError`` with what is wrong."""
        return cls.parse(path, read_text(path)) if path.exists() else cls()

    @classmethod
    def parse(cls, path: Path, text: str) -> Candidates:
        """What the text of a file says; ``path`` names it in errors. See :meth:`read`."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:  # a plain ValueError for numbers of too many digits
            raise SettingsError(path, [f"the file is not valid GeoJSON ({error})"], ADVICE) from None
        if not isinstance(data, dict):
            raise SettingsError(path, ["the file is not a GeoJSON object"], ADVICE)
        check_format(path, data.get("format"), FORMAT)
        collection = validate(path, _Collection, data, lambda place: _called(data, place))
        if problems := list(_problems(collection)):
            raise SettingsError(path, problems, ADVICE)
        return cls(
            tuple(_candidate(f) for f in collection.features if f.properties.kind == CANDIDATE),
            tuple(_label(f) for f in collection.features if f.properties.kind != CANDIDATE),
        )

    def to_geojson(self) -> str:
        """The text of ``sections.geojson``."""
        features = [*map(_candidate_feature, self.sections), *map(_label_feature, self.labels)]
        return json.dumps({"type": "FeatureCollection", "format": FORMAT, "features": features}, indent=1)


def free_ids(taken: Iterable[str]) -> Iterator[str]:
    """``S001``, ``S002`` and so on, from behind the highest one that is taken."""
    numbers = [
        int(name[1:]) for name in taken if name[:1] == "S" and name[1:].isdecimal() and len(name) < 10
    ]
    return (f"S{number:03d}" for number in itertools.count(max(numbers, default=0) + 1))


def is_simple(ring: Collection[Point]) -> bool:
    """Whether corners make a polygon that encloses an area and does not cross itself."""
    if len(ring) < 3:
        return False
    polygon = Polygon(ring)
    return bool(polygon.is_valid and polygon.area > 0)


CANDIDATE = "candidate"
_Corner = tuple[Place, Place]
_Corners = Annotated[tuple[_Corner, ...], Field(min_length=3, max_length=10_000)]


class _Geometry(Settings):
    type: Literal["Polygon"]
    coordinates: Annotated[tuple[_Corners, ...], Field(min_length=1, max_length=1)]

    @property
    def ring(self) -> Ring:
        return _opened(self.coordinates[0])


class _Properties(Settings):
    kind: Literal["candidate", "tissue", "background", "ignore"]
    id: Identifier | None = None
    confidence: Fraction = 1.0
    flags: frozenset[Flag] = frozenset()
    verdict: Verdict = Verdict.OPEN
    origin: Origin = Origin.FOUND
    roi_um: _Corners | None = None


class _Feature(Settings):
    type: Literal["Feature"]
    geometry: _Geometry
    properties: _Properties


class _Collection(Settings):
    type: Literal["FeatureCollection"]
    format: str
    features: Annotated[tuple[_Feature, ...], Field(max_length=MOST_FEATURES)]


def _called(data: dict[str, Any], location: Location) -> str:
    """A place in the file by the id of its candidate, where it has one."""
    match location:
        case ("features", int(number), *keys):
            pass
        case _:
            return ".".join(map(str, location))
    match data["features"][number]:
        case {"properties": {"id": str(name), "kind": "candidate"}}:
            owner = f"candidate {name}"
        case _:
            owner = f"feature {number + 1}"
    return f"{owner}: {'.'.join(str(k) for k in keys if k != 'properties')}" if keys else owner


def _problems(collection: _Collection) -> Iterator[str]:
    """What is wrong with features that are well-formed each."""
    for number, feature in enumerate(collection.features, 1):
        own = feature.properties
        name = f"candidate {own.id}" if own.id and own.kind == CANDIDATE else f"feature {number}"
        if own.kind == CANDIDATE and own.id is None:
            yield f"{name} has no id"
        if not is_simple(feature.geometry.ring):
            yield f"the outline of {name} is no simple polygon"
        if own.roi_um is not None and not is_simple(_opened(own.roi_um)):
            yield f"the ROI of {name} is no simple polygon"
    ids = Counter(f.properties.id for f in collection.features if f.properties.kind == CANDIDATE)
    yield from (f"the id {name} stands there twice" for name, count in ids.items() if name and count > 1)


def _opened(ring: Ring) -> Ring:
    """Without the last corner where it closes the ring, as GeoJSON has it."""
    return ring[:-1] if ring[0] == ring[-1] else ring


def _candidate(feature: _Feature) -> Candidate:
    own = feature.properties
    return Candidate(
        own.id or "",
        feature.geometry.ring,
        own.confidence,
        own.flags,
        own.verdict,
        own.origin,
        None if own.roi_um is None else _opened(own.roi_um),
    )


def _label(feature: _Feature) -> Label:
    return Label(LabelKind(feature.properties.kind), feature.geometry.ring)


def _candidate_feature(candidate: Candidate) -> dict[str, object]:
    roi = {} if candidate.roi_um is None else {"roi_um": [list(p) for p in candidate.roi_um]}
    return _feature(
        candidate.outline_um,
        kind=CANDIDATE,
        id=candidate.id,
        confidence=candidate.confidence,
        flags=sorted(flag.value for flag in candidate.flags),
        verdict=candidate.verdict.value,
        origin=candidate.origin.value,
        **roi,
    )


def _label_feature(label: Label) -> dict[str, object]:
    return _feature(label.outline_um, kind=label.kind.value)


def _feature(ring: Ring, **properties: object) -> dict[str, object]:
    corners = [list(p) for p in (*ring, ring[0])]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [corners]},
        "properties": properties,
    }
