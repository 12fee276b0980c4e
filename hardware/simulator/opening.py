"""One opening of the ion beam as nature sees it: what fell, and whether all was as it must be."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from hardware.simulator.config import MillGate
from hardware.simulator.truth import OpeningTruth
from hardware.types import DetectorState, GunState, Range, RasterState, StagePose


@dataclass(frozen=True, slots=True)
class MillConditions:
    """The physical state on which a proven mill pose depends."""

    pose: StagePose
    elevation_deg: float
    aim_z_um: float
    stage_moves: bool
    electrons_on_wafer: bool
    detector: DetectorState
    gun: GunState
    raster: RasterState
    pressure_mbar: float

    def faults(self, gate: MillGate) -> tuple[str, ...]:
        """What does not hold; empty when the mill pose is proven."""
        assert self.pose.tilt_deg is not None and self.pose.z_um is not None
        held = {
            "glancing angle": self.pose.tilt_deg + self.elevation_deg in Range(*gate.glancing_deg),
            "mill height": abs(self.pose.z_um - self.aim_z_um) <= gate.aim_tolerance_um,
            "stage standing": not self.stage_moves,
            "electron beam off the wafer": not self.electrons_on_wafer,
            "detector safe": self.detector.safe,
            "gun HV": self.gun.hv_on,
            "gas": self.gun.gas_bar in Range(*gate.gas_bar),
            "gun pump": self.gun.pump_pressure_mbar in Range(*gate.pump_mbar),
            "chamber pressure": self.pressure_mbar in Range(*gate.chamber_mbar),
            "raster running": self.raster.running,
            "raster amplitude": min(self.raster.raster.x_vpp, self.raster.raster.y_vpp) > 0,
            "raster load": math.isinf(self.raster.load_ohm),
        }
        return tuple(name for name, holds in held.items() if not holds)


@dataclass
class Opening:
    """An opening under way."""

    opened_at_s: float
    pose: StagePose
    at_opening: tuple[str, ...]
    opened_real_s: float = field(default_factory=time.monotonic)
    delivered_uc: float = 0.0
    unproven_s: float = 0.0
    while_open: tuple[str, ...] = ()

    def pass_time(self, duration_s: float, charge_uc: float, faults: tuple[str, ...]) -> None:
        """Book what fell in ``duration_s``, under the conditions of that time."""
        self.delivered_uc += charge_uc
        self.unproven_s += duration_s if faults else 0.0
        self.note(faults)

    def note(self, faults: tuple[str, ...]) -> None:
        """Remember what ceased to hold."""
        known = self.at_opening + self.while_open
        self.while_open += tuple(fault for fault in faults if fault not in known)

    def closed(self, now_s: float, closed_by: str) -> OpeningTruth:
        """The finished record."""
        return OpeningTruth(
            opened_at_s=self.opened_at_s,
            closed_at_s=now_s,
            opened_real_s=self.opened_real_s,
            closed_real_s=time.monotonic(),
            pose=self.pose,
            delivered_uc=self.delivered_uc,
            at_opening=self.at_opening,
            while_open=self.while_open,
            unproven_s=self.unproven_s,
            closed_by=closed_by,
        )
