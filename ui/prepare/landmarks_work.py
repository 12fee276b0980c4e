"""What the step Landmarks does: measures all of them with the instrument."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject

from scopeacq.plan.mark_edits import taken_out, with_measured
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Landmark
from ui.hand.works import Teller
from ui.prepare.desk import PrepareDesk
from ui.prepare.landmarks_step import LandmarksStep
from ui.presenters.edits import Document, Edit
from ui.presenters.prepare import Step
from ui.presenters.work import Work
from ui.run.interpreter import loading

if TYPE_CHECKING:  # brings OpenCV and the twin, which the window does without until landmarks are measured
    from scopeacq.landmarking import Measurement
    from scopeacq.manual import Manual

NONE_SET = "No landmark is set; set two or more on the map, far apart, and say where the stage shows them."


class LandmarksWork(QObject):
    """Finds all landmarks by their pictures, and keeps a picture of each that has none yet."""

    def __init__(self, body: LandmarksStep, desk: PrepareDesk) -> None:
        super().__init__(body)
        self._desk = desk
        body.measure_asked.connect(self.measure)
        body.remounted.connect(self.take_out)

    def take_out(self) -> None:
        """Where the landmarks are on the stage is not known any more."""
        if self._desk.plan.wafer.landmarks:
            self._desk.propose(Edit("Take the wafer out", _taken_out))
        else:
            self._desk.say(Step.LANDMARKS, NONE_SET)

    def measure(self) -> None:
        """Drive to each landmark in turn."""
        plan = self._desk.plan
        if not plan.wafer.landmarks:
            self._desk.say(Step.LANDMARKS, NONE_SET)
            return
        self._desk.do_in_hand(Work(Step.LANDMARKS, "Measuring"), partial(_measured, plan), self._take)

    def _take(self, measurement: Measurement) -> None:
        lost = [f"{each.mark}: {each.text}" for each in measurement.each if each.text]
        if measurement.each:
            self._desk.propose(
                Edit("Measure the landmarks", partial(_with_landmarks, measurement.landmarks))
            )
        if lost or not measurement.mounting.sound:
            self._desk.say(Step.LANDMARKS, " ".join(lost) or measurement.mounting.verdict)
        else:
            self._desk.note(Step.LANDMARKS, measurement.mounting.verdict)


def _taken_out(document: Document) -> Document:
    return replace(document, wafer=taken_out(document.wafer))


def _measured(plan: Plan, manual: Manual, tell: Teller) -> Measurement:
    """On the instrument's thread; by the plan as it is edited, which may not be saved yet."""
    with loading():
        from scopeacq.landmarking import measure
        from scopeacq.storage.files import DiskFiles
        from scopeacq.vision.references import References
    manual.take_plan(plan)
    manual.bring_up()
    references = References(plan.folder, DiskFiles())
    return measure(manual, plan.wafer.landmarks, references, tell)


def _with_landmarks(landmarks: tuple[Landmark, ...], document: Document) -> Document:
    """Only what was measured is taken over: marks may have been added or moved meanwhile."""
    return replace(document, wafer=with_measured(document.wafer, landmarks))
