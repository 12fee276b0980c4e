"""The instrument's profile, ``instrument.toml``: its drivers, scales, poses and limits.

What the program knows about a microscope stands here and nowhere else: it is measured by
calibration, never asked of the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from hardware.chamber_model import ChamberModel
from hardware.interlocks import MillLimits
from hardware.optics import StigmatorFrame
from hardware.types import Range, StagePose
from scopeacq.plan.calibrations import Acceptance, CalibrationKind
from scopeacq.plan.settings import MEASURED, Name, Settings, read_toml

TWIN = "twin"
"""The driver that is no real instrument."""

FORMAT = "scopeacq.instrument/1"

# Bounds are far beyond any instrument: what lies outside is a slip of the finger, and would only
# make arithmetic overflow.
Positive = Annotated[float, Field(gt=0, le=1e9)]
NonNegative = Annotated[float, Field(ge=0, le=1e9)]
Place = Annotated[float, Field(ge=-1e6, le=1e6)]
Angle = Annotated[float, Field(ge=-360, le=360)]
Pixels = Annotated[int, Field(ge=16, le=32768)]
PixelSize = Annotated[float, Field(ge=0.01, le=10_000)]
Fraction = Annotated[float, Field(ge=0, le=1)]


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


class ElectronSettings(Settings):
    """The electron column as calibrated."""

    eht_kv: Positive = Field(1.5, description="Acceleration voltage.")
    probe_current_na: Positive = Field(1.8, description="Of the electron probe; dose is counted by it.")
    aperture_um: Positive | None = Field(
        None, description="Of the aperture in use, where it can be chosen: calibrations depend on it."
    )
    convergence_mrad: Annotated[Positive, MEASURED] = Field(
        8.9,
        title="Convergence angle",
        description="Half angle of the probe's cone: how fast blur grows with defocus.",
    )
    probe_floor_nm: Annotated[Positive, MEASURED] = Field(
        4.5, description="Rms width of the probe in perfect focus."
    )
    wd_at_z0_um: Annotated[Positive, MEASURED] = Field(
        30_000.0,
        description="Working distance of a flat wafer at stage z = 0.",
        title="Working distance at z = 0",
    )
    stigmator_um_per_unit: Annotated[Positive, MEASURED] = Field(
        4.0, title="Stigmator strength", description="Focal shift of one unit of a stigmator."
    )
    stigmator_rotation_deg: Annotated[Angle, MEASURED] = Field(
        0.0, description="Of the stigmators' axes in the lab."
    )
    stigmator_y_ratio: Annotated[Positive, MEASURED] = Field(
        1.0,
        title="Stigmator y over x",
        description="How many times as strongly stigmator y acts as stigmator x.",
    )
    stigmator_skew_deg: Annotated[Angle, MEASURED] = Field(
        0.0,
        title="Stigmator skew",
        description="Of the axes of stigmator y, beyond the 45 degrees to those of stigmator x.",
    )
    stigmator_x_shift_x_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0,
        title="Shift by stigmator x: x",
        description="Shift of the image along x per unit of stigmator x, in the lab.",
    )
    stigmator_x_shift_y_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0, title="Shift by stigmator x: y", description="Shift along y per unit of stigmator x."
    )
    stigmator_y_shift_x_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0, title="Shift by stigmator y: x", description="Shift along x per unit of stigmator y."
    )
    stigmator_y_shift_y_um_per_unit: Annotated[Place, MEASURED] = Field(
        0.0, title="Shift by stigmator y: y", description="Shift along y per unit of stigmator y."
    )
    image_shift_x_um_per_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Shift of the image per um of wd, in the lab."
    )
    image_shift_y_um_per_um: Annotated[Place, MEASURED] = 0.0
    deepfocus_weights: Annotated[str, MEASURED] = Field(
        "",
        title="Weights of DeepFocus",
        description="Recalibrated on this microscope, from the run's folder on; empty for those shipped.",
    )
    max_beam_shift_um: NonNegative = Field(15.0, description="Beyond it the stage moves instead.")

    @model_validator(mode="after")
    def _two_stigmators(self) -> ElectronSettings:
        _ = self.stigmator_frame  # raises where both act alike
        return self

    @property
    def stigmator_frame(self) -> StigmatorFrame:
        return StigmatorFrame(
            self.stigmator_um_per_unit,
            self.stigmator_rotation_deg,
            self.stigmator_y_ratio,
            self.stigmator_skew_deg,
        )


Backlash = Annotated[float, Field(ge=-100, le=100)]
RUN_UP_UM = 5.0
"""The least that a stage with backlash goes beyond a target to come back."""


class ScanSettings(Settings):
    """How frames truly lie on the specimen, over what the scanner was told; the stage is the ruler."""

    pixel_size_factor: Annotated[float, Field(ge=0.5, le=2), MEASURED] = Field(
        1.0, description="True size of a pixel over the size that the scanner was told."
    )
    rotation_deg: Annotated[float, Field(ge=-180, le=180), MEASURED] = Field(
        0.0,
        title="Scan rotation: offset",
        description="How far rows are turned beyond what the scanner was told, counter-clockwise.",
    )
    shear: Annotated[float, Field(ge=-0.2, le=0.2), MEASURED] = Field(
        0.0, description="How far columns lean: pixels to the right per row upwards."
    )
    aspect: Annotated[float, Field(ge=0.8, le=1.25), MEASURED] = Field(
        1.0, title="Aspect of pixels", description="Height of a pixel over its width."
    )
    magnification_per_um: Annotated[float, Field(ge=-0.01, le=0.01), MEASURED] = Field(
        0.0,
        title="Pixel size per um of wd",
        description="Share by which pixels grow per um of working distance.",
    )
    rotation_deg_per_um: Annotated[float, Field(ge=-1, le=1), MEASURED] = Field(
        0.0,
        title="Scan rotation per um of wd",
        description="How far the image turns per um of working distance.",
    )


class StageSettings(Settings):
    """Poses and tolerances of the stage."""

    imaging_z_um: Place = Field(
        25_500.0, description="Height of imaging: working distance 4.5 mm.", title="Imaging height"
    )
    safe_z_um: Place = Field(
        6_000.0, description="Height at which the stage may tilt and rotate.", title="Safe height"
    )
    rotation_centre_x_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Stage x of the rotation axis."
    )
    rotation_centre_y_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Stage y of the rotation axis."
    )
    tolerance_um: Positive = Field(2.0, description="A move that ends farther from its target is an error.")
    tolerance_deg: Positive = Field(
        0.05,
        title="Tolerance of angles",
        description="A turn that ends farther from its target is an error.",
    )
    settle_s: Annotated[NonNegative, MEASURED] = Field(
        0.3, title="Settling time", description="Wait after a move."
    )
    reach_x_um: tuple[Place, Place] = Field(
        (-30_000.0, 30_000.0), title="Reach along x", description="How far the stage goes."
    )
    reach_y_um: tuple[Place, Place] = Field(
        (-30_000.0, 30_000.0), title="Reach along y", description="How far the stage goes."
    )
    speed_x_um_per_s: Annotated[Positive, MEASURED] = Field(
        2_000.0, title="Speed along x", description="Of a long move."
    )
    speed_y_um_per_s: Annotated[Positive, MEASURED] = Field(
        2_000.0, title="Speed along y", description="Of a long move."
    )
    move_s: Annotated[NonNegative, MEASURED] = Field(
        0.2,
        title="Time of a tiny move",
        description="What the stage takes for each move beside its travel: speeding up, slowing down.",
    )
    backlash_um: NonNegative = Field(
        0.0,
        title="Backlash approach",
        description="How far the stage overshoots and comes back when x or y falls; 0 where it does not.",
    )
    backlash_x_um: Annotated[Backlash, MEASURED] = Field(
        0.0,
        title="Backlash along x",
        description="How far it stands off when x has fallen, over where it stands when x has risen.",
    )
    backlash_y_um: Annotated[Backlash, MEASURED] = Field(
        0.0, title="Backlash along y", description="Likewise along y."
    )
    repeat_short_um: Annotated[NonNegative, MEASURED] = Field(
        0.0,
        title="Repeatability, short moves",
        description="Standard deviation along an axis of where it stands after moves within a section.",
    )
    repeat_long_um: Annotated[NonNegative, MEASURED] = Field(
        0.0,
        title="Repeatability, long moves",
        description="Likewise after it went centimetres away and came back.",
    )

    @property
    def run_up_um(self) -> tuple[float, float]:
        """How far x and y go beyond a target that they would reach by falling, to arrive by rising.

        0 where backlash does not stand out of how moves scatter: there a second move gains nothing.
        """
        x_um, y_um = (
            3 * abs(lash_um) + RUN_UP_UM if abs(lash_um) > self.repeat_short_um else 0.0
            for lash_um in (self.backlash_x_um, self.backlash_y_um)
        )
        return x_um, y_um


class InterlockLimits(Settings):
    """What must hold before and while the ion beam is open."""

    pressure_mbar: tuple[NonNegative, NonNegative] = Field(
        (0.0, 1e-4), title="Chamber pressure", description="In the chamber."
    )
    gun_hv_kv: tuple[NonNegative, NonNegative] = Field(
        (9.5, 10.5), title="Gun's high voltage", description="Of the ion gun."
    )
    gas_bar: tuple[NonNegative, NonNegative] = Field(
        (5.0, 25.0), title="Gas pressure", description="Behind the gun's regulator."
    )
    pump_pressure_max_mbar: Positive = Field(1e-3, title="Max gun pressure", description="In the gun.")
    current_na: tuple[NonNegative, NonNegative] = Field(
        (20.0, 60.0), title="Ion current", description="As measured before a pass."
    )
    current_max_age_s: Positive = Field(
        900.0,
        title="Max age of the ion current",
        description="An older measurement of the ion current does not count.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> InterlockLimits:
        for name in ("pressure_mbar", "gun_hv_kv", "gas_bar", "current_na"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name}: the lower limit {low:g} is not below the upper one {high:g}")
        return self


class MillRate(Settings):
    """One row of the table of mill rates (Schubert 2022, table 2.1)."""

    irradiation_1e27_ev_per_cm3: NonNegative
    rate_1e_8_m3_per_c: Annotated[float, Field(ge=1e-6, le=1e6)]


TABLE_2_1 = (
    MillRate(irradiation_1e27_ev_per_cm3=0.0, rate_1e_8_m3_per_c=5.453),
    MillRate(irradiation_1e27_ev_per_cm3=0.25, rate_1e_8_m3_per_c=3.246),
    MillRate(irradiation_1e27_ev_per_cm3=0.5, rate_1e_8_m3_per_c=1.948),
    MillRate(irradiation_1e27_ev_per_cm3=1.0, rate_1e_8_m3_per_c=1.487),
)


class MillSettings(Settings):
    """The ion gun, its raster and where the stage must stand for it."""

    x_um: Annotated[Place, MEASURED] = Field(
        0.0, description="Stage x at which the wafer's centre meets the ion beam.", title="Mill pose: x"
    )
    y_um: Annotated[Place, MEASURED] = Field(
        0.0, title="Mill pose: y", description="Stage y at which the wafer's centre meets the ion beam."
    )
    z_um: Annotated[Place, MEASURED] = Field(
        5_000.0, description="Height at which the wafer meets the ion beam.", title="Mill pose: z"
    )
    glancing_deg: Annotated[float, Field(ge=1, lt=90)] = Field(
        30.0, title="Glancing angle", description="Between ion beam and wafer."
    )
    gun_elevation_deg: Annotated[Angle, MEASURED] = Field(
        0.0, description="Of the gun over the horizontal."
    )
    ion_current_na: Annotated[float, Field(ge=1e-3, le=1e6), MEASURED] = Field(
        38.0, description="For estimates; each pass measures its own before it opens."
    )
    raster_um_per_volt: Annotated[float, Field(ge=1, le=1e5), MEASURED] = Field(
        500.0, description="Edge of the raster across the beam, per Vpp.", title="Raster per volt: x"
    )
    raster_y_um_per_volt: Annotated[Annotated[float, Field(ge=1, le=1e5)] | None, MEASURED] = Field(
        None,
        description="Other edge of the raster, measured across the beam, per Vpp; as that of x where none.",
        title="Raster per volt: y",
    )
    spot_um: Annotated[NonNegative, MEASURED] = Field(
        0.0,
        title="Ion spot",
        description="Full width of the ion beam's spot at half its height; 0 where it is not known.",
    )
    raster_x_hz: Positive = Field(
        100.0, title="Raster frequency: x", description="Frequency of the raster's lines."
    )
    raster_y_hz: Positive = Field(
        1.0, title="Raster frequency: y", description="Frames of the raster per second."
    )
    rates: Annotated[tuple[MillRate, ...], Field(min_length=1, max_length=1000), MEASURED] = Field(
        TABLE_2_1,
        title="Mill rates",
        description="Measured: how fast sections of each irradiation are removed.",
    )
    interlocks: InterlockLimits = InterlockLimits()
    heartbeat_timeout_s: Annotated[float, Field(gt=0, le=5)] = Field(
        1.0, description="The guard blanks the ion beam when it has not heard of the program for so long."
    )
    guard_latency_s: Annotated[float, Field(gt=0, le=5)] = Field(
        0.25, description="Longest time the guard needs to blank."
    )
    fails_closed_confirmed: bool = Field(
        False, description="The operator has tested that the blanker blanks when unpowered or unplugged."
    )

    @property
    def raster_um_per_vpp(self) -> tuple[float, float]:
        """Both edges of the raster across the beam per Vpp: x, y [um]."""
        return self.raster_um_per_volt, self.raster_y_um_per_volt or self.raster_um_per_volt

    @property
    def tilt_deg(self) -> float:
        """Glancing angle minus the gun's elevation."""
        return self.glancing_deg - self.gun_elevation_deg

    def pose(self, rotation_deg: float) -> StagePose:
        """The mill pose at one azimuth."""
        return StagePose(self.x_um, self.y_um, self.z_um, self.tilt_deg, rotation_deg)


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
        """Whether this is the physical twin: no real beam, stage or wafer takes part."""
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
