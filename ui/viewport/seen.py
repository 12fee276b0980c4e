"""A section that lies in the window, ready to be painted."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtGui import QPolygonF

from scopeacq.plan.wafer import Section
from ui.presenters.sections import SectionShown


@dataclass(frozen=True, slots=True)
class Seen:
    """``section``: as it lies now, other than in ``shown`` during a drag; ``outline`` on the wafer [um].

    All of it lies within ``radius_px`` of its grid's middle, all of its grid within ``grid_px``.
    """

    shown: SectionShown
    section: Section
    outline: QPolygonF
    radius_px: float
    grid_px: float
