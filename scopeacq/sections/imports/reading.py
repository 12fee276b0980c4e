"""Files of sections told apart by their names and contents, and put on the wafer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from pydantic import TypeAdapter, ValidationError

from scopeacq.plan.geometry import Point
from scopeacq.plan.marks import Landmark
from scopeacq.plan.overviews import Overview
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer
from scopeacq.plan.wafer_features import Identifier
from scopeacq.sections.candidates import (
    Candidate,
    Candidates,
    Origin,
    Ring,
    SectionsRefused,
    free_ids,
)
from scopeacq.sections.imports.geojson import read_features
from scopeacq.sections.imports.imported import Imported, Unit
from scopeacq.sections.imports.magc import imported_magc
from scopeacq.sections.imports.sbemimage import parsed_json, read_array_json, read_array_yaml
from scopeacq.sections.imports.table import read_table
from scopeacq.sections.known import lie_on_known
from scopeacq.sections.review import reflagged
from scopeacq.sections.rings import checked, counter_clockwise

READABLE = (".magc", ".json", ".yml", ".yaml", ".geojson", ".csv", ".tsv", ".txt")


_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)


class ImportRefused(SectionsRefused):
    """What a file says cannot be put on this wafer."""


@dataclass(frozen=True, slots=True)
class Brought:
    """``candidates`` with the ``new`` ones of a file, and ``landmarks`` of it that the wafer lacks."""

    candidates: Candidates
    landmarks: tuple[Landmark, ...]
    new: int


def read_sections(path: Path) -> Imported:
    """A file of MagC, SBEMimage (array), QuPath or another program (GeoJSON), or a table (CSV).

    Raises:
        SettingsError: it cannot be read, is none of these, or all that is wrong in it.
    """
    match path.suffix.lower():
        case ".magc":
            return imported_magc(path)
        case ".yml" | ".yaml":
            return read_array_yaml(path)
        case ".csv" | ".tsv" | ".txt":
            return read_table(path)
        case ".json" | ".geojson":
            data = parsed_json(path)
            return read_array_json(path, data) if _is_array(data) else read_features(path, data)
        case _:
            raise SettingsError(
                path, ["files of this kind are not read"], f"Give one of {', '.join(READABLE)}."
            )


def put_on_wafer(
    imported: Imported, overview: Overview | None, before: Candidates, wafer: Wafer
) -> Brought:
    """Add what a file says to the candidates; what lies on settled ones or on sections is left out.

    ``overview``: the picture in whose pixels the file's places are; needless where they are in um.

    Raises:
        ImportRefused: it is not known where the places lie, or most of them lie beside the overview.
    """
    to_wafer = _to_wafer(imported, overview)
    rings = [_placed(section.outline, to_wafer) for section in imported.sections]
    rois = [None if s.roi is None else _placed(s.roi, to_wafer) for s in imported.sections]
    fresh = np.flatnonzero(~lie_on_known(rings, [c for c in before.sections if c.settled], wafer))
    taken = {*(c.id for c in before.sections), *(s.id for s in wafer.sections)}
    ids = _ids([imported.sections[k].name for k in fresh], taken)
    new = [
        Candidate(name, rings[k], origin=Origin.IMPORTED, roi_um=rois[k])
        for name, k in zip(ids, fresh, strict=True)
    ]
    candidates = reflagged(replace(before, sections=(*before.sections, *new)))
    marks = _landmarks([to_wafer(place) for place in imported.landmarks], wafer)
    return Brought(candidates, marks, len(new))


def _is_array(data: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(data, dict) and "sections" in data


def _to_wafer(imported: Imported, overview: Overview | None) -> Callable[[Point], Point]:
    if imported.unit is Unit.UM:
        return lambda place: place
    if overview is None:
        raise ImportRefused(
            "The file is in pixels: name the overview on which they were drawn, or say that they are um."
        )
    width, height = overview.size_px
    beside = sum(
        not all(-1 <= x <= width and -1 <= y <= height for x, y in section.outline)
        for section in imported.sections
    )
    if 2 * beside > len(imported.sections):
        raise ImportRefused(
            f"{beside} of {len(imported.sections)} sections lie beside {overview.name}, which has "
            f"{width} x {height} px: name the overview on which they were drawn, in its full size."
        )
    return overview.placement.wafer_um


def _placed(ring: Ring, to_wafer: Callable[[Point], Point]) -> Ring:
    return checked(counter_clockwise(tuple(map(to_wafer, ring))))


def _ids(names: Sequence[str], taken: set[str]) -> Iterator[str]:
    """The names of a file where they can be ids and are free, ``S007`` for a 7; others are numbered on."""
    wanted = [_as_id(name) for name in names]
    free = free_ids([*taken, *(name for name in wanted if name)])
    for name in wanted:
        own = name if name and name not in taken else next(free)
        taken.add(own)
        yield own


def _as_id(name: str) -> str | None:
    if name.isascii() and name.isdecimal() and len(name) < 7:
        return f"S{int(name):03d}"
    try:
        return _IDENTIFIER.validate_python(name)
    except ValidationError:
        return None


def _landmarks(places_um: Sequence[Point], wafer: Wafer) -> tuple[Landmark, ...]:
    taken = {mark.id for mark in wafer.landmarks}
    free = (name for n in itertools.count(1) if (name := f"L{n}") not in taken)
    there = {mark.wafer_um for mark in wafer.landmarks}
    return tuple(Landmark(next(free), place) for place in places_um if place not in there)
