"""What lies on the map beside sections: found ones, labels, landmarks, fiducials; and what is where."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from scopeacq.plan.geometry import Point, Rigid, inside
from scopeacq.plan.wafer import Fiducial, Landmark, Wafer
from scopeacq.sections.candidates import Candidate, Candidates, Label, Verdict


class Overlay(Enum):
    """What may be shown over the map or left out; ``value`` is its name in the menu."""

    FOUND = "Found sections"
    LABELS = "Labels"
    MARKS = "Landmarks and fiducials"
    ROUTE = "Route"


class ItemKind(Enum):
    """What can be chosen on the map beside sections and tiles."""

    FOUND = "found section"
    LABEL = "label"
    LANDMARK = "landmark"
    FIDUCIAL = "fiducial"


@dataclass(frozen=True, slots=True)
class Item:
    """One of them; a label goes by its place in the list."""

    kind: ItemKind
    name: str


def found_items(ids: Iterable[str]) -> frozenset[Item]:
    """Found sections as items."""
    return frozenset(Item(ItemKind.FOUND, name) for name in ids)


@dataclass(frozen=True, slots=True)
class MapItems:
    """All of them. Of what ``overlays`` leave out nothing is under the mouse either."""

    candidates: Candidates = field(default_factory=Candidates)
    landmarks: tuple[Landmark, ...] = ()
    fiducials: tuple[Fiducial, ...] = ()
    overlays: frozenset[Overlay] = frozenset(Overlay)

    def of(self, wafer: Wafer, candidates: Candidates) -> MapItems:
        """The same overlays of another wafer."""
        return replace(self, candidates=candidates, landmarks=wafer.landmarks, fiducials=wafer.fiducials)

    def showing(self, overlay: Overlay, shown: bool) -> MapItems:
        """With an overlay, or without it."""
        others = self.overlays - {overlay}
        return replace(self, overlays=others | {overlay} if shown else others)

    @property
    def reviewed(self) -> tuple[Candidate, ...]:
        """What is shown of what was found: the accepted ones are sections of the plan by now."""
        if Overlay.FOUND not in self.overlays:
            return ()
        return tuple(c for c in self.candidates.sections if c.verdict is not Verdict.ACCEPTED)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels that are shown."""
        return self.candidates.labels if Overlay.LABELS in self.overlays else ()

    @property
    def all(self) -> frozenset[Item]:
        """Everything that can be chosen now."""
        return frozenset((*self._marks(), *self._found(), *self._labels()))

    def candidate(self, name: str) -> Candidate | None:
        return next((c for c in self.candidates.sections if c.id == name), None)

    def at(self, wafer_um: Point, reach_um: float) -> Item | None:
        """What is on top at a point: marks within ``reach_um`` of it, then outlines."""
        marks = sorted(self._places(), key=lambda each: math.dist(each[1], wafer_um))
        if marks and math.dist(marks[0][1], wafer_um) <= reach_um:
            return marks[0][0]
        for candidate in reversed(self.reviewed):
            if holds(candidate.outline_um, wafer_um):
                return Item(ItemKind.FOUND, candidate.id)
        return None

    def within(self, one_um: Point, other_um: Point, wafer_to_stage: Rigid) -> frozenset[Item]:
        """What is to be reviewed and lies, by its middle, in a rectangle of the stage frame."""
        (left, right), (low, high) = (sorted(pair) for pair in zip(one_um, other_um, strict=True))
        centres = ((c.id, wafer_to_stage.apply(centre_of(c.outline_um))) for c in self.reviewed)
        return found_items(n for n, (x, y) in centres if left <= x <= right and low <= y <= high)

    def label_at(self, wafer_um: Point) -> Item | None:
        """The topmost label at a point; sections lie above labels."""
        numbers = range(len(self.labels) - 1, -1, -1)
        found = (n for n in numbers if holds(self.labels[n].outline_um, wafer_um))
        return next((Item(ItemKind.LABEL, str(n)) for n in found), None)

    def outline_of(self, item: Item) -> tuple[Point, ...]:
        """The corners of an item on the wafer [um], one for a mark; none where it is gone."""
        match item.kind:
            case ItemKind.FOUND:
                candidate = self.candidate(item.name)
                return candidate.outline_um if candidate is not None else ()
            case ItemKind.LABEL:
                number = int(item.name)
                labels = self.candidates.labels
                return labels[number].outline_um if number < len(labels) else ()
            case _:
                return tuple(place for mark, place in self._places() if mark == item)

    def _places(self) -> Iterator[tuple[Item, Point]]:
        if Overlay.MARKS in self.overlays:
            yield from ((Item(ItemKind.LANDMARK, m.id), m.wafer_um) for m in self.landmarks)
            yield from ((Item(ItemKind.FIDUCIAL, m.id), m.centre_um) for m in self.fiducials)

    def _marks(self) -> Iterator[Item]:
        yield from (item for item, _ in self._places())

    def _found(self) -> Iterator[Item]:
        if Overlay.FOUND in self.overlays:
            yield from (Item(ItemKind.FOUND, c.id) for c in self.candidates.sections)

    def _labels(self) -> Iterator[Item]:
        yield from (Item(ItemKind.LABEL, str(n)) for n in range(len(self.labels)))


def holds(outline: tuple[Point, ...], point: Point) -> bool:
    """Whether an outline holds a point; its box is asked first."""
    x, y = zip(*outline, strict=True)
    within = min(x) <= point[0] <= max(x) and min(y) <= point[1] <= max(y)
    return within and inside(point, outline)


def centre_of(outline: tuple[Point, ...]) -> Point:
    """The middle of an outline's corners."""
    x, y = zip(*outline, strict=True)
    return sum(x) / len(x), sum(y) / len(y)
