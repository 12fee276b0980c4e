"""A frame on the screen, taken by hand or by the run: its picture, levels, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.vision.looking import Histogram, Levels
from ui.presenters.live import ShotView, score_text, settings_text, shot_view, verdict_badge

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Shot
    from scopeacq.storage.latest_tile import TileSeen


class Source(Enum):
    """Whose frame is shown."""

    HAND = "hand"
    RUN = "run"


class LevelMode(Enum):
    """Who chooses what is black and what is white."""

    AUTO = "Auto"
    FULL = "Full"
    MANUAL = "Manual"


LEVEL_HINTS = {
    LevelMode.AUTO: "From the 0.5th to the 99.5th percentile of each frame",
    LevelMode.FULL: "All that the detector can say: brightness as it is",
    LevelMode.MANUAL: "Drag the two lines in the histogram; frames that follow are shown between them",
}


@dataclass(frozen=True, slots=True)
class FrameShown:
    """A frame on the screen, by hand or from the run; ``caption`` says which, empty by hand."""

    source: Source
    image: Image
    overview: Image
    pixel_size_nm: float
    histogram: Histogram
    auto: Levels
    spectrum: NDArray[np.uint8]
    view: ShotView
    caption: str = ""

    def levels(self, mode: LevelMode, manual: Levels | None) -> Levels:
        """Between which grey values it is shown; ``manual`` are those chosen last."""
        match mode:
            case LevelMode.AUTO:
                return self.auto
            case LevelMode.FULL:
                return self.histogram.full
            case LevelMode.MANUAL:
                return (manual or self.auto).within(self.histogram.full)


def shown_by_hand(shot: Shot) -> FrameShown:
    """A frame that was grabbed."""
    seen, pixel_nm = shot.seen, shot.seen.frame.settings.pixel_size_nm
    return FrameShown(
        Source.HAND,
        seen.frame.image,
        seen.overview,
        pixel_nm,
        seen.histogram,
        seen.auto,
        seen.spectrum,
        shot_view(shot),
    )


def shown_of_run(tile: TileSeen) -> FrameShown:
    """The tile that the run took last."""
    key, pixel_nm = tile.judged.key, tile.settings.pixel_size_nm
    caption = f"From the run: {key.section}, tile {key.tile + 1}, cycle {key.cycle + 1}"
    return FrameShown(
        Source.RUN,
        tile.image,
        tile.overview,
        pixel_nm,
        tile.histogram,
        tile.auto,
        tile.spectrum,
        run_view(tile),
        caption,
    )


def run_view(tile: TileSeen) -> ShotView:
    """What is said of a tile of the run."""
    judged, settings = tile.judged, tile.settings
    return ShotView(
        verdict_badge(judged.verdict),
        f"The run judged it: {judged.verdict.value}. Take {judged.take + 1}.",
        score_text(judged.score_um),
        f"{judged.mean:.1f} \N{PLUS-MINUS SIGN} {judged.sd:.1f}",
        "See the wafer's dose layer",
        settings_text(settings),
    )
