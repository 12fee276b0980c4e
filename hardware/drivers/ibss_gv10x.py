"""ibss GV10x downstream asher on a serial line, with an interlock of its own.

9600 baud, 8 data bits, no parity, 1 stop bit, lines ended by CR LF. Its manual is not public: ``W``,
``M``, ``F``, ``P1`` and ``P0`` are known from the open program SBEMimage (``plasma_cleaner.py``). ``Wnn``
sets the power in watts and ``Mnn`` the time in minutes, without digits they are read; the answer repeats
the letter with two digits. ``P1`` lights the plasma, ``P0`` ends it. That their answers repeat them as
well is taken from the others: an asher that answers otherwise is switched off and refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import Field

from hardware.addresses import Wire, address
from hardware.errors import Deadline, HardwareError, Interlocked, NotReached, OutOfRange, Refused
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.protocols import Clock
from hardware.transport.channel import Framing, line_ended_by
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.plain_words import readable
from hardware.transport.serial_port import serial_port
from hardware.types import Range

if TYPE_CHECKING:
    from hardware.microscope import Devices

END = b"\r\n"
LINE = line_ended_by(END, most_bytes=80)
MOST_POWER_W, MOST_MINUTES = 99, 99
OFF_TRIALS = 3
"""``P0`` may be said again: it lights nothing."""

POLL_S = 2.0
MOST_OVERTIME_S = 30.0
BY_HAND = "Switch the plasma cleaner off at its controller."
SEARCH = Timing(answer_s=0.5, retries=0, late_s=0.0)


class GV10xSettings(DeviceSettings):
    """The cleaner's serial line, and what it demands of the instrument."""

    port: str = Field(title="Serial port", description="COM3, /dev/ttyUSB0")
    answer_s: float = Field(2.0, title="Answer within", gt=0, le=3)
    most_power_w: int = Field(
        50, title="Highest power", description="that may be asked for", ge=1, le=MOST_POWER_W
    )
    lowest_mbar: float = Field(
        1e-8, title="Pressure from", description="of the chamber while it cleans", gt=0
    )
    highest_mbar: float = Field(1e-1, title="Pressure to", description="of the chamber", gt=0)


class Setting(Enum):
    """What its controller keeps as two digits, by the letter that it is called by."""

    POWER_W = "W"
    TIME_MIN = "M"


@dataclass(frozen=True, slots=True)
class Asher:
    """The cleaner's controller: power, time, on and off, each answered."""

    dialogue: Dialogue

    def version(self) -> str:
        """What it says of itself, in two lines."""
        return " ".join(self.dialogue.ask(b"F" + END, two_lines).decode("latin-1").split())

    def set(self, setting: Setting, wanted: int) -> None:
        """Tell it once. Raises ``NotReached`` when it reads back otherwise."""
        self._command(f"{setting.value}{wanted:02d}")
        self.require(setting, wanted)

    def require(self, setting: Setting, wanted: int) -> None:
        """Read it. Raises ``NotReached`` when it is not what is wanted."""
        said = self.dialogue.ask(setting.value.encode("ascii") + END, value_of(setting))
        if (got := int(said[1:3])) != wanted:
            name = setting.name.lower()
            raise NotReached(self.dialogue.device, name, wanted, got, 0.0, "Look at its controller.")

    def light(self) -> None:
        """Light the plasma, told once."""
        self._command("P1")

    def end(self) -> None:
        """End the plasma, confirmed.

        Raises ``Refused`` where that is not confirmed, however often it is told.
        """
        trouble = ""
        for _ in range(OFF_TRIALS):
            try:
                self._command("P0")
                return
            except HardwareError as error:
                trouble = error.what
        what = f"the plasma is not confirmed to be off: {trouble}"
        raise Refused(self.dialogue.device, what, BY_HAND)

    def _command(self, words: str) -> None:
        said = self.dialogue.command(words.encode("ascii") + END, LINE).strip()
        if said != words.encode("ascii"):
            what = f"answers {readable(said)} to '{words}'"
            raise Refused(self.dialogue.device, what, "Look at its controller.")


@dataclass(slots=True)
class GV10x:
    """See :class:`hardware.protocols.PlasmaCleaner`.

    It burns only while the EHT is off, the column valve shut, the ion gun's high voltage off and the
    chamber's pressure in ``allowed_mbar``: before, and again at each look while it burns. The
    controller's own timer ends what this program could not.
    """

    name: str
    asher: Asher
    clock: Clock
    devices: Callable[[], Devices]
    most_power_w: int
    allowed_mbar: Range
    lit: bool = False
    stopped: bool = False

    def clean(self, power_w: float, duration_s: float) -> None:
        """Burn for so long, then end the plasma, confirmed, whatever happened.

        Raises ``OutOfRange`` and ``Interlocked`` before anything is sent; ``Interlocked`` as well when
        something changes while it burns, ``Refused`` when it is stopped, ``Deadline`` when it burned too
        long, and what the wire raises.
        """
        self.stopped = False
        watts, minutes = self._possible(power_w, duration_s)
        self._require_safe()
        try:
            self.asher.set(Setting.POWER_W, watts)
            self.asher.set(Setting.TIME_MIN, minutes)
            self.lit = True
            self._require_wanted()
            self.asher.light()
            self._watch(watts, duration_s)
        finally:
            self.asher.end()
            self.lit = False

    def stop(self) -> None:
        """End the plasma at once, confirmed, if it burns. From another thread than the one that cleans."""
        self.stopped = True
        if self.lit:
            self.asher.end()

    def close(self) -> None:
        """End the connection; a plasma that still burns is ended first, else ``Refused`` is raised."""
        lit, self.lit = self.lit, False
        with closing(self.asher.dialogue):
            if lit:
                self.asher.end()

    def _possible(self, power_w: float, duration_s: float) -> tuple[int, int]:
        """Watts, and minutes on the controller's own timer."""
        if not (1 <= power_w <= self.most_power_w and power_w == int(power_w)):
            what = f"a power of {power_w:g} W cannot be set"
            raise OutOfRange(self.name, what, f"Choose whole watts from 1 to {self.most_power_w}.")
        if not 0 < duration_s <= MOST_MINUTES * 60:
            what = f"it cannot burn for {duration_s:g} s"
            raise OutOfRange(self.name, what, f"Choose up to {MOST_MINUTES * 60} s.")
        return int(power_w), math.ceil(duration_s / 60)

    def _require_safe(self) -> None:
        if reasons := list(refusals(self.devices(), self.allowed_mbar)):
            raise Interlocked(self.name, reasons, "Bring the instrument into this state, then clean again.")

    def _require_wanted(self) -> None:
        if self.stopped:
            raise Refused(self.name, "the cleaning was ended", "Clean again.")

    def _watch(self, watts: int, duration_s: float) -> None:
        step_s = max(POLL_S, self.clock.longest_step_s(duration_s))
        end_s = self.clock.now_s() + duration_s
        while (left_s := end_s - self.clock.now_s()) > 0:
            self.clock.sleep(min(left_s, step_s))
            self._require_wanted()
            self._require_safe()
            self.asher.require(Setting.POWER_W, watts)
        if -left_s > MOST_OVERTIME_S:
            raise Deadline(
                self.name, f"it burned {-left_s:.0f} s longer than asked", "Look at the specimen."
            )


def refusals(devices: Devices, allowed_mbar: Range) -> Iterator[str]:
    """Every reason not to burn. Raises what the devices raise: unknown is not safe."""
    beam = devices.column.state()
    if beam.eht_on:
        yield "The EHT is on"
    if beam.valve_open:
        yield "The column valve is open"
    if devices.gun.state().hv_on:
        yield "The ion gun's high voltage is on"
    pressure_mbar = devices.chamber.pressure_mbar()
    if pressure_mbar not in allowed_mbar:
        yield f"The chamber pressure is {pressure_mbar:.1e} mbar, allowed {allowed_mbar}"


def value_of(setting: Setting) -> Framing:
    """A line of its letter and two digits."""
    pattern = re.compile(setting.value.encode("ascii") + rb"\d\d\s*")

    def framed(arrived: bytearray) -> int | None:
        length = LINE(arrived)
        if length is not None and pattern.fullmatch(arrived[:length]) is None:
            raise ValueError(f"not two digits after {setting.value}")
        return length

    return framed


def two_lines(arrived: bytearray) -> int | None:
    """Two lines, as they answer ``F``."""
    first = LINE(arrived)
    if first is None or (second := LINE(arrived[first:])) is None:
        return None
    return first + second


def connect(settings: GV10xSettings, surroundings: Surroundings) -> Parts:
    """Ask who is there, and end a plasma that a program may have left: nobody watches it.

    Raises ``Refused``, ``ConnectionLost``, ``Deadline``, ``Garbled``.
    """
    dialogue = Dialogue(
        surroundings.name,
        lambda: serial_port(settings.port),
        surroundings.wire_log,
        Timing(settings.answer_s, retries=1, late_s=settings.answer_s / 2),
    )
    with ExitStack() as undo:
        undo.callback(dialogue.close)
        asher = Asher(dialogue)
        asher.version()
        asher.end()
        undo.pop_all()
    cleaner = GV10x(
        surroundings.name,
        asher,
        surroundings.clock,
        surroundings.devices,
        settings.most_power_w,
        Range(settings.lowest_mbar, settings.highest_mbar),
    )
    return Parts(cleaner=cleaner, close=cleaner.close)


def recognise(text: str) -> Candidate | None:
    """Ask a serial port for the controller's version."""
    if address(text).wire is not Wire.SERIAL:
        return None
    dialogue = Dialogue("plasma cleaner", lambda: serial_port(text), timing=SEARCH)
    with closing(dialogue):
        version = Asher(dialogue).version()
    return Candidate({"port": text}, version) if "GV10" in version else None


DRIVER = DeviceDriver(
    title="ibss GV10x plasma cleaner",
    plays=frozenset({Part.CLEANER}),
    settings=GV10xSettings,
    connect=connect,
    recognise=recognise,
)
