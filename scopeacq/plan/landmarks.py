"""From landmarks to where the wafer lies on the stage: least squares, and what does not fit. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from itertools import combinations

import numpy as np

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.marks import Landmark
from scopeacq.plan.plane_fits import (
    SAME_SPOT_UM,
    Complex,
    agreeing,
    extent_um,
    off,
    off_affine,
    rigid,
    similar,
    stretch,
)

LEAST = 2
"""Landmarks from which on a mount is known."""
LEAST_APART_UM = 100.0
"""Landmarks that all lie nearer to each other fix no rotation: 2 um of error are more than a degree."""


class Misfit(Enum):
    """Why landmarks do not say with certainty how the wafer is mounted."""

    TOO_FEW = "too few"
    ONE_SPOT = "on one spot"
    DISTANCE = "distances differ"
    MIRRORED = "mirrored"
    SCALED = "another scale"
    OUTLIER = "outlier"
    SHEARED = "sheared"
    SCATTERED = "scattered"


@dataclass(frozen=True, slots=True)
class Residual:
    """How far a landmark was measured from where the mount puts it: dx, dy in the stage frame [um]."""

    landmark: str
    dx_um: float
    dy_um: float

    @property
    def distance_um(self) -> float:
        return math.hypot(self.dx_um, self.dy_um)


@dataclass(frozen=True, slots=True)
class Mounting:
    """What landmarks say of the mount.

    ``mount``: from the wafer to the stage, as if nothing were known where there are too few.
    ``scale``: lengths on the stage over those on the wafer, 1 where it is not known.
    ``outliers``: as far off as the mount of all others puts them. ``verdict``: for the operator.
    ``sound``: whether the wafer may be looked for by it.
    """

    mount: Rigid
    residuals: tuple[Residual, ...]
    scale: float
    misfit: Misfit | None
    outliers: tuple[Residual, ...]
    verdict: str
    sound: bool

    @property
    def worst_um(self) -> float:
        """The largest residual, 0 where there is none."""
        return max((r.distance_um for r in self.residuals), default=0.0)


@lru_cache(maxsize=64)  # asked for with every move of the stage
def mount_of(landmarks: tuple[Landmark, ...]) -> Rigid:
    """The mount of least squares through all landmarks that were measured; else the identity.

    That is where fewer than two of them are, or all lie on one spot.
    """
    return rigid(*_points(_measured(landmarks))) if tell_mount(landmarks) else Rigid()


def tell_mount(landmarks: Sequence[Landmark]) -> bool:
    """Whether enough of them were measured, not all on one spot, to say how the wafer is mounted."""
    wafer, stage = _points(_measured(landmarks))
    return len(wafer) >= LEAST and min(extent_um(wafer), extent_um(stage)) >= LEAST_APART_UM


def unmounted(landmarks: Sequence[Landmark]) -> tuple[Landmark, ...]:
    """The landmarks of a wafer that was taken out: nobody knows where they are on the stage."""
    return tuple(replace(mark, stage_um=None) for mark in landmarks)


def judge(landmarks: Sequence[Landmark], tolerance_um: float) -> Mounting:
    """What the landmarks say of the mount, and whether to believe it.

    ``tolerance_um``: residuals up to which the wafer can be found by such a mount.
    """
    measured = _measured(landmarks)
    mount = mount_of(tuple(landmarks))
    if (refusal := _refusal(landmarks, measured)) is not None:
        return Mounting(mount, (), 1.0, refusal[0], (), refusal[1], sound=False)
    wafer, stage = _points(measured)
    residuals = _residuals(measured, mount)
    scale = abs(similar(wafer, stage))
    sound = max(r.distance_um for r in residuals) <= tolerance_um
    outliers = _outliers(measured, tolerance_um)
    misfit = _misfit(measured, sound, outliers, tolerance_um)
    if misfit is not Misfit.OUTLIER:
        outliers = ()
    verdict = _verdict(misfit, measured, residuals, outliers)
    return Mounting(mount, residuals, scale, misfit, outliers, verdict, sound)


def _measured(landmarks: Sequence[Landmark]) -> tuple[Landmark, ...]:
    return tuple(mark for mark in landmarks if mark.stage_um is not None)


def _points(measured: Sequence[Landmark]) -> tuple[Complex, Complex]:
    """Where landmarks lie on the wafer and on the stage, both shape (n,)."""
    stage = [complex(*mark.stage_um) for mark in measured if mark.stage_um is not None]
    return np.array([complex(*mark.wafer_um) for mark in measured]), np.array(stage)


def _residuals(landmarks: Sequence[Landmark], mount: Rigid) -> tuple[Residual, ...]:
    places = [(mark.id, mark.stage_um, mount.apply(mark.wafer_um)) for mark in landmarks]
    return tuple(Residual(name, at[0] - to[0], at[1] - to[1]) for name, at, to in places if at is not None)


def _outliers(measured: Sequence[Landmark], tolerance_um: float) -> tuple[Residual, ...]:
    """Landmarks that most of the others, which fit together, put elsewhere."""
    wafer, stage = _points(measured)
    inside = agreeing(wafer, stage, tolerance_um)
    if inside is None or inside.all():
        return ()
    mount = rigid(wafer[inside], stage[inside])
    return _residuals([mark for mark, fits in zip(measured, inside, strict=True) if not fits], mount)


def _refusal(landmarks: Sequence[Landmark], measured: Sequence[Landmark]) -> tuple[Misfit, str] | None:
    """Why these landmarks say nothing of the mount, if they do not."""
    if len(measured) < LEAST:
        return Misfit.TOO_FEW, _too_few(landmarks, measured)
    for one, other in combinations(measured, 2):
        for where, spots in (("the wafer", _wafer_um(one, other)), ("the stage", _stage_um(one, other))):
            if math.dist(*spots) < SAME_SPOT_UM:
                return Misfit.ONE_SPOT, (
                    f"Landmarks {one.id} and {other.id} lie on one spot of {where}; "
                    "measure one of them at a spot of its own, or remove it."
                )
    within_um = min(map(extent_um, _points(measured)))
    if within_um < LEAST_APART_UM:
        return Misfit.ONE_SPOT, (
            f"The landmarks lie within {within_um:.0f} um, which fixes no rotation; "
            "choose some near the wafer's edges."
        )
    return None


def _too_few(landmarks: Sequence[Landmark], measured: Sequence[Landmark]) -> str:
    if not landmarks:
        return "The wafer has no landmarks: its own frame is taken for that of the stage."
    known = f"only landmark {measured[0].id}" if measured else "no landmark"
    return (
        f"On the stage {known} was measured; measure at least {LEAST} of {len(landmarks)}, far apart."
        if len(landmarks) >= LEAST
        else f"One landmark fixes no rotation; choose at least {LEAST}, far apart."
    )


def _wafer_um(one: Landmark, other: Landmark) -> tuple[Point, Point]:
    return one.wafer_um, other.wafer_um


def _stage_um(one: Landmark, other: Landmark) -> tuple[Point, Point]:
    assert one.stage_um is not None and other.stage_um is not None, "only measured landmarks are judged"
    return one.stage_um, other.stage_um


def _misfit(
    measured: Sequence[Landmark], sound: bool, outliers: Sequence[Residual], tolerance_um: float
) -> Misfit | None:
    """The simplest that explains why landmarks do not fit; an outlier also among those that do."""
    if sound:
        return Misfit.OUTLIER if outliers else None
    if len(measured) == LEAST:
        return Misfit.DISTANCE
    wafer, stage = _points(measured)
    for points, misfit in ((wafer, Misfit.SCALED), (wafer.conj(), Misfit.MIRRORED)):
        if np.abs(off(points, stage, similar(points, stage))).max() <= tolerance_um:
            return misfit
    if outliers:
        return Misfit.OUTLIER
    sheared = len(measured) > 3 and np.abs(off_affine(wafer, stage)).max() <= tolerance_um
    return Misfit.SHEARED if sheared else Misfit.SCATTERED


def _verdict(
    misfit: Misfit | None,
    measured: Sequence[Landmark],
    residuals: Sequence[Residual],
    outliers: Sequence[Residual],
) -> str:
    """One sentence on landmarks that say something of the mount."""
    worst = max(residuals, key=lambda r: r.distance_um)
    match misfit:
        case None:
            return _fit_told(measured, worst)
        case Misfit.DISTANCE:
            return _distance_told(measured)
        case Misfit.OUTLIER:
            names = " and ".join(f"{o.landmark} by {o.distance_um:.1f} um" for o in outliers)
            return f"The other landmarks fit together without {names}; measure it again or remove it."
        case Misfit.SCALED | Misfit.MIRRORED | Misfit.SHEARED:
            return _overview_told(misfit, measured)
        case _:
            return (
                f"The landmarks do not fit together, {worst.landmark} by {worst.distance_um:.1f} um; "
                "measure them again."
            )


def _fit_told(measured: Sequence[Landmark], worst: Residual) -> str:
    if len(measured) > LEAST:
        return f"{len(measured)} landmarks fit to {worst.distance_um:.1f} um, {worst.landmark} the worst."
    return (
        f"Landmarks {measured[0].id} and {measured[1].id} fit to {worst.distance_um:.1f} um; "
        "a third one would show an error of either."
    )


def _distance_told(measured: Sequence[Landmark]) -> str:
    wafer, stage = _points(measured)
    return (
        f"Landmarks {measured[0].id} and {measured[1].id} lie {abs(wafer[0] - wafer[1]):.1f} um apart on "
        f"the wafer and {abs(stage[0] - stage[1]):.1f} um on the stage; look whether both are the spots of "
        "the overview, and whether its pixel size is right."
    )


def _overview_told(misfit: Misfit, measured: Sequence[Landmark]) -> str:
    """Of landmarks that fit, were it not for the picture that they were chosen in."""
    wafer, stage = _points(measured)
    if misfit is Misfit.SCALED:
        percent = 100 * (abs(similar(wafer, stage)) - 1)
        return (
            f"Lengths on the stage differ from those on the wafer by {percent:+.2f} %; correct the pixel "
            "size of the overview by as much."
        )
    if misfit is Misfit.MIRRORED:
        return (
            "The landmarks fit as seen in a mirror; flip the overview in which they were chosen, "
            "and choose them again."
        )
    percent = 100 * (stretch(wafer, stage) - 1)
    return (
        f"The landmarks only fit a wafer that is stretched by {percent:.1f} % along "
        "one direction; place the overview by more landmarks, or choose them in one that is not distorted."
    )
