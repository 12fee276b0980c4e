"""A run as its operator sees it: what it does, how far it is, what may be asked of it now and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from scopeacq.engine.events import (
    AbortAnswered,
    IncidentHappened,
    MillProgressed,
    Progressed,
    RunState,
    StateChanged,
    StepStarted,
)
from scopeacq.engine.outlook import GateState, Outlook
from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.records import Incident, RunEnd, RunRequest
from scopeacq.plan.briefing import Briefing
from scopeacq.telling.wording import sentence
from ui.presenters import mill_pass
from ui.presenters.abort import AbortView, OpenAbort
from ui.presenters.durations import clock_time, spoken
from ui.presenters.notices import Asked, Attended, Ended, Leaving, Notice, Stands
from ui.presenters.tone import Badge, Sign, Tone, badge_of


class Phase(Enum):
    """Where a run is between two starts of the engine."""

    IDLE = "idle"
    STARTING = "starting"
    ACTIVE = "active"
    LEAVING = "leaving"


class Action(Enum):
    """What an operator may ask for."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether an action may be asked for now; ``why`` is what its tooltip says either way."""

    now: bool
    why: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A progress bar and the words beside it."""

    done: int = 0
    total: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class GateView:
    """The mill gate: a badge, and what it waits for."""

    badge: Badge
    text: str


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything that the run panel shows."""

    badge: Badge
    sentence: str
    step: str
    cycle: str
    planes: Bar
    passes: Bar
    mill_pass: Bar | None
    time_left: str
    gate: GateView
    start_text: str
    allowed: Mapping[Action, Allowed]
    busy: bool
    abort: AbortView | None = None
    incident: Incident | None = None


_NO_GATE = GateView(
    Badge(Tone.QUIET, Sign.SHIELD, "Mill gate"), "The ion beam stays blanked: no run is active."
)
_GATES = {
    GateState.CLOSED: Badge(Tone.QUIET, Sign.SHIELD, "Mill gate closed"),
    GateState.SHUT: Badge(Tone.CAUTION, Sign.HAND, "Mill gate shut"),
    GateState.PASSED: Badge(Tone.ACTIVE, Sign.BEAM, "Mill gate passed"),
}
_STARTING = Badge(Tone.ACTIVE, Sign.HOURGLASS, "Starting")
_LEAVING = Badge(Tone.QUIET, Sign.HOURGLASS, "Ending")
_READY = Badge(Tone.QUIET, Sign.PLAY, "Ready")

_GO_ON = {
    RunEnd.FINISHED: "All that was asked for is done.",
    RunEnd.WAITING: "Resume takes again what is missing or not sharp.",
    RunEnd.PAUSED: "Resume goes on where it ended.",
    RunEnd.STOPPED: "Resume goes on where it ended.",
    RunEnd.ABORTED: "Resume goes on where it ended.",
    RunEnd.FAILED: "Resume goes on once the trouble is mended.",
}
_PENDING = {
    RunRequest.PAUSE_NOW: "Pausing as soon as the beam allows.",
    RunRequest.PAUSE_AFTER_TILE: "Pausing after this tile.",
    RunRequest.PAUSE_AFTER_SECTION: "Pausing after this section.",
    RunRequest.PAUSE_AFTER_SLICE: "Pausing after this slice, before it is milled.",
    RunRequest.STOP: "Stopping after this step.",
    RunRequest.ABORT: "Aborting.",
}


@dataclass(slots=True)
class RunPresenter:
    """Takes notices and answers what to show. ``held_back``: why a start is not allowed, or nothing."""

    begun: bool = False
    held_back: str = "Open a run first."
    finished: bool = False
    phase: Phase = Phase.IDLE
    _state: RunState | None = None
    _reason: str = ""
    _step: str = ""
    _wish: RunRequest | None = None
    _progress: Progressed | None = None
    _milling: MillProgressed | None = None
    _time_left: TimeLeft | None = None
    _outlook: Outlook | None = None
    _incident: Incident | None = None
    _abort: OpenAbort | None = None

    def started(self) -> None:
        """The operator started or resumed the run."""
        self.phase, self.begun, self.finished = Phase.STARTING, True, False
        self._state, self._reason, self._step, self._wish = None, "", "", None
        self._milling = None
        self._incident, self._abort = None, None

    def expect(self, briefing: Briefing) -> None:
        """What the files of the run say before it is started."""
        self.begun, self.finished = briefing.begun, briefing.finished
        if briefing.standpoint is not None:
            self._outlook, self._progress = briefing.standpoint.outlook, briefing.standpoint.far
        if self.finished:
            self._state, self._reason = RunState.FINISHED, "All cycles are done."

    def take(self, notice: Notice, now_s: float) -> None:
        """Take one notice into account. ``now_s``: real monotonic time."""
        match notice:
            case Asked(request):
                self._asked(request, now_s)
            case Attended(time_left):
                self.phase, self._time_left = Phase.ACTIVE, time_left
            case StateChanged(state, reason):
                self._state, self._reason = state, reason
            case StepStarted(text):
                self._step, self._milling = text, None
            case MillProgressed():
                self._step, self._milling = mill_pass.told(notice), notice
            case Progressed():
                self._progressed(notice, now_s)
            case Outlook():
                self._outlook = notice
            case Stands(standpoint):
                self._outlook = standpoint.outlook
            case IncidentHappened(incident):
                self._incident = incident
            case AbortAnswered() if self._abort is not None:
                self._abort = self._abort.answer(notice)
            case Leaving():
                self.phase = Phase.LEAVING
            case Ended():
                self._ended(notice)
            case _:
                pass

    def _asked(self, request: RunRequest, now_s: float) -> None:
        if self._wish is not RunRequest.ABORT:
            self._wish = None if request is RunRequest.RESUME else request
        if request is RunRequest.ABORT and self._abort is None:
            self._abort = OpenAbort(now_s, may_be_open=self.phase is Phase.ACTIVE)

    def _progressed(self, progress: Progressed, now_s: float) -> None:
        self._progress = progress
        if self._time_left is not None:
            self._time_left.update(progress, now_s)

    def _ended(self, ended: Ended) -> None:
        self.phase, self._wish, self._step = Phase.IDLE, None, ""
        if ended.end is None:
            self._state = RunState.FAILED if ended.code else RunState.FINISHED
            self._reason = ended.sentence or "Pre-flight found what has to be mended first."
        else:
            self._reason = " ".join(filter(None, (sentence(self._reason), _GO_ON[ended.end])))
        self.finished = self._state is RunState.FINISHED

    def view(self, now_s: float, clock: datetime) -> RunView:
        """What to show at a real monotonic time and the wall clock's."""
        return RunView(
            badge=self._badge(),
            sentence=self._sentence(),
            step=self._step if self.phase is Phase.ACTIVE else "",
            cycle=self._cycle(),
            planes=self._planes(),
            passes=self._passes(),
            mill_pass=self._mill_pass(),
            time_left=self._left(clock),
            gate=self._gate(),
            start_text="Resume" if self.begun and not self.finished else "Start",
            allowed=self._allowed(),
            busy=self.phase in (Phase.STARTING, Phase.LEAVING),
            abort=self._abort.view(now_s) if self._abort is not None else None,
            incident=self._incident,
        )

    def _badge(self) -> Badge:
        match self.phase:
            case Phase.STARTING:
                return _STARTING
            case Phase.LEAVING:
                return _LEAVING
        return badge_of(self._state) if self._state is not None else _READY

    def _sentence(self) -> str:
        if self.phase is Phase.STARTING:
            waits = _PENDING.get(self._wish, "") if self._wish is not None else ""
            return waits or "Checking the plan and connecting the instrument."
        if self.phase is Phase.LEAVING:
            return f"{sentence(self._reason)} The instrument is being let go.".strip()
        if self._wish is not None:
            return _PENDING[self._wish]
        if self._state is None:
            return self.held_back or "Everything is ready."
        return sentence(self._reason) or (self._step if self._state is RunState.RUNNING else "")

    def _cycle(self) -> str:
        far = self._progress
        if far is None:
            return ""
        if far.cycle >= far.cycles:
            return f"{far.cycles} of {far.cycles} cycles"
        return f"Cycle {far.cycle + 1} of {far.cycles}"

    def _planes(self) -> Bar:
        p = self._progress
        return (
            Bar()
            if p is None
            else Bar(p.planes_done, p.planes_total, f"{p.planes_done} of {p.planes_total} tiles")
        )

    def _passes(self) -> Bar:
        p = self._progress
        if p is None:
            return Bar()
        return Bar(p.passes_done, p.passes_total, f"{p.passes_done} of {p.passes_total} mill passes")

    def _mill_pass(self) -> Bar | None:
        milling = self._milling
        if milling is None or self.phase is not Phase.ACTIVE:
            return None
        return Bar(mill_pass.done_of_bar(milling), mill_pass.BAR_STEPS, mill_pass.left(milling))

    def _left(self, clock: datetime) -> str:
        if self.phase is not Phase.ACTIVE or self._time_left is None:
            return ""
        left_s = self._time_left.seconds()
        if left_s is None:
            return "Time left: not known yet"
        return f"About {spoken(left_s)} left, done at {clock_time(clock, left_s)}"

    def _gate(self) -> GateView:
        if self._outlook is None:
            return _NO_GATE
        gate = self._outlook.gate
        return GateView(_GATES[gate.state], gate.text)

    def _allowed(self) -> dict[Action, Allowed]:
        running = self.phase in (Phase.STARTING, Phase.ACTIVE)
        aborting = self._wish is RunRequest.ABORT
        pausing = running and self._wish is not None and not aborting
        return {
            Action.START: self._may_start(),
            Action.PAUSE: _unless(
                _not_running(running) or ("It is aborting." if aborting else ""),
                "Pause: go on any time with Resume, nothing is lost.",
            ),
            Action.RESUME: _unless(
                "" if pausing else "Nothing was asked for that could be taken back.",
                "Take the pause back and go on.",
            ),
            Action.STOP: _unless(
                _not_running(running) or ("It is aborting." if aborting else ""),
                "Finish the step under way, then end.",
            ),
            Action.ABORT: _unless(
                _not_running(running) or ("The abort is under way." if aborting else ""),
                "Blank the ion beam at once, then end. Nothing that is on the disk is lost.",
            ),
        }

    def _may_start(self) -> Allowed:
        if self.phase is not Phase.IDLE:
            return Allowed(False, "The run is active.")
        if self.finished:
            return Allowed(False, "All cycles are done.")
        return _unless(self.held_back, "Go on where the run ended." if self.begun else "Start the run.")


def _not_running(running: bool) -> str:
    return "" if running else "No run is active."


def _unless(why_not: str, otherwise: str) -> Allowed:
    return Allowed(False, why_not) if why_not else Allowed(True, otherwise)
