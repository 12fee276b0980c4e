"""One place of the specimen, looked at again and again: by how much each frame is off a reference picture.

Shifts are those of all that two frames share, to a fraction of a pixel. Two procedures look this way.
"""

from __future__ import annotations

import cmath
import logging
import math
from dataclasses import dataclass

from calibration.approach import nearest_section
from calibration.bench import Bench
from calibration.procedure import Compared
from hardware.errors import BadFrame
from hardware.types import Frame, FrameSettings, Image, Optics
from scopeacq.engine.ways import xy_um
from scopeacq.manual import Manual
from scopeacq.mosaic.registering import LEAST_TEMPLATE_PX, Link, linked
from scopeacq.plan.geometry import Point
from scopeacq.plan.settings import SettingsError
from scopeacq.vision.quality import has_coarse_structure, shows_wafer

LOG = logging.getLogger(__name__)

WHERE = (
    "Images are taken in its middle; empty is where the stage stands, or the section nearest to it where "
    "that shows nothing."
)
"""What the setting ``section`` of a procedure says of itself."""
RETAKES = 2
"""So often a frame that was lost is taken again."""
RUN_UP_UM = 15.0
"""How far the stage comes up to a place along x and y: beyond the backlash of any stage that images."""
NARROW_PX = 40
"""How far off a frame is sought where its place is known but for what the stage misses."""
WIDE_PX = 100
"""Likewise where nothing is known yet of how the scan lies."""


@dataclass(frozen=True, slots=True)
class Home:
    """The place that is looked at (stage), and the optics when the sitting began.

    ``section`` has it in its middle; empty where the stage stood there already.
    """

    x_um: float
    y_um: float
    optics: Optics
    section: str = ""

    @property
    def at_um(self) -> Point:
        return self.x_um, self.y_um

    def row(self) -> Compared:
        """The row of a comparison that says where this was."""
        within = f", section {self.section}" if self.section else ""
        return Compared("Place (stage)", "", f"x {self.x_um:.0f} um, y {self.y_um:.0f} um{within}")

    def beside(self, dx_um: float, dy_um: float) -> Point:
        """A point so far off."""
        return self.x_um + dx_um, self.y_um + dy_um


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame against the reference.

    ``stage_um``: where the stage said it stood. ``offset_px``: from the reference's corner to that of the
    frame (columns, rows), None where they do not show the same. ``at_s``: the instrument's clock.
    """

    stage_um: Point
    offset_px: Point | None
    correlation: float
    at_s: float


@dataclass(frozen=True, slots=True)
class _Taken:
    """A reference that was taken; its picture is kept beside."""

    stage_um: Point
    at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The picture that frames are compared with, and where the stage said it stood."""

    image: Image
    stage_um: Point


def home_of(bench: Bench, section: str, frame: FrameSettings) -> Home:
    """The place of this sitting, with beam up and optics as they were when it began; nothing moves.

    It is the middle of a section. Where none is named, it is where the stage stood if a frame shows
    something there, else the nearest section. Raises ``SettingsError`` for a section that the wafer has
    not, or ``HardwareError``.
    """
    manual = bench.manual
    manual.bring_up()

    def chosen() -> Home:
        optics, stands_um = manual.devices.column.optics(), xy_um(manual.devices.stage.pose())
        middle = section or _instead(bench, stands_um, frame)
        return Home(*(_middle_um(bench, middle) if middle else stands_um), optics, middle)

    home = bench.once("home", Home, chosen)
    manual.set_optics(home.optics)
    return home


def _instead(bench: Bench, stands_um: Point, frame: FrameSettings) -> str:
    """The section nearest to a stage that stands over bare wafer; empty where there is something to see."""
    nearest = nearest_section(bench.plan.wafer, bench.manual.place, stands_um)
    if not nearest:
        return ""
    seen = _grabbed(bench, frame).image
    if has_coarse_structure(seen) and not shows_wafer(seen, bench.plan.project.quality):
        return ""
    bench.tell(0.0, f"There is nothing to see where the stage stands: going to section {nearest}")
    return nearest


def _middle_um(bench: Bench, section: str) -> Point:
    wafer = bench.plan.wafer
    if section not in {one.id for one in wafer.sections}:
        raise SettingsError(
            bench.plan.folder.wafer_file,
            [f"the wafer has no section {section}"],
            "Choose one that it has, or none: then images are taken where the stage stands.",
        )
    return bench.manual.place.apply(wafer.section(section).roi_centre_um)


def _grabbed(bench: Bench, frame: FrameSettings) -> Frame:
    """A frame; one that was lost is taken again, a few times."""
    for _ in range(RETAKES):
        try:
            return bench.manual.grab(frame)
        except BadFrame as error:
            LOG.warning("A frame of a calibration is taken again: %s", error)
    return bench.manual.grab(frame)


def arrive(manual: Manual, at_um: Point, settle_s: float | None = None) -> None:
    """Go to a point of the stage frame by rising in x and y, along checked ways.

    Raises ``HardwareError``; the stage stands still then.
    """
    before_um = at_um[0] - RUN_UP_UM, at_um[1] - RUN_UP_UM
    manual.go(manual.way_to(*before_um, straight=True), settle_s=0.0)
    manual.go(manual.way_to(*at_um, straight=True), settle_s)


@dataclass(frozen=True, slots=True)
class Watch:
    """A kind of frame of one place, with its reference."""

    bench: Bench
    name: str
    frame: FrameSettings

    def reference(self, home: Home) -> Reference:
        """The reference, taken now at the place if it never was."""
        memory, name = self.bench.measurements, f"reference-{self.name}"

        def take() -> _Taken:
            arrive(self.bench.manual, home.at_um)
            taken = self.grab()
            memory.keep_image(name, taken.image)
            return _Taken(xy_um(taken.stage), taken.scanned_at_s)

        taken = self.bench.once(name, _Taken, take)
        return Reference(memory.image(name), taken.stage_um)

    def see(self, reference: Reference, expected_px: Point = (0.0, 0.0), reach_px: int = NARROW_PX) -> Seen:
        """A frame now, sought so far around where it is expected against the reference."""
        taken = self.grab()
        link = link_between(reference.image, taken.image, expected_px, reach_px)
        at_um, at_s = xy_um(taken.stage), taken.scanned_at_s
        return Seen(at_um, link.offset_px, link.correlation, at_s) if link else Seen(at_um, None, 0.0, at_s)

    def grab(self) -> Frame:
        """A frame; one that was lost is taken again, a few times."""
        return _grabbed(self.bench, self.frame)


def lab_um(frame: FrameSettings, offset_px: Point) -> complex:
    """Columns and rows (down) of a frame as a vector of the lab, x + iy, by its settings [um]."""
    turn = cmath.rect(1e-3 * frame.pixel_size_nm, math.radians(frame.scan_rot_deg))
    return turn * complex(offset_px[0], -offset_px[1])


def image_px(frame: FrameSettings, shift_um: complex) -> Point:
    """The inverse of :func:`lab_um`."""
    turn = cmath.rect(1e-3 * frame.pixel_size_nm, math.radians(frame.scan_rot_deg))
    along = shift_um / turn
    return along.real, -along.imag


def link_between(reference: Image, image: Image, expected_px: Point, reach_px: int) -> Link | None:
    """By how much ``image`` is off ``reference``, or None where they do not show the same."""
    overlap_px = 2 * reach_px + LEAST_TEMPLATE_PX
    return linked(0, 1, (reference, image), expected_px, overlap_px, reach_px)
