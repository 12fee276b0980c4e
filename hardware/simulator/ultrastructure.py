"""Procedural ultrastructure: what a block of stained neuropil looks like in an SEM.

Cell profiles are the regions in which one of eight smooth random fields exceeds all others,
so that membranes meet in threes as in tissue, and move when the fields change with depth.
Everything else is a level set of further fields. Lengths are um; staining is dark. Widths and
wavelengths are those of vertebrate neuropil, chosen by eye against published micrographs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from hardware.simulator.fields import EvolvingPair, Floats

STRIP_ROWS = 64  # temporaries of a strip stay in the cache


@dataclass(frozen=True)
class Profiles:
    """Cell profiles: distance to the nearest membrane [um], grey of the cytoplasm (h, w)."""

    distance_um: Floats
    grey: Floats


@dataclass(frozen=True)
class Grid:
    """Points of a regular grid [um], float32 (h, w) each."""

    x: Floats
    y: Floats
    z: Floats

    @property
    def step_um(self) -> float:
        """Distance between two columns."""
        return math.hypot(float(self.x[0, 1] - self.x[0, 0]), float(self.y[0, 1] - self.y[0, 0]))

    def rows(self, rows: slice) -> Grid:
        """A part of the grid."""
        return Grid(self.x[rows], self.y[rows], self.z[rows])

    def fields(self, pair: EvolvingPair) -> tuple[Floats, Floats]:
        """Two random fields at the points."""
        return pair.sample(self.x, self.y, self.z)

    def distance_um(self, field: Floats, least_slope_per_um: float) -> Floats:
        """Signed distance to the zero of a field, to first order.

        ``least_slope_per_um`` bounds the answer at extrema and where the grid is too coarse.
        """
        scale = 1 / (8 * self.step_um)
        dx = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=scale)
        dy = cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=scale)
        slope = np.asarray(cv2.magnitude(dx, dy), np.float32)
        return np.asarray(field / np.maximum(slope, least_slope_per_um), np.float32)


def _inside(distance_um: Floats, edge_um: float = 0.012) -> Floats:
    """1 inside, 0 outside, with an edge of the given width."""
    inside: Floats = np.clip(distance_um * (1 / edge_um) + 0.5, 0, 1)
    return inside


def _line(distance_um: Floats, width_um: float | Floats) -> Floats:
    """A line along the zero of a distance: 1 on it, falling as a Gaussian."""
    scaled = distance_um / width_um
    line: Floats = np.exp(-scaled * scaled)
    return line


def _vesicles(bubbles: Floats, bouton: Floats, membrane_um: Floats) -> Floats:
    """Rings of some 40 nm, crowded in boutons, scarce elsewhere: how dark they are, 0 ... 1."""
    crowding = 0.15 + np.clip(4 * bouton - 2.4, 0, 1)
    rings: Floats = _line(bubbles - 1.1, 0.35) * crowding * _inside(membrane_um - 0.03)
    return rings


def _with_mitochondria(grey: Floats, distance_um: Floats, cristae: Floats) -> Floats:
    """Dark matrix with cristae, in a darker double membrane."""
    matrix = 0.3 * cristae - 0.95
    return grey + _inside(distance_um) * (matrix - grey) - 0.8 * _line(distance_um, 0.011)


def _with_myelin(grey: Floats, lumen: Floats, axon_um: Floats, grain: Floats) -> Floats:
    """Axons in a sheath of 0.3 um whose lamellae are 24 nm apart."""
    lamellae = 0.4 * np.cos(axon_um * (2 * math.pi / 0.024)) + 0.15 * grain - 1.8
    sheath = _inside(0.15 - np.abs(axon_um + 0.15))
    grey = grey + _inside(axon_um) * (lumen - grey)
    myelinated: Floats = grey + sheath * (lamellae - grey)
    return myelinated


def _with_vessels(grey: Floats, vessel_um: Floats) -> Floats:
    """Lumina of blank resin behind a thin dark endothelium."""
    wall = 0.25 - np.abs(vessel_um + 0.25)
    grey = grey + _inside(wall) * (-0.6 - grey) - _line(wall, 0.012)
    return grey + _inside(vessel_um) * (0.8 - grey)


class Ultrastructure:
    """Membranes, mitochondria, vesicles, synapses, dendrites, myelin and vessels in a block."""

    def __init__(self, seed: int, size_px: int) -> None:
        """``size_px``: edge of the finest tables; the tables of cells have half of it."""
        rng = np.random.default_rng(seed)
        half = size_px // 2
        self._cells = [
            EvolvingPair.random(rng, half, 0.0406, 0.95, (0.30, 0.41)),
            EvolvingPair.random(rng, half, 0.0374, 0.80, (0.35, 0.27)),
            EvolvingPair.random(rng, half, 0.0438, 1.20, (0.33, 0.47)),
            EvolvingPair.random(rng, half, 0.0391, 0.65, (0.33, 0.25)),
        ]
        self._greys = rng.permutation(np.linspace(-0.3, 0.6, 8, dtype=np.float32))
        self._large = EvolvingPair.random(rng, size_px, 0.0413, 6.0, (0.9, 0.7), 0.35)
        self._organelles = EvolvingPair.random(rng, half, 0.0382, 0.95, (0.30, 0.22), 0.22)
        self._fine = EvolvingPair.random(rng, size_px, 0.0103, 0.075, (0.03, 0.05), 0.45)
        self._vessels = EvolvingPair.random(rng, half, 0.23, 20.0, (4.0, 2.0), 0.35)

    def paint(self, grid: Grid) -> Floats:
        """Grey of tissue, float32 (h, w): about -2 (membrane) to 1 (resin)."""
        strips = []
        for first in range(0, grid.x.shape[0], STRIP_ROWS):
            # one row more on either side for the gradients
            start = max(first - 1, 0)
            strip = self._paint_strip(grid.rows(slice(start, first + STRIP_ROWS + 1)))
            strips.append(strip[first - start :][:STRIP_ROWS])
        return np.concatenate(strips)

    def _paint_strip(self, grid: Grid) -> Floats:
        dendrite, axon = grid.fields(self._large)
        organelle, bouton = grid.fields(self._organelles)
        grain, bubbles = grid.fields(self._fine)
        vessel, staining = grid.fields(self._vessels)
        profiles = self._profiles(grid.distance_um(dendrite - 1.15, 0.25), grid)
        organelle_um = grid.distance_um(organelle - 1.1, 1.5)

        grey = profiles.grey + 0.18 * grain - 0.8 * _vesicles(bubbles, bouton, profiles.distance_um)
        hosted_um = np.where(profiles.grey > 0.15, organelle_um, np.float32(-1.0))
        grey = _with_mitochondria(grey, np.minimum(hosted_um, profiles.distance_um - 0.04), bubbles)
        membrane_um = 0.014 + 0.016 * np.clip(bouton - 1.3, 0, 1)  # synapses are thicker
        grey -= 1.9 * _line(profiles.distance_um, membrane_um)
        if axon.max() > 1.2:
            axon_um = grid.distance_um(axon - 1.45, 0.3)
            lumen = _with_mitochondria(0.5 + 0.2 * grain, np.minimum(organelle_um, axon_um - 0.06), bubbles)
            grey = _with_myelin(grey, lumen, axon_um, grain)
        grey *= 1 + 0.06 * staining
        if vessel.max() > 1.9:
            grey = _with_vessels(grey, grid.distance_um(vessel - 2.15, 0.1))
        return grey

    def _profiles(self, dendrite_um: Floats, grid: Grid) -> Profiles:
        """The cells around the large, light dendrites, which nothing divides."""
        highest = np.full(dendrite_um.shape, -9, np.float32)
        second, grey = highest, highest
        greys = iter(self._greys)
        for field in (f for pair in self._cells for f in grid.fields(pair)):
            second = np.maximum(second, np.minimum(highest, field))
            grey = np.where(field > highest, next(greys), grey)
            highest = np.maximum(highest, field)
        membrane_um = grid.distance_um(highest - second, 1.2)
        return Profiles(
            np.where(dendrite_um > 0, dendrite_um, np.minimum(membrane_um, -dendrite_um)),
            np.where(dendrite_um > 0, np.float32(0.5), grey),
        )
