"""Sections from and for other programs: what has to be asked, the edit that takes them, and the words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Placement
from scopeacq.sections.candidates import SectionsRefused
from scopeacq.sections.imports.imported import Imported, Unit
from scopeacq.sections.imports.reading import Brought
from scopeacq.telling.wording import counted
from ui.presenters.edits import Document, Edit

NO_UNIT = "{name} does not say what its places are in."
SEVERAL_PICTURES = "{name} is in pixels. Which picture was it drawn on?"
NO_PICTURE = (
    "{name} is in pixels of a picture: add that picture as an overview and place it, then import again."
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the places of a file are in: pixels of ``overview``, or without one um on the wafer."""

    overview: Overview | None = None

    @property
    def unit(self) -> Unit:
        return Unit.UM if self.overview is None else Unit.PX

    @property
    def placement(self) -> Placement | None:
        """From its pixels to the wafer."""
        return None if self.overview is None else self.overview.placement

    @property
    def in_words(self) -> str:
        return "micrometres on the wafer" if self.overview is None else f"pixels of {self.overview.name}"


@dataclass(frozen=True, slots=True)
class SectionsFile:
    """What was read from a file of this ``name``."""

    name: str
    imported: Imported


@dataclass(frozen=True, slots=True)
class FrameQuestion:
    """What only the operator knows of a file, and what may be answered."""

    file: SectionsFile
    asks: str
    frames: tuple[Frame, ...]


def frame_of(file: SectionsFile, overviews: Sequence[Overview]) -> Frame | FrameQuestion:
    """What the places of a file are in, or what has to be asked; nothing is guessed.

    Raises ``SectionsRefused`` where they are in pixels, and there is no picture.
    """
    pictures = tuple(Frame(overview) for overview in overviews)
    match file.imported.unit:
        case Unit.UM:
            return Frame()
        case None:
            return FrameQuestion(file, NO_UNIT.format(name=file.name), (*pictures, Frame()))
        case Unit.PX if not pictures:
            raise SectionsRefused(NO_PICTURE.format(name=file.name))
        case Unit.PX if len(pictures) > 1:
            return FrameQuestion(file, SEVERAL_PICTURES.format(name=file.name), pictures)
        case Unit.PX:
            return pictures[0]


def take_imported(name: str, brought: Brought) -> Edit:
    """Put what a file has brought beside what there is."""

    def change(document: Document) -> Document:
        marks = (*document.wafer.landmarks, *brought.landmarks)
        wafer = replace(document.wafer, landmarks=marks) if brought.landmarks else document.wafer
        return replace(document, candidates=brought.candidates, wafer=wafer)

    return Edit(f"Import {name}", change)


def imported_in_words(file: SectionsFile, brought: Brought) -> str:
    """How many are new, and how many lay on known ones."""
    count = len(file.imported.sections)
    marks = f" {counted(len(brought.landmarks), 'landmark')} added." if brought.landmarks else ""
    if not brought.new:
        return f"{counted(count, 'section')} in {file.name}, on known ones: none added.{marks}"
    left_out = f"; {count - brought.new} on known ones left out" if brought.new < count else ""
    added = f"{counted(brought.new, 'section')} of {file.name} added{left_out}."
    return f"{added}{marks} Look at them, then accept them."


def exported_in_words(count: int, name: str, frame: Frame) -> str:
    """How many were written, and what their places are in."""
    return f"{counted(count, 'section')} written to {name}, in {frame.in_words}."
