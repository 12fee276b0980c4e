"""A hundred thousand answers of any kind to each driver around the ion gun: a reading or a typed error."""

from __future__ import annotations

import math
from collections import Counter

from hardware.drivers.dcon_relay.line import LineSettings, RelayBlanker
from hardware.drivers.dcon_relay.module import DconModule, WatchdogRanOut, Wording
from hardware.drivers.keithley_6485 import Keithley6485 as Picoammeter
from hardware.drivers.keithley_6485 import PicoammeterSettings
from hardware.drivers.keysight_33500 import Keysight33500 as Generator
from hardware.emulators.dcon_relay import RelayModule
from hardware.emulators.keithley_6485 import Keithley6485
from hardware.emulators.keysight_33500 import Keysight33500
from hardware.simulator.clock import VirtualClock
from hardware.simulator.link import Json, Reply
from hardware.transport.scpi import Scpi
from hardware.types import Blanker
from tests.hardware.drivers.test_babble import heard, outcomes
from tests.hardware.transport.babble import N_BABBLED, babbling, damaged

TOLD = Wording()


def lines(*texts: str) -> list[bytes]:
    return [TOLD.line(text) for text in texts]


def test_readings_of_the_blanker() -> None:
    """Never an error, and a state only by an undamaged line: two damages must make up for each other."""
    samples = lines(">0101", ">0000", ">0100", "!0184", "?01")
    module = DconModule(babbling(damaged(samples, 2 * N_BABBLED, 8, ends=b"\r")), TOLD)
    line = RelayBlanker(module, LineSettings("", monitor_input=0))
    told = Counter(line.state() for _ in range(N_BABBLED))
    assert told.total() == N_BABBLED and min(told[blanker] for blanker in Blanker) > 0
    assert told[Blanker.UNKNOWN] > 0.4 * N_BABBLED


def test_answers_to_commands_of_the_blanker() -> None:
    samples = lines(">", "!", "?", "!01", "!01105")
    module = DconModule(babbling(damaged(samples, 2 * N_BABBLED, 9, ends=b"\r")), TOLD)
    outcomes(lambda: module.switch(0, True), N_BABBLED // 2, WatchdogRanOut)
    outcomes(module.armed_ds, N_BABBLED // 2)


def test_readings_of_the_generator() -> None:
    samples = [
        b"RAMP;VPP\n",
        b"1;+9.9E+37;+8.0E+00;+1.0E+02;+1.0E+02;+0.0E+00;0;0;0;0;0;0;0;0\n",
        b"RAMP;VPP\n",
        b"1;+9.9E+37;+4.0E+00;+1.0E+00;+1.0E+02;+0.0E+00;0;0;0;0;0;0;0;0\n",
    ]
    raster = Generator(Scpi(babbling(damaged(samples, 4 * N_BABBLED, 10, ends=b"\n"))), "generator")
    outcomes(raster.state, N_BABBLED // 4)
    samples = [b'+0,"No error"\n', b'-222,"Data out of range"\n', b"1\n"]
    box = Scpi(babbling(damaged(samples, 2 * N_BABBLED, 12, ends=b"\n")))
    outcomes(lambda: box.command("OUTP1 ON"))


def test_readings_of_the_picoammeter() -> None:
    samples = [b"0\n", b"+3.812345E-08\n", b"+9.9E+37\n"]
    box = Scpi(babbling(damaged(samples, 2 * N_BABBLED, 11, ends=b"\n")))
    meter = Picoammeter(box, "meter", VirtualClock(), PicoammeterSettings(port="", answer_s=0.1))

    def measure() -> None:
        assert math.isfinite(meter.measure().current_na)

    outcomes(measure, N_BABBLED)


class QuietRaster:
    """A twin that gives one value, whatever is asked."""

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        raster = {"x_vpp": 8.0, "y_vpp": 4.0, "x_hz": 100.0, "y_hz": 1.0}
        return Reply({"raster": raster, "running": True, "load_ohm": 50.0, "current_na": 38.0})


class NothingWired:
    def energise(self, on: bool) -> None: ...

    def drop(self) -> None: ...

    def seen(self) -> bool:
        return False


def test_emulators_hear_anything() -> None:
    module = RelayModule({0: NothingWired()})
    heard(module, lines("@01", "#011001", "~010", "~015S", "~014P", "~013105", "$01M", "~**"))
    module.close()
    heard(Keysight33500(QuietRaster()), [b"SOUR1:VOLT 8\n", b"OUTP1:LOAD INF\n", b"OUTP2?;:SYST:ERR?\n"])
    heard(Keithley6485(QuietRaster()), [b"READ?\n", b"SYST:ZCH OFF;:SYST:ERR?\n", b"CURR:RANG 2E-7\n"])
