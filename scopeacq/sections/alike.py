"""Which way round a section lies, by its picture on an overview: for outlines that leave it open."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Rigid
from scopeacq.plan.grids import Likeness, Template, own_frame
from scopeacq.plan.poses import Pose
from scopeacq.plan.wafer import Section
from scopeacq.sections.seen import Seen

LONG_PX = 96
"""Pixels along the longer side of what is compared: enough to know tissue by its shape."""
MARGIN = 0.1
"""Of each side: so far may what is alike lie off its place, as in the next section of a block."""
BLUR_PX = 1.5

Floats = NDArray[np.float32]


def likeness_on(seen: Seen, template: Section) -> Likeness:
    """How alike sections look to one of the same picture: what :func:`scopeacq.plan.grids.propagate` takes.

    A normalised correlation, -1 to 1; 0 for what lies beside the picture.
    """
    corners = np.array(Template.of(template).outline_um)
    low, high = corners.min(0), corners.max(0)
    step_um = float((high - low).max()) / LONG_PX
    x_um, y_um = (np.arange(a + step_um / 2, b, step_um) for a, b in zip(low, high, strict=True))
    grid_um = np.stack(np.meshgrid(x_um, y_um))
    reference = _patch(seen, own_frame(template), grid_um)
    rows, columns = (int(MARGIN * length) for length in reference.shape)
    middle = reference[rows : len(reference) - rows, columns : reference.shape[1] - columns]

    def likeness(section: Section, pose: Pose) -> float:
        found = cv2.matchTemplate(_patch(seen, pose.place, grid_um), middle, cv2.TM_CCOEFF_NORMED)
        return float(found.max()) if np.isfinite(found).all() else 0.0

    return likeness


def _patch(seen: Seen, place: Rigid, grid_um: NDArray[np.float64]) -> Floats:
    """Greys at points (2, y, x) of a section's own frame; the edge of the picture goes on beyond it."""
    origin, right, up = (np.array(seen.placement.px(place.apply(p))) for p in ((0, 0), (1, 0), (0, 1)))
    at_px = np.einsum("ck,kyx->cyx", np.column_stack([right - origin, up - origin]), grid_um)
    x, y = (at_px + origin[:, None, None]).astype(np.float32)
    greys = cv2.remap(seen.greys, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.GaussianBlur(greys.astype(np.float32), (0, 0), BLUR_PX).astype(np.float32)
