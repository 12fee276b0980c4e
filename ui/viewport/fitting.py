"""Fitting the view to something, and once more to the next view of the way out and in."""

from __future__ import annotations

from collections.abc import Sequence

from scopeacq.plan.geometry import Point, Rigid
from ui.presenters.camera import Camera
from ui.presenters.map_items import MapItems
from ui.presenters.overviews import Underlay, corners_um
from ui.presenters.wafer_map import WaferMap

Bounds = tuple[Point, float, float]
"""Centre, width and height in the stage frame [um]."""


class Fitting:
    """Remembers the view that was fitted last: to which sections, and in which step of the way.

    ``beside``: bounds of what there is while there are no sections, such as a picture of the wafer.
    """

    def __init__(self) -> None:
        self._beside: Bounds | None = None
        self._ids: frozenset[str] = frozenset()
        self._step = 0
        self._camera: Camera | None = None
        self._to_sections = False

    def due(self, shown: WaferMap, camera: Camera) -> bool:
        """Whether a map that is new is to be fitted by itself: until somebody looks elsewhere."""
        if self._camera is None:
            return True
        return not self._to_sections and camera == self._camera

    def first(self, shown: WaferMap, camera: Camera, beside: Bounds | None = None) -> Camera:
        """All sections; what lies beside them, or the whole wafer, where there are none."""
        self._camera = None
        return self.next(shown, frozenset(), camera, beside)

    def next(
        self, shown: WaferMap, ids: frozenset[str], camera: Camera, beside: Bounds | None = None
    ) -> Camera:
        """A single section's way: itself, its grid, all sections, the whole wafer, and itself again."""
        self._beside = beside
        views = [camera.fitted(*bounds) for bounds in self._views(shown, ids)]
        again = (self._ids, self._camera) == (ids, camera)
        self._step = (self._step + 1) % len(views) if again else 0
        self._ids, self._camera = ids, views[self._step]
        self._to_sections = self._to_sections or bool(shown.sections)
        return self._camera

    def resized(self, shown: WaferMap, before: Camera, camera: Camera) -> Camera:
        """The view in a window of another size: what was fitted is fitted again."""
        if self._camera != before:
            return camera
        views = self._views(shown, self._ids)
        self._step = min(self._step, len(views) - 1)
        self._camera = camera.fitted(*views[self._step])
        return self._camera

    def _views(self, shown: WaferMap, ids: frozenset[str]) -> list[Bounds]:
        everything = frozenset(s.id for s in shown.sections)
        place, edge_um = shown.wafer_to_stage, 2 * shown.radius_um
        views = [shown.bounds_um(ids), shown.grid_bounds_um(ids), shown.bounds_um(everything)]
        views.append(self._beside)
        wafer = (place.x_um, place.y_um), edge_um, edge_um
        return [*dict.fromkeys(view for view in views if view is not None), wafer]


def beside_sections(shown: WaferMap, items: MapItems, underlay: Underlay) -> Bounds | None:
    """Of what there is while there are no sections: what was found, and pictures of the wafer."""
    if shown.sections:
        return None
    corners = [corner for candidate in items.reviewed for corner in candidate.outline_um]
    corners += [corner for overview in underlay.overviews for corner in corners_um(overview)]
    return bounds_of(corners, shown.wafer_to_stage)


def bounds_of(points_um: Sequence[Point], wafer_to_stage: Rigid) -> Bounds | None:
    """The rectangle around some points of the wafer, None where there is none."""
    if not points_um:
        return None
    x, y = zip(*map(wafer_to_stage.apply, points_um), strict=True)
    centre = (min(x) + max(x)) / 2, (min(y) + max(y)) / 2
    return centre, max(x) - min(x), max(y) - min(y)
