"""What the menu of other programs does: reads and writes files on a thread, and edits the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal

from scopeacq.plan.overviews import Overview
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidates, SectionsRefused
from scopeacq.sections.imports.geojson import as_features, for_others
from scopeacq.sections.imports.reading import Brought, put_on_wafer, read_sections
from scopeacq.storage.files import DiskFiles
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.exchange import BY_DIALOG, Choosers, Exchange
from ui.presenters.exchange import (
    Frame,
    FrameQuestion,
    SectionsFile,
    exported_in_words,
    frame_of,
    imported_in_words,
    take_imported,
)
from ui.presenters.prepare import Step
from ui.presenters.work import Work


@dataclass(frozen=True, slots=True)
class Known:
    """What there is before a file is put beside it."""

    candidates: Candidates
    wafer: Wafer


class ExchangeWork(QObject):
    """``review_wanted``: sections have come in; show the list."""

    review_wanted = pyqtSignal()

    def __init__(self, body: Exchange, desk: PrepareDesk, choosers: Choosers = BY_DIALOG) -> None:
        super().__init__(body)
        self._body, self._desk, self._choosers = body, desk, choosers
        self._overviews: tuple[Overview, ...] = ()
        body.import_asked.connect(self.import_sections)
        body.export_asked.connect(self.export_sections)
        body.question.answered.connect(self._bring)
        desk.edited.connect(self._show_overviews)

    def import_sections(self) -> None:
        """Have a file named, and read it."""
        path = self._choosers.source(self._body)
        if path is not None:
            self._body.question.ask(None)
            self._desk.do(_work(f"Reading {path.name}"), partial(_read, path), self._place)

    def export_sections(self, frame: Frame) -> None:
        """Have a file named, and write into it what there is."""
        path, root = self._choosers.target(self._body), self._desk.plan.folder.root
        if path is None:
            return
        job = partial(_written, path, frame, self._known, root)
        self._desk.do(_work(f"Writing {path.name}"), job, partial(self._wrote, path.name, frame))

    def _place(self, file: SectionsFile) -> None:
        try:
            frame = frame_of(file, self._overviews)
        except SectionsRefused as refused:
            self._desk.say(Step.SECTIONS, str(refused))
            return
        if isinstance(frame, FrameQuestion):
            self._body.question.ask(frame)
        else:
            self._bring(file, frame)

    def _bring(self, file: SectionsFile, frame: Frame) -> None:
        known = self._known
        job = partial(_brought, file, frame, known)
        self._desk.do(_work(f"Importing {file.name}"), job, partial(self._take, file, frame, known))

    def _take(self, file: SectionsFile, frame: Frame, before: Known, brought: Brought) -> None:
        if self._known != before:  # edited meanwhile
            self._bring(file, frame)
        elif self._desk.propose(take_imported(file.name, brought)):
            self._desk.note(Step.SECTIONS, imported_in_words(file, brought))
            if brought.new:
                self.review_wanted.emit()

    def _wrote(self, name: str, frame: Frame, count: int) -> None:
        self._desk.note(Step.SECTIONS, exported_in_words(count, name, frame))

    @property
    def _known(self) -> Known:
        return Known(self._desk.candidates, self._desk.plan.wafer)

    def _show_overviews(self) -> None:
        """Offer the pictures that there are now, the newest first; a question is asked anew about them."""
        newest = self._desk.overview
        overviews = tuple(sorted(self._desk.underlay.overviews, key=lambda each: each is not newest))
        if overviews == self._overviews:
            return
        self._overviews = overviews
        self._body.show_overviews(overviews)
        if (asked := self._body.question.question) is not None:
            self._body.question.ask(None)
            self._place(asked.file)


def _work(doing: str) -> Work[Step]:
    return Work(Step.SECTIONS, doing)


def _read(path: Path, tell: Teller) -> SectionsFile:
    """On a thread."""
    return SectionsFile(path.name, read_sections(path))


def _brought(file: SectionsFile, frame: Frame, known: Known, tell: Teller) -> Brought:
    """On a thread."""
    imported = replace(file.imported, unit=frame.unit)
    return put_on_wafer(imported, frame.overview, known.candidates, known.wafer)


def _written(path: Path, frame: Frame, known: Known, run: Path, tell: Teller) -> int:
    """On a thread; how many sections were written. The dialog asks before it names a file that is there."""
    if path.exists() and path.resolve().is_relative_to(run.resolve()):
        raise SettingsError(path, ["this file belongs to the run"], "Choose another name.")
    sections = for_others(known.candidates, known.wafer)
    text = as_features(sections, frame.placement)
    DiskFiles().write_durable(path, text.encode(), replace=True)
    return len(sections)
