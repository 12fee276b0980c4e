"""How the mill rate changes over the wafer: a plane through the speeds of sections. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point

Floats = NDArray[np.float64]

LEAST_SECTIONS = 4
COLLINEAR = 0.05
"""Sections whose spread one way is below this share of that the other way lie on a line."""
ONE_SIDED = 0.15
"""Ions come from all sides where their mean direction is shorter than this; one azimuth has 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Tilt:
    """``speed = 1 + gradient . (place - middle)``, in shares of the mean, places in um of the stage frame.

    ``gradient_per_um`` (2,) with its covariance (2, 2). ``rest`` (n,): what the plane leaves, as shares.
    ``middle_um`` is that of the places.
    """

    gradient_per_um: Floats
    covariance: Floats
    rest: Floats
    middle_um: Floats

    def peak_to_peak(self, at_um: Floats) -> float:
        """Of the plane over places (n, 2), as a share of the mean."""
        return float(np.ptp(at_um @ self.gradient_per_um))

    @property
    def rest_sd(self) -> float:
        return float(np.sqrt((self.rest**2).sum() / (len(self.rest) - 3)))


def fit_tilt(at_um: Floats, speeds: Floats) -> Tilt:
    """The plane of least squares through speeds (n,) at places (n, 2).

    Raises ``ValueError`` for fewer than four places, and for places on a line.
    """
    if len(speeds) < LEAST_SECTIONS:
        raise ValueError(f"a tilt needs {LEAST_SECTIONS} sections, here are {len(speeds)}")
    middle_um = at_um.mean(axis=0)
    spread = np.linalg.svd(at_um - middle_um, compute_uv=False)
    if spread[1] < COLLINEAR * spread[0] or spread[0] == 0:
        raise ValueError("a tilt needs sections that do not lie on a line")
    design = np.column_stack([np.ones(len(speeds)), at_um - middle_um])
    shares, *_ = np.linalg.lstsq(design, speeds, rcond=None)
    rest = (speeds - design @ shares) / shares[0]
    variance = float((rest**2).sum() / (len(speeds) - 3))
    covariance = variance * np.linalg.inv(design.T @ design)[1:, 1:]
    return Tilt(shares[1:] / shares[0], covariance, rest, middle_um)


def beam_direction(azimuth_deg: float) -> Floats:
    """Where the ions go at an azimuth (stage rotation), as a unit vector (2,) of the stage frame.

    The beam runs along +y of the lab under a wafer that is turned counter-clockwise.
    """
    angle = math.radians(azimuth_deg)
    return np.array([math.sin(angle), math.cos(angle)])


def mean_direction(charge_uc_by_azimuth_deg: Mapping[float, float]) -> Floats:
    """Mean of the beam's directions by charge, (2,): 0 where the ions came evenly from all sides."""
    whole = sum(charge_uc_by_azimuth_deg.values())
    sums = [charge * beam_direction(azimuth) for azimuth, charge in charge_uc_by_azimuth_deg.items()]
    return np.asarray(np.sum(sums, axis=0) / whole)


def gradient_along_beam_per_um(tilt: Tilt, direction: Floats) -> float | None:
    """How much one azimuth alone grows along its beam, as a share per um; None where azimuths hid it."""
    length = float(np.linalg.norm(direction))
    return float(tilt.gradient_per_um @ direction) / length**2 if length > ONE_SIDED else None


def across(at_um: Floats) -> float:
    """The largest distance along one direction between any of the places (n, 2) [um]."""
    away = at_um[:, None, :] - at_um[None, :, :]
    return float(np.hypot(away[..., 0], away[..., 1]).max())


def ahead(at_um: Floats, tilt: Tilt) -> tuple[Floats, Point]:
    """Places (n,) along the tilt [um] about their middle, and its direction; +x where nothing is tilted."""
    length = float(np.linalg.norm(tilt.gradient_per_um))
    along = tilt.gradient_per_um / length if length > 0 else np.array([1.0, 0.0])
    return (at_um - tilt.middle_um) @ along, (float(along[0]), float(along[1]))
