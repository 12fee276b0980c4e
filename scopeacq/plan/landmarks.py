"""From landmarks to where the wafer lies on the stage: least squares, and what does not fit. Pure.

Points are complex numbers in here, x + iy: a turn is a factor, and an affine map about the middle is
``p * z + q * conj(z)``, of which ``p`` turns and scales, and ``q`` is there for what is sheared or mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.marks import Landmark

Complex = NDArray[np.complex128]

LEAST = 2
"""Landmarks from which on a mount is known."""
LEAST_APART_UM = 100.0
"""Landmarks that all lie nearer to each other fix no rotation: 2 um of error are more than a degree."""
SAME_SPOT_UM = 1.0
"""Nearer than anybody tells two spots apart in an overview."""
BY_EYE_UM = 2.0
"""How well a spot is met by eye; no landmark is an outlier by less than a few times that."""
INLIER_SD = 2.5
"""Standard deviations within which a landmark counts as one that fits (Rousseeuw & Leroy 1987)."""


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
    wafer, stage = _points(_measured(landmarks))
    if len(wafer) < LEAST or min(_extent_um(wafer), _extent_um(stage)) < LEAST_APART_UM:
        return Rigid()
    return _rigid(wafer, stage)


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
    scale = abs(_similar(wafer, stage))
    sound = max(r.distance_um for r in residuals) <= tolerance_um
    outliers = _outliers(measured, tolerance_um)
    misfit = _misfit(measured, sound, outliers, tolerance_um)
    if misfit is not Misfit.OUTLIER:
        outliers = ()
    verdict = _verdict(misfit, residuals, measured, outliers)
    return Mounting(mount, residuals, scale, misfit, outliers, verdict, sound)


def _measured(landmarks: Sequence[Landmark]) -> tuple[Landmark, ...]:
    return tuple(mark for mark in landmarks if mark.stage_um is not None)


def _points(measured: Sequence[Landmark]) -> tuple[Complex, Complex]:
    """Where landmarks lie on the wafer and on the stage, both shape (n,)."""
    stage = [complex(*mark.stage_um) for mark in measured if mark.stage_um is not None]
    return np.array([complex(*mark.wafer_um) for mark in measured]), np.array(stage)


def _extent_um(points: Complex) -> float:
    """The largest distance of two points, no more than twice off."""
    return float(2 * np.abs(points - points.mean()).max())


# -- what fits ---------------------------------------------------------------------------


def _similar(wafer: Complex, stage: Complex) -> complex:
    """The turn and scale of least squares, as a factor."""
    z, w = wafer - wafer.mean(), stage - stage.mean()
    return complex((z.conj() * w).sum() / (np.abs(z) ** 2).sum())


def _rigid(wafer: Complex, stage: Complex) -> Rigid:
    columns = [np.column_stack([points.real, points.imag]) for points in (wafer, stage)]
    return Rigid.fit(columns[0], columns[1])[0]


def _off(wafer: Complex, stage: Complex, factor: complex) -> Complex:
    """What is left at each landmark, shape (n,), of a map with this factor."""
    return np.asarray(stage - stage.mean() - factor * (wafer - wafer.mean()))


def _residuals(landmarks: Sequence[Landmark], mount: Rigid) -> tuple[Residual, ...]:
    off = [(mark.id, mark.stage_um, mount.apply(mark.wafer_um)) for mark in landmarks]
    return tuple(Residual(name, at[0] - to[0], at[1] - to[1]) for name, at, to in off if at is not None)


def _outliers(measured: Sequence[Landmark], tolerance_um: float) -> tuple[Residual, ...]:
    """Landmarks that most of the others, which fit together, put elsewhere."""
    wafer, stage = _points(measured)
    inside = _agreeing(wafer, stage, tolerance_um)
    if inside is None or inside.all():
        return ()
    mount = _rigid(wafer[inside], stage[inside])
    return _residuals([mark for mark, fits in zip(measured, inside, strict=True) if not fits], mount)


def _agreeing(wafer: Complex, stage: Complex, tolerance_um: float) -> NDArray[np.bool_] | None:
    """Which landmarks agree on a mount, shape (n,); None where no majority does.

    Least median of squares over the mounts through all pairs (Rousseeuw & Leroy 1987). Of three landmarks
    two agree by their distance alone, so that this must hold for one pair only.
    """
    count = len(wafer)
    pairs = [p for p in combinations(range(count), 2) if abs(wafer[p[0]] - wafer[p[1]]) > SAME_SPOT_UM]
    misses = np.array([_misses_of_pair(wafer, stage, pair) for pair in pairs])
    if count == 3:
        agree = [
            pair for pair, miss in zip(pairs, misses, strict=True) if miss[list(pair)].max() <= BY_EYE_UM
        ]
        return np.isin(np.arange(3), agree[0]) if len(agree) == 1 else None
    if count < 3:
        return None
    medians = np.sort(misses, axis=1)[:, count // 2]
    best = int(medians.argmin())
    sd_um = 1.4826 * (1 + 5 / (count - 2)) * float(medians[best])
    inside: NDArray[np.bool_] = misses[best] <= max(INLIER_SD * sd_um, INLIER_SD * BY_EYE_UM)
    if 2 * inside.sum() <= count or inside.sum() < 3:
        return None
    kept = _off(wafer[inside], stage[inside], _unit(_similar(wafer[inside], stage[inside])))
    return inside if np.abs(kept).max() <= tolerance_um else None


def _misses_of_pair(wafer: Complex, stage: Complex, pair: tuple[int, int]) -> NDArray[np.float64]:
    """How far the mount through two landmarks misses each of all, shape (n,) [um]."""
    two = list(pair)
    factor = _unit(_similar(wafer[two], stage[two]))
    return np.abs(stage - stage[two].mean() - factor * (wafer - wafer[two].mean()))


def _unit(factor: complex) -> complex:
    """The turn of a factor, without its scale."""
    return factor / abs(factor) if factor else 1.0 + 0.0j


# -- what does not -----------------------------------------------------------------------


def _refusal(
    landmarks: Sequence[Landmark], measured: Sequence[Landmark]
) -> tuple[Misfit, str] | None:
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
    extent_um = min(map(_extent_um, _points(measured)))
    if extent_um < LEAST_APART_UM:
        return Misfit.ONE_SPOT, (
            f"The landmarks lie within {extent_um:.0f} um, which fixes no rotation; "
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
    mirrored = wafer.conj()
    if np.abs(_off(mirrored, stage, _similar(mirrored, stage))).max() <= tolerance_um:
        return Misfit.MIRRORED
    if np.abs(_off(wafer, stage, _similar(wafer, stage))).max() <= tolerance_um:
        return Misfit.SCALED
    if outliers:
        return Misfit.OUTLIER
    sheared = len(measured) > 3 and np.abs(_off_affine(wafer, stage)).max() <= tolerance_um
    return Misfit.SHEARED if sheared else Misfit.SCATTERED


def _off_affine(wafer: Complex, stage: Complex) -> Complex:
    """What an affine map of least squares leaves at each landmark, shape (n,)."""
    z, w = wafer - wafer.mean(), stage - stage.mean()
    design = np.block([[_columns(z)], [_columns(1j * z)[:, :0]]]) if not len(z) else _columns(z)
    solution, *_ = np.linalg.lstsq(design, w, rcond=None)
    return np.asarray(w - design @ solution)


def _columns(z: Complex) -> Complex:
    return np.column_stack([z, z.conj()])
