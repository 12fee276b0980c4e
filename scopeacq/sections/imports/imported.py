"""What a file of another program says of sections, and how such files are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scopeacq.plan.geometry import Point
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.candidates import Ring, is_simple

LARGEST = 1e6
"""Places beyond are slips, in pixels as in um."""
MOST_SECTIONS = 100_000


class Unit(Enum):
    """What the places of a file are in."""

    PX = "px"
    UM = "um"


@dataclass(frozen=True, slots=True)
class ImportedSection:
    """``name`` as the file has it, corners in its frame, and what of the section matters, if it says so."""

    name: str
    outline: Ring
    roi: Ring | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """All sections of a file. ``unit``: None where the file does not say; rows of pixels run down."""

    sections: tuple[ImportedSection, ...]
    landmarks: tuple[Point, ...] = ()
    unit: Unit | None = None


def points_of(value: object) -> Ring | None:
    """A list of places ``[x, y, ...]`` as points, None where it is anything else or reaches too far."""
    if not isinstance(value, list | tuple):
        return None
    points: list[Point] = []
    for place in value:
        match place:
            case [int() | float() as x, int() | float() as y, *_] if (
                abs(x) <= LARGEST and abs(y) <= LARGEST
            ):
                points.append((float(x), float(y)))
            case _:
                return None
    return tuple(points)


def ring_of(value: object) -> Ring | None:
    """The corners of a simple polygon, closed or not; None where it is anything else."""
    points = points_of(value)
    if points is None or len(points) < 3:
        return None
    ring = points[:-1] if points[0] == points[-1] else points
    return ring if is_simple(ring) else None


def checked(
    path: Path, sections: Sequence[ImportedSection], problems: Sequence[str], unit: Unit | None
) -> Imported:
    """What was read. Raises ``SettingsError`` for problems, and where there is no section."""
    problems = list(problems)
    if not sections and not problems:
        problems.append("the file holds no section")
    if len(sections) > MOST_SECTIONS:
        problems = ["the file holds far too many sections"]
    if problems:
        raise SettingsError(path, problems, "Correct them, or export the file anew.")
    return Imported(tuple(sections), unit=unit)
