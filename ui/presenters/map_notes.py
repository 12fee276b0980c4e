"""Lines of words on the map: what the signs over it mean and count, and what to do where it is empty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from scopeacq.telling.wording import counted
from ui.presenters.found import GLYPHS, Standing, standing_of
from ui.presenters.landmarks import MarksShown, exaggeration
from ui.presenters.map_items import MapItems, Overlay
from ui.presenters.overviews import Underlay
from ui.presenters.tone import Tone
from ui.presenters.wafer_map import WaferMap

NO_PICTURE = "No section yet. First take a picture of the wafer (Prepare, Overview), or add one (Show)."
NO_SECTION = "No section yet. Find sections (Prepare, Sections), or draw one on the picture: D."
TO_JUDGE = "No section yet. Judge what was found: N goes to the next doubtful one, A accepts, R rejects."


@dataclass(frozen=True, slots=True)
class Note:
    """One line, in the colour of its tone."""

    text: str
    tone: Tone = Tone.QUIET


_WORDS = {Standing.DOUBTFUL: "doubtful", Standing.OPEN: "open", Standing.REJECTED: "rejected"}


def advice(shown: WaferMap, items: MapItems, underlay: Underlay) -> str:
    """What to do on a wafer without sections; empty where there are some."""
    if shown.sections:
        return ""
    if items.reviewed:
        return TO_JUDGE
    return NO_SECTION if underlay.overviews else NO_PICTURE


def notes_of(items: MapItems) -> tuple[Note, ...]:
    """What was found and how it stands, a line each; what is accepted is a section by now."""
    counts = Counter(map(standing_of, items.reviewed))
    return tuple(
        Note(f"{GLYPHS[standing] or chr(0x25A1)} {counts[standing]} {words}", standing.value.tone)
        for standing, words in _WORDS.items()
        if counts[standing]
    )


def route_note(sentence: str, items: MapItems) -> tuple[Note, ...]:
    """What a way that was found saves; nothing where it is not shown."""
    if not sentence or Overlay.ROUTE not in items.overlays:
        return ()
    return Note(sentence, Tone.ACTIVE), Note("- - the way of before", Tone.CAUTION)


def residual_note(marks: MarksShown, items: MapItems, um_per_px: float) -> tuple[Note, ...]:
    """How long arrows are drawn at this zoom; nothing where there are none."""
    if not marks.residuals or Overlay.MARKS not in items.overlays:
        return ()
    factor = exaggeration(marks.worst_um, um_per_px)
    text = (
        f"{counted(len(marks.residuals), 'landmark')} off by {marks.worst_um:.1f} \N{MICRO SIGN}m at most"
    )
    return (Note(f"{text}; arrows {factor:,.0f} times as long", marks.tone),)
