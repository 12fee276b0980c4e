"""The instrument's profile, ``instrument.toml``: its drivers, scales, poses and limits.

What the program knows about a microscope stands here and nowhere else: it is measured by
calibration, never asked of the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from hardware.chamber_model import ChamberModel
from hardware.interlocks import MillLimits
from hardware.types import Range
from scopeacq.plan.calibrations import Acceptance, CalibrationKind
from scopeacq.plan.column_settings import ElectronSettings, ScanSettings
from scopeacq.plan.mill_settings import TABLE_2_1, InterlockLimits, MillRate, MillSettings
from scopeacq.plan.settings import Name, Settings, read_toml
from scopeacq.plan.stage_settings import StageSettings

__all__ = [
    "FORMAT",
    "TABLE_2_1",
    "TWIN",
    "DriverSettings",
    "ElectronSettings",
    "Instrument",
    "InterlockLimits",
    "MillRate",
    "MillSettings",
    "ScanSettings",
    "StageSettings",
    "chamber_model",
    "mill_limits",
]

TWIN = "twin"
"""The driver that is no real instrument."""

FORMAT = "scopeacq.instrument/1"


class DriverSettings(Settings):
    """Which driver speaks to the microscope, and what it is told."""

    name: str = Field(
        description="Name of an entry point in the group scopeacq.microscopes.", title="Driver"
    )
    folder: str = Field(
        "",
        description="Folder of the driver's own files; empty is beside the run.",
        title="Driver's folder",
    )
    settings: dict[str, object] = Field(
        default_factory=dict,
        title="Driver's own settings",
        description="What only this driver understands, as in the file.",
    )


class Instrument(Settings):
    """One microscope."""

    format: str = FORMAT
    name: Name = Field(description="How the microscope is called.")
    driver: DriverSettings
    electron: ElectronSettings = ElectronSettings()
    scan: ScanSettings = ScanSettings()
    stage: StageSettings = StageSettings()
    mill: MillSettings = MillSettings()
    calibrations: tuple[Acceptance, ...] = Field(
        (), description="Those accepted, oldest first: the last of each kind is in use."
    )

    @property
    def calibrations_in_use(self) -> Mapping[CalibrationKind, Acceptance]:
        """By what each kind is calibrated; nothing of those that never were."""
        return {accepted.kind: accepted for accepted in self.calibrations}

    @property
    def simulated(self) -> bool:
        """Whether this is the physical twin: no real beam, stage or wafer takes part.

        An instrument that is assembled counts as real, whatever plays its parts; pre-flight says which of
        them are simulated.
        """
        return self.driver.name == TWIN

    @classmethod
    def read(cls, path: Path) -> Instrument:
        """Raises ``SettingsError``."""
        return read_toml(path, cls, FORMAT)


def chamber_model(instrument: Instrument) -> ChamberModel:
    """The chamber's solids with the profile's calibrated heights."""
    stage = instrument.stage
    return ChamberModel(
        wd_at_z0_um=instrument.electron.wd_at_z0_um,
        rotation_centre_um=(stage.rotation_centre_x_um, stage.rotation_centre_y_um),
    )


def mill_limits(instrument: Instrument) -> MillLimits:
    """The profile's interlocks as the guard holds them; mill poses only near the profile's own."""
    mill = instrument.mill
    limits = mill.interlocks
    return MillLimits(
        pressure_mbar=Range(*limits.pressure_mbar),
        hv_kv=Range(*limits.gun_hv_kv),
        gas_bar=Range(*limits.gas_bar),
        pump_pressure_max_mbar=limits.pump_pressure_max_mbar,
        current_na=Range(*limits.current_na),
        current_age_max_s=limits.current_max_age_s,
        raster_vpp=Range(0.5, 20.0),
        tilt_deg=Range(mill.tilt_deg - 1.0, mill.tilt_deg + 1.0),
        z_um=Range(mill.z_um - 500.0, mill.z_um + 500.0),
    )
