"""The guard at work: carries out on the line what the core decides, and answers."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from hardware.guard.core import (
    Ended,
    Event,
    GuardState,
    GuardTiming,
    LineCommand,
    LineRead,
    OpenAsked,
    Phase,
    Record,
    Signal,
    advance,
)
from hardware.guard.log import OpeningLog
from hardware.guard.messages import Answer, Ask, Reply, Request, Why, decode_request, encode
from hardware.guard.wire import Wire
from hardware.interlocks import MillLimits, MillProof, from_json, open_refusals, staleness_refusals
from hardware.protocols import IonBlanker
from hardware.types import Blanker


class Guard:
    """Holds the line. Whatever the line or the disk raises ends with a blanked beam."""

    def __init__(
        self,
        line: IonBlanker,
        limits: MillLimits,
        log: OpeningLog,
        timing: GuardTiming,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line, self._limits, self._log, self._now_s = line, limits, log, now_s
        self._instrument_s: float | None = None
        self._read_back = Blanker.UNKNOWN
        self._complaint = ""
        self.state = GuardState(timing)

    @property
    def blanked(self) -> bool:
        """Whether the line was read back as blanked."""
        return self.state.phase is Phase.BLANKED

    def answer(self, text: str) -> list[Reply]:
        """Do what a line of the program asks."""
        try:
            request = decode_request(text)
        except ValueError:
            return self.handle(Ended(Why.UNREADABLE))
        if request.instrument_s is not None:
            self._instrument_s = request.instrument_s
        match request.ask:
            case Ask.OPEN:
                return self.handle(self._open_asked(request))
            case Ask.HEARTBEAT:
                return self.handle(Signal.HEARTBEAT)
            case Ask.CLOSE:
                return self.handle(Signal.CLOSE)
            case Ask.STATE:
                replies = self.handle(Signal.TICK)
                return [*replies, Reply(Answer.STATE, blanker=self._read_back)]

    def handle(self, event: Event) -> list[Reply]:
        """Let the core decide about ``event``, and about what the line reads back in turn.

        A failed action ends an opening at once, as a line that cannot be read does. In any other
        phase the line is read after each command anyway, and a full disk changes nothing about it.
        """
        replies: list[Reply] = []
        events = deque([event])
        while events:
            self.state, actions = advance(self.state, events.popleft(), self._now_s())
            for action in actions:
                if isinstance(action, Reply):
                    replies.append(replace(action, at_s=time.time()))
                elif action is LineCommand.READ:
                    events.append(LineRead(self._read()))
                elif not self._carried_out(action) and self.state.phase in (Phase.OPENING, Phase.OPEN):
                    events.append(LineRead(Blanker.UNKNOWN))
                    if self.state.phase is Phase.OPENING:
                        break
        return replies

    def _read(self) -> Blanker:
        try:
            self._read_back = self._line.state()
        except Exception as error:  # a driver may raise anything
            self._complain(f"reading the line: {error!r}")
            self._read_back = Blanker.UNKNOWN
        return self._read_back

    def _carried_out(self, action: LineCommand | Record) -> bool:
        try:
            match action:
                case LineCommand.OPEN:
                    self._line.open()
                case LineCommand.BLANK:
                    self._line.blank()
                case Record():
                    self._log.append(action, self._instrument_s)
        except Exception as error:  # a driver may raise anything, and the guard must go on blanking
            self._complain(f"{action}: {error!r}")
            return False
        return True

    def _open_asked(self, request: Request) -> OpenAsked:
        now_s = math.nan if request.instrument_s is None else request.instrument_s
        try:
            proof = from_json(MillProof, request.proof)
            refusals = open_refusals(proof, self._limits) + staleness_refusals(proof, now_s, self._limits)
        except (ValueError, TypeError) as error:
            refusals = [f"The proof cannot be read: {error}"]
        return OpenAsked(request.pass_id, request.deadline_s, tuple(refusals))

    def _complain(self, what: str) -> None:
        if what != self._complaint:
            self._complaint = what
            print(f"guard: {what}", file=sys.stderr, flush=True)


def serve(
    wire: Wire,
    line: IonBlanker,
    limits: MillLimits,
    log: OpeningLog,
    timing: GuardTiming,
    told_to_end: Callable[[], bool] = lambda: False,
    still_running: Callable[[], None] = lambda: None,
) -> bool:
    """Guard ``line`` until the wire ends or ``told_to_end``; whether it read back as blanked at last.

    ``still_running`` is called in each round, at least every ``idle_s`` plus the line's own time.
    """
    guard = Guard(line, limits, log, timing)
    _blank_at_start(guard, timing)
    _send(wire, Reply(Answer.READY, blanker=Blanker.BLANKED if guard.blanked else Blanker.UNKNOWN))
    while not guard.state.finished(time.monotonic()):
        still_running()
        replies = _round(guard, wire, timing, told_to_end())
        for reply in (*replies, *guard.handle(Signal.TICK)):
            _send(wire, reply)
    wire.close()
    return guard.blanked


def _blank_at_start(guard: Guard, timing: GuardTiming) -> None:
    until_s = time.monotonic() + timing.confirm_s
    guard.handle(Signal.TICK)
    while not guard.blanked and time.monotonic() < until_s:
        time.sleep(timing.tick_s)
        guard.handle(Signal.TICK)


def _round(guard: Guard, wire: Wire, timing: GuardTiming, end: bool) -> list[Reply]:
    """Wait for one line of the program, a tick at most; longer while the beam rests blanked."""
    if guard.state.ended_s is not None:
        time.sleep(timing.tick_s)
        return []
    if end:
        return guard.handle(Ended(Why.TERMINATED))
    try:
        text = wire.receive(timing.idle_s if guard.blanked else timing.tick_s)
    except EOFError:
        return guard.handle(Ended(Why.PIPE_ENDED))
    return [] if text is None else guard.answer(text)


def _send(wire: Wire, reply: Reply) -> None:
    try:
        wire.send(encode(reply))
    except OSError:
        print("guard: nobody reads the answers", file=sys.stderr)  # the pipe's other end follows
