"""The wizard of one calibration in three steps: what it will do, what it does, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from calibration.procedure import Compared, Cost, Need, Procedure, Result
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.telling.wording import counted, sentence
from ui.presenters.calibration_list import NAMES, day
from ui.presenters.durations import spoken
from ui.presenters.quantities import units_shown
from ui.presenters.tone import Badge, Sign, Tone
from ui.presenters.work import Work

RUN_ACTIVE = "A run has the instrument: pause or stop it first."
UNSAVED = (
    "The plan was edited and not saved: save it (Ctrl+S) or undo the edits (Ctrl+Z) first, since a "
    "calibration goes by the files."
)
NOTHING_CHOSEN = "Choose a calibration in the list."
IONS_REMOVE = (
    "This opens the ion beam: what it hits is removed for good. Look before at the wafer, and at what lies "
    "in the beam's way."
)
CONFIRM_IONS = "I have looked: only bare wafer lies there, and the ion beam may be opened"
ENDS_HERE = "It can also end here, with what it has counted so far."
PAUSED = "Paused. What was measured is kept; the instrument is as it was found."


class WizardStep(Enum):
    """In their order; ``value`` is the name of the step."""

    PREPARE = "Prepare"
    MEASURE = "Measure"
    RESULT = "Result"


class Decision(Enum):
    """What an operator did with a result; ``value`` says what holds since."""

    ACCEPTED = "In use from now on. The list offers to undo that."
    UNDONE = "Taken back: what was in use before is in use again."
    KEPT = "Not taken: what was in use before stays in use. The measurements are kept with the run."


_NEEDS = {
    Need.ELECTRONS: Badge(Tone.QUIET, Sign.EYE, "Takes images"),
    Need.METERS: Badge(Tone.QUIET, Sign.CURVE, "Reads meters"),
    Need.STAGE: Badge(Tone.CAUTION, Sign.TARGET, "Moves the stage"),
    Need.IONS: Badge(Tone.ALARM, Sign.BEAM, "Opens the ion beam"),
}
_NO_INSTRUMENT = Badge(Tone.QUIET, Sign.FOLDER, "Works on files, without the instrument")
_GOOD = Badge(Tone.GOOD, Sign.CHECK, "May be used")
_BAD = Badge(Tone.CAUTION, Sign.WARNING, "Not to be used")
_COMPLETE = Badge(Tone.GOOD, Sign.CHECK, "Complete")
_POOR = Badge(Tone.CAUTION, Sign.WARNING, "Not as it should be")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else goes on with run, plan and instrument; ``busy_with`` is empty while that rests."""

    run_active: bool = False
    unsaved: bool = False
    busy_with: str = ""
    working: CalibrationKind | None = None

    def held_back(self, kind: CalibrationKind) -> str:
        """Why a calibration must not begin now, or its result not be taken; empty where it may."""
        if self.run_active:
            return RUN_ACTIVE
        if self.working not in (None, kind):
            assert self.working is not None
            return f"{NAMES[self.working]} is being calibrated: wait for that, or stop it first."
        if self.unsaved:
            return UNSAVED
        if self.busy_with and self.working is None:
            return f"The instrument is busy ({self.busy_with}): wait for that, or stop it first."
        return ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sitting that was not finished. ``why_not`` says, as a clause, why it cannot go on, if so."""

    since: datetime
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that is known of the calibration that is chosen in the list.

    ``procedure`` and ``cost`` are None until they are known. ``begun``: in this window, neither ended nor
    left since. ``trouble`` says why it ended, where that was not its operator.
    """

    kind: CalibrationKind
    procedure: Procedure[Any] | None = None
    waiting: Waiting | None = None
    cost: Cost | None = None
    work: Work[CalibrationKind] | None = None
    begun: bool = False
    result: Result | None = None
    decision: Decision | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PrepareView:
    """``needs`` are signs of what it does with the instrument; ``confirm`` must be ticked where it stands,
    and ``warning`` says why.

    ``begin`` is what the main button says, ``anew`` the other one; empty where nothing waits to go on.
    """

    about: str
    needs: tuple[Badge, ...]
    estimate: tuple[str, ...]
    unfinished: str
    warning: str
    confirm: str
    begin: str
    anew: str


@dataclass(frozen=True, slots=True)
class MeasureView:
    """``share`` is None while nothing is under way; it can go on then, or be left for later.

    ``ends_early``: or it can end here, with what it has.
    """

    sentence: str
    share: float | None
    ending: bool = False
    ends_early: bool = False


@dataclass(frozen=True, slots=True)
class ResultView:
    """``accept`` is what that button says, and ``prefers_new`` whether it is the main one.

    It is empty where there is nothing to accept. ``decision`` says what was decided, empty before.
    """

    badge: Badge
    reasons: tuple[str, ...]
    rows: tuple[Compared, ...]
    accept: str
    prefers_new: bool
    decision: str


@dataclass(frozen=True, slots=True)
class WizardView:
    """``may_act``: what the buttons say may be done now; ``held_back`` says why not."""

    kind: CalibrationKind
    title: str
    step: WizardStep
    prepare: PrepareView
    measure: MeasureView
    result: ResultView | None
    held_back: str
    trouble: str
    ready: bool

    @property
    def may_act(self) -> bool:
        return self.ready and not self.held_back


def wizard_view(chosen: Chosen, around: Surroundings, now: datetime) -> WizardView:
    """The wizard as it stands."""
    procedure = chosen.procedure
    return WizardView(
        chosen.kind,
        procedure.title if procedure is not None else NAMES[chosen.kind],
        _step(chosen),
        _prepare(chosen, now),
        _measure(chosen),
        result_view(chosen.result, chosen.decision) if chosen.result is not None else None,
        "" if chosen.work is not None else around.held_back(chosen.kind),
        chosen.trouble,
        procedure is not None,
    )


def estimate_in_words(cost: Cost) -> tuple[str, ...]:
    """What a calibration takes: a sentence, and what its procedure has to add."""
    parts = [f"About {spoken(cost.duration_s)}"]
    if cost.frames:
        parts.append(counted(cost.frames, "frame"))
    if cost.electron_dose_per_nm2 > 0:
        dose = f"{float(f'{cost.electron_dose_per_nm2:.2g}'):g} e-/nm\N{SUPERSCRIPT TWO}"
        parts.append(f"at most {dose} at any place")
    return (f"{', '.join(parts)}.", *map(_told, cost.said))


def result_view(result: Result, decision: Decision | None = None) -> ResultView:
    """A result with its verdict in plain words."""
    good = result.verdict.good
    reasons, rows = tuple(map(_told, result.verdict.reasons)), tuple(map(_row, result.comparison))
    said = decision.value if decision is not None else ""
    if not result.values:
        return ResultView(_COMPLETE if good else _POOR, reasons, rows, "", good, said)
    accept = "Use it" if good else "Use it all the same"
    return ResultView(_GOOD if good else _BAD, reasons, rows, accept, good, said)


def _told(text: str) -> str:
    """A sentence of a procedure."""
    return sentence(units_shown(text))


def _row(row: Compared) -> Compared:
    return Compared(*map(units_shown, (row.what, row.before, row.after, row.change)))


def _step(chosen: Chosen) -> WizardStep:
    if chosen.work is not None or chosen.begun:
        return WizardStep.MEASURE
    return WizardStep.RESULT if chosen.result is not None else WizardStep.PREPARE


def _prepare(chosen: Chosen, now: datetime) -> PrepareView:
    procedure, waiting = chosen.procedure, chosen.waiting
    needs = procedure.needs if procedure is not None else frozenset()
    signs = tuple(badge for need, badge in _NEEDS.items() if need in needs)
    goes_on, ions = waiting is not None and not waiting.why_not, Need.IONS in needs
    return PrepareView(
        about=units_shown(procedure.about) if procedure is not None else "",
        needs=signs or ((_NO_INSTRUMENT,) if procedure is not None else ()),
        estimate=estimate_in_words(chosen.cost) if chosen.cost is not None else (),
        unfinished=_unfinished(waiting, now) if waiting is not None else "",
        warning=IONS_REMOVE if ions else "",
        confirm=CONFIRM_IONS if ions else "",
        begin="Go on" if goes_on else "Begin",
        anew="Begin anew" if goes_on else "",
    )


def _unfinished(waiting: Waiting, now: datetime) -> str:
    begun = f"Begun {day(waiting.since.astimezone(now.tzinfo), now)} and not finished"
    if waiting.why_not:
        return f"{begun}. It cannot go on, since {waiting.why_not}: this begins anew."
    return f"{begun}: what was measured is kept, and the rest is measured."


def _measure(chosen: Chosen) -> MeasureView:
    work, procedure = chosen.work, chosen.procedure
    ends_early = procedure is not None and procedure.ends_early
    if work is None:
        paused = f"{PAUSED} {ENDS_HERE}" if ends_early else PAUSED
        return MeasureView("" if chosen.trouble else paused, None, ends_early=ends_early)
    return MeasureView(_under_way(work), work.share, work.ending, ends_early)


def _under_way(work: Work[CalibrationKind]) -> str:
    """What happens now, and how long the rest takes."""
    if work.ending:
        return "Ending; what was set and moved is put back as it was found."
    words = [_told(work.detail or work.doing)]
    if work.left_s is not None:
        words.append(f"About {spoken(work.left_s)} left.")
    return " ".join(words)
