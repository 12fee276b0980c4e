"""Measuring landmarks with the instrument in hand, and taking the pictures by which marks are found again.

An operator says where at least two landmarks are: at the middle of a frame, or at a pixel of it. From then
on their mount is known, so that pictures are taken upright on the wafer, whichever way it lies on the
stage. By these the landmarks are found again to a fraction of a pixel, also after a new mount.
Every call belongs on the instrument's thread. ``Halted`` is raised where the operator wants an end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from hardware.types import FrameSettings
from scopeacq.manual import Manual
from scopeacq.plan.geometry import Point, Rigid, full_turn_deg
from scopeacq.plan.landmarks import Mounting, judge
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.vision.quality import dark_fraction
from scopeacq.vision.references import References, Shown
from scopeacq.vision.registration import RegistrationRefused, View, displacement


@dataclass(frozen=True)
class Sight:
    """What was seen at a landmark. ``view`` is placed in the *stage* frame."""

    landmark: Landmark
    view: View

    def measured(self, px: Point | None = None) -> Landmark:
        """The landmark as lying at a pixel (column, row) of the frame, by default in its middle."""
        rows, columns = self.view.image.shape
        column, row = px or ((columns - 1) / 2, (rows - 1) / 2)
        x_um, y_um = self.view.to_wafer @ (column, row, 1.0)
        return replace(self.landmark, stage_um=(float(x_um), float(y_um)))


class How(Enum):
    """What came of measuring a mark."""

    FOUND = "found by its picture"
    PICTURED = "its picture was taken"
    LOST = "not found"
    UNKNOWN = "nobody has said where it is"


@dataclass(frozen=True, slots=True)
class Measured:
    """One mark. ``moved_um``: how far it was found from where it was believed; ``text``: why not."""

    mark: str
    how: How
    moved_um: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """All landmarks as measured now, what came of each, and what they say together."""

    landmarks: tuple[Landmark, ...]
    each: tuple[Measured, ...]
    mounting: Mounting


def look(manual: Manual, landmark: Landmark, mount: Rigid, frame: FrameSettings | None = None) -> Sight:
    """Drive to where a landmark is believed, by a checked way, and scan a frame, upright on the wafer.

    ``frame``: instead of the project's for registration, such as a wider one. Its dose is booked before.
    Raises ``OutOfRange`` or ``Collision`` when there is no way, or another ``HardwareError``.
    """
    manual.go(manual.way_to(*_believed_um(landmark, mount)))
    upright = full_turn_deg(mount.rotation_deg)
    settings = frame or manual.plan.project.registration.frame()
    seen = manual.grab(replace(settings, scan_rot_deg=upright))
    return Sight(landmark, View.of(seen, Rigid(), manual.field_shift_um(seen.optics)))


def measure(
    manual: Manual,
    landmarks: Sequence[Landmark],
    references: References,
    progress: Callable[[float], None] = lambda _: None,
) -> Measurement:
    """Find all landmarks by their pictures; of one that has none yet, the picture is taken.

    One that is not found stays as it was. Nothing is scanned while no mount is known, since pictures
    would not lie upright. Raises ``HardwareError``, ``OSError`` or ``SettingsError``.
    """
    tolerance_um = manual.plan.project.registration.max_shift_um
    before = judge(landmarks, tolerance_um)
    if not before.residuals:
        return Measurement(tuple(landmarks), (), before)
    after: list[Landmark] = []
    each: list[Measured] = []
    for number, landmark in enumerate(landmarks):
        found, what = _measure(manual, landmark, before.mount, references)
        after.append(found)
        each.append(what)
        progress((number + 1) / len(landmarks))
    return Measurement(tuple(after), tuple(each), judge(after, tolerance_um))


def _measure(
    manual: Manual, landmark: Landmark, mount: Rigid, references: References
) -> tuple[Landmark, Measured]:
    reference = references.read(Shown.LANDMARK, picture_name(landmark))
    if reference is None and landmark.stage_um is None:
        return landmark, Measured(landmark.id, How.UNKNOWN, text="Say where it is on the stage.")
    place = _placed(landmark, mount)
    view = look(manual, landmark, mount).view.moved(place.inverse())
    if reference is None:
        name = picture_name(landmark)
        return landmark, _kept(manual, references, Shown.LANDMARK, name, landmark.id, view)
    try:
        off = displacement(view, reference, landmark.wafer_um, manual.plan.project.registration)
    except RegistrationRefused as refused:
        return landmark, Measured(landmark.id, How.LOST, text=str(refused))
    x_um, y_um = landmark.wafer_um
    found = replace(landmark, stage_um=place.apply((x_um + off.dx_um, y_um + off.dy_um)))
    return found, Measured(landmark.id, How.FOUND, off.distance_um)


def picture_name(landmark: Landmark) -> str:
    """Of its picture, which ties a spot to a place on the wafer: one that is moved needs another."""
    x_um, y_um = landmark.wafer_um
    return f"{landmark.id}_{x_um:.2f}_{y_um:.2f}"


def picture_fiducials(
    manual: Manual, fiducials: Sequence[Fiducial], references: References
) -> tuple[Measured, ...]:
    """Take the pictures of fiducials that have none of their place, where the wafer is believed to lie.

    A run takes them in its first cycle; taken along with the landmarks they are looked at before. Raises
    ``HardwareError`` or ``OSError``.
    """
    missing = [f for f in fiducials if references.of_fiducial(f) is None]
    return tuple(_picture(manual, fiducial, references) for fiducial in missing)


def _picture(manual: Manual, fiducial: Fiducial, references: References) -> Measured:
    place = manual.place
    sight = look(manual, Landmark(fiducial.id, fiducial.centre_um), place)
    view = sight.view.moved(place.inverse())
    return _kept(manual, references, Shown.FIDUCIAL, fiducial.id, fiducial.id, view)


def _kept(
    manual: Manual, references: References, shown: Shown, name: str, mark: str, view: View
) -> Measured:
    """Keep the picture of a mark, unless there is nothing in it by which it could be found."""
    if dark_fraction(view.image, manual.plan.project.quality) == 1.0:
        text = "The frame is dark all over: look at the live image, and whether the landmarks are right."
        return Measured(mark, How.LOST, text=text)
    references.keep(shown, name, view)
    return Measured(mark, How.PICTURED)


def _believed_um(landmark: Landmark, mount: Rigid) -> Point:
    return landmark.stage_um if landmark.stage_um is not None else mount.apply(landmark.wafer_um)


def _placed(landmark: Landmark, mount: Rigid) -> Rigid:
    """Turned as the wafer is mounted, and shifted so that the landmark lies where it is believed."""
    turned = Rigid(rotation_deg=mount.rotation_deg)
    (x_um, y_um), (u_um, v_um) = _believed_um(landmark, mount), turned.apply(landmark.wafer_um)
    return Rigid(x_um - u_um, y_um - v_um, mount.rotation_deg)
