"""Whether the window holds the instrument, and what may be asked of it now and why not."""

from __future__ import annotations

from dataclasses import dataclass

from ui.hand.manual_thread import ManualState
from ui.presenters.tone import Badge, Sign, Tone


@dataclass(frozen=True, slots=True)
class HoldView:
    """``connect``: the button connects, else it lets go; ``now``: it may be pressed; ``tip``: what it does.

    ``settable``: orders are taken.
    """

    badge: Badge
    text: str
    connect: bool
    now: bool
    tip: str
    settable: bool


_CONNECT = "Connect the instrument to look, focus and drive by hand. Both beams are blanked, nothing moves."
_RELEASE = "Blank both beams, stop the stage and let others have the instrument."


def hold_view(state: ManualState, doing: str, run_active: bool) -> HoldView:
    """What to show of manual control. Pure."""
    if run_active and state is ManualState.RELEASED:
        badge = Badge(Tone.ACTIVE, Sign.PLAY, "Steered by the run")
        tip = "The run has the instrument; pause or stop it first."
        return HoldView(badge, "Shown here is what it reads between its steps.", True, False, tip, False)
    match state:
        case ManualState.RELEASED:
            badge = Badge(Tone.QUIET, Sign.INFO, "Not connected")
            return HoldView(badge, "Nothing is read from the instrument.", True, True, _CONNECT, False)
        case ManualState.CONNECTING:
            badge = Badge(Tone.ACTIVE, Sign.HOURGLASS, "Connecting")
            return HoldView(badge, "Both beams are blanked first.", False, False, _RELEASE, False)
        case ManualState.CONNECTED:
            badge = Badge(Tone.GOOD, Sign.CHECK, "Connected")
            return HoldView(badge, "Nothing is under way.", False, True, _RELEASE, True)
        case ManualState.BUSY:
            badge = Badge(Tone.ACTIVE, Sign.HOURGLASS, "Busy")
            return HoldView(badge, doing, False, True, _RELEASE, True)
        case ManualState.RELEASING:
            badge = Badge(Tone.QUIET, Sign.HOURGLASS, "Letting go")
            return HoldView(badge, "Both beams are being blanked.", False, False, _RELEASE, False)
