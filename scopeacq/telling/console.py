"""A run in a terminal: progress bars, and signals that pause safely."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from scopeacq.engine.events import (
    AbortAnswered,
    Event,
    FocusDriftNoticed,
    IncidentHappened,
    Progressed,
    Publisher,
    RunState,
    StateChanged,
    StepStarted,
    Subscription,
)
from scopeacq.engine.time_left import TimeLeft
from scopeacq.engine.trouble import told, unsaid, whole
from scopeacq.journal.records import RunEnd, RunRequest

LOOK_S = 0.2


class RunnableEngine(Protocol):
    """What a terminal needs of the engine."""

    @property
    def events(self) -> Publisher: ...

    def run(self, cycles: int | None = None) -> RunEnd: ...

    def request(self, request: RunRequest) -> None: ...


def supervise(engine: RunnableEngine, cycles: int | None, console: Console, time_left: TimeLeft) -> RunEnd:
    """Run the engine on a thread of its own while this one shows progress and takes signals.

    Raises what the engine raises.
    """
    subscription = engine.events.subscribe()
    with (
        # outermost: a signal must find its handler until the engine has come to its end
        _signals(engine.request, console),
        ThreadPoolExecutor(1, "acquisition") as pool,
        Display(console, time_left) as display,
    ):
        running = pool.submit(engine.run, cycles)
        _follow(subscription, running, display)
    engine.events.unsubscribe(subscription)
    return running.result()


def _follow(subscription: Subscription, running: Future[RunEnd], display: Display) -> None:
    while True:
        # looked at before the queue, so that nothing said at the very end is missed
        over = running.done()
        event = subscription.get(LOOK_S if not over else 0.0)
        if event is not None:
            display.show(event)
        elif over:
            return


@contextmanager
def _signals(request: Callable[[RunRequest], None], console: Console) -> Iterator[None]:
    """Ctrl-C pauses, a second one aborts; a polite kill and a lost terminal pause."""
    wishes = iter((RunRequest.PAUSE_NOW, RunRequest.ABORT))

    def interrupted(_: int, __: FrameType | None) -> None:
        wish = next(wishes, RunRequest.ABORT)
        request(wish)
        more = " Press Ctrl-C again to abort." if wish is RunRequest.PAUSE_NOW else ""
        console.print(f"[yellow]Asked to {wish.value}.{more}")

    def terminated(_: int, __: FrameType | None) -> None:
        request(RunRequest.PAUSE_NOW)

    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: interrupted,
        signal.SIGTERM: terminated,
    }
    # nohup asks to be left alone by it; Windows has none
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = terminated
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


_STYLES = {
    RunState.RUNNING: "green",
    RunState.FINISHED: "bold green",
    RunState.FAILED: "bold red",
    RunState.SUSPENDED: "yellow",
    RunState.WAITING: "bold yellow",
    RunState.PAUSED: "yellow",
}


@dataclass
class Display:
    """Two bars (planes and mill passes), the step under way, the time left; states and incidents above."""

    console: Console
    time_left: TimeLeft
    _bars: Progress = field(init=False)
    _planes: TaskID = field(init=False)
    _passes: TaskID = field(init=False)
    _told: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<7}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self.console,
        )
        self._planes = self._bars.add_task("Planes", total=None, note="")
        self._passes = self._bars.add_task("Milling", total=None, note="")

    def __enter__(self) -> Display:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        """Show one event; it is text for people, so nothing in it is taken as markup."""
        match event:
            case StepStarted(text):
                self._bars.update(self._passes, note=text)
            case Progressed():
                self._progress(event)
            case StateChanged(state, reason):
                news = unsaid(reason, self._told)
                said = whole(f"{state.value.capitalize()}{': ' + news if news else ''}")
                self.console.print(f"[{_STYLES[state]}]{escape(said)}")
            case IncidentHappened(incident):
                self._told = told(incident)
                self.console.print(f"[red]{escape(self._told)}[/] Decided: {incident.decision.value}.")
            case FocusDriftNoticed(_, text, advice):
                self.console.print(f"[yellow]{escape(text)}[/] {escape(advice)}")
            case AbortAnswered(text=text):
                self.console.print(f"[{'bold red' if event.unknown else 'green'}]{escape(text)}")
            case _:
                pass

    def _progress(self, event: Progressed) -> None:
        self.time_left.update(event, time.monotonic())
        left_s = self.time_left.seconds()
        left = "unknown yet" if left_s is None else f"about {timedelta(seconds=round(left_s))}"
        note = f"cycle {min(event.cycle + 1, event.cycles)} of {event.cycles}, time left: {left}"
        self._bars.update(self._planes, completed=event.planes_done, total=event.planes_total, note=note)
        self._bars.update(self._passes, completed=event.passes_done, total=event.passes_total)
