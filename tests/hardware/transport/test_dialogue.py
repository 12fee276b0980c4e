"""One lock, one answer to each question, and never one that came late."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from hardware.emulators.serving import LOOPBACK, Spoiled, Spoiling
from hardware.errors import ConnectionLost, Deadline, Garbled, HardwareError
from hardware.transport.dialogue import Dialogue, Exchange, Timing
from hardware.transport.tcp import tcp
from hardware.transport.wire_log import FileLog, Way, read_log
from tests.hardware.transport.wires import LINE, WIRES, Wire, raw_server, trickle

QUICK = Timing(answer_s=0.2, retries=1, late_s=0.2)


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wire]:
    wire = WIRES[request.param](tmp_path)
    yield wire
    wire.end.close()


@pytest.fixture
def dialogue(wire: Wire, tmp_path: Path) -> Iterator[Dialogue]:
    dialogue = Dialogue("counter", wire.connect, FileLog(tmp_path / "log"), QUICK)
    yield dialogue
    dialogue.close()


def hello(exchange: Exchange) -> None:
    exchange(b"hello\n", LINE)


def told(error: pytest.ExceptionInfo[HardwareError]) -> str:
    """What an operator reads: the device, what is wrong, what to do; no codes, no classes."""
    sentence = str(error.value)
    assert error.value.device == "counter" and error.value.what and error.value.advice
    for trace_of_code in ("Errno", "VI_ERROR", "Error(", "0x", "b'", "None"):
        assert trace_of_code not in sentence
    return sentence


def test_questions_are_answered_one_after_the_other(dialogue: Dialogue) -> None:
    assert [dialogue.ask(b"n?\n", LINE) for _ in range(3)] == [b"1 n?\n", b"2 n?\n", b"3 n?\n"]


def test_many_threads_never_get_each_others_answers(dialogue: Dialogue) -> None:
    answers: dict[int, list[bytes]] = {}

    def speak(who: int) -> None:
        answers[who] = [dialogue.ask(b"%d\n" % who, LINE, 5.0) for _ in range(10)]

    threads = [threading.Thread(target=speak, args=(who,)) for who in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(5))
    for who, got in answers.items():
        assert len(got) == 10 and all(answer.split()[1] == b"%d" % who for answer in got)


def test_a_command_that_nobody_acknowledges_is_only_told(wire: Wire, dialogue: Dialogue) -> None:
    dialogue.tell(b"set 1\n")
    assert dialogue.ask(b"n?\n", LINE) == b"2 n?\n"
    assert wire.device.heard == [b"set 1\n", b"n?\n"]


@pytest.mark.parametrize("how", [Spoiling.SILENT, Spoiling.CUT_OFF])
def test_a_query_is_asked_again_and_a_command_never(wire: Wire, dialogue: Dialogue, how: Spoiling) -> None:
    wire.end.spoiler.spoil(Spoiled(how, b"n?"))
    assert dialogue.ask(b"n?\n", LINE).endswith(b" n?\n")
    wire.device.heard.clear()
    wire.end.spoiler.spoil(Spoiled(how, b"open"))
    with pytest.raises((Deadline, Garbled, ConnectionLost)) as error:
        dialogue.command(b"open\n", LINE)
    told(error)
    time.sleep(0.1)
    assert wire.device.heard == [b"open\n"]
    assert dialogue.ask(b"n?\n", LINE).endswith(b" n?\n")


def test_a_query_that_stays_without_an_answer_is_a_deadline(wire: Wire, dialogue: Dialogue) -> None:
    wire.end.spoiler.spoil(Spoiled(Spoiling.SILENT, times=9))
    began_s = time.monotonic()
    with pytest.raises(Deadline) as error:
        dialogue.ask(b"n?\n", LINE)
    assert "did not answer within 0.2 s" in told(error)
    assert len(wire.device.heard) == 2
    assert time.monotonic() - began_s < 2 * 0.2 + 0.2 + 1.0


def test_a_late_answer_is_never_that_to_the_next_question(wire: Wire, dialogue: Dialogue) -> None:
    wire.end.spoiler.spoil(Spoiled(Spoiling.LATE, b"old", late_s=0.3))
    with pytest.raises(Deadline):
        dialogue.command(b"old\n", LINE)
    assert dialogue.command(b"new\n", LINE, 1.0).endswith(b" new\n")
    assert dialogue.command(b"newer\n", LINE, 1.0).endswith(b" newer\n")


@pytest.mark.parametrize(
    ("failing", "kind"), [(TimeoutError(), Deadline), (OSError("hung up"), ConnectionLost)]
)
def test_a_late_answer_is_waited_for_though_the_port_was_away_meanwhile(
    failing: OSError, kind: type[HardwareError]
) -> None:
    listened_s: list[float] = []

    class Silent:
        def send(self, data: bytes, timeout_s: float) -> None: ...

        def receive(self, timeout_s: float) -> bytes:
            raise failing

        def drain(self, listen_s: float) -> bytes:
            listened_s.append(listen_s)
            return b""

        def hang_up(self) -> None: ...

        def close(self) -> None: ...

    there = iter([True, False, False, True])

    def connect() -> Silent:
        if not next(there):
            raise OSError("there is no such port")
        return Silent()

    dialogue = Dialogue("counter", connect, timing=QUICK)
    for error in (kind, ConnectionLost, ConnectionLost, kind):
        with pytest.raises(error):
            dialogue.command(b"a\n", LINE)
    assert listened_s == [0.0, QUICK.late_s]


def test_what_nobody_asked_for_is_dropped(tmp_path: Path) -> None:
    """A device that chatters between two questions."""

    def chatter(connected: socket.socket) -> None:
        while request := connected.recv(100):
            connected.sendall(request)
            time.sleep(0.02)
            connected.sendall(b"by the way\n")

    with raw_server(chatter) as port:
        dialogue = Dialogue("counter", lambda: tcp(LOOPBACK, port), FileLog(tmp_path / "log"), QUICK)
        for question in (b"a\n", b"b\n", b"c\n"):
            assert dialogue.command(question, LINE) == question
            time.sleep(0.1)
        dialogue.close()
    dropped = [piece.data for piece in read_log(tmp_path / "log") if piece.way is Way.DROPPED]
    assert dropped == [b"by the way\n"] * 2


def test_two_answers_to_one_question_are_none() -> None:
    def doubled(connected: socket.socket) -> None:
        while request := connected.recv(100):
            connected.sendall(request * 2)

    with raw_server(doubled) as port:
        dialogue = Dialogue("counter", lambda: tcp(LOOPBACK, port), timing=QUICK)
        with pytest.raises(Garbled) as error:
            dialogue.command(b"a\n", LINE)
        assert r'answers "a\na\n": more than one answer' in told(error)
        dialogue.close()


def test_a_slow_trickle_does_not_outlast_the_deadline() -> None:
    with raw_server(lambda connected: trickle(connected, repeat(65), 0.02)) as port:
        dialogue = Dialogue("counter", lambda: tcp(LOOPBACK, port), timing=QUICK)
        began_s = time.monotonic()
        with pytest.raises(Deadline):
            dialogue.command(b"a\n", LINE)
        assert time.monotonic() - began_s < 0.5
        dialogue.close()


def test_an_answer_without_end_is_none() -> None:
    def flood(connected: socket.socket) -> None:
        connected.recv(100)
        while True:
            connected.sendall(bytes(1 << 20))

    with raw_server(flood) as port:
        dialogue = Dialogue("counter", lambda: tcp(LOOPBACK, port), timing=Timing(5.0, 0, 0.0))
        with pytest.raises(Garbled, match="a line without end") as error:
            dialogue.command(b"a\n", LINE)
        assert len(told(error)) < 300
        dialogue.close()


def test_a_huge_answer_arrives_whole() -> None:
    size = 40 << 20

    def image(connected: socket.socket) -> None:
        connected.recv(100)
        connected.sendall(bytes(range(256)) * (size // 256))

    with raw_server(image) as port:
        dialogue = Dialogue("counter", lambda: tcp(LOOPBACK, port), timing=Timing(10.0))
        answer = dialogue.ask(b"scan\n", lambda arrived: size if len(arrived) >= size else None)
        assert len(answer) == size and answer[-256:] == bytes(range(256))
        dialogue.close()


# --- plugging ---


def test_an_unplugged_device_is_told_in_plain_words_and_met_again(wire: Wire, dialogue: Dialogue) -> None:
    assert dialogue.ask(b"n?\n", LINE)
    wire.end.unplug()
    time.sleep(0.2)
    with pytest.raises((ConnectionLost, Deadline)) as error:
        dialogue.ask(b"n?\n", LINE)
    assert "Check its cable and power" in told(error)
    wire.end.plug_in()
    heard = len(wire.device.heard)
    assert dialogue.command(b"open\n", LINE).endswith(b" open\n")
    assert wire.device.heard[heard:] == [b"open\n"]


@pytest.mark.parametrize("wire", ["tcp", "terminal"], indirect=True)
def test_a_connection_that_broke_between_two_commands_is_made_anew(wire: Wire, dialogue: Dialogue) -> None:
    """Nothing was sent yet: the command may go out on a new one, once. VISA does not tell before."""
    dialogue.command(b"a\n", LINE)
    wire.end.unplug()
    time.sleep(0.2)
    wire.end.plug_in()
    heard = len(wire.device.heard)
    dialogue.command(b"b\n", LINE)
    assert wire.device.heard[heard:] == [b"b\n"]


def test_a_greeting_is_said_on_each_new_connection(wire: Wire) -> None:
    dialogue = Dialogue("counter", wire.connect, timing=QUICK, greeting=hello)
    dialogue.ask(b"n?\n", LINE)
    dialogue.ask(b"n?\n", LINE)
    wire.end.spoiler.spoil(Spoiled(Spoiling.SILENT, b"n?"))
    dialogue.ask(b"n?\n", LINE)
    assert wire.device.heard == [b"hello\n", b"n?\n", b"n?\n", b"n?\n", b"hello\n", b"n?\n"]
    dialogue.close()


def test_a_greeting_that_fails_leaves_nothing_open(wire: Wire) -> None:
    dialogue = Dialogue("counter", wire.connect, timing=QUICK, greeting=hello)
    wire.end.spoiler.spoil(Spoiled(Spoiling.SILENT, b"hello"))
    with pytest.raises(Deadline):
        dialogue.command(b"open\n", LINE)
    assert b"open\n" not in wire.device.heard
    assert dialogue.command(b"open\n", LINE)
    dialogue.close()


# --- closing ---


def test_closing_ends_the_wait_of_another_thread(wire: Wire) -> None:
    dialogue = Dialogue("counter", wire.connect, timing=Timing(answer_s=1.5))
    wire.end.spoiler.spoil(Spoiled(Spoiling.SILENT, times=9))
    ended: list[HardwareError] = []

    def wait() -> None:
        try:
            dialogue.ask(b"n?\n", LINE)
        except HardwareError as error:
            ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    began_s = time.monotonic()
    dialogue.close()
    waiting.join(5.0)
    assert not waiting.is_alive()
    assert [type(error) for error in ended] == [ConnectionLost] and "was closed" in str(ended[0])
    assert time.monotonic() - began_s < (1.0 if wire.heeds_closing else 2.5)


def test_after_closing_nothing_is_sent(wire: Wire, dialogue: Dialogue) -> None:
    dialogue.ask(b"n?\n", LINE)
    dialogue.close()
    dialogue.close()
    for speak in (dialogue.ask, dialogue.command):
        with pytest.raises(ConnectionLost, match="was closed"):
            speak(b"n?\n", LINE)
    with pytest.raises(ConnectionLost, match="was closed"):
        dialogue.tell(b"set\n")
    assert len(wire.device.heard) == 1


def test_who_waits_too_long_for_the_wire_is_told_so(wire: Wire) -> None:
    dialogue = Dialogue("counter", wire.connect, timing=Timing(0.1, 0, 0.0))
    wire.end.spoiler.spoil(Spoiled(Spoiling.SILENT, b"long"))

    def wait_long() -> None:
        with pytest.raises(Deadline):
            dialogue.command(b"long\n", LINE, 0.6)

    slow = threading.Thread(target=wait_long)
    slow.start()
    time.sleep(0.2)
    with pytest.raises(Deadline, match="is busy with another command"):
        dialogue.command(b"n?\n", LINE)
    slow.join()
    dialogue.close()
