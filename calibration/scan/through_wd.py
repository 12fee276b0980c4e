"""One place at several working distances: what the lens does to the image while the stage stands still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.bench import Bench
from calibration.scan.lens_fit import LensFit, Likeness, fit_lens, likeness
from calibration.scan.moving import FINEST_PX, MOVING_SHARE
from calibration.scan.settings import ScanCalibrationSettings
from calibration.watching import NARROW_PX, Home, Watch, arrive, lab_um, link_between
from hardware.types import FrameSettings, Image
from scopeacq.plan.geometry import Point

SHARES = (1.0, -0.5, 0.5, -1.0, -1.0, 0.5, -0.5, 1.0)
"""Working distances, as shares of the reach: what drifts steadily weighs on both sides alike."""
SETTLE_S = 0.5
"""A lens comes to rest within so long."""
PATCHES_PER_EDGE = 7
PATCH_REACH_PX = 8
"""How far a patch may lie from where the shift of the whole image puts it."""
FEWEST_LIKE = 5
"""Images that must be found again for the fit to mean something."""


@dataclass(frozen=True, slots=True)
class Through:
    """An image of the series and by how much its working distance differed; None where it was lost."""

    wd_change_um: float
    like: Likeness | None


@dataclass(frozen=True, slots=True)
class LensSeries:
    """All images of the series."""

    images: tuple[Through, ...]

    @property
    def found(self) -> list[tuple[float, Likeness]]:
        """Changes of the working distance [um] and what was seen there."""
        return [(image.wd_change_um, image.like) for image in self.images if image.like is not None]

    def fit(self) -> LensFit | None:
        """Lines through what was found; None where that is too little."""
        if len(self.found) < FEWEST_LIKE:
            return None
        wd_change_um, seen = zip(*self.found, strict=True)
        return fit_lens(np.array(wd_change_um), list(seen))


def measure_series(bench: Bench, settings: ScanCalibrationSettings, home: Home) -> LensSeries:
    """The series at the sitting's place, in one go: between two arrivals the stage would miss by more.

    The working distance is put back. Raises ``Halted`` and whatever else the devices raise.
    """
    return bench.once("lens", LensSeries, lambda: _taken(bench, settings, home))


def _taken(bench: Bench, settings: ScanCalibrationSettings, home: Home) -> LensSeries:
    manual = bench.manual
    watch = Watch(bench, "lens", settings.frame(settings.scan_rot_deg[0]))
    arrive(manual, home.at_um)
    reference = watch.grab().image
    images: list[Through] = []
    for number, share in enumerate(SHARES):
        done = MOVING_SHARE + (1 - MOVING_SHARE) * number / len(SHARES)
        bench.tell(done, f"Looking through working distances: image {number + 1} of {len(SHARES)}")
        wd_change_um = share * settings.wd_reach_um
        manual.set_optics(home.optics.shifted(wd_um=wd_change_um))
        manual.devices.clock.sleep(SETTLE_S)
        images.append(Through(wd_change_um, compared(reference, watch.grab().image, watch.frame)))
    manual.set_optics(home.optics)
    return LensSeries(tuple(images))


def compared(reference: Image, image: Image, frame: FrameSettings) -> Likeness | None:
    """How an image lies over a reference of the same place; None where that is not seen."""
    whole = link_between(reference, image, (0.0, 0.0), NARROW_PX)
    if whole is None:
        return None
    off = round(whole.offset_px[0]), round(whole.offset_px[1])
    matches = [
        match for patch in _patches(reference.shape, off) if (match := _match(reference, image, patch))
    ]
    if not matches:
        return None
    there_um, here_um = (
        np.array([_from_middle_um(frame, spot) for spot in spots]) for spots in zip(*matches, strict=True)
    )
    least_um = FINEST_PX * 1e-3 * frame.pixel_size_nm
    return likeness(there_um, here_um, np.random.default_rng(len(matches)), least_um)


@dataclass(frozen=True, slots=True)
class _Patch:
    """A square of the reference by its upper left pixel, and by how many pixels the image is off it."""

    left: int
    top: int
    edge: int
    off: tuple[int, int]


def _patches(shape: tuple[int, ...], off: tuple[int, int]) -> list[_Patch]:
    """Patches spread over what a reference of this shape and an image that is so far off both show."""
    rows, columns = shape
    edge = min(shape) // PATCHES_PER_EDGE
    lefts, tops = (
        np.linspace(max(o, 0), length - edge + min(o, 0), PATCHES_PER_EDGE).astype(int).tolist()
        for length, o in ((columns, off[0]), (rows, off[1]))
    )
    return [_Patch(left, top, edge, off) for left in lefts for top in tops]


def _match(reference: Image, image: Image, patch: _Patch) -> tuple[Point, Point] | None:
    """Where the middle of a patch lies in the reference and in the image (column, row)."""
    left, top = patch.left - patch.off[0], patch.top - patch.off[1]
    there = reference[patch.top : patch.top + patch.edge, patch.left : patch.left + patch.edge]
    here = image[top : top + patch.edge, left : left + patch.edge]
    link = link_between(there, here, (0.0, 0.0), PATCH_REACH_PX)
    if link is None:
        return None
    half = (patch.edge - 1) / 2
    found = left + half - link.offset_px[0], top + half - link.offset_px[1]
    return (patch.left + half, patch.top + half), found


def _from_middle_um(frame: FrameSettings, spot: Point) -> complex:
    return lab_um(frame, (spot[0] - (frame.width_px - 1) / 2, spot[1] - (frame.height_px - 1) / 2))
