"""The ion gun: its raster, its mill pose, its rates, and what must hold before it opens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from hardware.types import StagePose
from scopeacq.plan.bounds import Angle, NonNegative, Place, Positive
from scopeacq.plan.settings import MEASURED, Settings


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
