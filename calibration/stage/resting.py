"""The stage arrives, and images at growing waits show when it has come to rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from calibration.bench import Bench
from calibration.stage.arriving import ARRIVING_SHARE
from calibration.stage.fit import Floats
from calibration.stage.settings import StageCalibrationSettings
from calibration.watching import Home, Watch, lab_um, link_between
from hardware.types import Frame

WAITS_S = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Seconds after an arrival at which it is looked; at the last of them it is taken to be at rest."""
SWING_PX = 24
"""How far the stage may still be off when it says that it has arrived."""
NM_PER_UM = 1e3


@dataclass(frozen=True, slots=True)
class Rest:
    """How far the image was from where it came to rest, so long after the stage had arrived, (n,) each."""

    times_s: tuple[float, ...]
    off_nm: tuple[float, ...]

    def series(self) -> tuple[Floats, Floats]:
        return np.array(self.times_s), np.array(self.off_nm)


def watch_rest(bench: Bench, settings: StageCalibrationSettings, home: Home) -> list[Rest]:
    """Images after several arrivals, along both axes in turn; a series in which the place is lost is empty.

    Raises ``Halted`` and whatever else the devices raise.
    """
    watch, found = Watch(bench, "rest", settings.quick_frame), []
    for number in range(settings.settling_moves):
        done = ARRIVING_SHARE + (1 - ARRIVING_SHARE) * number / settings.settling_moves
        bench.tell(done, f"Watching the stage come to rest: move {number + 1}")
        found.append(bench.once(f"rest-{number}", Rest, partial(_rest, watch, settings, home, number)))
    return found


def _rest(watch: Watch, settings: StageCalibrationSettings, home: Home, number: int) -> Rest:
    manual, clock = watch.bench.manual, watch.bench.manual.devices.clock
    away_um = (settings.short_move_um, 0.0) if number % 2 == 0 else (0.0, settings.short_move_um)
    manual.go(manual.way_to(*home.beside(-away_um[0], -away_um[1]), straight=True))
    manual.go(manual.way_to(*home.at_um, straight=True), settle_s=0.0)
    arrived_s, frames = clock.now_s(), list[Frame]()
    for wait_s in WAITS_S:
        clock.sleep(max(arrived_s + wait_s - clock.now_s(), 0.0))
        frames.append(watch.grab())
    return _compared(frames, arrived_s)


def _compared(frames: list[Frame], arrived_s: float) -> Rest:
    """All frames but the last against it."""
    rest = frames.pop()
    links = [link_between(rest.image, frame.image, (0.0, 0.0), SWING_PX) for frame in frames]
    seen = [
        (frame.scanned_at_s - arrived_s, NM_PER_UM * abs(lab_um(frame.settings, link.offset_px)))
        for frame, link in zip(frames, links, strict=True)
        if link is not None
    ]
    return Rest(tuple(time_s for time_s, _ in seen), tuple(off_nm for _, off_nm in seen))
