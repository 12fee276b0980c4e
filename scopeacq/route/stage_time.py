"""How long the stage is under way between sections. Pure.

Under the pole piece a move across is one leg (:func:`scopeacq.engine.ways.path_to_point`), or two where
backlash is to be left out: both axes go at once, each at its own speed, and the slower one counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import StageSettings

Places = NDArray[np.float64]
"""Places of the stage frame, shape (..., 2) [um]."""
Nodes = NDArray[np.intp]
"""Numbers of stops from 1 on; 0 is where the stage comes from."""
Seconds = NDArray[np.float64]

HOME = 0
"""The node where the stage comes from. The way back to it takes no time: that makes a tour an open one."""


def travel_s(profile: StageSettings, start_um: Places, end_um: Places) -> Seconds:
    """Seconds of moves at the imaging height, settling included; 0 where nothing moves.

    ``start_um`` and ``end_um`` are broadcast against each other, the result lacks their last axis.
    """
    way_um = end_um - start_um
    falls = way_um < 0
    run_up_um = np.array(profile.run_up_um)
    length_um = np.abs(way_um) + 2 * (profile.backlash_um + run_up_um) * falls
    s = (length_um / (profile.speed_x_um_per_s, profile.speed_y_um_per_s)).max(-1)
    moves = 1 + (falls & (run_up_um > 0)).any(-1)
    return np.where(s > 0, s + moves * profile.move_s + profile.settle_s, 0.0)


@dataclass(frozen=True, slots=True)
class Stops:
    """What a tour visits, in places of the stage frame, each of shape (n, 2) [um].

    Where the stage leaves a stop need not be where it arrived: its tiles lie between. ``home_um``:
    where it comes from, ``None`` where nobody knows; a tour may begin anywhere at no cost then.
    """

    profile: StageSettings
    arrive_um: Places
    leave_um: Places
    home_um: Point | None = None

    @property
    def count(self) -> int:
        return len(self.arrive_um)

    @property
    def as_given(self) -> Nodes:
        """All stops in the order in which they were given."""
        return np.arange(1, self.count + 1)

    def seconds(self, start: Nodes, end: Nodes) -> Seconds:
        """Travel from nodes to nodes, which are broadcast against each other."""
        leave_um = np.vstack([self.home_um or (0.0, 0.0), self.leave_um])
        arrive_um = np.vstack([(0.0, 0.0), self.arrive_um])
        s = travel_s(self.profile, leave_um[start], arrive_um[end])
        if self.home_um is None:
            s = np.where(start == HOME, 0.0, s)
        return np.where(end == HOME, 0.0, s)

    def matrix(self, rows: Nodes, columns: Nodes) -> Seconds:
        """Travel from each of ``rows`` to each of ``columns``, shape (rows, columns)."""
        return self.seconds(rows[:, None], columns[None, :])

    def tour_s(self, order: Nodes) -> float:
        """Travel through all stops of ``order``."""
        return float(self.seconds(np.append(HOME, order[:-1]), order).sum()) if len(order) else 0.0
