"""Moves of the stage around a place, farther and farther, until the scan is known well enough."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from calibration.bench import Bench
from calibration.figures import Arrows
from calibration.scan.fit import Moves, ScanFit, fit_scan
from calibration.scan.settings import ScanCalibrationSettings
from calibration.watching import (
    NARROW_PX,
    WIDE_PX,
    Home,
    Reference,
    Seen,
    Watch,
    arrive,
    image_px,
    lab_um,
)

DIRECTIONS = 8
"""Moves of one round at one scan rotation."""
FIRST_SHARES = (0.05, 0.25)
"""Of the farthest move: so short that it is found however the scan lies, then farther."""
FEWEST_ROUNDS = 3
GOLDEN_RAD = math.pi * (3 - math.sqrt(5))
"""By so much each round is turned, so that no two go the same ways."""
FINEST_PX = 0.1
"""Shifts are not known better: nothing smaller is an outlier."""
NM_PER_UM = 1e3
MOVING_SHARE = 0.8
"""How far the work is when all moves are made."""


@dataclass(frozen=True, slots=True)
class Move:
    """A move and what was seen of it by the frame's settings, x + iy; None where nothing was found."""

    stage_um: complex
    seen_um: complex | None
    scan_rot_deg: float
    reference: int


@dataclass
class Mover:
    """Makes rounds of moves, and knows what they have told so far."""

    bench: Bench
    settings: ScanCalibrationSettings
    home: Home
    moves: list[Move] = field(default_factory=list)
    fit: ScanFit | None = None

    @property
    def found(self) -> list[Move]:
        """Those of which something was seen, in order: as in ``fit``."""
        return [move for move in self.moves if move.seen_um is not None]

    @property
    def precise(self) -> bool:
        """Whether the scan is known as well as wanted."""
        fit, wanted = self.fit, self.settings
        return fit is not None and (
            100 * fit.pixel_size_factor.sd <= wanted.pixel_size_sd_percent
            and fit.rotation_deg.sd <= wanted.rotation_sd_deg
        )

    def run(self) -> None:
        """Rounds until it is precise, or there were enough. ``fit`` stays None where too little was seen.

        Raises ``Halted`` and whatever else the devices raise.
        """
        watches = [
            Watch(self.bench, f"{rotation:g}", self.settings.frame(rotation))
            for rotation in self.settings.scan_rot_deg
        ]
        references = [watch.reference(self.home) for watch in watches]
        for number in range(self.settings.most_moves // (DIRECTIONS * len(watches))):
            for which, (watch, reference) in enumerate(zip(watches, references, strict=True)):
                self._round(number, which, watch, reference)
            self._fit_again()
            if self.fit is None or (number + 1 >= FEWEST_ROUNDS and self.precise):
                return

    def _round(self, number: int, which: int, watch: Watch, reference: Reference) -> None:
        """Moves in all directions; those of a round are as far as each other."""
        share = FIRST_SHARES[number] if number < len(FIRST_SHARES) else 1.0
        for direction in range(DIRECTIONS):
            self.bench.tell(
                MOVING_SHARE * len(self.moves) / self.settings.most_moves,
                f"Moving the stage around its place: move {len(self.moves) + 1}",
            )
            angle = 2 * math.pi * direction / DIRECTIONS + number * GOLDEN_RAD
            step_um = cmath.rect(share * self.settings.farthest_um, angle)
            see = partial(self._see, watch, reference, step_um)
            seen = self.bench.once(f"move-{number}-{which}-{direction}", Seen, see)
            self.moves.append(_move(watch, which, reference, seen))

    def _see(self, watch: Watch, reference: Reference, step_um: complex) -> Seen:
        arrive(self.bench.manual, self.home.beside(step_um.real, step_um.imag))
        rotation = watch.frame.scan_rot_deg
        expected_um = step_um if self.fit is None else self.fit.seen_um(step_um, rotation)
        reach_px = WIDE_PX if self.fit is None else NARROW_PX
        return watch.see(reference, image_px(watch.frame, expected_um), reach_px)

    def _fit_again(self) -> None:
        """Fit all moves so far, and show what the fit leaves of them."""
        found = self.found
        if 2 * len(found) < len(self.moves):
            self.fit = None
            return
        moves = Moves(
            np.array([move.stage_um for move in found]),
            np.array([move.seen_um for move in found], np.complex128),
            np.array([move.scan_rot_deg for move in found]),
            np.array([move.reference for move in found]),
        )
        least_um = FINEST_PX * 1e-3 * self.settings.pixel_size_nm
        try:
            self.fit = fit_scan(moves, np.random.default_rng(len(found)), least_um)
        except ValueError:
            self.fit = None
            return
        self.bench.show("residuals", residual_arrows(found, self.fit))


def _move(watch: Watch, which: int, reference: Reference, seen: Seen) -> Move:
    stage_um = complex(*seen.stage_um) - complex(*reference.stage_um)
    found_um = None if seen.offset_px is None else lab_um(watch.frame, seen.offset_px)
    return Move(stage_um, found_um, watch.frame.scan_rot_deg, which)


def residual_arrows(found: list[Move], fit: ScanFit) -> Arrows:
    """What the fit leaves of each move, in nm, where the stage went from its place [um]."""
    return Arrows(
        title="What is left of each move: mostly by how much the stage misses",
        unit="nm",
        at=tuple((NM_PER_UM * m.stage_um.real, NM_PER_UM * m.stage_um.imag) for m in found),
        by=tuple((NM_PER_UM * r.real, NM_PER_UM * r.imag) for r in fit.residuals_um.tolist()),
        factor=100.0,
        left_out=frozenset(np.flatnonzero(~fit.kept).tolist()),
    )
