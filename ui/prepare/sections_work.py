"""What the step Sections does: finds, accepts, and has the network taught."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal

from models.libraries import map_torch
from scopeacq.plan.overviews import Overview
from scopeacq.plan.runfolder import Plan
from scopeacq.sections.candidates import Candidates, Ring
from scopeacq.telling.wording import counted
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.sections_step import SectionsStep
from ui.presenters.messages import Message
from ui.presenters.prepare import Step
from ui.presenters.prepare_settings import Way
from ui.presenters.review_edits import accept_above, take_found
from ui.presenters.tone import Tone
from ui.presenters.work import Work
from ui.run.interpreter import loading

if TYPE_CHECKING:  # brings OpenCV and torch, which the window does without until sections are sought
    from scopeacq.sections.on_wafer import Found

NO_PICTURE = "There is no picture of the wafer to look at; acquire an overview first, or add a picture."
NO_EXAMPLE = "Choose one section on the map, or draw one, and press again: others like it are looked for."
NOTHING_FOUND = (
    "Nothing was found that looks like sections; draw one and look for others like it, or try the network."
)
EDITED_MEANWHILE = Message(
    Tone.QUIET,
    "Sections were edited while others were looked for.",
    advice="They are looked for once more.",
)


class SectionsWork(QObject):
    """``chosen`` asks for the outline of what is chosen on the map. ``review_wanted``: show the list."""

    review_wanted = pyqtSignal()

    def __init__(self, body: SectionsStep, desk: PrepareDesk, chosen: Callable[[], Ring | None]) -> None:
        super().__init__(body)
        self._body, self._desk, self._chosen = body, desk, chosen
        body.find_asked.connect(self.find)
        body.accept_asked.connect(self.accept)
        body.review_asked.connect(self.review_wanted)
        desk.edited.connect(self._show)

    def find(self) -> None:
        """Look for sections on the newest overview, as the form says."""
        overview, way, example = self._desk.overview, self._body.how.chosen.way, self._chosen()
        if overview is None:
            self._desk.say(Step.SECTIONS, NO_PICTURE)
        elif way is Way.EXAMPLE and example is None:
            self._desk.say(Step.SECTIONS, NO_EXAMPLE)
        else:
            before = self._desk.candidates
            job = partial(_found, overview, way, example, before, self._desk.plan)
            self._desk.do(Work(Step.SECTIONS, "Finding sections"), job, partial(self._take, before))

    def accept(self, confidence: float) -> None:
        """Put all that are at least this sure, 0 to 1, into the plan."""
        self._desk.propose(accept_above(confidence))

    def _take(self, before: Candidates, found: Found) -> None:
        if self._desk.candidates is not before:
            self._desk.told.emit(EDITED_MEANWHILE)
            self.find()
        elif not found.new:
            self._desk.say(Step.SECTIONS, NOTHING_FOUND)
        elif self._desk.propose(take_found(found.candidates)):
            self._desk.note(Step.SECTIONS, _in_words(found))
            self.review_wanted.emit()

    def _show(self) -> None:
        self._body.show_candidates(self._desk.candidates, may_edit=self._desk.editor is not None)


def _in_words(found: Found) -> str:
    size = found.section_um
    large = f", {size[0]:.0f} x {size[1]:.0f} \N{MICRO SIGN}m large" if size is not None else ""
    return f"{counted(found.new, 'section')} found{large}. Accept those that are sure, look at the others."


def _found(
    overview: Overview, way: Way, example: Ring | None, before: Candidates, plan: Plan, tell: Teller
) -> Found:
    """On a thread."""
    with loading():
        map_torch()
        from scopeacq.sections.on_wafer import Learned, Unlearned, find_sections
    own = plan.folder.section_weights
    learned = Learned(own if own.exists() else None)
    chosen = learned if way is Way.NETWORK else Unlearned(example if way is Way.EXAMPLE else None)
    return find_sections(overview, chosen, before, plan.wafer, tell, cores())


def cores() -> int:
    """How many threads a network may take beside the window."""
    return os.cpu_count() or 1
