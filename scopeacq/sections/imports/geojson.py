"""GeoJSON of other programs, such as QuPath: polygons of sections; and ours for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from scopeacq.plan.placement import Placement
from scopeacq.plan.wafer import Wafer
from scopeacq.sections import candidates as ours
from scopeacq.sections.candidates import Candidate, Candidates, Ring, SectionsRefused, Verdict
from scopeacq.sections.imports.imported import Imported, ImportedSection, Unit, checked, ring_of

OURS = "scopeacq."
"""Formats that begin so are in wafer um."""
SECTION_KINDS = ("section", ours.CANDIDATE)


def read_features(path: Path, data: object) -> Imported:
    """The polygons of a FeatureCollection, a list of features, or one feature; others are left out.

    Of several polygons in one feature the largest counts, of holes none. Raises ``SettingsError``.
    """
    match data:
        case {"type": "FeatureCollection", "features": list(features)}:
            pass
        case {"type": "Feature"}:
            features = [data]
        case list(features):
            pass
        case _:
            features = []
    own = isinstance(data, dict) and str(data.get("format", "")).startswith(OURS)
    problems: list[str] = []
    sections = list(_sections(features, problems, SECTION_KINDS if own else None))
    return checked(path, sections, problems, Unit.UM if own else None)


def _sections(
    features: list[object], problems: list[str], kinds: tuple[str, ...] | None
) -> Iterator[ImportedSection]:
    for number, feature in enumerate(features, 1):
        match feature:
            case {
                "geometry": {"type": "Polygon" | "MultiPolygon" as kind, "coordinates": coordinates},
                **rest,
            }:
                polygons = coordinates if kind == "MultiPolygon" else [coordinates]
            case _:
                continue
        properties = rest.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        if kinds is not None and properties.get("kind") not in kinds:
            continue
        name = str(properties.get("id") or properties.get("name") or rest.get("id") or number)
        outline = _outer_ring(polygons)
        if outline is None:
            problems.append(f"feature {number} ({name}) is no simple polygon")
        else:
            yield ImportedSection(name, outline, ring_of(properties.get("roi_um")))


def _outer_ring(polygons: object) -> Ring | None:
    """The outline of the largest polygon; None where one is no simple polygon."""
    if not isinstance(polygons, list) or not polygons:
        return None
    rings = [ring_of(polygon[0]) if isinstance(polygon, list) and polygon else None for polygon in polygons]
    whole = [ring for ring in rings if ring is not None]
    return max(whole, key=_area) if len(whole) == len(rings) else None


def _area(ring: Ring) -> float:
    pairs = zip(ring, (*ring[1:], ring[0]), strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def for_others(candidates: Candidates, wafer: Wafer) -> tuple[Candidate, ...]:
    """What other programs are told: the sections of the plan as they lie there, then all that is open.

    Raises ``SectionsRefused`` where there is none.
    """
    found = {c.id: c for c in candidates.sections}
    planned = (
        replace(
            found.get(s.id, Candidate(s.id, s.outline_um)),
            outline_um=s.outline_um,
            verdict=Verdict.ACCEPTED,
        )
        for s in wafer.sections
    )
    told = (*planned, *(c for c in candidates.sections if c.verdict is Verdict.OPEN))
    if not told:
        raise SectionsRefused("There is no section to write; find, draw or import some first.")
    return told


def as_features(sections: Iterable[Candidate], placement: Placement | None) -> str:
    """Sections as GeoJSON that QuPath reads, too.

    In pixels of the overview that lies at ``placement``, or without one in wafer um.
    """
    features = [
        {
            "type": "Feature",
            "id": section.id,
            "geometry": {"type": "Polygon", "coordinates": [_closed(section.outline_um, placement)]},
            "properties": {
                "objectType": "annotation",
                "name": section.id,
                "classification": {"name": "Section"},
                "confidence": section.confidence,
                "verdict": section.verdict.value,
            },
        }
        for section in sections
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1)


def _closed(ring: Ring, placement: Placement | None) -> list[list[float]]:
    corners = ring if placement is None else tuple(placement.px(corner) for corner in ring)
    return [list(corner) for corner in (*corners, corners[0])]
