"""When the ion beam may open: a proof of the machine's state, limits, and every reason against.

Pure, and read by the guard process too: nothing but the standard library and
:mod:`hardware.types` is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.types import (
    BeamState,
    CurrentReading,
    DetectorState,
    GunState,
    PoseTolerance,
    Range,
    Raster,
    RasterState,
    StagePose,
)


@dataclass(frozen=True, slots=True)
class MillProof:
    """What was read back from the instrument just before the ion beam is to open.

    ``at_s`` is the instrument's clock when the proof was gathered; the age of ``current``
    counts from there.
    """

    pose: StagePose
    mill_pose: StagePose
    tolerance: PoseTolerance
    beam: BeamState
    detector: DetectorState
    pressure_mbar: float
    gun: GunState
    raster: RasterState
    wanted_raster: Raster
    current: CurrentReading
    at_s: float

    def to_json(self) -> str:
        """One line of JSON; ``inf`` and ``nan`` survive."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, text: str) -> MillProof:
        """The proof in ``text``. Raises ``ValueError`` for anything missing, extra or mistyped."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class MillLimits:
    """What the guard holds every proof against, given to it once, when it starts.

    ``tilt_deg`` and ``z_um`` are where a mill pose may lie at all, so that a wrong wanted
    pose cannot prove itself.
    """

    pressure_mbar: Range = Range(1e-9, 1e-3)
    hv_kv: Range = Range(1.0, 20.0)
    gas_bar: Range = Range(1.0, 40.0)
    pump_pressure_max_mbar: float = 1e-2
    current_na: Range = Range(1.0, 500.0)
    current_age_max_s: float = 3600.0
    raster_vpp: Range = Range(0.5, 20.0)
    tilt_deg: Range = Range(10.0, 60.0)
    z_um: Range = Range(0.0, 6_000.0)


def open_refusals(proof: MillProof, limits: MillLimits) -> list[str]:
    """Every reason not to open the ion beam, a sentence each; empty means that it may open."""
    raise NotImplementedError
