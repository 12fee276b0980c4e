"""Edits of landmarks, fiducials and single outlines: set, moved, measured, taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from scopeacq.plan.geometry import Point
from scopeacq.plan.wafer import Fiducial, Landmark, Section, Wafer
from scopeacq.sections.candidates import Ring
from ui.presenters.edits import Document, Edit, Refused


def add_landmark(at_um: Point) -> Edit:
    """One more, at a point of the wafer."""

    def change(wafer: Wafer) -> Wafer:
        new = Landmark(_free("L", (m.id for m in wafer.landmarks)), at_um)
        return replace(wafer, landmarks=(*wafer.landmarks, new))

    return Edit("Add a landmark", _of_wafer(change))


def move_landmark(name: str, at_um: Point) -> Edit:
    """Put one elsewhere on the wafer; where it was measured on the stage stays."""
    return Edit(f"Move {name}", _each_landmark(name, lambda m: replace(m, wafer_um=at_um)))


def measure_landmark(name: str, stage_um: Point | None) -> Edit:
    """Say where the stage shows one, or that nobody knows any more."""
    verb = "Forget the place of" if stage_um is None else "Measure"
    return Edit(f"{verb} {name}", _each_landmark(name, lambda m: replace(m, stage_um=stage_um)))


def add_fiducial(at_um: Point) -> Edit:
    """One more, at a point of the wafer."""

    def change(wafer: Wafer) -> Wafer:
        new = Fiducial(_free("F", (m.id for m in wafer.fiducials)), at_um)
        return replace(wafer, fiducials=(*wafer.fiducials, new))

    return Edit("Add a fiducial", _of_wafer(change))


def move_fiducial(name: str, at_um: Point) -> Edit:
    """Put one elsewhere on the wafer."""

    def change(wafer: Wafer) -> Wafer:
        _require(name, {m.id for m in wafer.fiducials})
        moved = (replace(m, centre_um=at_um) if m.id == name else m for m in wafer.fiducials)
        return replace(wafer, fiducials=tuple(moved))

    return Edit(f"Move {name}", _of_wafer(change))


def remove_marks(landmarks: Iterable[str], fiducials: Iterable[str]) -> Edit:
    """Take landmarks and fiducials away."""
    gone_landmarks, gone_fiducials = frozenset(landmarks), frozenset(fiducials)

    def change(wafer: Wafer) -> Wafer:
        return replace(
            wafer,
            landmarks=tuple(m for m in wafer.landmarks if m.id not in gone_landmarks),
            fiducials=tuple(m for m in wafer.fiducials if m.id not in gone_fiducials),
        )

    names = sorted((*gone_landmarks, *gone_fiducials))
    return Edit(f"Remove {', '.join(names)}", _of_wafer(change))


def reshape_section(name: str, outline_um: Ring) -> Edit:
    """Give a section another outline; its grid stays."""
    return Edit(
        f"Change the outline of {name}", _section(name, lambda s: replace(s, outline_um=outline_um))
    )


def set_roi(name: str, roi_um: Ring | None) -> Edit:
    """Say what of a section is imaged; None: all that its grid covers."""
    verb = "Draw" if roi_um is not None else "Remove"
    return Edit(f"{verb} the ROI of {name}", _section(name, lambda s: replace(s, roi_um=roi_um)))


def _section(name: str, change: Callable[[Section], Section]) -> Callable[[Document], Document]:
    def of_wafer(wafer: Wafer) -> Wafer:
        _require(name, {s.id for s in wafer.sections})
        sections = tuple(change(s) if s.id == name else s for s in wafer.sections)
        return replace(wafer, sections=sections)

    return _of_wafer(of_wafer)


def _each_landmark(name: str, change: Callable[[Landmark], Landmark]) -> Callable[[Document], Document]:
    def of_wafer(wafer: Wafer) -> Wafer:
        _require(name, {m.id for m in wafer.landmarks})
        return replace(wafer, landmarks=tuple(change(m) if m.id == name else m for m in wafer.landmarks))

    return _of_wafer(of_wafer)


def _of_wafer(change: Callable[[Wafer], Wafer]) -> Callable[[Document], Document]:
    return lambda document: replace(document, wafer=change(document.wafer))


def _require(name: str, there: set[str]) -> None:
    if name not in there:
        raise Refused(f"The wafer holds no {name} any more.")


def _free(letter: str, taken: Iterable[str]) -> str:
    names = frozenset(taken)
    return next(name for n in count(1) if (name := f"{letter}{n}") not in names)
