"""Fitting the view to something, and once more to the next view of the way out and in."""

from __future__ import annotations

from scopeacq.plan.geometry import Point
from ui.presenters.camera import Camera
from ui.presenters.wafer_map import WaferMap


class Fitting:
    """Remembers the view that was fitted last: to which sections, and in which step of the way."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self._step = 0
        self._camera: Camera | None = None
        self._to_sections = False

    def due(self, shown: WaferMap, camera: Camera) -> bool:
        """Whether a map that is new is to be fitted by itself: until somebody looks elsewhere."""
        if self._camera is None:
            return True
        return bool(shown.sections) and not self._to_sections and camera == self._camera

    def first(self, shown: WaferMap, camera: Camera) -> Camera:
        """All sections; the whole wafer where there are none."""
        self._camera = None
        return self.next(shown, frozenset(), camera)

    def next(self, shown: WaferMap, ids: frozenset[str], camera: Camera) -> Camera:
        """A single section's way: itself, its grid, all sections, the whole wafer, and itself again."""
        views = [camera.fitted(*bounds) for bounds in _views(shown, ids)]
        again = (self._ids, self._camera) == (ids, camera)
        self._step = (self._step + 1) % len(views) if again else 0
        self._ids, self._camera = ids, views[self._step]
        self._to_sections = self._to_sections or bool(shown.sections)
        return self._camera

    def resized(self, shown: WaferMap, before: Camera, camera: Camera) -> Camera:
        """The view in a window of another size: what was fitted is fitted again."""
        if self._camera != before:
            return camera
        views = _views(shown, self._ids)
        self._step = min(self._step, len(views) - 1)
        self._camera = camera.fitted(*views[self._step])
        return self._camera


def _views(shown: WaferMap, ids: frozenset[str]) -> list[tuple[Point, float, float]]:
    everything = frozenset(s.id for s in shown.sections)
    place, edge_um = shown.wafer_to_stage, 2 * shown.radius_um
    views = [shown.bounds_um(ids), shown.grid_bounds_um(ids), shown.bounds_um(everything)]
    wafer = (place.x_um, place.y_um), edge_um, edge_um
    return [*dict.fromkeys(view for view in views if view is not None), wafer]
