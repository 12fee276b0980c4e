"""A hundred thousand answers of any kind to each driver of a meter: a reading or a typed error, at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np

from hardware.drivers.ibss_gv10x import Asher, Setting
from hardware.drivers.pfeiffer_gauge.mnemonics import ControllerGauge
from hardware.drivers.pfeiffer_gauge.telegram import PRESSURE, TelegramGauge, read_exponential
from hardware.emulators.ibss_gv10x import GV10xEmulator
from hardware.emulators.keysight_34465a import Keysight34465AEmulator
from hardware.emulators.pfeiffer_gauge import Controller, DigitalGauge
from hardware.emulators.serving import Emulated
from hardware.emulators.sr570 import Sr570Emulator
from hardware.errors import Garbled, HardwareError, Refused
from hardware.simulator.link import Json, Reply
from hardware.transport.scpi import Scpi
from tests.hardware.transport.babble import N_BABBLED, babbling, damaged

PRESSURES = [
    b"0011074006100023025\r",
    b"0011074006123414029\r",
    b"001107400600000000\r",
    b"0011074006NO_DEF192\r",
    b"0011030306000000014\r",
]


def outcomes(ask: Callable[[], object], n: int = N_BABBLED, wrong: type[HardwareError] = Garbled) -> None:
    """Values, errors of the kind ``wrong`` and silences come all three; anything else fails the test."""
    counted: Counter[str] = Counter()
    for _ in range(n):
        try:
            ask()
            counted["told"] += 1
        except HardwareError as error:
            assert error.what and error.advice
            counted[type(error).__name__] += 1
    assert counted["told"] > 0 and counted[wrong.__name__] > 0 and counted["Deadline"] > 0, counted


def pressure(value: float) -> None:
    assert math.isfinite(value) and 0 <= value < 1e90


def test_telegrams_of_a_gauge() -> None:
    gauge = TelegramGauge(babbling(damaged(PRESSURES, N_BABBLED, 1, ends=b"\r")), 1)
    outcomes(lambda: pressure(read_exponential(gauge.ask(PRESSURE))))


def test_mnemonics_of_a_controller() -> None:
    """Two answers to a reading: of the unit an acknowledgement and a digit, then of the pressure."""
    samples = [b"\x06\r\n", b"0\r\n", b"\x06\r\n", b"0,+1.2345E-06\r\n", b"5,+0.0000E+00\r\n", b"\x15\r\n"]
    gauge = ControllerGauge(babbling(damaged(samples, 4 * N_BABBLED, 2)), 1)
    outcomes(lambda: pressure(abs(gauge.pressure_mbar())), N_BABBLED // 3)


def test_answers_of_the_plasma_cleaner() -> None:
    asher = Asher(babbling(damaged([b"W20\r\n", b"P1\r\n", b"P0\r\n", b"?\r\n"], 2 * N_BABBLED, 3)))
    outcomes(lambda: asher.require(Setting.POWER_W, 20), N_BABBLED // 2)
    outcomes(asher.light, N_BABBLED // 2, Refused)


def test_readings_of_a_multimeter() -> None:
    samples = [b"+1.23456789E-03\n", b"-9.90000000E+37\n", b'+0,"No error"\n']
    scpi = Scpi(babbling(damaged(samples, N_BABBLED, 4, ends=b"\n")))
    outcomes(lambda: scpi.numbers("READ?"))


# --- the emulators bear as much ---


class QuietLink:
    """A twin that gives one value, whatever is asked."""

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        return Reply({"now_s": 0.0, "volts": 0.1, "pressure_mbar": 1e-6})


def heard(device: Emulated, samples: list[bytes], n: int = 20_000) -> None:
    """What a device does with requests of any kind: an answer, nothing, or ``ValueError`` for nonsense."""
    for request in damaged(samples, n, 5):
        arrived = bytearray(request)
        try:
            length = device.framed(arrived)
        except ValueError:
            continue
        if length is not None:
            assert 0 < length <= len(arrived)
            assert isinstance(device.answer(bytes(arrived[:length])), bytes)


def test_emulators_hear_anything() -> None:
    link = QuietLink()
    heard(DigitalGauge(lambda: 1e-6), [b"0010074002=?106\r", b"0010030302=?098\r"])
    heard(Controller((lambda: 1e-6, None)), [b"PR1\r", b"PR2\r\n", b"UNI\r", b"\x05"])
    heard(GV10xEmulator(link), [b"W20\r\n", b"M05\r\n", b"P1\r\n", b"P0\r\n", b"W\r\n", b"F\r\n"])
    heard(Sr570Emulator(link), [b"SENS 12\r\n", b"INVT 1\r\n", b"*RST\r\n", b"BSLV -5000\r\n"])
    heard(Keysight34465AEmulator(lambda: 0.1), [b"READ?\n", b"CONF:VOLT:DC 10;:SYST:ERR?\n", b"*IDN?\n"])


def test_numbers_are_told_as_they_are() -> None:
    """An undamaged answer is never refused."""
    rng = np.random.default_rng(6)
    volts = rng.normal(0, 3, 500)
    scpi = Scpi(babbling(iter(f"{v:+.8E}\n".encode() for v in volts)))
    told = [scpi.numbers("READ?")[0] for _ in volts]
    assert np.allclose(told, volts, rtol=1e-8)
