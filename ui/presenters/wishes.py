"""What an operator may ask for of the cycle under way, in words."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.journal.records import Wish, WishKind
from scopeacq.telling.status import SectionPhase
from ui.presenters.wafer_map import Hit, WaferMap

WISHES = {
    WishKind.FOCUS_NEXT: (
        "Focus again, next",
        "Its tiles come next, after a new correction of the focus. What was not sharp is taken again.",
    ),
    WishKind.LEAVE_OUT: (
        "Leave out of this cycle",
        "Nothing more of it is imaged. The mill gate still asks for it: nothing is milled before it is "
        "imaged after all, or accepted by the plan.",
    ),
    WishKind.TAKE_IN: ("Image after all", "It is imaged in this cycle like all others."),
    WishKind.PAUSE_BEFORE: (
        "Pause before it",
        "The run ends in order before the next tile of this section; Resume goes on with it.",
    ),
    WishKind.GO_ON: ("Do not pause before it", "The run goes on without a pause."),
    WishKind.RETAKE: (
        "Take again",
        "It is focused and imaged again, next. The new image counts if it is sharp, else the one before.",
    ),
}
"""What a wish is called, and what it comes to."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A wish as it stands in a menu."""

    wish: Wish
    text: str


def wishes_at(shown: WaferMap, place: Hit) -> tuple[Asking, ...]:
    """What can be asked for of a section, or of a tile of it; why not is said when it is asked for."""
    section, name = shown.section(place.section), place.section
    left_out = section is not None and section.phase is SectionPhase.SKIPPED
    texts = {WishKind.FOCUS_NEXT: f"Focus {name} again, next"}
    if left_out:
        texts[WishKind.TAKE_IN] = f"Image {name} after all"
    else:
        texts[WishKind.LEAVE_OUT] = f"Leave {name} out of this cycle"
    if place.tile is not None:
        texts[WishKind.RETAKE] = f"Take {place.text} again"
    return tuple(
        Asking(Wish(kind, shown.cycle, name, place.tile if kind is WishKind.RETAKE else None), text)
        for kind, text in texts.items()
    )
