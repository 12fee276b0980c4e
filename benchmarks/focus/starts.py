"""Where corrections start and on what microscopes: all drawn, nothing from the training."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from benchmarks.focus.machine import Doubles, Machine
from benchmarks.focus.trials import Setup
from hardware.optics import StigmatorFrame
from scopeacq.instrument import ElectronSettings
from scopeacq.project import FocusSettings

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


def setup_of(machine: Machine, **focus: float) -> Setup:
    """A program that knows of the microscope what one usually knows."""
    electron = ElectronSettings(
        probe_current_na=machine.current_na,
        convergence_mrad=machine.convergence_mrad,
        stigmator_um_per_unit=machine.stigmators.um_per_unit,
        stigmator_rotation_deg=_signed(machine.stigmators.rotation_deg),
    )
    settings = FocusSettings(
        width_px=WIDTH_PX, height_px=HEIGHT_PX, pixel_size_nm=PIXEL_NM, max_iterations=8
    )
    return Setup(machine, electron, settings.model_copy(update={**LIMITS, **focus}))


def usual(rng: np.random.Generator) -> Setup:
    """Any microscope at 50 ns."""
    return setup_of(any_machine(rng), dwell_ns=50.0)


def _signed(angle_deg: float) -> float:
    return (angle_deg + 180.0) % 360.0 - 180.0


def any_machine(rng: np.random.Generator) -> Machine:
    """A microscope of the kind the program is made for, none like the other."""
    return Machine(
        convergence_mrad=rng.uniform(8.3, 9.7),
        floor_um=rng.uniform(0.0035, 0.007),
        current_na=rng.uniform(1.5, 1.8),
        lag_ns=rng.uniform(0.0, 25.0),
        shear_px=rng.uniform(0.0, 2.0),
        grey_per_signal=rng.uniform(100.0, 250.0) * rng.choice([-1.0, 1.0]),
    )


def faint(rng: np.random.Generator) -> Machine:
    """Low texture: a third of the usual contrast."""
    return replace(any_machine(rng), contrast=0.05)


def dim(rng: np.random.Generator) -> Machine:
    """A quarter of the current."""
    machine = any_machine(rng)
    return replace(machine, current_na=0.25 * machine.current_na)


def misjudged_angle(rng: np.random.Generator) -> Setup:
    """The true convergence is up to 20 % off what the program believes."""
    machine = any_machine(rng)
    setup = setup_of(machine)
    off = 1 + 0.2 * rng.choice([-1.0, 1.0])
    return replace(setup, machine=replace(machine, convergence_mrad=off * machine.convergence_mrad))


def gaussian(rng: np.random.Generator) -> Machine:
    return replace(any_machine(rng), falloff=math.inf)


def annular(rng: np.random.Generator) -> Machine:
    return replace(any_machine(rng), inner=0.5)


def spherical(rng: np.random.Generator) -> Machine:
    """The marginal ray focuses up to 2 um off the paraxial one: Cs of 25 mm at 8.9 mrad."""
    return replace(any_machine(rng), spherical_um=2.0 * rng.choice([-1.0, 1.0]))


def drifting(rng: np.random.Generator) -> Machine:
    """Images of a pair lie up to 40 px apart and are sheared by up to 8 px each."""
    return replace(any_machine(rng), shift_px=20.0, shear_px=8.0)


def charging(rng: np.random.Generator) -> Machine:
    return replace(any_machine(rng), charging=0.25)


def vignetted(rng: np.random.Generator) -> Machine:
    return replace(any_machine(rng), vignetting=0.4)


def tilted(rng: np.random.Generator) -> Machine:
    """Left and right edge of the frame differ by up to 1.5 um in height: 8 degrees."""
    return replace(any_machine(rng), tilt_um=rng.uniform(-1.5, 1.5))


def turned(rng: np.random.Generator) -> Machine:
    """Stigmators turned by any angle and 0.3 to 3 times as strong."""
    strength = 4.0 * float(np.exp(rng.uniform(np.log(0.3), np.log(3.0))))
    return replace(any_machine(rng), stigmators=StigmatorFrame(strength, rng.uniform(0.0, 360.0)))


def turned_unknown(rng: np.random.Generator) -> Setup:
    """The same, and the program believes in the usual frame."""
    setup = setup_of(turned(rng))
    usual = {"stigmator_um_per_unit": 4.0, "stigmator_rotation_deg": 0.0}
    return replace(setup, electron=setup.electron.model_copy(update=usual))
