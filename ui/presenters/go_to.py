"""The way of the stage that an operator is to confirm, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hardware.types import StagePose
from scopeacq.engine.ways import Way
from ui.presenters.durations import spoken


class GoPhase(Enum):
    """How far an operator's wish to go somewhere has come."""

    PLANNING = "planning"
    PLANNED = "planned"
    GOING = "going"


@dataclass(frozen=True, slots=True)
class GoView:
    """What the card says. ``share`` (0 to 1) of the time that the way should take; it is no measurement."""

    phase: GoPhase
    title: str
    summary: str = ""
    legs: tuple[str, ...] = ()
    share: float = 0.0


def planning_view(place: str) -> GoView:
    """While the way is looked for."""
    return GoView(GoPhase.PLANNING, f"Go to {place}?", "Looking for a way and checking it.")


def planned_view(place: str, way: Way) -> GoView:
    """A way that is to be confirmed."""
    return GoView(GoPhase.PLANNED, f"Go to {place}?", _summary(way), tuple(_legs(way)))


def going_view(place: str, way: Way, gone_s: float) -> GoView:
    """On the way since ``gone_s`` of the instrument's time."""
    share = min(gone_s / way.duration_s, 1.0) if way.duration_s > 0 else 1.0
    left_s = way.duration_s - gone_s
    left = f"About {spoken(left_s)} left." if left_s > 0 else "It should be there any moment."
    return GoView(GoPhase.GOING, f"On the way to {place}", left, tuple(_legs(way)), share)


def _summary(way: Way) -> str:
    if not way.path:
        return "The stage stands there already."
    legs = "one move" if len(way.path) == 1 else f"{len(way.path)} moves"
    checked = "checked against limits and the chamber's solids"
    return f"{_far(way.distance_um)} in {legs}, about {spoken(way.duration_s)}; {checked}."


def _far(distance_um: float) -> str:
    return f"{distance_um:.1f} \N{MICRO SIGN}m" if distance_um < 1e3 else f"{distance_um / 1e3:.2f} mm"


def _legs(way: Way) -> Iterator[str]:
    pose = way.start
    for leg, duration_s in zip(way.path, way.durations_s, strict=True):
        yield f"{_leg(pose, leg)}, {spoken(duration_s)}"
        pose = leg.over(pose)


def _leg(pose: StagePose, leg: StagePose) -> str:
    """What a leg drives, as clauses."""
    said = []
    if leg.x_um is not None and leg.y_um is not None:
        said.append(f"across to x {leg.x_um:,.1f}, y {leg.y_um:,.1f} \N{MICRO SIGN}m")
    if leg.z_um is not None:
        down = pose.z_um is not None and leg.z_um < pose.z_um
        said.append(f"{'down' if down else 'up'} to z {leg.z_um / 1e3:.2f} mm")
    if leg.tilt_deg is not None:
        said.append(f"tilt to {leg.tilt_deg:.1f}\N{DEGREE SIGN}")
    if leg.rotation_deg is not None:
        said.append(f"turn to {leg.rotation_deg:.1f}\N{DEGREE SIGN}")
    return ", ".join(said)
