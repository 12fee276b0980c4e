"""Changes of a wafer's landmarks and fiducials: each gives another wafer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count

from scopeacq.plan.geometry import Point
from scopeacq.plan.landmarks import unmounted
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.plan.wafer import Wafer


class UnknownLandmark(ValueError):
    """A wafer has no landmark of this name; the message says which it has."""


def taken_out(wafer: Wafer) -> Wafer:
    """The wafer after it was taken off the stage: where its landmarks are is to be measured anew."""
    return replace(wafer, landmarks=unmounted(wafer.landmarks))


def with_landmarks(wafer: Wafer, wafer_um: Mapping[str, Point]) -> Wafer:
    """More landmarks, by their places on the wafer; one that is there is moved, and not measured then."""
    kept = tuple(mark for mark in wafer.landmarks if mark.id not in wafer_um)
    return replace(wafer, landmarks=(*kept, *(Landmark(name, at) for name, at in wafer_um.items())))


def measured_at(wafer: Wafer, stage_um: Mapping[str, Point]) -> Wafer:
    """Landmarks that were seen at places of the stage. Raises ``UnknownLandmark``."""
    known = [mark.id for mark in wafer.landmarks]
    if unknown := [name for name in stage_um if name not in known]:
        raise UnknownLandmark(
            f"There is no landmark {', '.join(unknown)}; the wafer has {', '.join(known) or 'none'}."
        )
    return replace(
        wafer,
        landmarks=tuple(
            replace(mark, stage_um=stage_um.get(mark.id, mark.stage_um)) for mark in wafer.landmarks
        ),
    )


def with_measured(wafer: Wafer, measured: Iterable[Landmark]) -> Wafer:
    """Landmarks as they were measured; one that was moved on the wafer meanwhile stays as it is."""
    stage_um = {(mark.id, mark.wafer_um): mark.stage_um for mark in measured}
    return replace(
        wafer,
        landmarks=tuple(
            replace(mark, stage_um=stage_um.get((mark.id, mark.wafer_um), mark.stage_um))
            for mark in wafer.landmarks
        ),
    )


def with_fiducials(wafer: Wafer, places_um: Iterable[Point]) -> Wafer:
    """More fiducials, with names that are free."""
    more = (Fiducial(name, place) for name, place in zip(_free_names(wafer), places_um, strict=False))
    return replace(wafer, fiducials=(*wafer.fiducials, *more))


def _free_names(wafer: Wafer) -> Iterator[str]:
    taken = {fiducial.id for fiducial in wafer.fiducials}
    return (name for n in count(1) if (name := f"F{n}") not in taken)
