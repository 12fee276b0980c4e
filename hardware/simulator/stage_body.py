"""The stage as it truly stands: finite speeds, settling, backlash, and errors of its pose."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hardware.simulator.config import StageSettings
from hardware.types import StagePose

AXES = ("x_um", "y_um", "z_um", "tilt_deg", "rotation_deg")
TILT, ROTATION = 3, 4
SHORTEST_S = 1e-12
ARRIVED = 1 - 1e-9  # a share of the way that only rounding keeps from the whole
Vector = NDArray[np.float64]


def vector_of(pose: StagePose) -> Vector:
    """A complete pose as an array, shape (5,), in the order of ``AXES``."""
    return np.array([getattr(pose, axis) for axis in AXES], np.float64)


def pose_of(vector: Vector) -> StagePose:
    """Inverse of :func:`vector_of`."""
    return StagePose(*(float(value) for value in vector))


@dataclass(frozen=True, slots=True)
class Leg:
    """A move of all axes at once, each at its own speed, from ``start_s`` on."""

    start_s: float
    start: Vector
    end: Vector
    durations_s: Vector
    start_error: Vector
    end_error: Vector

    @property
    def duration_s(self) -> float:
        return float(self.durations_s.max())

    def _progress(self, now_s: float) -> Vector:
        elapsed = max(now_s - self.start_s, 0.0)
        lasts = self.durations_s > SHORTEST_S
        share = np.where(lasts, elapsed / np.where(lasts, self.durations_s, 1.0), 1.0)
        return np.where(share < ARRIVED, share, 1.0)

    def reported(self, now_s: float) -> Vector:
        """Where the encoders see the stage, shape (5,)."""
        progress = self._progress(now_s)
        return np.where(progress < 1, self.start + (self.end - self.start) * progress, self.end)

    def error(self, now_s: float) -> Vector:
        """True minus reported pose, shape (5,): changes steadily along the way."""
        error: Vector = self.start_error + (self.end_error - self.start_error) * self._progress(now_s).min()
        return error


def _standing(pose: Vector, error: Vector) -> Leg:
    return Leg(-math.inf, pose, pose, np.zeros(5), error, error)


def _durations_s(start: Vector, end: Vector, settings: StageSettings) -> Vector:
    """How long each axis takes, shape (5,) [s]."""
    speeds = settings.speeds
    lateral, turning = speeds.xy_um_per_s, (speeds.tilt_deg_per_s, speeds.rotation_deg_per_s)
    return np.asarray(np.abs(end - start) / np.array([lateral, lateral, speeds.z_um_per_s, *turning]))


def travel_s(start: StagePose, end: StagePose, settings: StageSettings) -> float:
    """How long a move between complete poses takes, all axes going at once [s]."""
    return float(_durations_s(vector_of(start), vector_of(end), settings).max())


@dataclass
class StageBody:
    """Five axes. What it reports is not quite where it is."""

    settings: StageSettings
    rng: np.random.Generator
    leg: Leg = field(init=False)
    trip_error: Vector = field(default_factory=lambda: np.zeros(5))
    backlash: Vector = field(default_factory=lambda: np.zeros(5))
    touching: bool = False

    def __post_init__(self) -> None:
        self.leg = _standing(np.array([0.0, 0.0, self.settings.start_z_um, 0.0, 0.0]), np.zeros(5))

    def reported(self, now_s: float) -> StagePose:
        """The pose by the encoders."""
        return pose_of(self.leg.reported(now_s))

    def true(self, now_s: float) -> StagePose:
        """Where the stage truly is, still swinging for a while after it arrived."""
        vector = self.leg.reported(now_s) + self.leg.error(now_s)
        vector[0] += self.settings.shear * vector[1]  # an axis that is not square to the other
        vector[1] *= self.settings.y_factor
        since_s = now_s - self.leg.start_s - self.leg.duration_s
        if 0 <= since_s < 8 * self.settings.settling_s:
            vector[0] += self.settings.settling_um * math.exp(-since_s / self.settings.settling_s)
        return pose_of(vector)

    def moving(self, now_s: float) -> bool:
        return now_s < self.leg.start_s + self.leg.duration_s

    def remaining_s(self, now_s: float) -> float:
        """Until the stage has arrived and settled [s]."""
        return max(self.leg.start_s + self.leg.duration_s + self.settings.settling_s - now_s, 0.0)

    def go(self, target: StagePose, now_s: float) -> bool:
        """Start a move; whether it brings the stage back from a trip to a tilted pose."""
        start, start_error = self.leg.reported(now_s), self.leg.error(now_s)
        end = vector_of(target.over(pose_of(start)))
        turned = np.abs(end - start)
        if max(turned[TILT], turned[ROTATION]) > self.settings.trip_tilt_deg:
            self.trip_error = self._trip_error()
        self.backlash = self._backlash(end - start)
        jitter = np.zeros(5)
        jitter[:2] = self.rng.uniform(-1, 1, 2) * self.settings.move_error_um
        end_error = self.trip_error + self.backlash + jitter
        self.leg = Leg(now_s, start, end, _durations_s(start, end, self.settings), start_error, end_error)
        return bool(abs(start[TILT]) > self.settings.trip_tilt_deg >= abs(end[TILT]))

    def stand(self, reported: Vector, error: Vector) -> None:
        """Stand at a reported pose with an error, both of shape (5,)."""
        self.leg = _standing(reported, error)

    def stop(self, now_s: float) -> None:
        """Stand where the stage is now."""
        if self.moving(now_s):
            self.stand(self.leg.reported(now_s), self.leg.error(now_s))

    def route(self, from_s: float, to_s: float) -> Iterator[tuple[float, StagePose]]:
        """Instants and true poses of the motion in ``(from_s, to_s]``, close enough for collisions."""
        if self.leg.start_s == -math.inf or from_s > self.leg.start_s + self.leg.duration_s:
            return
        end_s = min(to_s, self.leg.start_s + self.leg.duration_s)
        travel = np.abs(self.leg.end - self.leg.start)
        lengths = np.append(
            travel[:TILT] / self.settings.collision_step_um,
            travel[TILT:] / self.settings.collision_step_deg,
        )
        share = (end_s - from_s) / self.leg.duration_s if self.leg.duration_s > 0 else 1.0
        for instant_s in np.linspace(from_s, end_s, max(math.ceil(lengths.max() * share), 1) + 1)[1:]:
            yield float(instant_s), self.true(float(instant_s))

    def _trip_error(self) -> Vector:
        s = self.settings
        largest = [
            s.trip_error_xy_um,
            s.trip_error_xy_um,
            s.trip_error_z_um,
            s.trip_error_tilt_deg,
            s.trip_error_rotation_deg,
        ]
        return np.asarray(self.rng.uniform(-1, 1, 5) * np.array(largest))

    def _backlash(self, travel: Vector) -> Vector:
        """x and y lag behind when they arrive from above."""
        backlash = self.backlash.copy()
        for axis in (0, 1):
            if travel[axis] != 0:
                backlash[axis] = self.settings.backlash_um if travel[axis] < 0 else 0.0
        return backlash
