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

    tile_width_px: Pixels = Field(6000, description="Columns of a tile.")
    tile_height_px: Pixels = Field(6000, description="Rows of a tile.")
    pixel_size_nm: PixelSize = Field(10.0, description="Edge of a pixel on the wafer.")
    dwell_ns: Positive = Field(
        200.0,
        title="Dwell time",
        description="How long the beam stays on a pixel: longer is less noise and more dose.",
    )
    bit_depth: Literal[8, 16] = Field(
        8, description="Grey values are kept as they came: 8 or 16 bits each."
    )
    grid_rows: Annotated[int, Field(ge=1, le=200)] = Field(
        1, description="Tiles of a section along its grid's y."
    )
    grid_columns: Annotated[int, Field(ge=1, le=200)] = Field(
        1, description="Tiles of a section along its grid's x."
    )
    overlap_px: Annotated[int, Field(ge=0)] = Field(200, description="How much neighbouring tiles share.")
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

    policy: FocusPolicy = Field(
        FocusPolicy.EVERY_TILE, title="When to focus", description="Before which tiles focus is corrected."
    )
    every_n_tiles: Annotated[int, Field(ge=1, le=100_000)] = Field(
        1, title="Every n-th tile: n", description="The n of the policy 'every n-th tile'."
    )
    estimators: tuple[EstimatorName, ...] = Field(
        (EstimatorName.DEEPFOCUS, EstimatorName.DEEPSCORE),
        description="The first is asked; each next is the fallback of the one before.",
    )
    width_px: Pixels = Field(1024, title="Image width", description="Columns of a focus image.")
    height_px: Pixels = Field(768, title="Image height", description="Rows of a focus image.")
    pixel_size_nm: PixelSize = Field(10.0, description="Of focus images; that of the tiles is best.")
    dwell_ns: Positive = Field(
        50.0, title="Dwell time", description="Of focus images; 50 to 200 ns are enough."
    )
    perturbation_um: Positive = Field(
        5.0, description="The two images of a pair are taken so far above and below the working distance."
    )
    coarse_factor: Annotated[float, Field(ge=1, le=20)] = Field(
        3.0,
        description="Far from focus a second look is taken with perturbation and pixels so much larger.",
    )
    max_iterations: Annotated[int, Field(ge=1, le=20)] = Field(
        5, description="Corrections are repeated so often at most."
    )
    done_wd_um: Positive = Field(
        1.0,
        description="The loop ends when the predicted correction lies inside this and the depth of focus.",
        title="Done within (working distance)",
    )
    done_stig: Positive = Field(
        0.25,
        title="Done within (stigmators)",
        description="The same for stigmators, in units of the column.",
    )
    limit_wd_um: Positive = Field(
        80.0,
        description="A correction beyond this is refused.",
        title="Largest correction (working distance)",
    )
    limit_stig: Positive = Field(
        8.0,
        title="Largest correction (stigmators)",
        description="A correction of a stigmator beyond this is refused.",
    )
    max_sd_wd_um: Positive = Field(
        1.0,
        description="An estimate less certain than this is refused.",
        title="Largest uncertainty (working distance)",
    )
    max_sd_stig: Positive = Field(
        0.5,
        title="Largest uncertainty (stigmators)",
        description="The same for stigmators, in units of the column.",
    )
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

    width_px: Pixels = Field(
        1024, title="Image width", description="Columns of images that places are found in."
    )
    height_px: Pixels = Field(
        1024, title="Image height", description="Rows of images that places are found in."
    )
    pixel_size_nm: PixelSize = Field(
        40.0, description="Of images of fiducials.", title="Pixel size (fiducials)"
    )
    dwell_ns: Positive = Field(100.0, title="Dwell time (fiducials)", description="Of images of fiducials.")
    section_pixel_size_nm: PixelSize = Field(
        20.0, title="Pixel size (sections)", description="Of the low-dose image of a section."
    )
    section_dwell_ns: Positive = Field(
        50.0, title="Dwell time (sections)", description="Of the low-dose image of a section."
    )
    min_correlation: Fraction = Field(
        0.15, description="What matches its earlier picture less is not taken for the same place."
    )
    max_residual_um: Positive = Field(3.0, description="Fiducials that fit together worse are refused.")
    max_shift_um: Positive = Field(15.0, description="What lies farther from where it was is refused.")
    tile_max_shift_um: Positive = Field(
        3.0, description="Tiles are looked for within this, without dose.", title="Max shift of tiles"
    )
    stage_above_um: NonNegative = Field(
        2.0,
        description="Larger corrections go by the stage, smaller ones by beam shift.",
        title="Correct by stage above",
    )


class MillingSettings(Settings):
    """How much is milled in each cycle: a charge per azimuth, or a depth through the mill rate."""

    charge_uc_per_azimuth: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None,
        title="Charge per azimuth",
        description="Ion charge of each azimuth in each cycle; empty where a depth is given.",
    )
    depth_nm: Annotated[float, Field(gt=0, le=1e5)] | None = Field(
        None, title="Depth per cycle", description="What each cycle removes; empty where a charge is given."
    )
    irradiation_1e27_ev_per_cm3: NonNegative = Field(
        0.5, description="Electron irradiation the sections were given; sets the mill rate of a depth."
    )
    azimuths_deg: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=36)] = Field(
        (0.0, 120.0, 240.0), description="Directions that the ions come from, evenly spread to mill evenly."
    )
    rounds: Annotated[int, Field(ge=1, le=20)] = Field(
        2, description="The charge of a cycle is given in so many turns through all azimuths."
    )
    raster_vpp: Annotated[float, Field(ge=0.01, le=20)] = Field(
        15.77,
        title="Raster voltage",
        description="Amplitude of the ion raster: it must cover every section.",
    )

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
    pressure_timeout_s: Positive = Field(1800.0, description="Longest wait for that pressure.")
    charge_decay_s: NonNegative = Field(60.0, description="Wait for charges of the mill to flow off.")


class QualitySettings(Settings):
    """When a plane is good."""

    sharp_below_um: Positive = Field(
        2.5, description="A worse score is never sharp; what the run's sharp planes score narrows this."
    )
    dark_below: Annotated[int, Field(ge=0, le=255)] = Field(
        10, description="Grey level (of 255) of bare wafer."
    )
    saturated_fraction_max: Fraction = Field(
        0.02,
        title="Max saturated fraction",
        description="A frame with a larger fraction of white pixels is bad.",
    )


class GateSettings(Settings):
    """What may be missing when a cycle mills. By default nothing."""

    accept_sections: tuple[str, ...] = Field(
        (),
        description="Sections whose planes may be missing or unsharp; the record says so.",
        title="Accepted sections",
    )
    accept_tiles_per_cycle: Annotated[int, Field(ge=0)] = Field(
        0,
        title="Accepted tiles per cycle",
        description="So many other planes of a cycle may be missing or unsharp, too, when it mills.",
    )


class DropSettings(Settings):
    """When a section is done because the wafer shows through."""

    dark_fraction: Fraction = Field(
        0.95, description="A section counts as gone when so much of it is as dark as bare wafer."
    )
    cycles: Annotated[int, Field(ge=1)] = Field(
        2, title="Dark cycles", description="In so many cycles one after the other."
    )
    max_per_cycle: Annotated[int, Field(ge=1)] = Field(
        3,
        title="Max dropped per cycle",
        description="More at once are a fault, not a verdict: the run asks.",
    )


class CleaningSettings(Settings):
    """Plasma cleaning between mill and imaging; 0 is never."""

    every_cycles: Annotated[int, Field(ge=0)] = Field(
        0, title="Clean every n-th cycle", description="Clean after every so many cycles; 0 is never."
    )
    power_w: Positive = Field(20.0, description="Of the plasma.")
    duration_s: Positive = Field(120.0, description="Of each cleaning.")


class StorageSettings(Settings):
    """Where images go and how much room stays free."""

    images: str = Field(
        "", description="Folder of images.zarr; empty is the run's folder.", title="Folder of images"
    )
    reserve_gb: NonNegative = Field(2.0, description="Room on the disk that images leave free.")


class PolicySettings(Settings):
    """What the engine does about trouble by itself, chosen before the night."""

    retries: Annotated[int, Field(ge=0, le=20)] = Field(2, description="Of the policy 'retry'.")
    focus_refused: Policy = Field(
        Policy.REQUEUE_TILE,
        title="Focus not found",
        description="No correction of focus was certain enough.",
    )
    bad_frame: Policy = Field(
        Policy.RETRY, description="An image is black, frozen, saturated or truncated."
    )
    stage: Policy = Field(Policy.PAUSE, description="The stage is not where it was sent, or refused to go.")
    registration: Policy = Field(
        Policy.RETRY, title="Place not found", description="A place does not look as it did."
    )
    interlock: Policy = Field(Policy.RETRY, description="'retry' waits until it is green, and goes on.")
    interlock_wait_s: Positive = Field(3600.0, description="Longest wait for an interlock before a pause.")
    connection: Policy = Field(Policy.PAUSE, title="Device lost", description="A device does not answer.")
    disk: Policy = Field(Policy.RETRY, description="'retry' waits until there is room, and goes on.")
    ion_beam: Policy = Field(Policy.PAUSE, description="The ion beam did not do as it was told.")

    def of(self, kind: ErrorKind) -> Policy:
        """The policy for a kind of error; what is a fault of the program itself always pauses."""
        if kind is ErrorKind.INTERNAL:
            return Policy.PAUSE
        policy: Policy = getattr(self, kind.name.lower())
        return policy


class Project(Settings):
    """One acquisition."""

    format: str = FORMAT
    name: Name = Field(description="How the run is called.")
    cycles: Annotated[int, Field(ge=1, le=100_000)] = Field(
        description="How often all sections are imaged and then milled."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        0, description="Of random choices, so that a run on the twin can be repeated."
    )
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
