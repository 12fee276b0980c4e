"""The relay blanker as a part of an instrument: what the guard process is to connect."""

from __future__ import annotations

from contextlib import closing, suppress

from pydantic import Field

from hardware.drivers.dcon_relay.line import MOST_CHANNEL, WATCHDOGS_S
from hardware.drivers.dcon_relay.module import DconModule, Wording
from hardware.errors import HardwareError
from hardware.guard.client import BlankerLine
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.serial_port import serial_port

ANSWER_S = 0.3


class RelaySettings(DeviceSettings):
    """The module's serial line and what is wired to it; see ``docs/wiring.md``."""

    port: str = Field(title="Serial port", description="COM3, /dev/ttyUSB0; this module's alone")
    baud: int = Field(9600, title="Baud rate", gt=0)
    address: int = Field(1, title="Module address", ge=0, le=255)
    checksum: bool = Field(True, title="Checksum", description="as set on the module; recommended")
    channel: int = Field(0, title="Output", description="energised = beam open", ge=0, le=MOST_CHANNEL)
    watchdog_s: float = Field(
        0.5,
        title="Watchdog",
        description="the module blanks by itself after so long a silence",
        ge=WATCHDOGS_S.low,
        le=WATCHDOGS_S.high,
    )
    monitor_input: int | None = Field(
        None, title="Monitor input", description="digital input that sees the blanker's contact", ge=0, le=7
    )
    monitor_when_open: bool = Field(True, title="Monitor reads 1 when open")


def connect(settings: RelaySettings, _surroundings: Surroundings) -> Parts:
    """Nothing is connected here: the line belongs to the guard process alone."""
    return Parts(blanker=BlankerLine("dcon-relay", settings.model_dump()))


def recognise(address: str) -> Candidate | None:
    """Ask a serial port for the name of a module at address 1, with and without checksum."""
    for checksum in (True, False):
        wording = Wording(1, checksum)
        dialogue = Dialogue("relay module", lambda: serial_port(address), timing=Timing(ANSWER_S, 0))
        with closing(dialogue), suppress(HardwareError):
            model = DconModule(dialogue, wording).model()
            return Candidate({"port": address, "checksum": checksum}, f"DCON module {model}")
    return None


DRIVER = DeviceDriver(
    title="DCON relay module as ion blanker (ICP DAS I-7000, Brainboxes ED)",
    plays=frozenset({Part.BLANKER}),
    settings=RelaySettings,
    connect=connect,
    recognise=recognise,
)
