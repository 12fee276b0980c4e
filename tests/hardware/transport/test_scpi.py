"""SCPI: whatever an instrument says is an answer, a number, or an error in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from hardware.emulators.serving import LOOPBACK, TcpPort
from hardware.errors import Garbled, HardwareError, Refused
from hardware.transport import scpi
from hardware.transport.channel import Framing, line_ended_by
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.scpi import Scpi, greet, identity, number
from hardware.transport.tcp import tcp

LETTERS = np.frombuffer(b'0123456789+-.eE;:,"\r\n\n\nNaInf \xff\x00', np.uint8)


@dataclass
class Instrument:
    """Says what it is told to."""

    says: Callable[[str], str]

    @property
    def framed(self) -> Framing:
        return line_ended_by(b"\n")

    def answer(self, request: bytes) -> bytes:
        said = self.says(request.decode().strip())
        return said.encode("latin-1") + b"\n" if said else b""

    def hung_up(self) -> None: ...


def exchange(says: Callable[[str], str], call: Callable[[Scpi], object]) -> object:
    """``call`` on an instrument that says so."""
    with closing(TcpPort(Instrument(says))) as wire:
        dialogue = Dialogue(
            "meter", lambda: tcp(LOOPBACK, wire.port), timing=Timing(0.3, 0), greeting=greet
        )
        with closing(dialogue):
            return call(Scpi(dialogue))


def greeted(says: str) -> Callable[[str], str]:
    return lambda asked: "1" if asked == "*CLS;*OPC?" else says


@pytest.mark.parametrize(
    ("said", "value"),
    [("+1.5E-09", 1.5e-9), ("7", 7.0), (".5", 0.5), ("9.9E37", math.inf), ("-9.9000000E+37", -math.inf)],
)
def test_numbers_are_read(said: str, value: float) -> None:
    assert number(said) == value


@pytest.mark.parametrize("said", ["", "nan", "inf", "1e", "1 V", "0x10", "+9.91E+37", "1_0", "٣", "--1"])
def test_what_is_no_number_is_none(said: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        number(said)


def test_several_questions_are_one_message() -> None:
    heard: list[str] = []

    def says(asked: str) -> str:
        heard.append(asked)
        return '1;"a;b";3' if "VOLT" in asked else "1"

    assert exchange(says, lambda meter: meter.ask("VOLT?", "DISP:TEXT?", "FREQ?")) == ("1", '"a;b"', "3")
    assert heard[1] == "VOLT?;:DISP:TEXT?;:FREQ?"


@pytest.mark.parametrize("said", ["1", "1;2;3", "1;x", ";", "1;2\xff", "1;+9.91E37"])
def test_another_answer_than_asked_for_is_garbled(said: str) -> None:
    with pytest.raises(Garbled, match="meter"):
        exchange(greeted(said), lambda meter: meter.numbers("A?", "B?"))


def test_a_refusal_carries_the_instruments_words_and_empties_its_queue() -> None:
    heard: list[str] = []

    def says(asked: str) -> str:
        heard.append(asked)
        return greeted('-222,"Data out of range"')(asked)

    with pytest.raises(Refused, match=r"refused 'VOLT 99' \(-222, Data out of range\)"):
        exchange(says, lambda meter: meter.command("VOLT 99"))
    assert "VOLT 99;:SYST:ERR?" in heard


@pytest.mark.parametrize("said", ["", "0", "no error", '0,"unended', 'x,"y"', '0,"a";0,"b"', "\xff"])
def test_a_command_that_is_not_confirmed_is_an_error(said: str) -> None:
    with pytest.raises(HardwareError):
        exchange(greeted(said), lambda meter: meter.command("VOLT 1"))


def test_a_reading_that_came_late_is_no_greeting() -> None:
    with pytest.raises(Garbled):
        exchange(lambda _: "+3.8E-08", lambda meter: meter.numbers("A?"))


def test_who_does_not_say_who_he_is_is_nobody() -> None:
    with closing(TcpPort(Instrument(lambda _: "Maker,Model,1,2"))) as wire:
        assert identity(lambda: tcp(LOOPBACK, wire.port)) == "Maker,Model,1,2"
        port = wire.port
    assert identity(lambda: tcp(LOOPBACK, port)) is None


def test_100_000_random_answers_are_numbers_errors_or_unended() -> None:
    rng = np.random.default_rng(11)
    answers = rng.choice(LETTERS, (100_000, 12))
    framings = [
        scpi._answers(1, number),
        scpi._answers(2, number),
        scpi._answers(1, scpi._entry),
        scpi._answers(2),
    ]
    read = 0
    for at, answer in enumerate(answers):
        arrived = bytearray(answer.tobytes())
        try:
            length = framings[at % 4](arrived)
        except ValueError:
            continue
        if length is not None:
            read += 1
            assert scpi._parts(bytes(arrived[:length])) is not None
    assert read > 100  # some are answers indeed
