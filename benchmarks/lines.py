"""Why a grating is refused from far away: where climbs of the likelihood end, and how well they fit there.

    python -m benchmarks.lines [--starts N] [--plots FOLDER]

One pair 30 um and (-6, 6) off focus on tissue and on gratings. Climbs begin at the truth and all over
the range. On tissue nothing fits but the truth. A grating is seen at few frequencies; where the power of
each may be what it will, other aberrations fit it almost as well: which one is right is not in the pair.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.focus.machine import Doubles, Machine, Specimen
from benchmarks.focus.starts import setup_of
from benchmarks.focus.trials import Trial, take_pair
from benchmarks.held_out import kinds
from models.alignment import aligned
from models.deepfocus import LONGEST_SHIFT_PX, binning
from models.likelihood import Texture
from models.refinement import Place
from models.spectra import binned

OFF_FOCUS = np.array([30.0, -6.0, 6.0])
RANGE_UM = np.array([35.0, 30.0, 30.0])
SHOWN = {"neuropil": Texture.SMOOTH, "gratings": Texture.LINES}
HERE_UM = 3.0  # from the truth: a next pair gets home from there
AT_TRUTH = 0.05  # perturbations that a climb from the truth may be uncertain by


@dataclass(frozen=True)
class Ends:
    """Distances from the truth [um], the largest of three, and misfits of where climbs end."""

    distance_um: Doubles
    misfit: Doubles
    misfit_at_truth: float

    @property
    def as_good_elsewhere(self) -> float:
        """Share of the ends away from the truth that fit within a fifth as well as the truth."""
        away = self.distance_um > HERE_UM
        return float((self.misfit[away] < 1.2 * self.misfit_at_truth).mean()) if away.any() else 0.0


def ends_of(name: str, texture: Texture, starts: int, seed: int = 5) -> Ends:
    """Climbs on one place of a kind of texture."""
    rng = np.random.default_rng(seed)
    trial = Trial(Specimen.of(kinds()[name].tile(rng)), setup_of(Machine()), OFF_FOCUS, seed, name)
    station = trial.station()
    truth_um = station.aberration_um(station.column.optics())
    (plus, minus), condition = take_pair(trial)
    factor, blur_px = binning(condition)
    images = aligned(binned(plus, factor), binned(minus, factor), (LONGEST_SHIFT_PX,) * 2)
    place, unit_um = Place.of(images, blur_px), condition.perturbation_um
    best = place.fit(truth_um / unit_um, AT_TRUTH, texture)
    begun = rng.uniform(-1, 1, (starts, 3)) * RANGE_UM / unit_um
    fits = [place.fit(start, 1.0, texture) for start in begun]
    distances = [float(np.abs(one.mean * unit_um - truth_um).max()) for one in fits]
    return Ends(np.array(distances), np.array([one.misfit for one in fits]), best.misfit)


def plot(found: Mapping[str, Ends], path: Path) -> None:
    mpl.rcParams.update({"svg.hashsalt": "scopeacq", "font.size": 8})
    figure = Figure(figsize=(5.6, 2.6), layout="constrained")
    for axes, (name, ends) in zip(figure.subplots(1, len(found), sharex=True), found.items(), strict=True):
        axes.plot(ends.distance_um, ends.misfit, "o", ms=3, color="#1f6fb4", label="end of a climb")
        axes.axhline(ends.misfit_at_truth, lw=0.8, color="0.3", ls="--", label="at the truth")
        axes.set(title=name, yscale="log", xlabel="from the truth [um]", ylabel="misfit")
        axes.legend(frameon=False, fontsize=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lines",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--starts", type=int, default=60)
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw it, as SVG")
    arguments = parser.parse_args()
    found = {name: ends_of(name, texture, arguments.starts) for name, texture in SHOWN.items()}
    print("| texture | climbs that end here | of others, fit as well as the truth |\n| --- | --- | --- |")
    for name, ends in found.items():
        here = (ends.distance_um <= HERE_UM).mean()
        print(f"| {name} | {here:.0%} | {ends.as_good_elsewhere:.0%} |")
    if arguments.plots:
        plot(found, arguments.plots / "lines.svg")


if __name__ == "__main__":
    main()
