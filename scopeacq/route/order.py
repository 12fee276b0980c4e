"""The order in which the sections of a wafer are imaged. Pure.

It is free in a run that has begun, too: what its cycle still lacks is imaged in the order of the file
that the run goes on with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scopeacq.plan.wafer import Wafer


def routed(wafer: Wafer, order: Sequence[str]) -> Wafer:
    """The wafer with its sections in this order; sections that ``order`` does not name follow as they were.

    Raises:
        ValueError: a section is named that the wafer does not hold, or is named twice.
    """
    place = {name: n for n, name in enumerate(order)}
    if len(place) < len(order) or not place.keys() <= {s.id for s in wafer.sections}:
        raise ValueError("an order names sections of the wafer, each once")
    sections = sorted(wafer.sections, key=lambda s: place.get(s.id, len(place)))
    return replace(wafer, sections=tuple(sections))
