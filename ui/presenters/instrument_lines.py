"""What a device reads, line by line: number, unit, limits, what it means, and how it is set. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hardware.types import Blanker, Range
from scopeacq.engine.readings import Quantity, Readings
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.project import ImagingSettings
from ui.presenters.quantities import shown, unit_shown
from ui.presenters.tone import Tone

NOTHING = "\N{EM DASH}"


class Number(Enum):
    """Numbers that an operator may set."""

    WD = "working distance"
    STIG_X = "stigmator x"
    STIG_Y = "stigmator y"
    SHIFT_X = "beam shift x"
    SHIFT_Y = "beam shift y"
    GAIN = "detector gain"
    OFFSET = "detector offset"


class Switch(Enum):
    """What an operator may switch on and off."""

    EHT = "EHT"
    VALVE = "column valve"
    DETECTOR_HV = "detector high voltage"
    GUN_HV = "ion gun high voltage"


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of the panel. ``text`` is a dash where nothing was read.

    ``control``: how an operator sets it; then ``value`` is the number, or whether it is on.
    """

    name: str
    text: str = NOTHING
    unit: str = ""
    limits: Range | None = None
    tone: Tone = Tone.QUIET
    meaning: str = ""
    quantity: Quantity | None = None
    control: Number | Switch | None = None
    value: float | None = None

    @property
    def shown(self) -> str:
        """The text with its unit, as it is copied."""
        if self.text == NOTHING:
            return NOTHING
        unit = unit_shown(self.unit)
        return f"{self.text}{unit}" if unit == "\N{DEGREE SIGN}" else f"{self.text} {unit}".strip()


@dataclass(frozen=True, slots=True)
class _Number:
    """``digits``: decimals; None for what spans decades."""

    name: str
    unit: str
    digits: int | None
    meaning: str
    quantity: Quantity | None = None
    control: Number | None = None

    def of(self, value: float | None, limits: Range | None = None) -> Reading:
        outside = value is not None and limits is not None and value not in limits
        return Reading(
            self.name,
            NOTHING if value is None else self._text(value),
            self.unit,
            limits,
            Tone.CAUTION if outside else Tone.QUIET,
            self.meaning,
            self.quantity,
            self.control,
            value,
        )

    def _text(self, value: float) -> str:
        return f"{value:.1e}" if self.digits is None else shown(value, self.digits)


@dataclass(frozen=True, slots=True)
class _Switch:
    name: str
    on: str
    off: str
    meaning: str
    quantity: Quantity | None = None
    control: Switch | None = None

    def of(self, on: bool | None) -> Reading:
        return Reading(
            self.name,
            NOTHING if on is None else self.on if on else self.off,
            meaning=self.meaning,
            quantity=self.quantity,
            control=self.control,
            value=on,
        )


_EHT = _Switch("EHT", "on", "off", "The electrons' high voltage.", Quantity.EHT, Switch.EHT)
_EHT_KV = _Number("Voltage", "kV", 2, "What the electrons are accelerated with.")
_VALVE = _Switch(
    "Column valve",
    "open",
    "shut",
    "Parts the column from the chamber; it shuts by itself when the vacuum is lost.",
    Quantity.VALVE,
    Switch.VALVE,
)
_BEAM = _Switch(
    "Beam", "on the wafer", "blanked", "Blanked whenever no frame is scanned: every electron is counted."
)
_PROBE = _Number("Probe current", "nA", 3, "The electron dose is counted with it.")
_WD = _Number(
    "Working distance",
    "um",
    2,
    "How far below the pole piece the beam is in focus.",
    Quantity.WD,
    Number.WD,
)
_STIG_X = _Number(
    "Stigmator x",
    "",
    3,
    "Corrects astigmatism, in the vendor's own units.",
    Quantity.STIG_X,
    Number.STIG_X,
)
_STIG_Y = _Number(
    "Stigmator y",
    "",
    3,
    "Corrects astigmatism along the diagonals of the other, in the vendor's own units.",
    Quantity.STIG_Y,
    Number.STIG_Y,
)
_SHIFT = "Brings the beam to a place that the stage misses by micrometres."
_SHIFT_X = _Number("Beam shift x", "um", 3, _SHIFT, Quantity.BEAM_SHIFT, Number.SHIFT_X)
_SHIFT_Y = _Number("Beam shift y", "um", 3, _SHIFT, Quantity.BEAM_SHIFT, Number.SHIFT_Y)


def electron_lines(now: Readings, instrument: Instrument) -> Iterator[Reading]:
    beam, optics, limits = now.beam, now.optics, now.limits
    most_um = instrument.electron.max_beam_shift_um
    x_um, y_um = now.beam_shift_um or (None, None)
    yield _EHT.of(None if beam is None else beam.eht_on)
    yield _EHT_KV.of(None if beam is None else beam.eht_kv)
    yield _VALVE.of(None if beam is None else beam.valve_open)
    yield _BEAM.of(None if beam is None else not beam.blanked)
    yield _PROBE.of(None if beam is None else beam.probe_current_na)
    yield _WD.of(None if optics is None else optics.wd_um, limits.get("wd_um"))
    yield _STIG_X.of(None if optics is None else optics.stig_x, limits.get("stig_x"))
    yield _STIG_Y.of(None if optics is None else optics.stig_y, limits.get("stig_y"))
    yield _SHIFT_X.of(x_um, Range(-most_um, most_um))
    yield _SHIFT_Y.of(y_um, Range(-most_um, most_um))


def scan_lines(imaging: ImagingSettings) -> Iterator[Reading]:
    size = f"{imaging.tile_width_px} \N{MULTIPLICATION SIGN} {imaging.tile_height_px}"
    as_planned = "How tiles are scanned, as the plan says; the live view has a frame of its own."
    yield Reading("Tile", size, "px", meaning=as_planned)
    yield _Number("Pixel size", "nm", 2, as_planned).of(imaging.pixel_size_nm)
    yield _Number("Dwell time", "ns", 1, as_planned).of(imaging.dwell_ns)


_DETECTOR_HV = _Switch(
    "High voltage",
    "on",
    "off",
    "Off while ions mill, which would damage the detector.",
    Quantity.DETECTOR,
    Switch.DETECTOR_HV,
)
_GAIN = _Number("Gain", "", 3, "Contrast of the image.", Quantity.DETECTOR, Number.GAIN)
_OFFSET = _Number("Offset", "", 3, "Brightness of the image.", Quantity.DETECTOR, Number.OFFSET)


def detector_lines(now: Readings) -> Iterator[Reading]:
    detector = now.detector
    yield _DETECTOR_HV.of(None if detector is None else detector.hv_on)
    yield _GAIN.of(None if detector is None else detector.gain)
    yield _OFFSET.of(None if detector is None else detector.offset)


_CHECKED = "Driven only along planned ways, which are checked against limits and the chamber's solids."
_AXES = {
    "x_um": _Number("x", "um", 1, _CHECKED, Quantity.STAGE),
    "y_um": _Number("y", "um", 1, _CHECKED, Quantity.STAGE),
    "z_um": _Number("z", "um", 1, _CHECKED, Quantity.STAGE),
    "tilt_deg": _Number("Tilt", "degrees", 2, _CHECKED, Quantity.STAGE),
    "rotation_deg": _Number("Rotation", "degrees", 2, _CHECKED, Quantity.STAGE),
}


def stage_lines(now: Readings) -> Iterator[Reading]:
    for axis, number in _AXES.items():
        yield number.of(None if now.stage is None else getattr(now.stage, axis), now.limits.get(axis))


_ION_BEAM = "What the guard reads. Only a run opens this beam, and only through the guard."
_GUN_HV = _Switch(
    "High voltage",
    "on",
    "off",
    "Of the ion gun. The guard keeps its beam blanked all the same.",
    Quantity.GUN_HV,
    Switch.GUN_HV,
)
_GUN_KV = _Number("Voltage", "kV", 2, "What the ions are accelerated with; the limits are for milling.")
_GAS = _Number("Gas", "bar", 2, "Before the nozzle; the limits are for milling.")
_PUMP = _Number("Gun vacuum", "mbar", None, "At the gun's pump; the limits are for milling.")
_RASTER = _Switch("Raster", "running", "stopped", "Moves the ion beam; a standing spot drills.")


def gun_lines(now: Readings, instrument: Instrument) -> Iterator[Reading]:
    gun, limits = now.gun, instrument.mill.interlocks
    yield _ions(now.ions)
    yield _GUN_HV.of(None if gun is None else gun.hv_on)
    yield _GUN_KV.of(None if gun is None else gun.hv_kv, Range(*limits.gun_hv_kv))
    yield _GAS.of(None if gun is None else gun.gas_bar, Range(*limits.gas_bar))
    most = Range(0.0, limits.pump_pressure_max_mbar)
    yield _PUMP.of(None if gun is None else gun.pump_pressure_mbar, most)
    yield _RASTER.of(None if now.raster is None else now.raster.running)


def _ions(ions: Blanker | None) -> Reading:
    match ions:
        case Blanker.BLANKED:
            return Reading("Ion beam", "blanked", meaning=_ION_BEAM)
        case Blanker.OPEN:
            return Reading("Ion beam", "OPEN", tone=Tone.ALARM, meaning=_ION_BEAM)
        case Blanker.UNKNOWN:
            return Reading("Ion beam", "UNKNOWN", tone=Tone.UNKNOWN, meaning=_ION_BEAM)
        case None:
            return Reading("Ion beam", meaning=_ION_BEAM)


_PRESSURE = _Number("Pressure", "mbar", None, "In the chamber; the limits are for milling.")


def chamber_lines(now: Readings, instrument: Instrument) -> Iterator[Reading]:
    yield _PRESSURE.of(now.pressure_mbar, Range(*instrument.mill.interlocks.pressure_mbar))
