"""The stage goes away and comes back, near and far, and is looked at where it arrives."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

import numpy as np

from calibration.bench import Bench
from calibration.robust_fits import Complex
from calibration.stage.settings import StageCalibrationSettings
from calibration.watching import NARROW_PX, RUN_UP_UM, Home, Reference, Seen, Watch, arrive, lab_um
from hardware.errors import Collision, OutOfRange
from scopeacq.plan.geometry import Point

GOLDEN_RAD = 2.39996
"""Directions that never repeat."""
ARRIVING_SHARE = 0.8
"""How far the work is when all arrivals are seen."""


class Arrival(Enum):
    """How the stage came back."""

    RISING = "rising"
    X_FALLING = "x falling"
    Y_FALLING = "y falling"
    FAR_X = "from afar along x"
    FAR_Y = "from afar along y"


@dataclass
class Arrivals:
    """Sends the stage away and back, and keeps where it was seen to arrive."""

    bench: Bench
    settings: StageCalibrationSettings
    home: Home
    seen: dict[Arrival, list[complex]] = field(default_factory=lambda: {kind: [] for kind in Arrival})
    lost: int = 0

    def places_um(self, *kinds: Arrival) -> Complex:
        """Where it was seen to arrive, against the reference; those that were not found are left out."""
        return np.array([place for kind in kinds for place in self.seen[kind]], np.complex128)

    @property
    def total(self) -> int:
        """Arrivals looked at in the end."""
        return 3 * self.settings.repeats + 2 * self.settings.long_repeats

    @property
    def hopeless(self) -> bool:
        """Whether it was never recognised so far: then there is no use in going on."""
        return self.lost > 0 and not any(self.seen.values())

    def run(self, told: Callable[[], None]) -> None:
        """All arrivals, unless none is recognised; ``told`` after each.

        Raises ``Halted`` and whatever else the devices raise.
        """
        watch = Watch(self.bench, "place", self.settings.frame)
        reference = watch.reference(self.home)
        for number in range(self.settings.repeats):
            for kind in (Arrival.RISING, Arrival.X_FALLING, Arrival.Y_FALLING):
                self._look(watch, reference, kind, number)
                told()
            if self.hopeless:
                return
        for number in range(self.settings.long_repeats):
            for kind in (Arrival.FAR_X, Arrival.FAR_Y):
                self._look(watch, reference, kind, number)
                told()

    def _look(self, watch: Watch, reference: Reference, kind: Arrival, number: int) -> None:
        done = sum(map(len, self.seen.values())) + self.lost
        share = ARRIVING_SHARE * done / self.total
        self.bench.tell(share, f"Going away and coming back: {kind.value}, {number + 1}")
        seen = self.bench.once(
            f"{kind.name.lower()}-{number}", Seen, partial(self._see, watch, reference, kind, number)
        )
        if seen.offset_px is None:
            self.lost += 1
        else:
            self.seen[kind].append(lab_um(watch.frame, seen.offset_px))

    def _see(self, watch: Watch, reference: Reference, kind: Arrival, number: int) -> Seen:
        reach_px = max(NARROW_PX, round(1e3 * self.settings.most_off_um / watch.frame.pixel_size_nm))
        self._come(kind, number)
        return watch.see(reference, reach_px=reach_px)

    def _come(self, kind: Arrival, number: int) -> None:
        """Come home in one of the ways; all but the last moves are the same."""
        match kind:
            case Arrival.RISING:
                away = cmath.rect(self.settings.short_move_um, number * GOLDEN_RAD)
                self._go(self.home.beside(away.real, away.imag))
                arrive(self.bench.manual, self.home.at_um)
            case Arrival.X_FALLING:
                self._fall((RUN_UP_UM, 0.0))
            case Arrival.Y_FALLING:
                self._fall((0.0, RUN_UP_UM))
            case Arrival.FAR_X:
                self._from_afar((self.settings.long_move_um, 0.0), number)
            case Arrival.FAR_Y:
                self._from_afar((0.0, self.settings.long_move_um), number)

    def _fall(self, above_um: Point) -> None:
        """Come by rising first, so that the other axis stands as always; then once more from above."""
        arrive(self.bench.manual, self.home.at_um)
        self._go(self.home.beside(*above_um))
        self._go(self.home.at_um)

    def _from_afar(self, away_um: Point, number: int) -> None:
        """There on either side in turn, or on the one that the stage reaches; back by rising."""
        manual, sign = self.bench.manual, 1 if number % 2 == 0 else -1
        there_um, other_um = (self.home.beside(s * away_um[0], s * away_um[1]) for s in (sign, -sign))
        try:
            way = manual.way_to(*there_um, straight=True)
        except (OutOfRange, Collision):  # nothing was moved
            way = manual.way_to(*other_um, straight=True)
        manual.go(way)
        arrive(manual, self.home.at_um)

    def _go(self, at_um: Point) -> None:
        manual = self.bench.manual
        manual.go(manual.way_to(*at_um, straight=True))
