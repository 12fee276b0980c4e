"""A plan under edit, with undo and redo.

What the files may hold is decided by reading the edited text back, what a run that has begun needs
as it was by :mod:`scopeacq.plan.plan_changes`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field, replace

from scopeacq.plan.findings import Severity
from scopeacq.plan.new_run import INSTRUMENT_HEADER, PROJECT_HEADER
from scopeacq.plan.plan_changes import Begun, changes, gun_changes
from scopeacq.plan.runfolder import Plan, contradictions, require_unchanged
from scopeacq.plan.settings import Settings, SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.plan.wafer import Wafer
from scopeacq.plan.wafer_checks import section_findings
from scopeacq.sections.candidates import Candidates
from scopeacq.storage.files import FileLayer
from ui.presenters.edits import Document, Edit, Refused

__all__ = ["Document", "Edit", "Editor", "Refused"]

MOST_UNDONE = 200
"""Steps that can be undone; documents share what they have in common."""

MOST_CHECKED = 20
"""Changed sections of which pre-flight is asked at once, so that an edit does not wait for it."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A step that was taken: its name and the document before (or, undone, after) it."""

    name: str
    document: Document


@dataclass
class Editor:
    """A plan under edit. ``begun``: what the run has worked on, None while it has not begun.

    ``candidates``: what the file of candidates and labels says.
    """

    plan: Plan
    begun: Begun | None = None
    candidates: InitVar[Candidates | None] = None
    document: Document = field(init=False)
    _saved: Document = field(init=False)
    _past: list[_Step] = field(default_factory=list)
    _future: list[_Step] = field(default_factory=list)
    _topic: object = None

    def __post_init__(self, candidates: Candidates | None) -> None:
        self.document = self._saved = _document(self.plan, candidates or Candidates())

    @property
    def saved(self) -> Document:
        """What the files say."""
        return self._saved

    @property
    def edited(self) -> Plan:
        """The plan as it would be read after saving."""
        return self._as_plan(self.document)

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

        Of edits with a topic nothing is returned: somebody is typing.

        Raises ``Refused``; nothing is changed then.
        """
        after = edit.change(self.document)
        self._refuse_invalid(after)
        if after == self.document:
            return ()
        notes = self._findings(after) if edit.topic is None else ()
        if edit.topic is None or edit.topic != self._topic:
            self._past = [*self._past[-MOST_UNDONE + 1 :], _Step(edit.name, self.document)]
        self._future, self.document, self._topic = [], after, edit.topic
        return notes

    def take_candidates(self, read: Candidates) -> None:
        """Go on with what the file of candidates says now; while anything was edited it has to wait."""
        if not (self._past or self._future or self.unsaved):
            self.document = self._saved = replace(self._saved, candidates=read)

    def end_step(self) -> None:
        """Whatever is edited next is a step of its own."""
        self._topic = None

    def take_back(self, topic: object) -> bool:
        """Forget the step under way if it is about ``topic``; whether it was. It cannot be done again."""
        if not self._past or topic is None or topic != self._topic:
            return False
        self.document, self._topic = self._past.pop().document, None
        return True

    def undo(self) -> None:
        """Take the last step back; nothing when there is none."""
        self.end_step()
        if self._past:
            step = self._past.pop()
            self._future.append(_Step(step.name, self.document))
            self.document = step.document

    def redo(self) -> None:
        """Do again what was undone last; nothing when there is none."""
        self.end_step()
        if self._future:
            step = self._future.pop()
            self._past.append(_Step(step.name, self.document))
            self.document = step.document

    def save(self, files: FileLayer) -> None:
        """Write what changed, durably.

        Raises:
            SettingsError: a file was changed by somebody else since it was read; nothing was written.
            OSError: the disk refuses; see :mod:`scopeacq.storage.files`.
        """
        folder = self.plan.folder
        require_unchanged(self._as_plan(self._saved))
        found = self.document.candidates != self._saved.candidates
        if found and Candidates.read(folder.candidates_file) != self._saved.candidates:
            raise SettingsError(
                folder.candidates_file,
                ["it was changed by somebody else since it was opened here"],
                "Open the project again; what was edited here since is lost then.",
            )
        self.end_step()
        if found:  # first: a review puts into the plan what is accepted, and takes out what is not
            text = self.document.candidates.to_geojson()
            files.write_durable(folder.candidates_file, text.encode(), replace=True)
            self._saved = replace(self._saved, candidates=self.document.candidates)
        if self.document.wafer != self._saved.wafer:
            text = self.document.wafer.to_geojson()
            files.write_durable(folder.wafer_file, text.encode(), replace=True)
            self._saved = replace(self._saved, wafer=self.document.wafer)
        if self.document.project != self._saved.project:
            text = to_toml(self.document.project, *PROJECT_HEADER)
            files.write_durable(folder.project_file, text.encode(), replace=True)
            self._saved = replace(self._saved, project=self.document.project)
        if self.document.instrument != self._saved.instrument:
            text = to_toml(self.document.instrument, *INSTRUMENT_HEADER)
            files.write_durable(folder.instrument_file, text.encode(), replace=True)
            self._saved = replace(self._saved, instrument=self.document.instrument)

    def _as_plan(self, document: Document) -> Plan:
        return replace(
            self.plan, project=document.project, wafer=document.wafer, instrument=document.instrument
        )

    def _refuse_invalid(self, after: Document) -> None:
        """Raise ``Refused`` for what the files could not hold or the run that has begun forbids."""
        try:
            if after.wafer is not self.document.wafer:
                self._refuse_invalid_wafer(after.wafer)
            if after.candidates is not self.document.candidates:
                Candidates.parse(self.plan.folder.candidates_file, after.candidates.to_geojson())
            _read_back(after.project, self.document.project)
            _read_back(after.instrument, self.document.instrument)
            for error in contradictions(self.plan.folder, after.project, after.wafer):
                raise error
        except SettingsError as error:
            raise Refused(_sentence(error.problems)) from None
        if self.begun is not None:
            before = set(changes(self._as_plan(self.document), self.begun))
            new = [c for c in changes(self._as_plan(after), self.begun) if c not in before]
            new += gun_changes(self._saved.instrument.mill, after.instrument.mill, self.begun)
            if new:
                raise Refused(_sentence(new))

    def _refuse_invalid_wafer(self, wafer: Wafer) -> None:
        if not all(math.isfinite(v) for s in wafer.sections for p in s.outline_um for v in p):
            raise Refused("A place on the wafer must be a number.")
        Wafer.parse(self.plan.folder.wafer_file, wafer.to_geojson())

    def _findings(self, after: Document) -> tuple[str, ...]:
        """What pre-flight says of sections that differ from before."""
        same_grid = after.project.imaging == self.document.project.imaging
        before = set(self.document.wafer.sections) if same_grid else set()
        changed = tuple(s for s in after.wafer.sections if s not in before)
        if not changed:
            return ()
        plan = self._as_plan(replace(after, wafer=replace(after.wafer, sections=changed[:MOST_CHECKED])))
        return tuple(f.text for f in section_findings(plan) if f.severity is not Severity.NOTE)


def _document(plan: Plan, candidates: Candidates) -> Document:
    return Document(plan.project, plan.wafer, plan.instrument, candidates)


def _read_back(after: Settings, before: Settings) -> None:
    """Raise ``Refused`` for settings that their file would not hold as they are."""
    if after is before:
        return
    try:
        again = type(after).model_validate(tomllib.loads(to_toml(after)))
    except ValueError as error:  # of TOML and of pydantic
        raise Refused(_sentence([f"this cannot be written into a file ({error})"])) from None
    if again != after:
        raise Refused("This would not be read back from the file as it is.")


def _sentence(problems: Iterable[str]) -> str:
    text = "; ".join(problems)
    return f"{text[0].upper()}{text[1:]}." if text else "The edit is not possible."
