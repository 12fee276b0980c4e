"""The network taught this wafer from the window: with progress and a preview, stopped at any time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject

from models.libraries import map_torch
from scopeacq.plan.overviews import Overview
from scopeacq.plan.runfolder import Plan
from scopeacq.sections.candidates import Candidates
from scopeacq.storage.files import DiskFiles
from scopeacq.telling.wording import counted
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.sections_step import SectionsStep
from ui.prepare.sections_work import NO_PICTURE, cores
from ui.presenters.glimpse import Glimpse
from ui.presenters.prepare import Step
from ui.presenters.prepare_settings import Way
from ui.presenters.work import Work
from ui.run.interpreter import loading

if TYPE_CHECKING:  # brings torch, which the window does without until a network is wanted
    from scopeacq.sections.tuning import Teaching, TuneProgress

GLIMPSE_EVERY_S = 10.0
"""A preview takes about a second of the training's time."""


@dataclass(frozen=True, slots=True)
class Taught:
    """``iou``: with what was kept back, intersection over union, 0..1, -1 where nothing was judged yet."""

    iou: float
    steps: int


class TeachingWork(QObject):
    """Has the network taught by what was outlined; the weights are kept in the run's folder."""

    def __init__(self, body: SectionsStep, desk: PrepareDesk) -> None:
        super().__init__(body)
        self._body, self._desk = body, desk
        body.train_asked.connect(self.teach)

    def teach(self) -> None:
        """Begin with the best weights there are."""
        overview, limit_s = self._desk.overview, self._body.learning.chosen.limit_s
        if overview is None:
            self._desk.say(Step.SECTIONS, NO_PICTURE)
            return
        job = partial(_taught, overview, self._desk.candidates, self._desk.plan, limit_s)
        work = Work(Step.SECTIONS, "Teaching the network")
        self._desk.do(work, job, self._take, self._body.preview.show_glimpse)

    def _take(self, taught: Taught) -> None:
        self._body.preview.show_glimpse(None)
        self._body.how.choose("way", Way.NETWORK)
        self._desk.note(
            Step.SECTIONS,
            f"Taught in {counted(taught.steps, 'step')}; {_agreement(taught.iou)}. Kept with the run; "
            "Find sections uses it.",
        )


def _taught(overview: Overview, candidates: Candidates, plan: Plan, limit_s: float, tell: Teller) -> Taught:
    """On a thread; ends when its time is over or the operator has seen enough, and keeps the best."""
    with loading():
        map_torch()
        from models.training.recipe import Limits
        from scopeacq.sections.seen import look_at
        from scopeacq.sections.tuning import Teaching, TuningSettings, lesson_of
    tell(0.0, "reading what is outlined")
    lesson = lesson_of(look_at(overview), candidates, plan.wafer)
    weights = plan.folder.section_weights
    settings = TuningSettings(limits=Limits(minutes=limit_s / 60), cores=cores())
    teaching = Teaching(lesson, settings, weights if weights.exists() else None)
    tell(0.0, "first look")
    last = _through(teaching, tell)
    teaching.keep(weights, DiskFiles())
    return last


def _through(teaching: Teaching, tell: Teller) -> Taught:
    shown_s, taught = -GLIMPSE_EVERY_S, Taught(-1.0, 0)
    for progress in teaching.steps():
        taught = Taught(progress.best_iou, progress.step)
        tell.say(min(progress.fraction, 1.0), f"step {progress.step}, {_agreement(progress.best_iou)}")
        if time.monotonic() - shown_s > GLIMPSE_EVERY_S:
            tell.show(_glimpse(teaching, progress))
            shown_s = time.monotonic()
        if tell.stopped:
            break
    return taught


def _glimpse(teaching: Teaching, progress: TuneProgress) -> Glimpse:
    preview = teaching.preview()
    words = f"What the best so far finds; {_agreement(progress.best_iou)}."
    return Glimpse(preview.greys, preview.probability, words)


def _agreement(iou: float) -> str:
    return f"{iou:.0%} overlap with what was kept back" if iou >= 0 else "nothing judged yet"
