"""All pictures that a run has to show: its planes, its overviews and its low-dose looks at sections."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scopeacq.journal.records import PlaneKey
from scopeacq.plan.placement import Placement, PlacementRefused
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.plane_pictures import STRETCHED, PlanePictures
from scopeacq.storage.pyramid_tiff import Picture, PyramidTiff, UnreadablePicture
from scopeacq.vision.registration import View


@dataclass(frozen=True)
class PlacedPicture:
    """A picture, shape (y, x) or (y, x, 3), uint8, and where it lies if it says so itself."""

    pixels: Picture
    placement: Placement | None = None


@dataclass
class RunPictures:
    """Reads what is asked for, nothing before. Used by one thread at a time; ``close`` it at the end."""

    plan: Plan
    _planes: PlanePictures = field(init=False)
    _open: dict[Path, PyramidTiff] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._planes = PlanePictures(self.plan.folder.images(self.plan.project))

    def whole(self, plane: PlaneKey, edge_px: int) -> PlacedPicture | None:
        """A plane with at most ``edge_px`` along its longer edge; None when absent."""
        return _plain(self._planes.whole(plane, edge_px))

    def part(self, plane: PlaneKey, level: int, row: int, column: int) -> PlacedPicture | None:
        """One chunk of one level of a plane; None when absent."""
        return _plain(self._planes.part(plane, level, row, column))

    def overview(self, path: Path, level: int, row: int, column: int) -> PlacedPicture | None:
        """One part of one level of an overview; None when it cannot be read."""
        with suppress(UnreadablePicture):
            # forgotten by another thread meanwhile, it is closed, which is as unreadable as any
            if (picture := self._open.get(path)) is None:
                picture = self._open[path] = PyramidTiff(path)
            return PlacedPicture(picture.part(level, row, column))
        return None

    def section(self, section: str) -> PlacedPicture | None:
        """The last low-dose look at a section by which it was found again; None when there is none."""
        path = self.plan.folder.registration_images / f"section-{section}.tif"
        # absent, or just being replaced: there is nothing to show
        with suppress(SettingsError, PlacementRefused):
            view = View.read(path)
            first, second = (tuple(row) for row in view.to_wafer.tolist())
            return PlacedPicture(_stretched(view.image), Placement((first, second)))
        return None

    def forget(self, path: Path) -> None:
        """Let go of an overview, as before it is removed; from any thread."""
        picture = self._open.pop(path, None)
        if picture is not None:
            picture.close()

    def close(self) -> None:
        """Let go of the files; from any thread."""
        for path in tuple(self._open):
            self.forget(path)


def _plain(pixels: NDArray[np.uint8] | NDArray[np.uint16] | None) -> PlacedPicture | None:
    return None if pixels is None else PlacedPicture(np.asarray(pixels, np.uint8))


def _stretched(image: NDArray[np.uint8] | NDArray[np.uint16]) -> Picture:
    low, high = np.percentile(image, STRETCHED)
    grey = np.clip((image.astype(np.float32) - low) * (255 / max(high - low, 1.0)), 0, 255)
    return np.asarray(grey, np.uint8)
