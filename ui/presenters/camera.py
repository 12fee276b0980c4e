"""The window onto the wafer: where it looks, how near. y points up on the wafer, down on the screen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scopeacq.plan.geometry import Point

NEAREST_UM_PER_PX = 0.001
FARTHEST_UM_PER_PX = 200.0
FIT_MARGIN = 1.12


@dataclass(frozen=True, slots=True)
class Camera:
    """Looks at ``centre_um`` of the stage frame; sizes are in logical pixels."""

    centre_um: Point = (0.0, 0.0)
    um_per_px: float = 40.0
    width_px: int = 800
    height_px: int = 600

    def to_px(self, stage_um: Point) -> Point:
        x = (stage_um[0] - self.centre_um[0]) / self.um_per_px + self.width_px / 2
        y = (self.centre_um[1] - stage_um[1]) / self.um_per_px + self.height_px / 2
        return x, y

    def to_um(self, px: Point) -> Point:
        x = self.centre_um[0] + (px[0] - self.width_px / 2) * self.um_per_px
        y = self.centre_um[1] - (px[1] - self.height_px / 2) * self.um_per_px
        return x, y

    def panned(self, dx_px: float, dy_px: float) -> Camera:
        """What lay under the cursor moves along with it by (dx, dy)."""
        x, y = self.centre_um
        return replace(self, centre_um=(x - dx_px * self.um_per_px, y + dy_px * self.um_per_px))

    def zoomed(self, factor: float, at_px: Point | None = None) -> Camera:
        """``factor`` > 1 comes nearer; the point under ``at_px`` (the middle by default) stays there."""
        fixed = at_px or (self.width_px / 2, self.height_px / 2)
        um_per_px = min(max(self.um_per_px / factor, NEAREST_UM_PER_PX), FARTHEST_UM_PER_PX)
        moved = replace(self, um_per_px=um_per_px)
        before, after = self.to_um(fixed), moved.to_um(fixed)
        x, y = self.centre_um
        return replace(moved, centre_um=(x + before[0] - after[0], y + before[1] - after[1]))

    def resized(self, width_px: int, height_px: int) -> Camera:
        """The same centre and scale in another window."""
        return replace(self, width_px=max(width_px, 1), height_px=max(height_px, 1))

    def at(self, centre_um: Point, um_per_px: float) -> Camera:
        """The same window onto another place, at another scale."""
        return replace(self, centre_um=centre_um, um_per_px=um_per_px)

    def fitted(self, centre_um: Point, width_um: float, height_um: float) -> Camera:
        """So near that a rectangle of the stage frame fills the window, with a margin."""
        needed = max(width_um / self.width_px, height_um / self.height_px) * FIT_MARGIN
        um_per_px = min(max(needed, NEAREST_UM_PER_PX), FARTHEST_UM_PER_PX)
        return replace(self, centre_um=centre_um, um_per_px=um_per_px)


def scale_bar_um(um_per_px: float, longest_px: float) -> float:
    """The longest of 1, 2, 5 times a power of ten [um] that fits into ``longest_px``."""
    longest_um = um_per_px * longest_px
    decade = 10.0 ** math.floor(math.log10(longest_um))
    return next(step * decade for step in (5.0, 2.0, 1.0) if step * decade <= longest_um * (1 + 1e-9))


def length_text(um: float) -> str:
    """A length in the unit that people would use for it."""
    if um >= 1000:
        return f"{um / 1000:g} mm"
    return f"{um:g} \N{MICRO SIGN}m" if um >= 1 else f"{um * 1000:g} nm"
