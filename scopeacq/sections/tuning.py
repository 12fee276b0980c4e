"""The section network taught this wafer by what an operator has outlined, and kept in the run's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.recipe import TrainingError
from models.training.section_tuning import SectionTuning, TuneProgress, TuningSettings
from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import Candidates, LabelKind, Origin, Ring, SectionsRefused, Verdict
from scopeacq.sections.detection import sections_mask
from scopeacq.sections.flags import hulls_of, overlapping
from scopeacq.sections.on_wafer import NETWORK_PIXEL_UM
from scopeacq.sections.outlines import Mask, Outline, fill
from scopeacq.sections.seen import Seen
from scopeacq.sections.unlearned import detect
from scopeacq.storage.files import FileLayer

__all__ = ["Lesson", "Preview", "Teaching", "TuneProgress", "TuningRefused", "TuningSettings", "lesson_of"]

LEAST_OUTLINES = 2
PREVIEW_PX = 400
"""Edge of what a preview shows, in pixels of the network."""


class TuningRefused(SectionsRefused):
    """The network cannot learn from what there is."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the network is shown: a picture, and outlines (n, 2) of (column, row) [px] on it.

    ``doubtful``: shape (y, x), bool: what may be a section that nobody has judged, or is to be ignored.
    """

    seen: Seen
    tissue: tuple[Outline, ...]
    background: tuple[Outline, ...]
    doubtful: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Preview:
    """A piece of the wafer: ``greys`` uint8, and how probable a section is, float32; both (y, x)."""

    greys: NDArray[np.uint8]
    probability: NDArray[np.float32]


def lesson_of(seen: Seen, candidates: Candidates, wafer: Wafer) -> Lesson:
    """What can be learned from a wafer: tissue are sections of the plan, what was drawn, and labels.

    Raises:
        TuningRefused: too little of the overview is outlined, or only what is no section.
    """
    tissue = _on(seen, _tissue_um(candidates, wafer))
    background = _on(seen, _labels_um(candidates, LabelKind.BACKGROUND))
    if not tissue and background:
        raise TuningRefused(
            "The labels only say where no section is; outline at least two sections on the overview, too."
        )
    if len(tissue) < LEAST_OUTLINES:
        raise TuningRefused(
            f"{len(tissue)} of at least {LEAST_OUTLINES} sections are outlined on the overview: draw or "
            "accept more of them; thirty are plenty."
        )
    doubtful = _doubtful(seen, candidates, tissue[0])
    for outline in _on(seen, _labels_um(candidates, LabelKind.IGNORE)):
        fill(doubtful, outline)
    return Lesson(seen, tissue, background, doubtful > 0)


class Teaching:
    """One fine-tuning; whoever iterates over :meth:`steps` may stop at any time, the best is kept."""

    def __init__(
        self, lesson: Lesson, settings: TuningSettings = TuningSettings(), start: Path | None = None
    ) -> None:
        """``start``: weights to begin with, by default the shipped ones.

        Raises:
            TuningRefused: the network cannot learn from the lesson.
            WeightsError: the weights cannot be used.
        """
        self._lesson = lesson
        outlines = lesson.tissue, lesson.background, lesson.doubtful
        try:
            self._tuning = SectionTuning(lesson.seen.greys, *outlines, settings, start)
        except TrainingError as error:
            raise TuningRefused(f"The network cannot learn from this: {error}.") from None

    def steps(self) -> Iterator[TuneProgress]:
        """Train until a limit is reached; tells after each step."""
        return self._tuning.steps()

    def preview(self) -> Preview:
        """What the best so far makes of the middle of what is outlined. Takes about a second."""
        greys, scale = self._lesson.seen.greys, self._tuning.scale
        x, y = np.median([outline.mean(0) for outline in self._lesson.tissue], axis=0).tolist()
        half = round(PREVIEW_PX / scale / 2)
        rows, columns = (slice(max(0, round(c) - half), round(c) + half) for c in (y, x))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(greys[rows, columns], None, fx=scale, fy=scale, interpolation=way)
        piece = np.asarray(resized, np.uint8)
        return Preview(piece, self._tuning.finder().probability(piece))

    def keep(self, path: Path, files: FileLayer) -> None:
        """Write the best weights durably, in the place of earlier ones. Raises ``OSError``."""
        best = self._tuning.best()
        network_pixel_um = self._lesson.seen.placement.pixel_um / self._tuning.scale
        best = replace(best, card=best.card | {NETWORK_PIXEL_UM: network_pixel_um})
        files.make_folder(path.parent)
        unsynced = path.with_name(f"tuned-{path.name}")
        best.save(unsynced)
        files.publish(unsynced, path, replace=True)


def _tissue_um(candidates: Candidates, wafer: Wafer) -> tuple[Ring, ...]:
    """Outlines of sections that a person stands for, each once."""
    planned = {s.id for s in wafer.sections}
    drawn = (
        c.outline_um
        for c in candidates.sections
        if c.id not in planned
        and (c.verdict is Verdict.ACCEPTED or (c.origin is Origin.DRAWN and c.verdict is Verdict.OPEN))
    )
    labelled = _labels_um(candidates, LabelKind.TISSUE)
    rings = (*(s.outline_um for s in wafer.sections), *drawn, *labelled)
    again = {later for _, later in overlapping(hulls_of(rings))}
    return tuple(ring for k, ring in enumerate(rings) if k not in again)


def _labels_um(candidates: Candidates, kind: LabelKind) -> tuple[Ring, ...]:
    return tuple(label.outline_um for label in candidates.labels if label.kind is kind)


def _on(seen: Seen, rings: Sequence[Ring]) -> tuple[Outline, ...]:
    """Those that lie on a picture as a whole, in its pixels."""
    return tuple(o for o in map(seen.outline_px, rings) if seen.shows(o))


def _doubtful(seen: Seen, candidates: Candidates, example: Outline) -> Mask:
    """Where a section may be that nobody has outlined: what was found before, or is found now."""
    found = [c.outline_um for c in candidates.sections if c.origin is Origin.FOUND]
    if not found:
        return sections_mask(seen.greys.shape, detect(seen.greys, example)).astype(np.uint8)
    mask = np.zeros(seen.greys.shape, np.uint8)
    for ring in found:
        fill(mask, seen.outline_px(ring))
    return mask
