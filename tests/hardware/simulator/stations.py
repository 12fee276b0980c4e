"""What many tests of the twin do: a tiny twin at hand, the way to the mill pose, a mill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hardware.microscope import Devices
from hardware.simulator.assembly import wireless_devices
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import Fault, FaultScript
from hardware.simulator.local import LocalBlanker
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import SectionSpec, WaferSpecimen
from hardware.simulator.tiny import Ripples, tiny_settings
from hardware.simulator.truth import Record
from hardware.types import Raster, StagePose

SAFE_Z_UM, MILL_Z_UM, IMAGE_Z_UM = 2_000.0, 5_000.0, 25_500.0
AZIMUTHS_DEG = (0.0, 120.0, 240.0)
RASTER = Raster(8.0, 8.0)


@dataclass(frozen=True)
class Station:
    """A tiny twin: its nature, its devices, its ion blanker and its truth."""

    nature: Nature
    devices: Devices
    blanker: LocalBlanker
    truth: list[Record]


def wafer(irradiation_dose: float = 0.5) -> WaferSpecimen:
    """One flat section of 200 nm in the wafer's centre."""
    section = SectionSpec("S001", 0.0, 0.0, 0.0, irradiation_dose=irradiation_dose)
    return WaferSpecimen([section], [], Ripples(), 0)


def station(
    settings: TwinSettings | None = None, *faults: Fault, specimen: WaferSpecimen | None = None
) -> Station:
    """A twin in this process, without any network."""
    truth: list[Record] = []
    settings = settings or tiny_settings()
    nature = Nature(settings, specimen or wafer(), truth.append, FaultScript(faults))
    return Station(nature, *wireless_devices(nature), truth)


def drive(devices: Devices, *legs: StagePose) -> StagePose:
    """Drive legs one after the other; the pose read back at the end."""
    pose = devices.stage.pose()
    for leg in legs:
        pose = devices.stage.move(leg).wait(1e4)
    return pose


def go_to_mill(devices: Devices, rotation_deg: float = 0.0) -> None:
    """By the safe plane to the mill pose, everything ready to open."""
    drive(
        devices,
        StagePose(z_um=SAFE_Z_UM),
        StagePose(x_um=0.0, y_um=0.0),
        StagePose(tilt_deg=30.0),
        StagePose(rotation_deg=rotation_deg),
        StagePose(z_um=MILL_Z_UM),
    )


def come_back(devices: Devices) -> None:
    """By the safe plane back under the pole piece."""
    drive(
        devices,
        StagePose(z_um=SAFE_Z_UM),
        StagePose(rotation_deg=0.0),
        StagePose(tilt_deg=0.0),
        StagePose(x_um=0.0, y_um=0.0),
        StagePose(z_um=IMAGE_Z_UM),
    )


@contextmanager
def ready_to_open(devices: Devices, raster: Raster = RASTER) -> Iterator[None]:
    """Electrons blanked, detector safe, gun and raster running."""
    devices.column.blank()
    devices.detector.make_safe()
    devices.gun.set_hv(True)
    devices.raster.configure(raster)
    devices.raster.start()
    yield
    devices.raster.stop()
    devices.gun.set_hv(False)


def mill(at: Station, rotation_deg: float, duration_s: float, raster: Raster = RASTER) -> None:
    """One pass at one azimuth."""
    go_to_mill(at.devices, rotation_deg)
    with ready_to_open(at.devices, raster):
        at.blanker.open()
        at.devices.clock.sleep(duration_s)
        at.blanker.blank()
