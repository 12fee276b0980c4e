"""Tables of sections (CSV): comma, semicolon or tab between columns, decimal point or comma.

The first line names the columns, with ``_px`` or ``_um`` behind places where the unit is to be known:

- ``id, x, y, width, height, angle``: rectangles about a centre, turned from x towards y [degrees];
- ``id, x1, y1, x2, y2, x3, y3 ...``: the corners of a section, which may be fewer in some rows;
- ``id, x, y``: a row for each corner.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.settings import SettingsError, read_text
from scopeacq.sections.imports.imported import LARGEST, Imported, ImportedSection, Unit, checked, ring_of

COLUMNS = (
    "id, x, y, width, height, angle; or id, x1, y1, x2, y2 ...; or id, x, y with a row for each corner"
)
_NAMES = {
    "id": ("id", "name", "section", "label", "nr", "no"),
    "x": ("x", "cx", "center_x", "centre_x", "x_center", "x_centre"),
    "y": ("y", "cy", "center_y", "centre_y", "y_center", "y_centre"),
    "width": ("width", "w"),
    "height": ("height", "h"),
    "angle": ("angle", "rotation", "rot"),
}
_KNOWN = {spelling: name for name, spellings in _NAMES.items() for spelling in spellings}
_UNITS = {"px": Unit.PX, "pixel": Unit.PX, "pixels": Unit.PX, "um": Unit.UM}
_UNIT = re.compile(r"[ _]*[\[(]?(px|pixels?|um|deg)[\])]?$")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line by the names of its columns."""

    line: int
    cells: dict[str, str]


def read_table(path: Path) -> Imported:
    """Read and check a table. Raises ``SettingsError`` with all that is wrong, by line and column."""
    text = read_text(path).removeprefix("\ufeff")
    names, unit = _columns(path, text)
    problems: list[str] = []
    rows = list(_rows(path, text, names, problems))
    if len({row_decimal for row in rows for row_decimal in _decimals(row)}) > 1:
        problems.append("some numbers have decimal points and some decimal commas")
    if {"x", "y", "width", "height"} <= set(names):
        sections = list(_rectangles(rows, problems))
    elif {"x1", "y1", "x3", "y3"} <= set(names):
        sections = list(_polygons(rows, problems))
    elif {"id", "x", "y"} <= set(names):
        sections = list(_corner_by_corner(rows, problems))
    else:
        told = ", ".join(names)
        raise SettingsError(path, [f"the columns are {told}"], f"Name them in the first line: {COLUMNS}.")
    return checked(path, sections, problems, unit)


def _columns(path: Path, text: str) -> tuple[list[str], Unit | None]:
    """The names of the columns in our words, and the unit that they name."""
    names: list[str] = []
    units: set[Unit] = set()
    for cell in next(_lines(path, text), []):
        spelled = (
            cell.strip().lower().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
        )
        if unit := _UNIT.search(spelled):
            spelled = spelled[: unit.start()]
            units |= {_UNITS[unit[1]]} if unit[1] in _UNITS else set()
        names.append(_KNOWN.get(spelled, spelled.replace("_", "")))
    if len(units) > 1:
        raise SettingsError(path, ["some columns are in px and some in um"], "Give all places in one unit.")
    return names, next(iter(units), None)


def _lines(path: Path, text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = next((d for d in ";\t" if d in first), ",")
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except csv.Error as error:
        raise SettingsError(path, [f"the file is no table ({error})"], "Save it as CSV anew.") from None


def _rows(path: Path, text: str, names: Sequence[str], problems: list[str]) -> Iterator[_Row]:
    lines = enumerate(_lines(path, text), 1)
    next(lines, None)
    for line, cells in lines:
        if any(cell.strip() for cell in cells[len(names) :]):
            problems.append(
                f"line {line} has {len(cells)} cells for {len(names)} columns: where numbers have decimal "
                "commas, columns are parted by semicolons"
            )
        elif any(cell.strip() for cell in cells):
            yield _Row(line, {name: cell.strip() for name, cell in zip(names, cells, strict=False)})


def _decimals(row: _Row) -> Iterator[str]:
    for name, cell in row.cells.items():
        if name != "id" and _NUMBER.fullmatch(cell):
            yield from (mark for mark in ".," if mark in cell)


def _number(row: _Row, name: str, problems: list[str]) -> float:
    cell = row.cells.get(name, "")
    value = float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None
    if value is not None and abs(value) <= LARGEST:
        return value
    problems.append(f"line {row.line}: {name} is {cell!r} and not a number of at most {LARGEST:g}")
    return 0.0


def _rectangles(rows: Sequence[_Row], problems: list[str]) -> Iterator[ImportedSection]:
    for row in rows:
        before = len(problems)
        x, y, width, height = (_number(row, name, problems) for name in ("x", "y", "width", "height"))
        angle_deg = _number(row, "angle", problems) if row.cells.get("angle") else 0.0
        u, v = width / 2, height / 2
        place = Rigid(x, y, angle_deg)
        corners = [place.apply(corner) for corner in ((-u, -v), (u, -v), (u, v), (-u, v))]
        if len(problems) == before:
            yield from _section(row, corners, problems)


def _polygons(rows: Sequence[_Row], problems: list[str]) -> Iterator[ImportedSection]:
    for row in rows:
        before = len(problems)
        count = sum(bool(row.cells.get(f"x{k}")) for k in range(1, len(row.cells) + 1))
        corners = [
            (_number(row, f"x{k}", problems), _number(row, f"y{k}", problems)) for k in range(1, count + 1)
        ]
        if len(problems) == before:
            yield from _section(row, corners, problems)


def _corner_by_corner(rows: Sequence[_Row], problems: list[str]) -> Iterator[ImportedSection]:
    corners: dict[str, list[Point]] = {}
    first: dict[str, _Row] = {}
    before = len(problems)
    for row in rows:
        name = row.cells.get("id", "")
        first.setdefault(name, row)
        corners.setdefault(name, []).append((_number(row, "x", problems), _number(row, "y", problems)))
    if len(problems) == before:
        for name, row in first.items():
            yield from _section(row, corners[name], problems)


def _section(row: _Row, corners: list[Point], problems: list[str]) -> Iterator[ImportedSection]:
    name = row.cells.get("id") or str(row.line - 1)
    outline = ring_of(corners)
    if outline is None:
        problems.append(f"line {row.line}: section {name} is no simple polygon")
    else:
        yield ImportedSection(name, outline)
