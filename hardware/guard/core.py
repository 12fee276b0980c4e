"""The guard's decisions: a pure function of its state, what happened, and real time.

The line is open only between an accepted request and the first of: the request to close,
the deadline, a missed heartbeat, a read-back that differs, the end of the pipe. While
closing, the line is commanded to blank again and again until it reads back as blanked.
Whether it does is on record at every start, and whenever it did not at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from hardware.guard.messages import Answer, Reply, Why
from hardware.types import Blanker


@dataclass(frozen=True, slots=True)
class GuardTiming:
    """Real times of the guard [s].

    A heartbeat later than ``heartbeat_s`` closes; the line is read every ``tick_s``, and every
    ``idle_s`` while it is blanked. A close is unconfirmed when the line does not read back as
    blanked within ``confirm_s``: long enough for one answer that is lost, too short for a line that
    does not obey until its own watchdog blanks. After its end the guard tries for ``give_up_s``, then
    exits, which lets go of the fail-closed wiring; so does the system when the guard hangs for
    ``watchdog_s``. The program waits ``reply_s`` for an answer and ``start_s`` for the first.
    """

    heartbeat_s: float = 1.0
    tick_s: float = 0.02
    idle_s: float = 0.2
    confirm_s: float = 0.45
    give_up_s: float = 3.0
    watchdog_s: float = 3.0
    reply_s: float = 4.0
    start_s: float = 15.0


class Phase(Enum):
    """What the guard is doing with the line. STARTING: it is read once, then blanked."""

    STARTING = "starting"
    BLANKED = "blanked"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"


class LineCommand(Enum):
    """What the process does with the line; each READ comes back as a :class:`LineRead`."""

    OPEN = "open"
    BLANK = "blank"
    READ = "read"


class Entry(Enum):
    """What the log of openings says.

    FOUND_OPEN: the line read open though nobody had asked. UNCONFIRMED: it was told to blank and
    does not read as blanked; once until it does. BLANKED: it reads as blanked, first at the start
    or where no opening is on record that CLOSED would end.
    """

    STARTED = "started"
    FOUND_OPEN = "found open"
    REQUESTED = "requested"
    OPENED = "opened"
    UNCONFIRMED = "unconfirmed"
    CLOSED = "closed"
    BLANKED = "blanked"


@dataclass(frozen=True, slots=True)
class Record:
    """An entry for the log of openings, synced before the next action is carried out.

    ``open_s`` is how long the line may have been open [s]: with FOUND_OPEN since this guard last
    read it as blanked, ``None`` when it never did.
    """

    entry: Entry
    pass_id: str
    why: Why | None = None
    open_s: float | None = None


@dataclass(frozen=True, slots=True)
class OpenAsked:
    """A request to open; ``refusals`` is what the interlocks say against it."""

    pass_id: str
    duration_s: float
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineRead:
    """The line was read back, or could not be."""

    blanker: Blanker


@dataclass(frozen=True, slots=True)
class Ended:
    """The guard's life is over: the pipe ended, or it was told to."""

    why: Why


class Signal(Enum):
    """Events that carry nothing."""

    TICK = "tick"
    HEARTBEAT = "heartbeat"
    CLOSE = "close"


Event: TypeAlias = OpenAsked | LineRead | Ended | Signal
Action: TypeAlias = LineCommand | Record | Reply


@dataclass(frozen=True, slots=True)
class GuardState:
    """All the guard remembers. At its start nothing is known of the line.

    Times are real and monotonic [s]. ``blanked_s``: when the line last read as blanked.
    ``answer_by_s``: a close is owed an answer by then. ``why`` and ``open_s`` tell of the last
    opening; ``on_record`` while its end is not logged. ``logged``: the log's last word on the
    line, STARTED, UNCONFIRMED or BLANKED.
    """

    timing: GuardTiming
    phase: Phase = Phase.STARTING
    pass_id: str = ""
    blanked_s: float | None = None
    opened_s: float = math.nan
    deadline_s: float = math.inf
    heartbeat_due_s: float = math.inf
    answer_by_s: float | None = None
    ended_s: float | None = None
    why: Why = Why.NEVER_OPENED
    open_s: float = 0.0
    on_record: bool = False
    logged: Entry = Entry.STARTED

    def finished(self, now_s: float) -> bool:
        """Whether the process may exit: blanked for certain, or nothing more can be done."""
        if self.ended_s is None:
            return False
        return self.phase is Phase.BLANKED or now_s - self.ended_s >= self.timing.give_up_s


Outcome: TypeAlias = tuple[GuardState, tuple[Action, ...]]


def advance(state: GuardState, event: Event, now_s: float) -> Outcome:
    """The next state and what to do, in order. What has lapsed closes before the event counts."""
    state, lapsed = _lapse(state, now_s)
    match event:
        case OpenAsked():
            state, actions = _open_asked(state, event, now_s)
        case LineRead(blanker):
            state, actions = _line_read(state, blanker, now_s)
        case Ended(why):
            state, actions = _close(replace(state, ended_s=now_s), why)
        case Signal.HEARTBEAT:
            state, actions = _heartbeat(state, now_s)
        case Signal.CLOSE:
            state, actions = _close(replace(state, answer_by_s=now_s + state.timing.confirm_s), Why.ASKED)
        case Signal.TICK:
            again = (LineCommand.BLANK,) if state.phase is Phase.CLOSING else ()
            actions = (*again, LineCommand.READ)
    return state, (*lapsed, *actions)


def _lapse(state: GuardState, now_s: float) -> Outcome:
    if state.phase is Phase.OPEN and not now_s < state.deadline_s:
        return _close(state, Why.DEADLINE)
    if state.phase is Phase.OPEN and not now_s < state.heartbeat_due_s:
        return _close(state, Why.HEARTBEAT_MISSED)
    return state, ()


def _close(state: GuardState, why: Why) -> Outcome:
    """Blank and read back, also when blanked already; ``why`` counts if the beam was not closing yet."""
    if state.phase in (Phase.OPENING, Phase.OPEN):
        state = replace(state, why=why)
    return replace(state, phase=Phase.CLOSING), (LineCommand.BLANK, LineCommand.READ)


def _open_asked(state: GuardState, event: OpenAsked, now_s: float) -> Outcome:
    reasons = list(event.refusals)
    if state.phase is not Phase.BLANKED:
        reasons.append(f"The ion beam is not blanked for certain: it is {state.phase.value}")
    if state.ended_s is not None:
        reasons.append("The guard is ending")
    if not 0.0 < event.duration_s < math.inf:
        reasons.append(f"A deadline of {event.duration_s} s is none")
    if reasons:
        return state, (Reply(Answer.REFUSED, reasons=tuple(reasons)),)
    opening = replace(
        state,
        phase=Phase.OPENING,
        pass_id=event.pass_id,
        opened_s=now_s,
        deadline_s=now_s + event.duration_s,
        heartbeat_due_s=now_s + state.timing.heartbeat_s,
        open_s=0.0,
        on_record=True,
    )
    return opening, (Record(Entry.REQUESTED, event.pass_id), LineCommand.OPEN, LineCommand.READ)


def _heartbeat(state: GuardState, now_s: float) -> Outcome:
    if state.phase is not Phase.OPEN:
        return state, (Reply(Answer.NOT_OPEN, why=state.why),)
    return replace(state, heartbeat_due_s=now_s + state.timing.heartbeat_s), (Reply(Answer.ALIVE),)


def _line_read(state: GuardState, blanker: Blanker, now_s: float) -> Outcome:
    match state.phase, blanker:
        case Phase.OPENING, Blanker.OPEN:
            opened = (Record(Entry.OPENED, state.pass_id), Reply(Answer.OPENED))
            return replace(state, phase=Phase.OPEN), opened
        case Phase.OPENING, _:
            closing, actions = _close(state, Why.DID_NOT_OPEN)
            refused = f"The line did not open: it reads back as {blanker.value}"
            return closing, (*actions, Reply(Answer.REFUSED, reasons=(refused,)))
        case Phase.OPEN, Blanker.OPEN:
            return state, ()
        case Phase.BLANKED, Blanker.BLANKED:
            return replace(state, blanked_s=now_s), ()
        case Phase.CLOSING, Blanker.BLANKED:
            return _closed(state, now_s)
        case Phase.CLOSING, _:
            return _unconfirmed(state, blanker, now_s)
        case (Phase.STARTING, Blanker.OPEN) | (Phase.BLANKED, Blanker.OPEN):
            return _found_open(state, now_s)
        case _:
            return _close(state, Why.READ_BACK_DIFFERS)


def _found_open(state: GuardState, now_s: float) -> Outcome:
    since_s = now_s if state.blanked_s is None else state.blanked_s
    found = replace(state, phase=Phase.OPEN, pass_id="", opened_s=since_s, on_record=True)
    closing, actions = _close(found, Why.READ_BACK_DIFFERS)
    open_s = None if state.blanked_s is None else now_s - since_s
    return closing, (*actions, Record(Entry.FOUND_OPEN, "", open_s=open_s))


def _closed(state: GuardState, now_s: float) -> Outcome:
    actions: list[Action] = []
    if state.on_record:
        state = replace(state, open_s=now_s - state.opened_s)
        actions.append(Record(Entry.CLOSED, state.pass_id, state.why, state.open_s))
    elif state.logged is not Entry.BLANKED:
        actions.append(Record(Entry.BLANKED, ""))
    if state.answer_by_s is not None:
        actions.append(Reply(Answer.CLOSED, state.pass_id, state.why, open_s=state.open_s))
    blanked = replace(state, phase=Phase.BLANKED, blanked_s=now_s, logged=Entry.BLANKED)
    return replace(blanked, on_record=False, answer_by_s=None), tuple(actions)


def _unconfirmed(state: GuardState, blanker: Blanker, now_s: float) -> Outcome:
    actions: list[Action] = []
    if state.logged is not Entry.UNCONFIRMED:
        actions.append(Record(Entry.UNCONFIRMED, state.pass_id if state.on_record else ""))
        state = replace(state, logged=Entry.UNCONFIRMED)
    if state.answer_by_s is not None and not now_s < state.answer_by_s:
        actions.append(Reply(Answer.UNCONFIRMED, blanker=blanker))
        state = replace(state, answer_by_s=None)
    return state, tuple(actions)
