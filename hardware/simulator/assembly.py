"""Puts the twin together: specimen, nature and devices, from its settings."""

from __future__ import annotations

from collections.abc import Callable

from hardware.guard.client import BlankerLine
from hardware.microscope import Devices
from hardware.simulator.blanker_port import BlankerPort
from hardware.simulator.config import Arrangement, SpecimenSettings, TwinSettings
from hardware.simulator.devices import (
    TwinChamber,
    TwinCleaner,
    TwinClock,
    TwinColumn,
    TwinDetector,
    TwinGun,
    TwinIonCurrent,
    TwinRaster,
    TwinScanner,
)
from hardware.simulator.faults import FaultScript
from hardware.simulator.firmware import Firmware
from hardware.simulator.irradiation_devices import TwinIrradiationMeter, TwinIrradiationSource
from hardware.simulator.link import Link
from hardware.simulator.local import LocalBlanker, LocalLink
from hardware.simulator.nature import Nature
from hardware.simulator.scattered import scattered_wafer
from hardware.simulator.specimen import WaferSpecimen, demo_wafer
from hardware.simulator.stage_device import TwinStage
from hardware.simulator.texture import ProceduralTexture, StackTexture, Texture
from hardware.simulator.truth import Sink

BLANKER_DRIVER = "twin"


def specimen_of(settings: SpecimenSettings, seed: int) -> WaferSpecimen:
    """The wafer that the settings ask for. Raises ``BadSpecimen`` for a file that cannot serve."""
    texture: Texture
    if settings.file is not None:
        texture = StackTexture.load(settings.file, settings.pixel_size_nm, settings.slice_nm)
    else:
        texture = ProceduralTexture(seed, settings.texture_px)
    match settings.arrangement:
        case Arrangement.ROWS:
            wafer = demo_wafer(seed, settings.n_sections, texture)
        case Arrangement.SCATTERED:
            wafer = scattered_wafer(seed, settings.n_sections, texture)
    return wafer.coated(settings.coating_nm)


def nature_of(settings: TwinSettings, sink: Sink, start_s: float = 0.0) -> Nature:
    """The nature that the settings ask for."""
    specimen = specimen_of(settings.specimen, settings.seed)
    return Nature(settings, specimen, sink, FaultScript(settings.faults), start_s)


def devices_over(
    link: Link, settings: TwinSettings, blanker: dict[str, object], close: Callable[[], None]
) -> Devices:
    """All devices over one link; ``blanker`` are the settings of the guard's wire."""
    clock = TwinClock(link, settings)
    return Devices(
        clock=clock,
        column=TwinColumn(link, clock, settings),
        scanner=TwinScanner(link, clock, settings),
        detector=TwinDetector(link),
        stage=TwinStage(link, clock, settings),
        gun=TwinGun(link),
        ion_current=TwinIonCurrent(link),
        raster=TwinRaster(link),
        chamber=TwinChamber(link),
        cleaner=TwinCleaner(link) if settings.chamber.has_cleaner else None,
        blanker=BlankerLine(BLANKER_DRIVER, blanker),
        close=close,
        irradiation_meter=TwinIrradiationMeter(link),
        irradiation_source=TwinIrradiationSource(link) if settings.irradiation.switchable else None,
    )


def local_devices(nature: Nature) -> Devices:
    """Devices over a nature in this process; a guard process still reaches its blanker."""
    firmware = Firmware(nature)
    port = BlankerPort(firmware)
    return devices_over(LocalLink(firmware), nature.settings, port.settings, port.close)


def wireless_devices(nature: Nature) -> tuple[Devices, LocalBlanker]:
    """Devices and ion blanker without any socket, for thousands of twins in one process.

    The blanker line of these devices leads nowhere: hand the blanker to a guard that runs as an
    object.
    """
    firmware = Firmware(nature)
    return devices_over(LocalLink(firmware), nature.settings, {}, lambda: None), LocalBlanker(firmware)
