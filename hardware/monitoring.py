"""What an instrument's devices read now, as numbers by name: nothing is set, moved or switched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

from hardware.errors import HardwareError
from hardware.parts import Part, Parts
from hardware.protocols import SpecimenCurrentMeter
from hardware.self_test import unforeseen
from hardware.types import RasterState

Value = float | bool | None
"""None where the device does not know."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one part read, by names with units; or the sentence that it gave instead."""

    part: Part
    values: Mapping[str, Value]
    trouble: str = ""


Question = tuple[Part, Callable[[], Mapping[str, Value]]]


def readings(parts: Parts) -> Iterator[Reading]:
    """Ask every part once. One that does not answer gives its trouble, and the others go on.

    Of the ion blanker nothing is read: only its guard may ask it.
    """
    for part, ask in _questions(parts):
        try:
            yield Reading(part, ask())
        except HardwareError as error:
            yield Reading(part, {}, str(error))
        except Exception as error:  # a plug-in may raise anything; the other readings go on
            yield Reading(part, {}, unforeseen(error))


def _questions(parts: Parts) -> Iterator[Question]:
    if (chamber := parts.chamber) is not None:
        yield Part.CHAMBER, lambda: {"pressure_mbar": chamber.pressure_mbar()}
    if (column := parts.column) is not None:
        yield Part.COLUMN, lambda: {**asdict(column.state()), **asdict(column.optics())}
        if isinstance(column, SpecimenCurrentMeter):
            yield Part.COLUMN, lambda: {"specimen_current_na": column.specimen_current_na()}
    if (detector := parts.detector) is not None:
        yield Part.DETECTOR, lambda: asdict(detector.state())
    if (stage := parts.stage) is not None:
        yield Part.STAGE, lambda: asdict(stage.pose())
    yield from _of_the_guns(parts)


def _of_the_guns(parts: Parts) -> Iterator[Question]:
    if (gun := parts.gun) is not None:
        yield Part.GUN, lambda: asdict(gun.state())
    if (raster := parts.raster) is not None:
        yield Part.RASTER, lambda: _of_raster(raster.state())
    if (meter := parts.ion_current) is not None:
        yield Part.ION_CURRENT, lambda: {"current_na": meter.measure().current_na}
    if (volts := parts.irradiation_meter) is not None:
        yield Part.IRRADIATION_METER, lambda: {"volts": volts.read().volts}
    if (source := parts.irradiation_source) is not None:
        yield Part.IRRADIATION_SOURCE, lambda: {"beam_on": source.beam_on()}


def _of_raster(state: RasterState) -> Mapping[str, Value]:
    """The names of its amplitudes and frequencies differ in more than their units."""
    raster = state.raster
    return {
        "x_amplitude_vpp": raster.x_vpp,
        "y_amplitude_vpp": raster.y_vpp,
        "x_frequency_hz": raster.x_hz,
        "y_frequency_hz": raster.y_hz,
        "running": state.running,
        "load_ohm": state.load_ohm,
    }
