"""What a run is to do: ``project.toml``. Readable, commented, validated, units in the keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hardware.types import FrameSettings
from scopeacq.journal.records import ErrorKind, Policy
from scopeacq.plan.bounds import Angle, Fraction, NonNegative, Pixels, PixelSize, Positive
from scopeacq.plan.focus_settings import EstimatorName as EstimatorName
from scopeacq.plan.focus_settings import FocusPolicy as FocusPolicy
from scopeacq.plan.focus_settings import FocusSettings as FocusSettings
from scopeacq.plan.focus_settings import RegistrationSettings as RegistrationSettings
from scopeacq.plan.overview_settings import OverviewSettings as OverviewSettings
from scopeacq.plan.settings import Name, Settings, read_toml

FORMAT = "scopeacq.run/1"

MOST_TILES_ACROSS = 200
TilesAcross = Annotated[int, Field(ge=1, le=MOST_TILES_ACROSS)]
OverlapPx = Annotated[int, Field(ge=0)]


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
    grid_rows: TilesAcross = Field(1, description="Tiles of a section along its grid's y.")
    grid_columns: TilesAcross = Field(1, description="Tiles of a section along its grid's x.")
    overlap_px: OverlapPx = Field(200, description="How much neighbouring tiles share.")
    retakes: Annotated[int, Field(ge=0, le=20)] = Field(
        2, description="How often an unsharp tile is retaken."
    )

    @model_validator(mode="after")
    def _overlap_fits(self) -> ImagingSettings:
        if self.overlap_px >= min(self.tile_width_px, self.tile_height_px) // 2:
            raise ValueError("overlap_px must be smaller than half a tile")
        return self

    @property
    def plane_bytes(self) -> int:
        """Of one tile, uncompressed."""
        return self.tile_width_px * self.tile_height_px * self.bit_depth // 8

    def frame(self, scan_rot_deg: float) -> FrameSettings:
        return FrameSettings(
            self.tile_width_px,
            self.tile_height_px,
            self.pixel_size_nm,
            self.dwell_ns,
            scan_rot_deg,
            self.bit_depth,
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
    overview: OverviewSettings = OverviewSettings()

    @classmethod
    def read(cls, path: Path) -> Project:
        """Raises ``SettingsError``."""
        return read_toml(path, cls, FORMAT)
