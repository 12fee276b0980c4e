"""What one image allows: how well an ideal judge of single images would tell sharp from not sharp.

    python -m benchmarks.one_image [--places N] [--plots FOLDER]

Along a direction phi the probe is ``alpha |z e + a|`` wide, with ``e = (cos 2 phi, sin 2 phi)``. So an
image shows ``q = z^2 + a^2`` and ``w = z a``: |z| and |a| as an unordered pair. Three things limit a judge
that knows the statistics of what it is asked:

* which of the two is which, and whether both components of the astigmatism are within the margins;
* electrons: the Cramer-Rao bound of q when brightness and slope of the specimen's spectrum are unknown;
* softness: a specimen's spectrum falls off as blur makes it, which adds to q what a judge can only guess
  from the spectrum's slope. Its spread is measured over the held-out kinds of texture.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.focus.figures import auc
from benchmarks.focus.machine import TILE_NM, Machine
from benchmarks.focus.textures import RadialDensity, radial_density
from benchmarks.held_out import kinds
from hardware.optics import jinc

Doubles = NDArray[np.float64]

FRAME_PX = 1024 * 768
TRIALS = 6000
FARTHEST = 20.0  # margins
BAND = (0.055, 0.35)  # cycles per pixel in which the fall of a spectrum is fitted
STEP_UM2 = 1e-3
NODES = 81  # of the unknown softness, over +- 4 standard deviations
SPREADS_UM2 = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
NO_FALL = frozenset({"resin", "gratings"})  # bare, or lines instead of a spectrum


def drawn_um(count: int, sharp: bool, rng: np.random.Generator) -> Doubles:
    """Aberrations (count, 3) [um] as the benchmark draws them: within the margins, or 1 to 20 times."""
    direction = rng.uniform(-1, 1, (count, 3))
    size = rng.uniform(0, 1, count) if sharp else np.exp(rng.uniform(0, math.log(FARTHEST), count))
    return np.asarray(direction * (size / np.abs(direction).max(axis=1))[:, None])


def density(aberration_um: Doubles, sharp: bool) -> Doubles:
    """Of what :func:`drawn_um` draws, at (..., 3), but for a factor common to both."""
    out = np.abs(aberration_um).max(axis=-1)
    if sharp:
        return np.asarray(np.where(out <= 1, 1.0, 0.0) / np.maximum(out, 1e-9) ** 2)
    within = (out > 1) & (out <= FARTHEST)
    return np.asarray(np.where(within, 1 / (math.log(FARTHEST) * np.maximum(out, 1.0) ** 3), 0.0))


def ideal_auc(spread_um2: float, count: int, rng: np.random.Generator) -> float:
    """AUC of the likelihood ratio of (q, w) when q is known but for a normal error of ``spread_um2``."""
    asked = [drawn_um(count, sharp, rng) for sharp in (True, False)]
    doubts = [_doubt(one, spread_um2, rng) for one in asked]
    return auc(*doubts)


def _doubt(aberration_um: Doubles, spread_um2: float, rng: np.random.Generator) -> Doubles:
    """Logarithm of the likelihood of outside over that of inside (n,)."""
    z, a = aberration_um[:, :1], aberration_um[:, 1:]
    w = np.abs(z) * a
    product = np.linalg.norm(w, axis=1)[:, None]
    seen = z**2 + (a**2).sum(1, keepdims=True) + spread_um2 * rng.standard_normal((len(z), 1))
    error = np.linspace(-4, 4, NODES)[None, :]
    q = seen - spread_um2 * error
    root = np.sqrt(np.maximum(q**2 - 4 * product**2, 0.0))
    # the measure of (z, a) in (q, w): a over the Jacobian 2 |z^2 - a^2|, by the size of w once more
    weight = np.where(q >= 2 * product - 1e-9, np.exp(-0.5 * error**2), 0.0) / np.maximum(root, 1e-3)
    likelihoods = []
    for sharp in (True, False):
        total = 0.0
        for sign in (1.0, -1.0):
            defocus = np.sqrt(np.maximum(0.5 * (q + sign * root), 1e-12))
            size = product / defocus
            astig = w[:, None, :] / product[..., None] * size[..., None]
            state = np.concatenate([defocus[..., None], astig], axis=-1)
            total = total + (weight * density(state, sharp) * size).sum(axis=1)
        likelihoods.append(total)
    return np.asarray(np.log(likelihoods[1] + 1e-300) - np.log(likelihoods[0] + 1e-300))


@dataclass(frozen=True)
class Fall:
    """How the spectrum of a place falls: ``-slope ln k - softness k^2``, the latter as q [um^2]."""

    kind: str
    slope: float
    softness_um2: float


def fall(kind: str, spectrum: RadialDensity, machine: Machine) -> Fall:
    """By least squares over ``BAND``."""
    used = (spectrum.frequency >= BAND[0]) & (spectrum.frequency <= BAND[1])
    k = 2 * math.pi * spectrum.frequency[used]
    design = np.column_stack([np.ones_like(k), -np.log(k), -(k**2)])
    _, slope, softness = np.linalg.lstsq(design, np.log(spectrum.density[used]), rcond=None)[0]
    # to second order the power of a disk is exp(-(k r)^2 / 4), r its radius at q = 1 um^2
    return Fall(kind, float(slope), float(softness) / (0.5 * _radius_px(machine)) ** 2)


def _radius_px(machine: Machine) -> float:
    """Of the probe's disk at 1 um."""
    return machine.convergence_mrad / TILE_NM


def unexplained_um2(falls: list[Fall]) -> float:
    """Spread of the softness that is left when a judge knows how it goes with the slope."""
    slopes, softness = (np.array([getattr(f, name) for f in falls]) for name in ("slope", "softness_um2"))
    design = np.column_stack([np.ones_like(slopes), slopes])
    left = softness - design @ np.linalg.lstsq(design, softness, rcond=None)[0]
    return float(np.sqrt((left**2).sum() / (len(falls) - 2)))


def electrons_um2(spectrum: RadialDensity, machine: Machine, dwell_ns: float) -> float:
    """Least standard deviation of q = 1 um^2 from one frame of unknown brightness and spectral slope."""
    k = 2 * math.pi * spectrum.frequency[1:]
    modes = 0.5 * FRAME_PX * 2 * math.pi * k * np.gradient(k) / (2 * math.pi) ** 2
    texture = machine.contrast**2 * spectrum.density[1:]

    def signal(q_um2: float) -> Doubles:
        return np.asarray(texture * jinc(math.sqrt(q_um2) * _radius_px(machine) * k, np) ** 2)

    seen = signal(1.0)
    by_q = (signal(1.0 + STEP_UM2) - signal(1.0 - STEP_UM2)) / (2 * STEP_UM2)
    changes = np.stack([by_q, seen, -np.log(k) * seen]) / (seen + 1 / machine.quanta(dwell_ns))
    fisher = (changes * modes) @ changes.T
    return float(np.sqrt(np.linalg.inv(fisher)[0, 0]))


def measured(places: int, machine: Machine) -> Iterator[tuple[Fall, dict[float, float]]]:
    """Of places of each kind: the fall of the spectrum, and what electrons leave unknown by dwell time."""
    for name, kind in kinds().items():
        if name in NO_FALL:
            continue
        for place in range(places):
            spectrum = radial_density(kind.tile(np.random.default_rng((9, place))))
            electrons = {dwell: electrons_um2(spectrum, machine, dwell) for dwell in (50.0, 200.0)}
            yield fall(name, spectrum, machine), electrons


def plot(curve: dict[float, float], marks: dict[str, float], path: Path) -> None:
    """The ideal judge's AUC over what it does not know of q."""
    mpl.rcParams.update({"svg.hashsalt": "scopeacq", "font.size": 8})
    figure = Figure(figsize=(4.2, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(list(curve), list(curve.values()), marker="o", ms=3, lw=1, color="#1f6fb4")
    for (label, spread), style in zip(marks.items(), ("-", "--", ":"), strict=False):
        axes.axvline(spread, color="0.5", lw=0.8, ls=style, label=label)
    axes.set_xlabel("unknown of q = z$^2$ + a$^2$ [um$^2$]")
    axes.set_ylabel("AUC of an ideal judge of one image")
    axes.legend(frameon=False, fontsize=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_image", description=__doc__)
    parser.add_argument("--places", type=int, default=3, help="of each kind")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw it, as SVG")
    arguments = parser.parse_args()
    rng = np.random.default_rng(3)
    curve = {spread: ideal_auc(spread, TRIALS, rng) for spread in SPREADS_UM2}
    print("| unknown of q [um^2] | AUC of an ideal judge |\n|---|---|")
    for spread, area in curve.items():
        print(f"| {spread:g} | {area:.4f} |")
    found = list(measured(arguments.places, Machine()))
    softness = unexplained_um2([fall for fall, _ in found])
    marks = {"softness": softness}
    print(f"\nSoftness not told by the slope, over {len(found)} places: {softness:.2f} um^2.")
    for dwell_ns in (50.0, 200.0):
        electrons = float(np.median([by_dwell[dwell_ns] for _, by_dwell in found]))
        marks[f"electrons at {dwell_ns:g} ns"] = electrons
        both = math.hypot(softness, electrons)
        area = ideal_auc(both, TRIALS, rng)
        print(f"At {dwell_ns:g} ns electrons leave {electrons:.2f} um^2; an ideal judge has {area:.4f}.")
    if arguments.plots:
        plot(curve, marks, arguments.plots / "one_image.svg")


if __name__ == "__main__":
    main()
