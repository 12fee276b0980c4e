"""The pictures under the map as they are shown, and one of them while it is placed by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Landmark, Placement, PlacementRefused, fitted_either_way
from scopeacq.telling.wording import counted

ROOM = 1.3
"""Around a picture that is placed, as a share of its size."""


@dataclass(frozen=True, slots=True)
class Underlay:
    """All pictures under the map. ``opacity`` from 0 to 1; hidden they are not read either."""

    overviews: tuple[Overview, ...] = ()
    opacity: float = 1.0
    visible: bool = True

    def with_placed(self, overview: Overview) -> Underlay:
        """The same with one picture where it lies now."""
        others = tuple(overview if o.path == overview.path else o for o in self.overviews)
        return replace(self, overviews=others)


def corners_um(overview: Overview) -> tuple[Point, ...]:
    """Where the corners of a picture lie on the wafer."""
    width, height = overview.size_px
    corners = ((-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5))
    return tuple(overview.placement.wafer_um(corner) for corner in corners)


@dataclass(frozen=True, slots=True)
class Placing:
    """A picture that is being placed. ``landmarks`` hold until it is moved by hand."""

    overview: Overview
    landmarks: tuple[Landmark, ...] = ()
    residual_um: float = 0.0
    refusal: str = ""

    @property
    def placement(self) -> Placement:
        return self.overview.placement

    @property
    def centre_um(self) -> Point:
        width, height = self.overview.size_px
        return self.placement.wafer_um(((width - 1) / 2, (height - 1) / 2))

    @property
    def corners_um(self) -> tuple[Point, ...]:
        """Of the picture, on the wafer."""
        return corners_um(self.overview)

    def bounds_um(self, wafer_to_stage: Rigid) -> tuple[Point, float, float]:
        """Centre, width and height in the stage frame of the picture, with room for its handles."""
        x, y = zip(*(wafer_to_stage.apply(corner) for corner in self.corners_um), strict=True)
        centre = (min(x) + max(x)) / 2, (min(y) + max(y)) / 2
        return centre, ROOM * (max(x) - min(x)), ROOM * (max(y) - min(y))

    def at(self, placement: Placement) -> Placing:
        """Placed by hand: what landmarks said no longer holds."""
        return Placing(replace(self.overview, placement=placement))

    def flipped(self) -> Placing:
        return self.at(self.placement.flipped(self.centre_um))

    def pinned(self, landmark: Landmark) -> Placing:
        """With one more landmark; where it fixes nothing the picture stays and ``refusal`` says why."""
        return self._fitted((*self.landmarks, landmark))

    def without_last(self) -> Placing:
        """With one landmark less."""
        return self._fitted(self.landmarks[:-1])

    @property
    def in_words(self) -> str:
        """How well it is placed."""
        if self.refusal:
            return self.refusal
        if not self.landmarks:
            return f"{self.placement.pixel_um:.3g} \N{MICRO SIGN}m per pixel."
        marks = counted(len(self.landmarks), "landmark")
        if len(self.landmarks) == 1:
            return f"{marks}: shifted. Another one turns and scales, too."
        mirrored = ", as in a mirror" if self.placement.mirrored else ""
        return f"{marks} fit within {self.residual_um:.1f} \N{MICRO SIGN}m{mirrored}."

    def _fitted(self, landmarks: tuple[Landmark, ...]) -> Placing:
        if not landmarks:
            return Placing(self.overview)
        try:
            placement, residual_um = fitted_either_way(landmarks, self.placement)
        except PlacementRefused as error:
            return replace(self, refusal=str(error))
        return Placing(replace(self.overview, placement=placement), landmarks, residual_um)
