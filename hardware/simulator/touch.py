"""Whether the stage, on its true way, touches anything; asked at every step of every move."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.chamber_model import ChamberModel
from hardware.types import StagePose

HOLDER_REACH_UM = 20_000.0


@dataclass
class TouchWatch:
    """Asks the chamber's geometry only where the last clearance has been used up."""

    model: ChamberModel
    _seen: StagePose | None = None
    _free_um: float = 0.0

    def touched(self, pose: StagePose) -> list[str]:
        """One sentence for each solid that the complete ``pose`` touches; empty is safe."""
        if self._seen is not None and _travel_um(self._seen, pose) < self._free_um:
            return []
        self._seen, self._free_um = pose, self.model.clearance_um(pose) - self.model.margin_um
        return self.model.collisions(pose) if self._free_um < 0 else []


def _travel_um(start: StagePose, end: StagePose) -> float:
    """No point of the holder travels further than this between two complete poses [um]."""
    deltas = {
        axis: abs(getattr(end, axis) - getattr(start, axis))
        for axis in ("x_um", "y_um", "z_um", "tilt_deg", "rotation_deg")
    }
    off_axis_um = max(math.hypot(p.x_um or 0.0, p.y_um or 0.0) for p in (start, end))
    turned_rad = math.radians(deltas["tilt_deg"] + deltas["rotation_deg"])
    shifted_um = deltas["x_um"] + deltas["y_um"] + deltas["z_um"]
    return float(shifted_um + (HOLDER_REACH_UM + off_axis_um) * turned_rad)
