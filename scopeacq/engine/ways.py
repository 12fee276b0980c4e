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


def path_to_point(
    profile: StageSettings, pose: StagePose, target_um: Point, *, straight: bool = False
) -> Path:
    """Legs that bring a point of the stage frame under the pole piece, flat and at the imaging height.

    From there it is one move across; from anywhere else the way leads through the safe plane. Where the
    stage has backlash, x and y arrive by rising, unless the way is to be ``straight``.
    """
    if at_imaging(profile, pose):
        path = path_between_imaging(pose, StagePose(*target_um))
    else:
        target = StagePose(*target_um, profile.imaging_z_um, 0.0, 0.0)
        path = path_to_imaging(pose, target, profile.safe_z_um)
    return path if straight else _arriving_by_rising(profile, pose, path)


def _arriving_by_rising(profile: StageSettings, pose: StagePose, path: Path) -> Path:
    """The same way, with a leg beyond each target onto which x or y would fall."""
    legs: list[StagePose] = []
    for leg in path:
        beyond = StagePose(
            _beyond(pose.x_um, leg.x_um, profile.run_up_um[0]),
            _beyond(pose.y_um, leg.y_um, profile.run_up_um[1]),
        )
        legs += [leg] if beyond == StagePose() else [beyond.over(leg), leg]
        pose = leg.over(pose)
    return tuple(legs)


def _beyond(start_um: float | None, target_um: float | None, run_up_um: float) -> float | None:
    """Where an axis goes before its target; None where it may go there at once."""
    falls = start_um is not None and target_um is not None and target_um < start_um
    return target_um - run_up_um if falls and target_um is not None and run_up_um > 0 else None


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
