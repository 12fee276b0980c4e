"""Editing a plan's wafer and grid: pure edits of frozen models, with undo and redo.

An edit takes a document and gives another one, or refuses in one sentence. What a wafer file may hold is
decided by reading the edited wafer back with :meth:`scopeacq.wafer.Wafer.parse`; what a run that has begun
needs as it was, by :mod:`scopeacq.plan_changes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from pydantic import ValidationError

from scopeacq.files import FileLayer
from scopeacq.findings import Severity
from scopeacq.geometry import Point, Rigid
from scopeacq.new_run import PROJECT_HEADER
from scopeacq.plan_changes import Begun, changes
from scopeacq.project import ImagingSettings, Project
from scopeacq.runfolder import Plan
from scopeacq.settings import SettingsError
from scopeacq.templates import to_toml
from scopeacq.wafer import Section, Wafer
from scopeacq.wafer_checks import section_findings
from scopeacq.wording import counted

MOST_UNDONE = 200
"""Steps that can be undone; documents share what they have in common."""

MOST_CHECKED = 20
"""Changed sections of which pre-flight is asked at once, so that an edit does not wait for it."""

DEFAULT_THICKNESS_NM = 200.0
FULL_TURN_DEG = 360.0


@dataclass(frozen=True, slots=True)
class Document:
    """What is edited."""

    project: Project
    wafer: Wafer


class Refused(ValueError):
    """An edit that cannot be made; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A named change of a document. ``change`` raises ``Refused``."""

    name: str
    change: Callable[[Document], Document]


def _each(ids: Iterable[str], change: Callable[[Section], Section]) -> Callable[[Document], Document]:
    """A change of some sections, the others left as they are."""
    wanted = frozenset(ids)

    def changed(document: Document) -> Document:
        _require(document, wanted)
        sections = tuple(change(s) if s.id in wanted else s for s in document.wafer.sections)
        return replace(document, wafer=replace(document.wafer, sections=sections))

    return changed


def _require(document: Document, ids: frozenset[str]) -> None:
    if not ids:
        raise Refused("No section is selected; click one first.")
    if unknown := sorted(ids - {s.id for s in document.wafer.sections}):
        raise Refused(f"The wafer holds no section {', '.join(unknown)}.")


def move(ids: Iterable[str], dx_um: float, dy_um: float) -> Edit:
    """Shift sections with their grids over the wafer."""
    ids = tuple(ids)
    shift = Rigid(dx_um, dy_um)
    return Edit(f"Move {_named(ids)}", _each(ids, lambda s: placed(s, shift, s.rotation_deg)))


def rotate(ids: Iterable[str], angle_deg: float) -> Edit:
    """Turn sections counter-clockwise, each about the centre of its ROI."""
    ids = tuple(ids)
    return Edit(f"Rotate {_named(ids)}", _each(ids, lambda s: rotated(s, angle_deg)))


def resize(ids: Iterable[str], factor_x: float, factor_y: float) -> Edit:
    """Stretch the outlines of sections along and across their grids; the grids stay as they are."""
    ids = tuple(ids)

    def change(document: Document) -> Document:
        if not (factor_x > 0 and factor_y > 0):
            raise Refused("A section cannot be made smaller than nothing.")
        return _each(ids, lambda s: resized(s, factor_x, factor_y))(document)

    return Edit(f"Resize {_named(ids)}", change)


def move_roi(section_id: str, centre_um: Point) -> Edit:
    """Put the grid of a section elsewhere on it; the outline stays."""
    change = _each((section_id,), lambda s: replace(s, roi_centre_um=centre_um))
    return Edit(f"Move the grid of {section_id}", change)


def delete(ids: Iterable[str]) -> Edit:
    """Take sections off the plan."""
    wanted = frozenset(ids)

    def change(document: Document) -> Document:
        _require(document, wanted)
        if accepted := sorted(wanted & set(document.project.gate.accept_sections)):
            raise Refused(
                f"gate.accept_sections names {', '.join(accepted)}; take it out of the project first."
            )
        left = tuple(s for s in document.wafer.sections if s.id not in wanted)
        if not left:
            raise Refused("A plan needs at least one section; add another one first.")
        return replace(document, wafer=replace(document.wafer, sections=left))

    return Edit(f"Delete {_named(tuple(wanted))}", change)


def activate(ids: Iterable[str], active: bool) -> Edit:
    """Have sections imaged, or leave them out."""
    ids = tuple(ids)
    name = f"{_verb(active)} {_named(ids)}"
    return Edit(name, _each(ids, lambda s: replace(s, active=active)))


def activate_tile(section_id: str, tile: int, active: bool) -> Edit:
    """Have one tile of a section imaged, or leave it out."""

    def change(section: Section) -> Section:
        others = frozenset(section.inactive_tiles) - {tile}
        return replace(section, inactive_tiles=tuple(sorted(others if active else others | {tile})))

    return Edit(f"{_verb(active)} tile {tile + 1} of {section_id}", _each((section_id,), change))


def _verb(active: bool) -> str:
    return "Activate" if active else "Leave out"


def add(section: Section) -> Edit:
    """Put one more section at the end of the route."""

    def change(document: Document) -> Document:
        wafer = document.wafer
        return replace(document, wafer=replace(wafer, sections=(*wafer.sections, section)))

    return Edit(f"Add {section.id}", change)


def set_grid(rows: int, columns: int) -> Edit:
    """Give every section a grid of so many tiles."""

    def change(document: Document) -> Document:
        try:
            imaging = ImagingSettings.model_validate(
                document.project.imaging.model_dump() | {"grid_rows": rows, "grid_columns": columns}
            )
        except ValidationError:
            raise Refused(
                f"A grid of {rows} x {columns} is not possible; 1 to 200 tiles each way."
            ) from None
        return replace(document, project=document.project.model_copy(update={"imaging": imaging}))

    return Edit(f"Set the grid to {rows} x {columns}", change)


def rectangle(wafer: Wafer, centre_um: Point, width_um: float, height_um: float) -> Section:
    """A new upright section with the first free id, as thick as the last one."""
    taken = {s.id for s in wafer.sections}
    name = next(name for n in count(len(taken) + 1) if (name := f"S{n:03d}") not in taken)
    (x, y), u, v = centre_um, width_um / 2, height_um / 2
    outline = (x - u, y - v), (x + u, y - v), (x + u, y + v), (x - u, y + v)
    thickness_nm = wafer.sections[-1].thickness_nm if wafer.sections else DEFAULT_THICKNESS_NM
    return Section(name, outline, centre_um, 0.0, thickness_nm)


def rotated(section: Section, angle_deg: float) -> Section:
    """A section turned about the centre of its ROI; its angle is kept in [-180, 180)."""
    total_deg = (section.rotation_deg + angle_deg + FULL_TURN_DEG / 2) % FULL_TURN_DEG - FULL_TURN_DEG / 2
    return placed(section, Rigid.about(section.roi_centre_um, angle_deg), total_deg)


def resized(section: Section, factor_x: float, factor_y: float) -> Section:
    """A section whose outline is stretched along and across its grid about the centre of its ROI."""
    to_local = Rigid(*section.roi_centre_um, section.rotation_deg).inverse()
    back = to_local.inverse()
    local = (to_local.apply(corner) for corner in section.outline_um)
    return replace(section, outline_um=tuple(back.apply((x * factor_x, y * factor_y)) for x, y in local))


def placed(section: Section, place: Rigid, rotation_deg: float) -> Section:
    """A section carried along by a turn and a shift of the wafer's plane."""
    return replace(
        section,
        outline_um=tuple(place.apply(corner) for corner in section.outline_um),
        roi_centre_um=place.apply(section.roi_centre_um),
        rotation_deg=rotation_deg,
    )


def _named(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else counted(len(ids), "section")


@dataclass(frozen=True, slots=True)
class _Step:
    """A step that was taken: its name and the document before (or, undone, after) it."""

    name: str
    document: Document


@dataclass
class Editor:
    """A plan under edit. ``begun``: what the run has worked on, None while it has not begun."""

    plan: Plan
    begun: Begun | None = None
    document: Document = field(init=False)
    _saved: Document = field(init=False)
    _past: list[_Step] = field(default_factory=list)
    _future: list[_Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.document = self._saved = Document(self.plan.project, self.plan.wafer)

    @property
    def unsaved(self) -> bool:
        """Whether the files say something else than the document."""
        return self.document != self._saved

    @property
    def to_undo(self) -> str:
        """The name of what undo takes back, empty when there is nothing."""
        return self._past[-1].name if self._past else ""

    @property
    def to_redo(self) -> str:
        """The name of what redo does again, empty when there is nothing."""
        return self._future[-1].name if self._future else ""

    def do(self, edit: Edit) -> tuple[str, ...]:
        """Make an edit; what pre-flight will say of the sections that it changed is returned.

        Raises ``Refused``; nothing is changed then.
        """
        after = edit.change(self.document)
        self._refuse_invalid(after)
        if after == self.document:
            return ()
        notes = self._findings(after)
        self._past = [*self._past[-MOST_UNDONE + 1 :], _Step(edit.name, self.document)]
        self._future, self.document = [], after
        return notes

    def undo(self) -> None:
        """Take the last step back; nothing when there is none."""
        if self._past:
            step = self._past.pop()
            self._future.append(_Step(step.name, self.document))
            self.document = step.document

    def redo(self) -> None:
        """Do again what was undone last; nothing when there is none."""
        if self._future:
            step = self._future.pop()
            self._past.append(_Step(step.name, self.document))
            self.document = step.document

    def save(self, files: FileLayer) -> None:
        """Write what changed, durably.

        Raises:
            SettingsError: a file was changed by somebody else since it was read; nothing was written.
            OSError: the disk refuses; see :mod:`scopeacq.files`.
        """
        folder = self.plan.folder
        self._refuse_foreign_changes()
        if self.document.wafer != self._saved.wafer:
            text = self.document.wafer.to_geojson()
            files.write_durable(folder.wafer_file, text.encode(), replace=True)
            self._saved = replace(self._saved, wafer=self.document.wafer)
        if self.document.project != self._saved.project:
            text = to_toml(self.document.project, *PROJECT_HEADER)
            files.write_durable(folder.project_file, text.encode(), replace=True)
            self._saved = replace(self._saved, project=self.document.project)

    def _refuse_foreign_changes(self) -> None:
        now = Plan.read(self.plan.folder.root)
        if Document(now.project, now.wafer) != self._saved:
            raise SettingsError(
                self.plan.folder.root,
                ["its files were changed by somebody else since they were opened here"],
                "Open the project again; what was edited here since is lost then.",
            )

    def _as_plan(self, document: Document) -> Plan:
        return replace(self.plan, project=document.project, wafer=document.wafer)

    def _refuse_invalid(self, after: Document) -> None:
        """Raise ``Refused`` for what the files could not hold or the run that has begun forbids."""
        if not all(math.isfinite(v) for s in after.wafer.sections for p in s.outline_um for v in p):
            raise Refused("A place on the wafer must be a number.")
        try:
            Wafer.parse(self.plan.folder.wafer_file, after.wafer.to_geojson())
        except SettingsError as error:
            raise Refused(_sentence(error.problems)) from None
        if self.begun is not None:
            before = set(changes(self._as_plan(self.document), self.begun))
            if new := [c for c in changes(self._as_plan(after), self.begun) if c not in before]:
                raise Refused(_sentence(new))

    def _findings(self, after: Document) -> tuple[str, ...]:
        """What pre-flight says of sections that differ from before."""
        same_grid = after.project.imaging == self.document.project.imaging
        before = set(self.document.wafer.sections) if same_grid else set()
        changed = tuple(s for s in after.wafer.sections if s not in before)
        if not changed:
            return ()
        plan = self._as_plan(replace(after, wafer=replace(after.wafer, sections=changed[:MOST_CHECKED])))
        return tuple(f.text for f in section_findings(plan) if f.severity is not Severity.NOTE)


def _sentence(problems: Iterable[str]) -> str:
    text = "; ".join(problems)
    return f"{text[0].upper()}{text[1:]}." if text else "The edit is not possible."
