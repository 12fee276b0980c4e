"""What the twin is: the ``[driver.settings]`` of an instrument file that drives it.

Every field has a unit in its name and a default; a mistyped or unknown one is refused.
The program never reads these: what it knows of an instrument stands in its profile.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hardware.optics import StigmatorFrame
from hardware.simulator.faults import Fault
from hardware.types import Range

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Settings(BaseModel):
    """A frozen model that refuses unknown and non-finite fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Time(Enum):
    """Whether the instrument's seconds pass by themselves or only when somebody waits."""

    VIRTUAL = "virtual"
    REAL = "real"


class Arrangement(Enum):
    """How sections lie: in rows and columns, or scattered, singly and in ribbons."""

    ROWS = "rows"
    SCATTERED = "scattered"


class SpecimenSettings(Settings):
    """The wafer: procedural ultrastructure, or a stack from a TIFF file with voxels of the given size.

    ``coating_nm``: gold on the silicon, which shines through where it is milled; 0 never ends.
    """

    file: Path | None = None
    arrangement: Arrangement = Arrangement.ROWS
    n_sections: Annotated[int, Field(ge=1, le=10_000)] = 4
    texture_px: Annotated[int, Field(ge=64, le=4096)] = 1024
    pixel_size_nm: Positive = 8.0
    slice_nm: Positive = 8.0
    coating_nm: NotNegative = 0.0


class Limits(Settings):
    """How far the stage goes."""

    x_um: tuple[float, float] = (-30_000.0, 30_000.0)
    y_um: tuple[float, float] = (-30_000.0, 30_000.0)
    z_um: tuple[float, float] = (0.0, 29_000.0)
    tilt_deg: tuple[float, float] = (-5.0, 60.0)
    rotation_deg: tuple[float, float] = (-360.0, 360.0)

    def ranges(self) -> dict[str, Range]:
        """The limits by the field names of :class:`hardware.types.StagePose`."""
        return {axis: Range(*limits) for axis, limits in self.model_dump().items()}


class Speeds(Settings):
    """How fast each axis goes."""

    xy_um_per_s: Positive = 2_000.0
    z_um_per_s: Positive = 1_000.0
    tilt_deg_per_s: Positive = 3.0
    rotation_deg_per_s: Positive = 12.0


class StageSettings(Settings):
    """Speeds, and the errors by which the true pose differs from the reported one."""

    limits: Limits = Limits()
    speeds: Speeds = Speeds()
    start_z_um: float = 25_500.0
    settling_s: NotNegative = 0.2
    settling_um: NotNegative = 0.2
    shear: float = 0.0
    y_factor: Positive = 1.0
    move_error_um: NotNegative = 0.2
    backlash_um: NotNegative = 0.3
    trip_error_xy_um: NotNegative = 6.0
    trip_error_z_um: NotNegative = 5.0
    trip_error_tilt_deg: NotNegative = 0.02
    trip_error_rotation_deg: NotNegative = 0.05
    trip_tilt_deg: Positive = 5.0
    rotation_centre_um: tuple[float, float] = (35.0, -20.0)
    collision_step_um: Positive = 500.0
    collision_step_deg: Positive = 1.0


class ColumnSettings(Settings):
    """Electron optics as they truly are."""

    eht_kv: Positive = 1.5
    probe_current_na: Positive = 1.8
    convergence_mrad: Positive = 8.9
    probe_floor_nm: Positive = 4.5
    wd_at_z0_um: Positive = 30_000.0
    wd_limits_um: tuple[float, float] = (1_000.0, 50_000.0)
    stig_limits: tuple[float, float] = (-15.0, 15.0)
    beam_shift_limit_um: Positive = 50.0
    stigmator_um_per_unit: Positive = 4.0
    stigmator_rotation_deg: float = 0.0
    stigmator_y_ratio: Positive = 1.0
    stigmator_skew_deg: float = 0.0
    stigmator_x_shift_um_per_unit: tuple[float, float] = (0.0, 0.0)
    stigmator_y_shift_um_per_unit: tuple[float, float] = (0.0, 0.0)
    neutral_stig_x: float = 0.4
    neutral_stig_y: float = -0.3
    drift_stig_per_trip: NotNegative = 0.15
    drift_wd_um_per_trip: NotNegative = 0.5
    drift_wd_um_per_h: float = 0.2
    lens_settling_s: NotNegative = 0.02
    pixel_size_factor: Positive = 1.0
    scan_rotation_deg: float = 0.0
    scan_shear: float = 0.0
    pixel_aspect: Positive = 1.0
    image_shift_um_per_um: tuple[float, float] = (0.01, 0.03)
    image_rotation_deg_per_um: float = 5e-4
    image_magnification_per_um: float = 2e-5
    line_flyback_us: NotNegative = 20.0
    frame_flyback_ms: NotNegative = 5.0

    @property
    def stigmator_frame(self) -> StigmatorFrame:
        return StigmatorFrame(
            self.stigmator_um_per_unit,
            self.stigmator_rotation_deg,
            self.stigmator_y_ratio,
            self.stigmator_skew_deg,
        )


class DetectorSettings(Settings):
    """The in-lens secondary electron detector at start."""

    gain: Positive = 1.0
    offset: float = 0.0
    falloff_per_mm2: Annotated[float, Field(ge=0, le=10)] = 0.0
    damage_per_opening: Annotated[float, Field(ge=0, le=1)] = 0.1


class GunSettings(Settings):
    """The cluster ion source, its raster and its meter.

    ``um_per_vpp`` is the edge that one volt peak to peak scans across the beam;
    along the beam the footprint is longer by 1 / sin(glancing angle). ``um_per_vpp_y`` is that of the
    plates along the beam, as the others by default. The beam passes ``aim_x_um`` beside the tilt axis'
    middle at the height ``aim_z_um``, coming down by ``elevation_deg``.
    ``yield_factor`` scales the measured mill rates, so that a trial with a real clock is quick.
    """

    hv_kv: Positive = 10.0
    current_na: Positive = 38.0
    current_drift: Annotated[float, Field(ge=0, lt=1)] = 0.01
    current_drift_period_s: Positive = 7_200.0
    meter_noise: NotNegative = 0.003
    meter_s: NotNegative = 1.0
    gas_bar: Positive = 4.0
    pump_pressure_mbar: Positive = 2e-4
    elevation_deg: float = 0.0
    aim_z_um: float = 5_000.0
    aim_x_um: float = 0.0
    um_per_vpp: Positive = 1_100.0
    um_per_vpp_y: Positive | None = None
    spot_um: Positive = 200.0
    unevenness: Annotated[float, Field(ge=0, lt=0.5)] = 0.06
    fine_unevenness: Annotated[float, Field(ge=0, lt=0.2)] = 0.005
    yield_factor: Positive = 1.0
    map_pitch_um: Positive = 50.0
    map_edge_um: Positive = 25_400.0


class MillGate(Settings):
    """The physical conditions under which an opening counts as proven."""

    glancing_deg: tuple[float, float] = (29.0, 31.0)
    aim_tolerance_um: Positive = 500.0
    chamber_mbar: tuple[float, float] = (0.0, 1e-3)
    gas_bar: tuple[float, float] = (3.0, 5.0)
    pump_mbar: tuple[float, float] = (0.0, 1e-3)


class ChamberSettings(Settings):
    """Vacuum and its response to the gun's gas."""

    base_mbar: Positive = 1e-6
    gas_load_mbar: NotNegative = 6e-6
    response_s: Positive = 10.0
    lost_mbar: Positive = 1e-2
    trip_mbar: Positive = 1e-3
    has_cleaner: bool = True


class IrradiationSettings(Settings):
    """The electron gun that sections are irradiated with, apart from the column, and its meter.

    Its operator switches it on ``on_after_s`` after the preamplifier was set up.
    """

    current_ua: Positive = 80.0
    current_ripple: Annotated[float, Field(ge=0, lt=1)] = 0.03
    current_ripple_period_s: Positive = 400.0
    on_after_s: NotNegative = 60.0
    switchable: bool = True
    offset_v: float = 0.004
    offset_drift_v_per_h: float = 0.001
    noise_v: NotNegative = 0.002
    full_scale_v: Positive = 5.0


class TwinSettings(Settings):
    """Everything about the simulated microscope, validated from a mapping.

    ``pace``: instrument seconds per real second, when time is real.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    time: Time = Time.VIRTUAL
    pace: Positive = 1.0
    idle_exit_s: Positive = 20.0
    save_every_s: Positive = 2.0
    specimen: SpecimenSettings = SpecimenSettings()
    faults: tuple[Fault, ...] = ()
    stage: StageSettings = StageSettings()
    column: ColumnSettings = ColumnSettings()
    detector: DetectorSettings = DetectorSettings()
    gun: GunSettings = GunSettings()
    proven: MillGate = MillGate()
    chamber: ChamberSettings = ChamberSettings()
    irradiation: IrradiationSettings = IrradiationSettings()
