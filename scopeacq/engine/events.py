"""What the engine tells whoever listens: frozen events in a bounded queue per subscriber.

No listener runs on the engine's thread or can stop it. When a subscriber is slow,
progress coalesces (the newest wins) and state changes are kept.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum

from hardware.types import Blanker
from scopeacq.engine.outlook import Outlook
from scopeacq.engine.readings import Readings
from scopeacq.journal.records import FocusDrifted, Incident, PlaneKey, Wish


class RunState(Enum):
    """What a run is doing, as the command line and the GUI say it."""

    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The run entered a state, for a reason in one sentence."""

    state: RunState
    reason: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The engine began a step; ``text`` is what an operator reads."""

    text: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far the run is. Planes and passes count over the whole run; time is the instrument's."""

    cycle: int
    cycles: int
    planes_done: int
    planes_total: int
    passes_done: int
    passes_total: int
    at_s: float


@dataclass(frozen=True, slots=True)
class MillProgressed:
    """How far a mill pass is; ``number`` of ``passes`` counts from 1 in its cycle.

    ``left_s``: beam time that it still lacks at the ion current it has [instrument's s].
    """

    number: int
    passes: int
    azimuth_deg: float
    delivered_uc: float
    requested_uc: float
    left_s: float


@dataclass(frozen=True, slots=True)
class PlaneTaken:
    """A plane was judged. ``score_um`` is nan where there is no texture."""

    key: PlaneKey
    score_um: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class IncidentHappened:
    """Something went wrong; the record says what was decided."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class FocusDriftNoticed:
    """The drift sentinel tells of an estimator; ``text`` is one sentence, ``advice`` what to do.

    ``recalibrate``: whether a recalibration of DeepFocus is what would help.
    """

    drift: FocusDrifted
    text: str
    advice: str
    recalibrate: bool


@dataclass(frozen=True, slots=True)
class WishAnswered:
    """A wish for the steps ahead was journalled, or refused for a reason in one sentence."""

    wish: Wish
    why_not: str


@dataclass(frozen=True, slots=True)
class AbortAnswered:
    """What the guard said of the ion beam when an abort told it to close.

    ``text`` is one sentence; where the state is unknown it says what to do by hand. ``sent_s``: how long
    the close command took to be on its way, ``answered_s``: to be answered [real s].
    """

    ions: Blanker
    text: str
    sent_s: float
    answered_s: float

    @property
    def unknown(self) -> bool:
        return self.ions is not Blanker.BLANKED


Event = (
    StateChanged
    | StepStarted
    | Progressed
    | MillProgressed
    | Readings
    | PlaneTaken
    | IncidentHappened
    | FocusDriftNoticed
    | Outlook
    | WishAnswered
    | AbortAnswered
)


class Subscription:
    """One listener's queue: bounded, thread-safe; only state changes and incidents are never dropped."""

    def __init__(self, capacity: int = 1000) -> None:
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()

    def put(self, event: Event) -> None:
        """Called by the engine; never blocks for long and never raises."""
        with self._changed:
            if isinstance(event, Progressed | MillProgressed | Readings | StepStarted | Outlook):
                self._coalesce(type(event))
            elif isinstance(event, PlaneTaken) and len(self._events) >= self._capacity:
                return
            self._events.append(event)
            self._changed.notify()

    def _coalesce(self, kind: type[Event]) -> None:
        self._events = deque(e for e in self._events if type(e) is not kind)

    def get(self, timeout_s: float | None = None) -> Event | None:
        """The next event, or None after ``timeout_s`` of real time."""
        with self._changed:
            if not self._events:
                self._changed.wait(timeout_s)
            return self._events.popleft() if self._events else None


class Publisher:
    """Hands each event to every subscription."""

    def __init__(self) -> None:
        self._subscriptions: tuple[Subscription, ...] = ()
        self._readers: tuple[Subscription, ...] = ()

    @property
    def readings_wanted(self) -> bool:
        """Whether anybody shows what the devices read."""
        return bool(self._readers)

    def subscribe(self, readings: bool = False) -> Subscription:
        """``readings``: have the devices read for it now and then, between two steps."""
        subscription = Subscription()
        if readings:
            self._readers = (*self._readers, subscription)
        self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)
        self._readers = tuple(s for s in self._readers if s is not subscription)

    def publish(self, event: Event) -> None:
        for subscription in self._subscriptions:
            subscription.put(event)
