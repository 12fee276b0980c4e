"""To focus without a stigmator frame: what each stigmator does is tried out, from pairs of images."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.stigmators.pairs import CannotMeasure, Reading, Station
from hardware.types import Optics

Floats = NDArray[np.float64]

ROUNDS = 6
NEAR = 0.2
"""Perturbations from focus, and sizes of an offset from stigmation, that are near enough."""

FIRST_TRY = 1 / 3
"""Share of the offset that the profile asks for: the stigmators may act three times as strongly."""

LARGEST_GROWTH = 4.0
LEAST_SEEN, MOST_SEEN = 0.5, 2.0
"""Between these sizes an offset shows well what the stigmator does."""

NO_FOCUS = (
    "Focus was not found from here; focus by hand on tissue that is rich in structure, and begin again."
)
STIGMATORS = ("x", "y")


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    """Optics near focus, and what a stigmator unit does there: (2, 2) [um], x in the first column."""

    optics: Optics
    response_um: Floats


def find_centre(station: Station, start: Optics, size_um: float) -> Centre:
    """Near focus, with the response to offsets of about ``size_um`` of astigmatism.

    Raises ``CannotMeasure`` where images tell too little or a stigmator does nothing.
    """
    here = _focused(station, "start", start)
    response_um = np.stack([_tried(station, here, axis, size_um) for axis in range(2)], axis=1)
    if np.linalg.cond(response_um) > 1e3:
        raise CannotMeasure("Both stigmators do the same; check the drivers of the stigmators.")
    for number in range(ROUNDS):
        if np.hypot(*here.astig_um) <= NEAR * size_um:
            return Centre(here.optics, response_um)
        stig_x, stig_y = (here.stigmators - np.linalg.solve(response_um, here.astig_um)).tolist()
        here = _focused(station, f"centre-{number}", replace(here.optics, stig_x=stig_x, stig_y=stig_y))
    raise CannotMeasure(
        "The astigmatism cannot be corrected within the limits of the stigmators; correct it by hand first."
    )


def _focused(station: Station, key: str, optics: Optics) -> Reading:
    """A reading near focus along the axis. The lens is true, so that this needs no calibration."""
    near_um = NEAR * station.focus.scans[0].perturbation_um
    for number in range(ROUNDS):
        station.bench.tell(0.02 * number, "Finding focus.")
        reading = station.read(f"{key}-{number}", optics)
        if reading is None:
            raise CannotMeasure(NO_FOCUS)
        if abs(reading.defocus_um) <= near_um:
            return reading
        optics = reading.optics.shifted(wd_um=-reading.defocus_um)
    raise CannotMeasure(NO_FOCUS)


def _tried(station: Station, here: Reading, axis: int, size_um: float) -> Floats:
    """The change of astigmatism (2,) [um] per unit of one stigmator, from a step that shows it well."""
    name = STIGMATORS[axis]
    step = FIRST_TRY * size_um / station.bench.plan.instrument.electron.stigmator_um_per_unit
    for number in range(ROUNDS):
        station.bench.tell(0.1 + 0.05 * axis, f"Trying out stigmator {name}.")
        reading = station.read(f"try-{name}-{number}", here.optics.shifted(**{f"stig_{name}": step}))
        if reading is None:
            step /= LARGEST_GROWTH
            continue
        change_um = reading.astig_um - here.astig_um
        seen = float(np.hypot(*change_um)) / size_um
        truly = float((reading.stigmators - here.stigmators)[axis])
        if LEAST_SEEN <= seen <= MOST_SEEN and truly != 0.0:
            return np.asarray(change_um / truly)
        step *= min(max(1 / max(seen, 1e-9), 1 / LARGEST_GROWTH), LARGEST_GROWTH)
    raise CannotMeasure(
        f"No offset of stigmator {name} gives {size_um:g} um of astigmatism; check that it is switched on."
    )
