"""``.magc`` files (MagC, also read by SBEMimage): sections, ROIs and landmarks on a picture of a wafer.

The text is that of an INI file; places are in pixels (column, row) of the picture that it belongs to.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scopeacq.plan.settings import SettingsError, read_text
from scopeacq.sections.candidates import is_simple
from scopeacq.sections.imports.imported import Imported, ImportedSection, Unit

MOST_FEATURES = 100_000
LARGEST_PX = 1e6

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MagcWafer:
    """``sections`` and ``rois`` by their numbers, each the corners of a polygon [px]."""

    sections: dict[int, tuple[Point, ...]]
    rois: dict[int, tuple[Point, ...]]
    landmarks: tuple[Point, ...]


def read_magc(path: Path) -> MagcWafer:
    """Read and check a file.

    Raises:
        SettingsError: it cannot be read, is none of these, or names all of its entries that are wrong.
    """
    entries = _entries(path, read_text(path))
    problems: list[str] = []
    sections = dict(_polygons(entries, "sections", problems))
    rois = dict(_polygons(entries, "rois", problems))
    landmarks = tuple(_landmarks(entries, problems))
    if not sections and not problems:
        problems.append("the file holds no section")
    if problems:
        raise SettingsError(path, problems, "Correct them, or export the file anew.")
    return MagcWafer(sections, rois, landmarks)


def imported_magc(path: Path) -> Imported:
    """The same as other formats say it; ROIs of sections that are not there are left out."""
    wafer = read_magc(path)
    sections = (
        ImportedSection(str(number), corners, wafer.rois.get(number))
        for number, corners in sorted(wafer.sections.items())
    )
    return Imported(tuple(sections), wafer.landmarks, Unit.PX)


def _entries(path: Path, text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        problem = f"the file is no .magc file ({error.message})"
        raise SettingsError(path, [problem], "Check that it is the right file.") from None
    if len(parser.sections()) > MOST_FEATURES:
        raise SettingsError(
            path, ["the file holds far too many entries"], "Check that it is the right file."
        )
    return parser


def _numbered(entries: configparser.ConfigParser, kind: str) -> Iterator[tuple[str, int]]:
    """The names of entries of a kind, such as ``rois.0007`` or ``roi.0007``, with their numbers."""
    for name in entries.sections():
        if found := re.fullmatch(rf"{kind}?\.(\d{{1,9}})(\.0+)?", name, re.ASCII):
            yield name, int(found[1])


def _polygons(
    entries: configparser.ConfigParser, kind: str, problems: list[str]
) -> Iterator[tuple[int, tuple[Point, ...]]]:
    for name, number in _numbered(entries, kind):
        corners = _points(entries[name].get("polygon", ""))
        if corners is None or not is_simple(corners):
            problems.append(f"[{name}] polygon is no simple polygon of points x,y")
        else:
            yield number, corners


def _landmarks(entries: configparser.ConfigParser, problems: list[str]) -> Iterator[Point]:
    for name, _ in sorted(_numbered(entries, "landmarks"), key=lambda named: named[1]):
        place = _points(entries[name].get("location", ""))
        if place is None or len(place) != 1:
            problems.append(f"[{name}] location is not one point x,y")
        else:
            yield place[0]


def _points(text: str) -> tuple[Point, ...] | None:
    """``x,y,x,y...`` as points, None where it is anything else."""
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        return None
    if len(numbers) % 2 or not all(abs(number) <= LARGEST_PX for number in numbers):
        return None
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))
