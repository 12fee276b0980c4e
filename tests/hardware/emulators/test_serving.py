"""Wires of emulated devices: answers, spoilt answers, and plugs that are pulled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.emulators.serving import (
    GARBAGE,
    LOOPBACK,
    Spoiled,
    Spoiling,
    TcpPort,
    Terminal,
    Wire,
)
from hardware.transport.channel import Channel, Framing, line_ended_by
from hardware.transport.serial_port import serial_port
from hardware.transport.tcp import tcp

LATE_S = 0.3


@dataclass
class Echo:
    """Says what it heard, and counts those who hung up."""

    heard: list[bytes] = field(default_factory=list)
    left: int = 0

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n")

    def answer(self, request: bytes) -> bytes:
        self.heard.append(request)
        return request

    def hung_up(self) -> None:
        self.left += 1


@dataclass(frozen=True)
class Wired:
    """An echo on a wire, and how a driver opens it."""

    device: Echo
    wire: Wire
    connect: Callable[[], Channel]


@pytest.fixture(params=["tcp", "terminal"])
def wired(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wired]:
    device = Echo()
    if request.param == "tcp":
        with closing(TcpPort(device)) as port:
            yield Wired(device, port, lambda: tcp(LOOPBACK, port.port))
    else:
        with closing(Terminal(device, tmp_path / "line")) as line:
            yield Wired(device, line, lambda: serial_port(str(line.path)))


def asked(channel: Channel, words: bytes, within_s: float = 1.0) -> bytes:
    """All that comes within a moment of silence."""
    channel.send(words, 1.0)
    arrived = b""
    try:
        while True:
            arrived += channel.receive(within_s if not arrived else 0.05)
    except OSError:
        return arrived


def test_several_requests_in_pieces_are_answered_in_order(wired: Wired) -> None:
    with closing(wired.connect()) as channel:
        channel.send(b"on", 1.0)
        assert asked(channel, b"e\ntwo\nthr") == b"one\ntwo\n"
        assert asked(channel, b"ee\n") == b"three\n"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Spoiling.SILENT, b""),
        (Spoiling.LATE, b"hello\n"),
        (Spoiling.CUT_OFF, b"hel"),
        (Spoiling.GARBAGE, GARBAGE),
        (Spoiling.WRONG_ECHO, b"idmmn\n"),
    ],
)
def test_an_answer_is_spoilt_once_where_it_matches(wired: Wired, how: Spoiling, expected: bytes) -> None:
    wired.wire.spoiler.spoil(Spoiled(how, b"hello", late_s=LATE_S))
    with closing(wired.connect()) as channel:
        assert asked(channel, b"other\n") == b"other\n"
        began_s = time.monotonic()
        got = asked(channel, b"hello\n", 0.5)
        assert got == expected or (how is Spoiling.CUT_OFF and not got), "what was on the line may be lost"
        assert how is not Spoiling.LATE or time.monotonic() - began_s >= LATE_S
    with closing(wired.connect()) as channel:
        assert asked(channel, b"hello\n") == b"hello\n"
    assert wired.device.heard.count(b"hello\n") == 2, "what is spoilt on its way back was done"


def test_a_plug_that_is_pulled_breaks_the_wire_and_is_back_at_its_address(wired: Wired) -> None:
    channel = wired.connect()
    assert asked(channel, b"before\n") == b"before\n"
    wired.wire.unplug()
    with pytest.raises(OSError):
        wired.connect()
    with suppress(OSError):  # a wire that is out refuses what is sent, or swallows it
        assert asked(channel, b"gone\n", 0.2) == b""
    channel.close()
    until_s = time.monotonic() + 1.0
    while not wired.device.left and time.monotonic() < until_s:
        time.sleep(0.01)
    assert wired.device.left == 1, "the device notices"
    wired.wire.plug_in()
    with closing(wired.connect()) as again:
        assert asked(again, b"back\n") == b"back\n"
    assert b"gone\n" not in wired.device.heard
