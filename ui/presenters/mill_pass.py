"""The mill pass under way, in words and as a bar."""

from __future__ import annotations

from scopeacq.engine.events import MillProgressed
from ui.presenters.durations import spoken

BAR_STEPS = 1000


def told(mill: MillProgressed) -> str:
    """Which pass of the cycle it is, from where, and what it has delivered."""
    delivered_uc = min(mill.delivered_uc, mill.requested_uc)
    return (
        f"Milling pass {mill.number} of {mill.passes} from {mill.azimuth_deg:g}\N{DEGREE SIGN}: "
        f"{delivered_uc:.2f} of {mill.requested_uc:.2f} \N{MICRO SIGN}C"
    )


def done_of_bar(mill: MillProgressed) -> int:
    """How much of ``BAR_STEPS`` is done."""
    return min(round(mill.delivered_uc / mill.requested_uc * BAR_STEPS), BAR_STEPS)


def left(mill: MillProgressed) -> str:
    """The ion beam's time that the pass still lacks."""
    return f"{spoken(mill.left_s)} of beam left" if mill.left_s > 0 else "delivered"
