"""How the stage comes to a point under the pole piece: for runs and for operators alike. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.paths import Path, path_between_imaging, path_to_imaging
from hardware.types import PoseTolerance, StagePose
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import StageSettings


@dataclass(frozen=True, slots=True)
class Way:
    """A path of the stage that was checked from ``start`` on and not driven yet.

    ``durations_s``: about how long each leg takes, in the instrument's time.
    """

    start: StagePose
    path: Path
    durations_s: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        return sum(self.durations_s)

    @property
    def end(self) -> StagePose:
        """The complete pose that it leads to."""
        pose = self.start
        for leg in self.path:
            pose = leg.over(pose)
        return pose

    @property
    def distance_um(self) -> float:
        """How far apart start and end lie in x and y."""
        return math.dist(xy_um(self.start), xy_um(self.end))


def path_to_point(profile: StageSettings, pose: StagePose, target_um: Point) -> Path:
    """Legs that bring a point of the stage frame under the pole piece, flat and at the imaging height.

    From there it is one move across; from anywhere else the way leads through the safe plane.
    """
    if at_imaging(profile, pose):
        return path_between_imaging(pose, StagePose(*target_um))
    return path_to_imaging(pose, StagePose(*target_um, profile.imaging_z_um, 0.0, 0.0), profile.safe_z_um)


def at_imaging(profile: StageSettings, pose: StagePose) -> bool:
    """Whether the stage stands flat at the imaging height."""
    allowed = tolerance_of(profile)
    return (
        pose.z_um is not None
        and abs(pose.z_um - profile.imaging_z_um) <= allowed.z_um
        and abs(pose.tilt_deg or 0.0) <= allowed.tilt_deg
        and abs(pose.rotation_deg or 0.0) <= allowed.rotation_deg
    )


def tolerance_of(profile: StageSettings) -> PoseTolerance:
    """How far a pose may be read back from where it was sent."""
    um, deg = profile.tolerance_um, profile.tolerance_deg
    return PoseTolerance(um, um, um, deg, deg)


def xy_um(pose: StagePose) -> Point:
    """Where a pose stands in x and y."""
    assert pose.x_um is not None and pose.y_um is not None, "a stage always says where it stands"
    return pose.x_um, pose.y_um
