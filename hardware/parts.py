"""What an instrument is put together from: parts, played by devices, each with a driver of its own.

A *part* is a field of :class:`~hardware.microscope.Devices`. A *device* is a box on a wire; it
plays one part or several. A *device driver* is an entry point in the group ``scopeacq.devices``
that names a :class:`DeviceDriver`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from hardware import protocols
from hardware.guard.client import BlankerLine
from hardware.transport.wire_log import WireLog

if TYPE_CHECKING:
    from hardware.microscope import Devices


class Part(Enum):
    """What a device may play; the values are the fields of ``Devices``."""

    CLOCK = "clock"
    COLUMN = "column"
    SCANNER = "scanner"
    DETECTOR = "detector"
    STAGE = "stage"
    CHAMBER = "chamber"
    GUN = "gun"
    ION_CURRENT = "ion_current"
    RASTER = "raster"
    BLANKER = "blanker"
    CLEANER = "cleaner"
    IRRADIATION_METER = "irradiation_meter"
    IRRADIATION_SOURCE = "irradiation_source"


OPTIONAL = frozenset({Part.CLOCK, Part.CLEANER, Part.IRRADIATION_METER, Part.IRRADIATION_SOURCE})
"""Parts that an instrument may lack; without a clock of its own it has the computer's."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a connected device plays, and how its connection ends. ``close`` bears a second call.

    Of the blanker only the line: the guard process connects it.
    """

    clock: protocols.Clock | None = None
    column: protocols.ElectronColumn | None = None
    scanner: protocols.Scanner | None = None
    detector: protocols.Detector | None = None
    stage: protocols.Stage | None = None
    chamber: protocols.Chamber | None = None
    gun: protocols.IonGun | None = None
    ion_current: protocols.IonCurrentMeter | None = None
    raster: protocols.WaveformGenerator | None = None
    blanker: BlankerLine | None = None
    cleaner: protocols.PlasmaCleaner | None = None
    irradiation_meter: protocols.IrradiationMeter | None = None
    irradiation_source: protocols.IrradiationSource | None = None
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a device driver is given beside its settings.

    ``name``: how the operator calls the device; errors carry it. ``folder``: for files of its own.
    ``devices()``: the whole instrument, for a device with an interlock on others; to be asked when it
    is used, not while it connects. ``plays``: what it is to play; the rest of its parts is left out.
    """

    name: str
    folder: Path
    clock: protocols.Clock
    wire_log: WireLog
    devices: Callable[[], Devices]
    plays: frozenset[Part] = frozenset(Part)


class DeviceSettings(BaseModel):
    """Base of what a device's table in ``instruments.toml`` may hold: titled, described, in units."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that was found: what to write into its table, and what it says of itself."""

    settings: Mapping[str, object]
    says: str


@dataclass(frozen=True, slots=True)
class DeviceDriver:
    """A driver as it is installed.

    Args:
        title: how people call the device ("Keysight 33500 waveform generator").
        plays: the parts that it can play.
        settings: the model of its table.
        connect: gets settings that are valid; raises ``HardwareError``.
        recognise: given an address ("COM3", "USB0::...::INSTR", "127.0.0.1:8300"), asks who is there
            with a query that changes nothing; ``None`` where it is another device or nobody.
        needs: what is to be installed beside, for a message ("the maker's package, from its installer").
    """

    title: str
    plays: frozenset[Part]
    settings: type[DeviceSettings]
    connect: Callable[[Any, Surroundings], Parts]
    recognise: Callable[[str], Candidate | None] = lambda _address: None
    needs: str = ""
