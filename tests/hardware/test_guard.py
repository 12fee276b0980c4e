"""The guard's decisions, its protocol and its log, without a process."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.errors import BlankerUnknown, Interlocked
from hardware.guard.client import GuardClosed
from hardware.guard.core import Ended, Entry, Event, GuardTiming, OpenAsked, Phase, Record, Signal
from hardware.guard.log import OpeningLog, read_openings
from hardware.guard.messages import Answer, Reply, Request, Why, decode_reply, decode_request, encode
from hardware.guard.process import Guard
from hardware.interlocks import MillLimits
from hardware.types import Blanker
from tests.hardware.fakes import good_proof
from tests.hardware.lines import MemoryLine
from tests.hardware.thread_guard import thread_guard

TIMING = GuardTiming()


@dataclass
class MemoryLog:
    """Keeps records, or fails as a full disk does."""

    full: bool = False
    failed: bool = False
    records: list[Record] = field(default_factory=list)

    def append(self, record: Record, instrument_s: float | None) -> None:
        if self.full:
            self.failed = True
            raise OSError("no space left on device")
        self.records.append(record)


class Bench:
    """A guard at work on fake time, with what it may at most do computed beside it."""

    def __init__(self) -> None:
        self.now_s, self.line, self.log = 0.0, MemoryLine(), MemoryLog()
        self.guard = Guard(self.line, MillLimits(), self.log, TIMING, lambda: self.now_s)  # type: ignore[arg-type]
        self.allowed_until_s = -math.inf
        self.deadline_s = -math.inf
        self.guard.handle(Signal.TICK)
        self.guard.handle(Signal.TICK)
        self.log.records.clear()  # what is logged at a start has tests of its own

    def send(self, event: Event) -> list[Reply]:
        asked_s = self.now_s
        replies = self.guard.handle(event)
        answers = [reply.answer for reply in replies]
        if isinstance(event, OpenAsked) and Answer.OPENED in answers:
            self.deadline_s = asked_s + event.duration_s
            self.allowed_until_s = min(self.deadline_s, asked_s + TIMING.heartbeat_s)
        if event is Signal.HEARTBEAT and asked_s < self.allowed_until_s:
            self.allowed_until_s = min(self.deadline_s, asked_s + TIMING.heartbeat_s)
        if event is Signal.CLOSE or isinstance(event, Ended):
            self.allowed_until_s = -math.inf
        return [*replies, *self.guard.handle(Signal.TICK)]

    def pass_time(self, duration_s: float) -> list[Reply]:
        """As the process does: a tick at least every ``tick_s``."""
        replies: list[Reply] = []
        until_s = self.now_s + duration_s
        while self.now_s < until_s:
            self.now_s = min(self.now_s + TIMING.tick_s, until_s)
            replies += self.guard.handle(Signal.TICK)
            self.check()
        return replies

    @property
    def entries(self) -> list[Entry]:
        return [record.entry for record in self.log.records]

    def check(self) -> None:
        if self.line.is_open and not self.line.broken:
            assert self.now_s < self.allowed_until_s
        if self.line.is_open and self.line.says is None:
            assert not self.guard.blanked


def opening(duration_s: float = 10.0, refusals: tuple[str, ...] = ()) -> OpenAsked:
    return OpenAsked("pass 1", duration_s, refusals)


durations = st.one_of(st.floats(0.01, 3.0), st.sampled_from([0.0, -1.0, math.inf, math.nan]))
events = st.one_of(
    st.builds(OpenAsked, st.just("p"), durations, st.sampled_from([(), (), ("The stage is flat",)])),
    st.sampled_from([Signal.HEARTBEAT, Signal.HEARTBEAT, Signal.CLOSE]),
    st.builds(Ended, st.sampled_from([Why.PIPE_ENDED, Why.TERMINATED])),
    st.floats(0.001, 1.5),
)
troubles = st.one_of(
    st.sampled_from(["open", "blank", "state", "stuck", "full disk", "mended"]),
    st.sampled_from(list(Blanker)),
)


@settings(max_examples=400)
@given(st.lists(events, max_size=25))
def test_the_line_is_open_only_while_an_accepted_opening_lasts(sequence: list[Event | float]) -> None:
    bench = Bench()
    for event in sequence:
        if isinstance(event, float):
            bench.pass_time(event)
        else:
            bench.send(event)
        bench.check()


@settings(max_examples=400)
@given(st.lists(st.one_of(events, troubles), max_size=25))
def test_a_broken_line_is_never_called_blanked_while_it_is_open(
    sequence: list[Event | float | str | Blanker],
) -> None:
    bench = Bench()
    for step in sequence:
        match step:
            case "mended":
                bench.line.broken.clear()
                bench.line.says, bench.log.full = None, False
            case "full disk":
                bench.log.full = True
            case str():
                bench.line.broken.add(step)
            case Blanker():
                bench.line.says = step
            case float():
                bench.pass_time(step)
            case _:
                bench.send(step)
    bench.line.broken.clear()
    bench.line.says = None
    bench.send(Signal.CLOSE)
    bench.pass_time(2 * TIMING.tick_s)
    assert not bench.line.is_open and bench.guard.blanked
    if not bench.log.failed:
        assert not bench.entries or bench.entries[-1] in (Entry.CLOSED, Entry.BLANKED)


@settings(max_examples=200)
@given(st.lists(events, max_size=25))
def test_every_opening_is_on_record_with_its_end(sequence: list[Event | float]) -> None:
    bench = Bench()
    for event in [*sequence, Signal.CLOSE]:
        bench.pass_time(event) if isinstance(event, float) else bench.send(event)
    n_openings = len(bench.entries) // 3
    assert bench.entries == [Entry.REQUESTED, Entry.OPENED, Entry.CLOSED] * n_openings


def test_refused_proofs_never_touch_the_line() -> None:
    bench = Bench()
    (refused, *_) = bench.send(opening(refusals=("The stage is flat",)))
    assert refused.answer is Answer.REFUSED and refused.reasons == ("The stage is flat",)
    assert bench.log.records == [] and bench.line.openings == 0


def test_heartbeats_keep_it_open_until_the_deadline() -> None:
    bench = Bench()
    bench.send(opening(duration_s=2.2))
    for _ in range(5):
        bench.pass_time(0.4)
        assert bench.send(Signal.HEARTBEAT)[0].answer is Answer.ALIVE
    bench.pass_time(0.3)
    (late, *_) = bench.send(Signal.HEARTBEAT)
    assert (late.answer, late.why) == (Answer.NOT_OPEN, Why.DEADLINE)
    assert bench.log.records[-1].open_s == pytest.approx(2.2, abs=TIMING.tick_s)


def test_a_late_heartbeat_does_not_revive() -> None:
    bench = Bench()
    bench.send(opening())
    bench.now_s += 1.001  # no tick in between
    (late, *_) = bench.send(Signal.HEARTBEAT)
    assert (late.answer, late.why) == (Answer.NOT_OPEN, Why.HEARTBEAT_MISSED)
    assert not bench.line.is_open


def test_it_does_not_open_twice() -> None:
    bench = Bench()
    bench.send(opening())
    assert bench.send(opening())[0].answer is Answer.REFUSED


def test_it_does_not_open_when_the_request_cannot_be_recorded() -> None:
    bench = Bench()
    bench.log.full = True
    (refused, *_) = bench.send(opening())
    assert refused.answer is Answer.REFUSED and bench.line.openings == 0


@pytest.mark.timeout(10)
def test_a_full_disk_and_a_line_that_takes_no_command_do_not_keep_the_guard_busy() -> None:
    bench = Bench()
    bench.log.full = True
    bench.line.broken.add("blank")
    bench.line.says = Blanker.UNKNOWN
    bench.send(Signal.CLOSE)
    bench.line.says = None
    assert [reply.answer for reply in bench.pass_time(0.1)] == [Answer.CLOSED]


@pytest.mark.parametrize("says", [Blanker.BLANKED, Blanker.UNKNOWN])
def test_a_line_that_reads_back_otherwise_after_opening_is_blanked(says: Blanker) -> None:
    bench = Bench()
    bench.line.says = says
    answers = [reply.answer for reply in bench.send(opening())]
    assert answers[0] is Answer.REFUSED and not bench.line.is_open


def test_a_stuck_line_is_commanded_until_it_gives_way_and_said_to_be_unknown() -> None:
    bench = Bench()
    bench.send(opening())
    bench.line.broken.add("stuck")
    assert bench.send(Signal.CLOSE) == []
    replies = bench.pass_time(1.0)
    assert [reply.answer for reply in replies] == [Answer.UNCONFIRMED] and replies[
        0
    ].blanker is Blanker.OPEN
    assert bench.guard.state.phase is Phase.CLOSING
    bench.line.broken.clear()
    bench.pass_time(TIMING.tick_s)
    assert not bench.line.is_open and bench.guard.blanked
    assert bench.entries == [Entry.REQUESTED, Entry.OPENED, Entry.UNCONFIRMED, Entry.CLOSED]
    assert bench.log.records[-1].open_s == pytest.approx(1.0, abs=3 * TIMING.tick_s)


def test_a_blanked_line_that_cannot_be_read_is_recorded_until_it_is_read_again() -> None:
    bench = Bench()
    bench.line.broken.add("state")
    bench.send(Signal.CLOSE)
    bench.pass_time(1.0)
    assert bench.entries == [Entry.UNCONFIRMED]
    bench.line.broken.clear()
    bench.pass_time(1.0)
    assert bench.entries == [Entry.UNCONFIRMED, Entry.BLANKED]


@pytest.mark.parametrize(
    ("is_open", "broken", "says"),
    [
        (False, "", [Entry.BLANKED]),
        (True, "", [Entry.FOUND_OPEN, Entry.CLOSED]),
        (True, "stuck", [Entry.FOUND_OPEN, Entry.UNCONFIRMED, Entry.CLOSED]),
        (False, "state", [Entry.UNCONFIRMED, Entry.BLANKED]),
    ],
)
def test_a_guard_records_how_it_found_the_line_and_when_it_read_as_blanked(
    is_open: bool, broken: str, says: list[Entry]
) -> None:
    line, log = MemoryLine(), MemoryLog()
    line.is_open = is_open
    line.broken.add(broken)
    guard = Guard(line, MillLimits(), log, TIMING)  # type: ignore[arg-type]
    for _ in range(3):
        guard.handle(Signal.TICK)
    assert guard.blanked is not bool(broken)
    line.broken.clear()
    guard.handle(Signal.TICK)
    assert guard.blanked and [record.entry for record in log.records] == says


def test_a_line_found_open_is_blanked_and_recorded() -> None:
    bench = Bench()
    bench.line.is_open = True
    bench.now_s += 0.2  # since it was last read as blanked
    bench.guard.handle(Signal.TICK)
    assert not bench.line.is_open and bench.entries == [Entry.FOUND_OPEN, Entry.CLOSED]
    assert [record.open_s for record in bench.log.records] == pytest.approx([0.2, 0.2])


def test_it_ends_when_blanked_and_gives_up_on_a_dead_line_after_a_while() -> None:
    bench = Bench()
    bench.send(Ended(Why.PIPE_ENDED))
    assert bench.guard.state.finished(bench.now_s)
    dead = Bench()
    dead.line.broken |= {"blank", "state"}
    dead.send(Ended(Why.PIPE_ENDED))
    assert not dead.guard.state.finished(dead.now_s)
    assert dead.guard.state.finished(dead.now_s + TIMING.give_up_s) and not dead.guard.blanked


@given(st.builds(Request, instrument_s=st.none() | st.floats(allow_nan=False)))
def test_requests_survive_the_wire(request: Request) -> None:
    assert decode_request(encode(request)) == request


def test_replies_survive_the_wire() -> None:
    reply = Reply(Answer.CLOSED, "p", Why.DEADLINE, ("a", "b"), 1.5, Blanker.OPEN, 7.0)
    assert decode_reply(encode(reply)) == reply


# --- the same loop behind a pipe, on a thread ---


def test_a_pass_from_opening_to_close(tmp_path: Path) -> None:
    line = MemoryLine()
    with thread_guard(line, tmp_path / "log") as guard:
        assert guard.state() is Blanker.BLANKED
        guard.open(good_proof(), "cycle 3, azimuth 1", 5.0, instrument_s=110.0)
        assert line.is_open and guard.state() is Blanker.OPEN
        guard.heartbeat(instrument_s=112.0)
        ack = guard.close()
        assert not line.is_open and (ack.pass_id, ack.why) == ("cycle 3, azimuth 1", Why.ASKED)
        assert guard.close().why is Why.ASKED  # blanked already is no error
    (opening,) = read_openings(tmp_path / "log")
    assert (opening.opened_instrument_s, opening.closed_instrument_s) == (110.0, 112.0)
    assert opening.open_s == ack.open_s and opening.why is Why.ASKED


def test_the_guard_judges_the_proof_itself(tmp_path: Path) -> None:
    line, proof = MemoryLine(), good_proof()
    with thread_guard(line, tmp_path / "log") as guard:
        with pytest.raises(Interlocked) as refused:
            guard.open(replace(proof, pressure_mbar=1.0, at_s=1e6), "p", 5.0, 1e6)
        assert len(refused.value.reasons) == 2 and not line.is_open
        for now_s in (proof.at_s + 61.0, proof.at_s - 1.0, math.nan):
            with pytest.raises(Interlocked, match="gather it anew"):
                guard.open(proof, "p", 5.0, now_s)
    assert read_openings(tmp_path / "log") == []


def test_a_missed_heartbeat_and_a_deadline_close_by_themselves(tmp_path: Path) -> None:
    line, timing = MemoryLine(), GuardTiming(heartbeat_s=0.2)
    with thread_guard(line, tmp_path / "log", timing=timing) as guard:
        for duration_s, why in ((5.0, Why.HEARTBEAT_MISSED), (0.1, Why.DEADLINE)):
            guard.open(good_proof(), "p", duration_s, 100.0)
            time.sleep(0.35)
            assert not line.is_open
            with pytest.raises(GuardClosed) as closed:
                guard.heartbeat(1.0)
            assert closed.value.why is why


def test_an_unreadable_request_blanks(tmp_path: Path) -> None:
    line = MemoryLine()
    with thread_guard(line, tmp_path / "log") as guard:
        guard.open(good_proof(), "p", 5.0, 100.0)
        guard._wire.send('{"ask": "open", "proof"')
        with pytest.raises(BlankerUnknown):
            guard.heartbeat(1.0)
        assert not line.is_open
    assert read_openings(tmp_path / "log")[0].why is Why.UNREADABLE


def test_a_stuck_line_is_reported_as_unknown(tmp_path: Path) -> None:
    line, timing = MemoryLine(), GuardTiming(give_up_s=0.2)
    with thread_guard(line, tmp_path / "log", timing=timing) as guard:
        guard.open(good_proof(), "p", 5.0, 100.0)
        line.broken.add("stuck")
        with pytest.raises(BlankerUnknown, match="press gun off"):
            guard.close()
        assert guard.state() is Blanker.OPEN


def test_a_torn_log_still_tells_every_opening(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for pass_id in ("a", "b"):
        with thread_guard(MemoryLine(), path) as guard:
            guard.open(good_proof(), pass_id, 5.0, 101.0)
            guard.close()
        path.write_bytes(path.read_bytes()[:-20])  # power failed while the last entry was written
    assert [(o.pass_id, o.why) for o in read_openings(path)] == [("a", None), ("b", None)]
    log = OpeningLog(path)
    log.append(Record(Entry.REQUESTED, "c"), 2.0)
    log.close()
    assert [o.pass_id for o in read_openings(path)] == ["a", "b", "c"]


@contextmanager
def guard_on(line: MemoryLine, path: Path) -> Iterator[Guard]:
    """A guard that has started; leaving kills it, and nothing else."""
    log = OpeningLog(path)
    guard = Guard(line, MillLimits(), log, TIMING)
    for _ in range(2):
        guard.handle(Signal.TICK)
    yield guard
    log.close()


def test_an_opening_may_last_until_a_later_guard_reads_the_line_as_blanked(tmp_path: Path) -> None:
    line, path = MemoryLine(), tmp_path / "log"
    with guard_on(line, path) as guard:
        guard.handle(opening())
        line.broken.add("stuck")
        guard.handle(Ended(Why.PIPE_ENDED))
    with guard_on(line, path):
        (stuck,) = read_openings(path)
        assert stuck.unconfirmed_at_s is not None and stuck.may_be_open_s[1] == math.inf
    mended_s = time.time()
    line.broken.clear()
    with guard_on(line, path):
        (mended,) = read_openings(path)
    assert mended.unconfirmed_at_s == stuck.unconfirmed_at_s and mended.why is None
    assert mended.may_be_open_s[0] == stuck.requested_at_s
    assert mended_s <= mended.may_be_open_s[1] <= time.time()


def test_an_opening_whose_guard_was_killed_is_in_doubt_when_the_next_finds_the_line_open(
    tmp_path: Path,
) -> None:
    for found_open in (True, False):
        line, path = MemoryLine(), tmp_path / f"{found_open}"
        with guard_on(line, path) as guard:
            guard.handle(opening())
        line.is_open = found_open
        with guard_on(line, path):
            (killed,) = read_openings(path)
        assert (killed.unconfirmed_at_s is not None) is found_open
        assert killed.pass_id == "pass 1" and killed.blanked_at_s is not None


def test_a_line_found_open_by_a_new_guard_may_be_open_since_it_was_last_known_to_be_blanked(
    tmp_path: Path,
) -> None:
    line, path = MemoryLine(), tmp_path / "log"
    with guard_on(line, path) as guard:
        guard.handle(opening())
        guard.handle(Signal.CLOSE)
    line.is_open = True
    with guard_on(line, path):
        asked, stray = read_openings(path)
    assert asked.unconfirmed_at_s is None and asked.blanked_at_s == asked.closed_at_s
    assert stray.pass_id == "" and stray.requested_at_s == asked.closed_at_s
    assert stray.blanked_at_s is not None and stray.blanked_at_s >= stray.requested_at_s


def test_no_log_is_no_opening(tmp_path: Path) -> None:
    assert read_openings(tmp_path / "none") == []
