"""Stanford Research SR570 current preamplifier on a serial line. It listens and says nothing.

Commands and tables after Stanford Research's "Model SR570 Low-Noise Current Preamplifier" manual,
chapter "Remote programming": 9600 baud, 8 data bits, no parity, 2 stop bits, lines ended by CR LF.
Nothing of it can be read back, so everything is written, at each start and on each new connection.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from enum import Enum

from hardware.errors import OutOfRange
from hardware.transport.dialogue import Dialogue
from hardware.types import Preamplifier

LOG = logging.getLogger(__name__)

END = b"\r\n"
BAUD, DATA_BITS, PARITY, STOP_BITS = 9600, 8, "N", 2

SENSITIVITIES_A_PER_V = (
    *(float(f"{digit}e{power}") for power in range(-12, -3) for digit in (1, 2, 5)),
    1e-3,
)
"""``SENS n``: 1 pA/V for 0, 2 pA/V for 1, ... 1 mA/V for 27."""

LOW_PASS_HZ = (
    0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6
)  # fmt: skip
"""``LFRQ n``."""

AFTER_RESET = Preamplifier(1e-6, inverted=False)

WAKING_S = 0.2
"""Its processor sleeps, for the sake of low noise, until a line comes: the first one only wakes it."""

BITS_PER_BYTE = 11
"""A start bit, eight of data, two stop bits."""

SAME = 1e-6
LEAST_V, MOST_V = 0.4, 2.5


class GainMode(Enum):
    """``GNMD n``, in this order."""

    LOW_NOISE = "low noise"
    HIGH_BANDWIDTH = "high bandwidth"
    LOW_DRIFT = "low drift"


class Filter(Enum):
    """Filters that let direct current pass."""

    SIX_DB = "low pass 6 dB"
    TWELVE_DB = "low pass 12 dB"
    NONE = "none"


FILTER_NUMBERS = {Filter.SIX_DB: 3, Filter.TWELVE_DB: 4, Filter.NONE: 5}
"""``FLTT n``; 0 to 2 cut direct current off."""


@dataclass(frozen=True, slots=True)
class Sr570Setup:
    """What an instrument keeps while sensitivity and sign change. Offset and bias are always off."""

    gain_mode: GainMode = GainMode.LOW_NOISE
    filter: Filter = Filter.SIX_DB
    low_pass_hz: float = 10.0

    @property
    def settling_s(self) -> float:
        """How long the filter takes to come within 1 % of a step: five time constants, doubly at 12 dB."""
        return 0.0 if self.filter is Filter.NONE else 10.0 / (2 * math.pi * self.low_pass_hz)


def sensitivity_for(device: str, current_a: float) -> float:
    """The sensitivity [A/V] that makes 0.4 to 2.5 V of a current. Raises ``OutOfRange``."""
    for sensitivity in SENSITIVITIES_A_PER_V:
        if LEAST_V <= abs(current_a) / sensitivity <= MOST_V:
            return sensitivity
    what = f"{current_a:g} A are no current to check it with"
    raise OutOfRange(device, what, "Feed in something from 1 pA to 1 mA.")


def commands_for(device: str, preamplifier: Preamplifier, setup: Sr570Setup) -> list[str]:
    """Every setting of the instrument. Raises ``OutOfRange`` for what is not on its tables, ``nan`` too."""
    sensitivity = _on_table(
        device, "sensitivity in A/V", preamplifier.sensitivity_a_per_v, SENSITIVITIES_A_PER_V
    )
    low_pass = _on_table(device, "low pass in Hz", setup.low_pass_hz, LOW_PASS_HZ)
    return [
        "*RST",
        "BSON 0",
        "BSLV 0",
        "IOON 0",
        "IOUC 0",
        f"FLTT {FILTER_NUMBERS[setup.filter]}",
        f"LFRQ {low_pass}",
        f"GNMD {list(GainMode).index(setup.gain_mode)}",
        "SUCM 0",
        f"SENS {sensitivity}",
        f"INVT {preamplifier.inverted:d}",
        "BLNK 0",
        "ROLD",
    ]


@dataclass(frozen=True, slots=True)
class Sr570:
    """The preamplifier."""

    dialogue: Dialogue
    setup: Sr570Setup

    def wake(self) -> None:
        """Open its port. Raises ``OutOfRange`` for a set-up that it does not have, ``ConnectionLost``."""
        commands_for(self.dialogue.device, AFTER_RESET, self.setup)
        self.dialogue.tell(END)

    def configure(self, preamplifier: Preamplifier) -> None:
        """Write all settings, and wait until they are heard.

        Raises ``OutOfRange`` before anything is sent, and what the wire raises.
        """
        commands = commands_for(self.dialogue.device, preamplifier, self.setup)
        self.wake()
        time.sleep(WAKING_S)
        lines = [command.encode("ascii") + END for command in commands]
        for line in lines:
            self.dialogue.tell(line)
        time.sleep(sum(map(len, lines)) * BITS_PER_BYTE / BAUD + WAKING_S)
        LOG.warning(
            "%s: its settings are unverifiable, since it only listens. Written: %s.",
            self.dialogue.device,
            ", ".join(commands),
        )


def _on_table(device: str, name: str, value: float, table: tuple[float, ...]) -> int:
    for n, entry in enumerate(table):
        if math.isclose(value, entry, rel_tol=SAME):
            return n
    choice = f"Choose one of {', '.join(f'{entry:g}' for entry in table)}."
    raise OutOfRange(device, f"there is no {name} of {value:g}", choice)
