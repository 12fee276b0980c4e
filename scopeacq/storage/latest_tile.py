"""The tile that a run took last, to be looked at beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.types import FrameSettings, Image
from scopeacq.journal.records import PlaneExposing, PlaneJudged, Record
from scopeacq.storage.storage import ImageStore, StorageError
from scopeacq.storage.thumbnails import smaller
from scopeacq.vision.looking import OVERVIEW_PX, Histogram, Levels, auto_levels, histogram, power_spectrum


@dataclass(frozen=True, slots=True)
class TileSeen:
    """A judged take and what it shows; the fields are those of :class:`~scopeacq.vision.looking.Seen`."""

    judged: PlaneJudged
    settings: FrameSettings
    image: Image
    overview: Image
    histogram: Histogram
    auto: Levels
    spectrum: NDArray[np.uint8]


@dataclass(slots=True)
class LatestTile:
    """A fold over the journal: the newest take that was judged, and how it was scanned."""

    judged: PlaneJudged | None = None
    settings: FrameSettings | None = None

    def apply(self, record: Record) -> None:
        """Take one more record into account. Takes are judged while the next one is scanned."""
        match record:
            case PlaneExposing(_, _, settings):
                self.settings = settings
            case PlaneJudged():
                self.judged = record
            case _:
                pass


def look_at_tile(store: ImageStore, latest: LatestTile) -> TileSeen | None:
    """Read the newest take and look at it; None where there is none, or it cannot be read."""
    judged, settings = latest.judged, latest.settings
    if judged is None or settings is None:
        return None
    try:
        image = store.read_take(judged.key, judged.take)
    except StorageError:
        return None
    return TileSeen(
        judged,
        settings,
        image,
        smaller(image, OVERVIEW_PX),
        histogram(image),
        auto_levels(image),
        power_spectrum(image),
    )
