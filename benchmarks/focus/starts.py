"""Where corrections start and on what microscopes: all drawn, nothing from the training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.focus.machine import Doubles, Machine
from benchmarks.focus.trials import Setup
from benchmarks.held_out import machines
from hardware.optics import StigmatorFrame
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings

SetupOf = Callable[[np.random.Generator], Setup]

WIDTH_PX, HEIGHT_PX, PIXEL_NM = 1024, 768, 10.0
LIMITS = {"limit_wd_um": 100.0, "limit_stig": 30.0}
"""Wide, so that what a trial shows is the estimator and not the project's limits."""


def mild(rng: np.random.Generator) -> Doubles:
    """(8..12 um, -4..-2, 2..4), either sign of all: the source's start."""
    start = np.array([rng.uniform(8, 12), rng.uniform(-4, -2), rng.uniform(2, 4)])
    return np.asarray(start * rng.choice([-1.0, 1.0]))


def far(rng: np.random.Generator) -> Doubles:
    """(30 um, -6, 6), either sign."""
    return np.asarray(np.array([30.0, -6.0, 6.0]) * rng.choice([-1.0, 1.0]))


def very_far(rng: np.random.Generator) -> Doubles:
    """60 um to either side, stigmators as they are on a working day."""
    return np.array([60.0 * rng.choice([-1.0, 1.0]), *rng.uniform(-1, 1, 2)])


def defocused(rng: np.random.Generator) -> Doubles:
    """Within +-20 um, without astigmatism."""
    return np.array([rng.uniform(-20, 20), 0.0, 0.0])


def anywhere(rng: np.random.Generator) -> Doubles:
    """Within +-(20 um, 5, 5)."""
    return rng.uniform(-1, 1, 3) * (20.0, 5.0, 5.0)


def setup_of(machine: Machine, believed_mrad: float | None = None, **focus: float) -> Setup:
    """A program that knows of the microscope what one usually knows.

    ``believed_mrad``: what it takes the convergence angle for, the true one where None; ``focus``: its
    settings, else at 50 ns.
    """
    electron = ElectronSettings(
        probe_current_na=machine.current_na,
        convergence_mrad=believed_mrad or machine.convergence_mrad,
        stigmator_um_per_unit=machine.stigmators.um_per_unit,
        stigmator_rotation_deg=_signed(machine.stigmators.rotation_deg),
        stigmator_y_ratio=machine.stigmators.y_ratio,
        stigmator_skew_deg=machine.stigmators.skew_deg,
    )
    settings = FocusSettings(
        width_px=WIDTH_PX, height_px=HEIGHT_PX, pixel_size_nm=PIXEL_NM, dwell_ns=50.0, max_iterations=8
    )
    return Setup(machine, electron, settings.model_copy(update={**LIMITS, **focus}))


def _signed(angle_deg: float) -> float:
    return (angle_deg + 180.0) % 360.0 - 180.0


def one_of(*names: str, **focus: float) -> SetupOf:
    """Held-out microscopes of these kinds, by chance, and what the program believes of them."""
    kinds = [machines()[name] for name in names]

    def setup(rng: np.random.Generator) -> Setup:
        microscope = kinds[rng.integers(len(kinds))].draw(rng)
        return setup_of(microscope.machine, microscope.believed_mrad, **focus)

    return setup


def usual(**focus: float) -> SetupOf:
    """Any microscope that the program is made for, of either polarity."""
    return one_of("usual", "inverted", **focus)


def turned(rng: np.random.Generator) -> Setup:
    """Stigmators turned by any angle and 0.3 to 3 times as strong, as the program knows."""
    strength_um = 4.0 * float(np.exp(rng.uniform(np.log(0.3), np.log(3.0))))
    frame = StigmatorFrame(strength_um, rng.uniform(0.0, 360.0))
    return setup_of(replace(machines()["usual"].draw(rng).machine, stigmators=frame))


def turned_unknown(rng: np.random.Generator) -> Setup:
    """The same, and the program believes in the usual frame."""
    setup = turned(rng)
    believed = {"stigmator_um_per_unit": 4.0, "stigmator_rotation_deg": 0.0}
    return replace(setup, electron=setup.electron.model_copy(update=believed))
