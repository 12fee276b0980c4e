"""The way from the bare wafer to the route in six steps: how each stands, in a word and a sentence.

A step can be done at any time and done again; the states say what is there and forbid nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ui.presenters.tone import Badge, Sign, Tone
from ui.presenters.work import Work


class Step(Enum):
    """In the order in which they are usually done; ``value`` is the name of the step."""

    OVERVIEW = "Overview"
    LANDMARKS = "Landmarks"
    SECTIONS = "Sections"
    GRIDS = "Grids"
    FIDUCIALS = "Fiducials"
    ROUTE = "Route"


def stopped_in_words(step: Step) -> str:
    """What is left of a work that was stopped."""
    if step is Step.OVERVIEW:
        return "Stopped. The tiles that were taken are kept; the next try goes on with the others."
    return "Stopped; everything stays as it was."


class State(Enum):
    """How a step stands."""

    DONE = Badge(Tone.GOOD, Sign.CHECK, "Done")
    TO_DO = Badge(Tone.QUIET, Sign.PLAY, "To do")
    LOOK = Badge(Tone.CAUTION, Sign.WARNING, "Look here")
    WORKING = Badge(Tone.ACTIVE, Sign.HOURGLASS, "Working")
    OPTIONAL = Badge(Tone.QUIET, Sign.INFO, "Optional")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a step: its state, and what there is in one sentence."""

    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it is shown. ``work`` is what is under way for it.

    ``note`` says what the last work came to, ``trouble`` what went wrong with it.
    """

    step: Step
    badge: Badge
    sentence: str
    work: Work[Step] | None = None
    note: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PrepareView:
    """The whole page. ``held_back`` says why nothing may be edited now, empty where it may."""

    steps: tuple[StepView, ...] = ()
    held_back: str = ""
    busy: bool = False

    def step(self, step: Step) -> StepView:
        """Raises ``KeyError``."""
        for view in self.steps:
            if view.step is step:
                return view
        raise KeyError(step)

    @property
    def next_step(self) -> Step | None:
        """The first step that waits for its operator."""
        waiting = (State.TO_DO.value, State.LOOK.value)
        return next((view.step for view in self.steps if view.badge in waiting), None)


@dataclass(frozen=True, slots=True)
class Progress:
    """All that the page is made of: what was found of the steps, what runs, and what came of what ran."""

    found: Mapping[Step, Finding] = field(default_factory=dict)
    work: Work[Step] | None = None
    notes: Mapping[Step, str] = field(default_factory=dict)
    troubles: Mapping[Step, str] = field(default_factory=dict)
    held_back: str = ""


def prepare_view(progress: Progress) -> PrepareView:
    """The page as it stands."""
    steps = tuple(_step_view(step, progress) for step in Step)
    return PrepareView(steps, progress.held_back, progress.work is not None)


def _step_view(step: Step, progress: Progress) -> StepView:
    found = progress.found.get(step, Finding(State.TO_DO, ""))
    work = progress.work if progress.work is not None and progress.work.step is step else None
    trouble = progress.troubles.get(step, "")
    if work is not None:
        return StepView(step, State.WORKING.value, work.sentence, work)
    state = State.LOOK if trouble else found.state
    return StepView(step, state.value, found.sentence, None, progress.notes.get(step, ""), trouble)
