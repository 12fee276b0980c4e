"""What stands in the chamber, and whether a pose or a path of the stage would touch it.

Lengths of solids are in mm in the lab frame of :mod:`hardware.types`, with z = 0 at the
face of the pole piece. The stage's z carries the tilt axis, which lies in the wafer's
surface on the beam axis; the tilt carries x, y and the rotation. A positive tilt turns the
surface towards the ion gun, so that the far (+y) edge rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hardware.types import StagePose


@dataclass(frozen=True, slots=True)
class Frustum:
    """A cone or cylinder: from the centre of its tip face, ``length_mm`` along ``axis``."""

    name: str
    tip_mm: tuple[float, float, float]
    axis: tuple[float, float, float]
    tip_radius_mm: float
    base_radius_mm: float
    length_mm: float


POLE_PIECE = Frustum("pole piece", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 10.0, 60.0, 30.0)
GUN_NOSE = Frustum("ion gun's nose", (0.0, -35.0, -25.0), (0.0, -1.0, 0.0), 6.0, 20.0, 60.0)
SE_DETECTOR = Frustum("electron detector", (27.0, 27.0, 6.0), (1.0, 1.0, 0.7), 8.0, 8.0, 60.0)


@dataclass(frozen=True, slots=True)
class ChamberModel:
    """The wafer's holder as it moves, and the solids around it.

    ``wd_at_z0_um - z`` is the distance from the pole piece to the wafer's surface on the beam
    axis. The holder is a disc with the wafer flush on top. A clearance below ``margin_um`` is
    a collision; the margin also covers the surface sampling (0.4 mm).
    """

    wd_at_z0_um: float = 30_000.0
    wafer_diameter_mm: float = 25.4
    holder_rim_mm: float = 1.3
    holder_thickness_mm: float = 6.0
    rotation_centre_um: tuple[float, float] = (0.0, 0.0)
    solids: tuple[Frustum, ...] = (POLE_PIECE, GUN_NOSE, SE_DETECTOR)
    margin_um: float = 1_000.0

    def clearance_um(self, pose: StagePose) -> float:
        """The smallest distance from the holder to any solid; negative inside one [um]."""
        raise NotImplementedError

    def collisions(self, pose: StagePose) -> list[str]:
        """One sentence for each solid that a complete ``pose`` comes too near; empty is safe."""
        raise NotImplementedError

    def path_collisions(self, poses: Sequence[StagePose]) -> list[str]:
        """As :meth:`collisions`, for straight moves through complete ``poses``, in order."""
        raise NotImplementedError
