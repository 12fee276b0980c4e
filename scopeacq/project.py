"""What a run is to do: ``project.toml``. Readable, commented, validated, units in the keys."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from hardware.types import FrameSettings
from scopeacq.instrument import Angle, NonNegative, Positive
from scopeacq.records import ErrorKind, Policy
from scopeacq.settings import Name, Settings, read_toml

FORMAT = "scopeacq.run/1"

Pixels = Annotated[int, Field(ge=16, le=32768)]
PixelSize = Annotated[float, Field(ge=0.01, le=10_000)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class FocusPolicy(Enum):
    """Before which tiles a focus correction is made."""

    EVERY_TILE = "every tile"
    EVERY_NTH_TILE = "every n-th tile"
    FIRST_OF_SECTION = "first of section"
    BY_SCORE = "by score"


class EstimatorName(Enum):
    """Estimators that can be asked, in the order given by the project."""

    DEEPFOCUS = "deepfocus"
    MAPFOST = "mapfost"
    DEEPSCORE = "deepscore"
    VENDOR = "vendor"


class ImagingSettings(Settings):
    """The tiles."""

    tile_width_px: Pixels = 6000
    tile_height_px: Pixels = 6000
    pixel_size_nm: PixelSize = 10.0
    dwell_ns: Positive = 200.0
    bit_depth: Literal[8, 16] = 8
    grid_rows: Annotated[int, Field(ge=1, le=200)] = 1
    grid_columns: Annotated[int, Field(ge=1, le=200)] = 1
    overlap_px: Annotated[int, Field(ge=0)] = 200
    retakes: Annotated[int, Field(ge=0, le=20)] = Field(
        2, description="How often an unsharp tile is retaken."
    )

    @model_validator(mode="after")
    def _overlap_fits(self) -> ImagingSettings:
        if self.overlap_px >= min(self.tile_width_px, self.tile_height_px) // 2:
            raise ValueError("overlap_px must be smaller than half a tile")
        return self

    def frame(self, scan_rot_deg: float) -> FrameSettings:
        return FrameSettings(
            self.tile_width_px,
            self.tile_height_px,
            self.pixel_size_nm,
            self.dwell_ns,
            scan_rot_deg,
            self.bit_depth,
        )


class FocusSettings(Settings):
    """Autofocus before tiles."""

    policy: FocusPolicy = FocusPolicy.EVERY_TILE
    every_n_tiles: Annotated[int, Field(ge=1, le=100_000)] = 1
    estimators: tuple[EstimatorName, ...] = Field(
        (EstimatorName.DEEPFOCUS, EstimatorName.DEEPSCORE),
        description="The first is asked; each next is the fallback of the one before.",
    )
    width_px: Pixels = 1024
    height_px: Pixels = 768
    pixel_size_nm: PixelSize = 10.0
    dwell_ns: Positive = 50.0
    perturbation_um: Positive = 5.0
    coarse_factor: Annotated[float, Field(ge=1, le=20)] = Field(
        3.0,
        description="Far from focus a second look is taken with perturbation and pixels so much larger.",
    )
    max_iterations: Annotated[int, Field(ge=1, le=20)] = 5
    done_wd_um: Positive = Field(
        1.0,
        description="The loop ends when the predicted correction lies inside this and the depth of focus.",
    )
    done_stig: Positive = 0.25
    limit_wd_um: Positive = Field(80.0, description="A correction beyond this is refused.")
    limit_stig: Positive = 8.0
    max_sd_wd_um: Positive = Field(1.0, description="An estimate less certain than this is refused.")
    max_sd_stig: Positive = 0.5
    score_trigger_um: Positive = Field(1.5, description="Policy 'by score': focus when a tile was worse.")
    surface_residual_um: Positive = Field(
        2.0, description="A focus surface that fits worse is not trusted."
    )
    search_images: Annotated[int, Field(ge=4, le=500)] = Field(
        60, description="Budget of the score search."
    )

    def most_dose_per_nm2(self, probe_current_na: float) -> float:
        """Upper bound of a correction's dose at one place: every estimator in turn, to its budget."""
        fine, coarse = (
            frame.electron_dose_per_nm2(probe_current_na)
            for frame in (self.frame(0.0), self.coarse_frame(0.0))
        )
        pairs = sum(e in (EstimatorName.DEEPFOCUS, EstimatorName.MAPFOST) for e in self.estimators)
        searches = sum(e in (EstimatorName.DEEPSCORE, EstimatorName.VENDOR) for e in self.estimators)
        return 2 * self.max_iterations * pairs * (fine + coarse) + self.search_images * searches * fine

    @field_validator("estimators")
    @classmethod
    def _some(cls, value: tuple[EstimatorName, ...]) -> tuple[EstimatorName, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name at least one estimator, each once")
        return value

    def frame(self, scan_rot_deg: float) -> FrameSettings:
        return FrameSettings(self.width_px, self.height_px, self.pixel_size_nm, self.dwell_ns, scan_rot_deg)

    def coarse_frame(self, scan_rot_deg: float) -> FrameSettings:
        """For large aberrations: a larger field of as many, larger pixels."""
        fine = self.frame(scan_rot_deg)
        return replace(fine, pixel_size_nm=self.coarse_factor * fine.pixel_size_nm)


class RegistrationSettings(Settings):
    """Finding the wafer and its sections again after each mill."""

    width_px: Pixels = 1024
    height_px: Pixels = 1024
    pixel_size_nm: PixelSize = Field(40.0, description="Of images of fiducials.")
    dwell_ns: Positive = 100.0
    section_pixel_size_nm: PixelSize = 20.0
    section_dwell_ns: Positive = 50.0
    min_correlation: Fraction = 0.15
    max_residual_um: Positive = 3.0
    max_shift_um: Positive = 15.0
    tile_max_shift_um: Positive = Field(3.0, description="Tiles are looked for within this, without dose.")
    stage_above_um: NonNegative = Field(
        2.0, description="Larger corrections go by the stage, smaller ones by beam shift."
    )


class MillingSettings(Settings):
    """How much is milled in each cycle: a charge per azimuth, or a depth through the mill rate."""

    charge_uc_per_azimuth: Annotated[float, Field(gt=0, le=1e6)] | None = None
    depth_nm: Annotated[float, Field(gt=0, le=1e5)] | None = None
    irradiation_1e27_ev_per_cm3: NonNegative = Field(
        0.5, description="Electron irradiation the sections were given; sets the mill rate of a depth."
    )
    azimuths_deg: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=36)] = (0.0, 120.0, 240.0)
    rounds: Annotated[int, Field(ge=1, le=20)] = 2
    raster_vpp: Annotated[float, Field(ge=0.01, le=20)] = 15.77

    @model_validator(mode="after")
    def _one_of_two(self) -> MillingSettings:
        if (self.charge_uc_per_azimuth is None) == (self.depth_nm is None):
            raise ValueError("give either charge_uc_per_azimuth or depth_nm, not both")
        if len({round(a % 360, 3) % 360 for a in self.azimuths_deg}) < len(self.azimuths_deg):
            raise ValueError("azimuths_deg names an azimuth twice (360 degrees are 0)")
        return self


class RecoverySettings(Settings):
    """After a mill, before imaging."""

    pressure_max_mbar: Positive = Field(2e-5, description="Imaging waits until it is below; gas flows.")
    pressure_timeout_s: Positive = 1800.0
    charge_decay_s: NonNegative = 60.0


class QualitySettings(Settings):
    """When a plane is good."""

    sharp_below_um: Positive = Field(
        2.5, description="A worse score is never sharp; what the run's sharp planes score narrows this."
    )
    dark_below: Annotated[int, Field(ge=0, le=255)] = Field(
        10, description="Grey level (of 255) of bare wafer."
    )
    saturated_fraction_max: Fraction = 0.02


class GateSettings(Settings):
    """What may be missing when a cycle mills. By default nothing."""

    accept_sections: tuple[str, ...] = Field(
        (), description="Sections whose planes may be missing or unsharp; the record says so."
    )
    accept_tiles_per_cycle: Annotated[int, Field(ge=0)] = 0


class DropSettings(Settings):
    """When a section is done because the wafer shows through."""

    dark_fraction: Fraction = 0.95
    cycles: Annotated[int, Field(ge=1)] = 2
    max_per_cycle: Annotated[int, Field(ge=1)] = 3


class CleaningSettings(Settings):
    """Plasma cleaning between mill and imaging; 0 is never."""

    every_cycles: Annotated[int, Field(ge=0)] = 0
    power_w: Positive = 20.0
    duration_s: Positive = 120.0


class StorageSettings(Settings):
    """Where images go and how much room stays free."""

    images: str = Field("", description="Folder of images.zarr; empty is the run's folder.")
    reserve_gb: NonNegative = 2.0


class PolicySettings(Settings):
    """What the engine does about trouble by itself, chosen before the night."""

    retries: Annotated[int, Field(ge=0, le=20)] = Field(2, description="Of the policy 'retry'.")
    focus_refused: Policy = Policy.REQUEUE_TILE
    bad_frame: Policy = Policy.RETRY
    stage: Policy = Policy.PAUSE
    registration: Policy = Policy.RETRY
    interlock: Policy = Field(Policy.RETRY, description="'retry' waits until it is green, and goes on.")
    interlock_wait_s: Positive = Field(3600.0, description="Longest wait for an interlock before a pause.")
    connection: Policy = Policy.PAUSE
    disk: Policy = Field(Policy.RETRY, description="'retry' waits until there is room, and goes on.")
    ion_beam: Policy = Policy.PAUSE

    def of(self, kind: ErrorKind) -> Policy:
        """The policy for a kind of error; what is a fault of the program itself always pauses."""
        if kind is ErrorKind.INTERNAL:
            return Policy.PAUSE
        policy: Policy = getattr(self, kind.name.lower())
        return policy


class Project(Settings):
    """One acquisition."""

    format: str = FORMAT
    name: Name
    cycles: Annotated[int, Field(ge=1, le=100_000)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    imaging: ImagingSettings = ImagingSettings()
    focus: FocusSettings = FocusSettings()
    registration: RegistrationSettings = RegistrationSettings()
    milling: MillingSettings
    recovery: RecoverySettings = RecoverySettings()
    quality: QualitySettings = QualitySettings()
    gate: GateSettings = GateSettings()
    drop: DropSettings = DropSettings()
    cleaning: CleaningSettings = CleaningSettings()
    storage: StorageSettings = StorageSettings()
    policies: PolicySettings = PolicySettings()

    @classmethod
    def read(cls, path: Path) -> Project:
        """Raises ``SettingsError``."""
        return read_toml(path, cls, FORMAT)
