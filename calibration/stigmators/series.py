"""The measurement: offsets of both stigmators and of the working distance around one point in focus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.stigmators.beam_angle import BeamAngle, Seen, find_angle
from calibration.stigmators.fit import FittedFrame, Response, fit_frame, fit_response
from calibration.stigmators.image_shift import field_shift
from calibration.stigmators.pairs import CannotMeasure, Reading, Station
from calibration.stigmators.search import Centre
from hardware.types import Optics

Floats = NDArray[np.float64]

# each sign and size of each stigmator and of both; what drifts meanwhile cancels
STAR = (
    (0.0, 0.0),
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, 1.0),
    (0.0, -1.0),
    (-0.7, 0.0),
    (0.7, 0.0),
    (0.0, -0.7),
    (0.0, 0.7),
    (0.7, 0.7),
    (-0.7, -0.7),
    (-0.7, 0.7),
    (0.7, -0.7),
    (0.0, 0.0),
)
WD_STEPS = (0.8, -0.8, -0.4, 0.4)
"""In perturbations: so near focus answers stretch with the angle of the beam."""

REGISTERED_PX = 0.3
"""Standard deviation of a shift that images tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a series came to.

    ``offsets`` (n, 2) [a.u.] of the readings that ``frame`` is fitted to, ``shift_offsets`` (m, 2) of the
    images that ``shift`` [um per a.u. in the lab] is; it is None where these could not be registered.
    """

    centre: Optics
    offsets: Floats
    frame: FittedFrame
    angle: BeamAngle
    shift_offsets: Floats
    shift: Response | None


def measure_series(station: Station, centre: Centre, size_um: float) -> Measured:
    """Take all pairs around ``centre``, then read them. Raises ``CannotMeasure`` where too few tell."""
    star = _star_of(centre, size_um)
    wds = _wds_of(centre, station.focus.scans[0].perturbation_um)
    for number, (key, optics) in enumerate((star | wds).items()):
        station.bench.tell(0.25 + 0.5 * number / len(star | wds), "Taking pairs at offsets of the optics.")
        pair = station.pair(key, optics)
        if number == 0:
            station.show_place(pair)
    angle = _angle_of(station, {"star-0": centre.optics, **wds})
    station.bench.tell(0.85, "Reading the astigmatism of all pairs.")
    readings = [station.read(key, optics, angle.convergence_mrad) for key, optics in star.items()]
    told = [reading for reading in readings if reading is not None]
    offsets, frame = _frame_of(told, centre.optics, station.focus.frame.scan_rot_deg)
    station.bench.tell(0.95, "Registering images.")
    shift_offsets, shift = _shift_of(station, star)
    return Measured(centre.optics, offsets, frame, angle, shift_offsets, shift)


def _star_of(centre: Centre, size_um: float) -> dict[str, Optics]:
    unit_x, unit_y = (size_um / np.hypot(*centre.response_um)).tolist()
    return {
        f"star-{n}": centre.optics.shifted(stig_x=x * unit_x, stig_y=y * unit_y)
        for n, (x, y) in enumerate(STAR)
    }


def _wds_of(centre: Centre, perturbation_um: float) -> dict[str, Optics]:
    steps_um = [step * perturbation_um for step in WD_STEPS]
    return {f"wd-{n}": centre.optics.shifted(wd_um=step_um) for n, step_um in enumerate(steps_um)}


def _angle_of(station: Station, wds: dict[str, Optics]) -> BeamAngle:
    def read(convergence_mrad: float) -> list[Seen]:
        station.bench.tell(0.8, "Finding the angle of the beam.")
        readings = [station.read(key, optics, convergence_mrad) for key, optics in wds.items()]
        told = [reading for reading in readings if reading is not None]
        return [Seen(r.optics.wd_um, r.defocus_um, float(r.estimate.sd[0])) for r in told]

    try:
        return find_angle(read, station.bench.plan.instrument.electron.convergence_mrad)
    except ValueError as error:
        raise CannotMeasure(
            "Too few pairs through focus can be read; choose a place that is richer in structure."
        ) from error


def _frame_of(
    readings: Sequence[Reading], centre: Optics, scan_rot_deg: float
) -> tuple[Floats, FittedFrame]:
    middle = np.array([centre.stig_x, centre.stig_y])
    offsets = np.array([reading.stigmators - middle for reading in readings]).reshape(-1, 2)
    astig_um = np.array([reading.astig_um for reading in readings]).reshape(-1, 2)
    covariances = np.array([reading.estimate.covariance[1:, 1:] for reading in readings])
    try:
        return offsets, fit_frame(offsets, astig_um, covariances, scan_rot_deg)
    except ValueError as error:
        raise CannotMeasure(
            f"What the stigmators did is no frame ({error}); choose a place that is richer in structure."
        ) from error


def _shift_of(station: Station, star: dict[str, Optics]) -> tuple[Floats, Response | None]:
    """Registered with the first image, of each visit apart: between two the stage may have moved."""
    frame, centre = station.focus.frame, station.pair("star-0", star["star-0"])
    middle = (centre.optics.stig_x, centre.optics.stig_y)
    offsets, shifts, visits = [], [], []
    for key, optics in star.items():
        pair = station.pair(key, optics)
        seen = field_shift(pair, centre, frame.scan_rot_deg)
        if seen.certain:
            offsets.append(np.subtract((pair.optics.stig_x, pair.optics.stig_y), middle))
            shifts.append(seen.by_um)
            visits.append(station.taken(key).visit)
    at = np.array(offsets).reshape(-1, 2)
    sd_um = 1e-3 * REGISTERED_PX * frame.pixel_size_nm
    covariances = np.broadcast_to(sd_um**2 * np.eye(2), (len(shifts), 2, 2))
    _, places = np.unique(visits, return_inverse=True)
    try:
        return at, fit_response(at, shifts, covariances, places)
    except ValueError:
        return at, None
