"""How well sections are found: on held-out generated wafers, and on a real one with its ``.magc`` file.

    python -m benchmarks.sections [--seeds N] [--first-seed N] [--ways WAY ...] [--real PICTURE MAGC]
        [--weights FILE] [--json FILE] [--plots FOLDER]
    python -m benchmarks.sections --from FILE [FILE ...] --page docs/sections.md

A section counts as found by an outline that overlaps it by an intersection over union of 0.5 at least.
On the real wafer the network is tuned on 30 sections of one corner, and all ways are judged on the other
three quarters. A page is made from the files of this and of the benchmarks ``source_sections`` and
``large_overview``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import large_overview, source_sections
from benchmarks.held_out_wafers import wafers
from benchmarks.section_scores import Doubles, Picture, Score, draw, pooled, score, table
from models.sections import SHIPPED_SECTIONS, SectionFinder
from models.training.section_tuning import SectionTuning, TuningSettings
from scopeacq.sections.detection import sections_mask
from scopeacq.sections.finding import FoundSection
from scopeacq.sections.imports.magc import read_magc
from scopeacq.sections.learned import best_look, detect_learned, enlarged
from scopeacq.sections.unlearned import detect

ANNOTATED, MOST_NAMED = 30, 20
FRESH_SEED = 1000
"""Nothing was looked at while the program was made on wafers of this seed and later ones."""

Way = Callable[[Picture], Sequence[FoundSection]]


def ways_by(finder: SectionFinder, cores: int) -> dict[str, Way]:
    """All ways that need no labels of the wafer."""

    def by_the_source(picture: Picture) -> Sequence[FoundSection]:
        look = best_look(finder, picture, lambda _: None, cores)
        factors = np.array(picture.shape[::-1]) / look.found.shape[::-1]
        return [enlarged(section, factors) for section in source_sections.source_sections(look.found)]

    return {
        "unlearned": lambda picture: detect(picture).proposed,
        "shipped weights": lambda picture: detect_learned(finder, picture, cores=cores).proposed,
        "shipped weights, the source's outlines": by_the_source,
    }


def generated(seeds: range, ways: dict[str, Way], plots: Path | None) -> dict[str, Score]:
    """Scores by way and look, and by way over all looks."""
    scores: dict[str, list[Score]] = {}
    for wafer in wafers(seeds):
        for name, way in ways.items():
            started = time.perf_counter()
            told = way(wafer.picture)
            own = score(told, wafer.sections, time.perf_counter() - started)
            for key in (f"generated, {name}: all", f"generated, {name}: {wafer.look}"):
                scores.setdefault(key, []).append(own)
            print(f"  {wafer.look}, {name}: {own.found}/{own.true}, {len(own.false)} false", flush=True)
            if plots:
                draw(wafer.picture, told, wafer.sections, own, plots / f"{wafer.look}-{name}.jpg")
    return {key: pooled(own) for key, own in scores.items()}


@dataclass(frozen=True)
class RealWafer:
    """A picture with annotations, and which of its sections are learned from and judged."""

    picture: Picture
    sections: list[Doubles]
    corner: tuple[int, int]

    @classmethod
    def read(cls, picture: Path, magc: Path, corner: tuple[int, int] = (0, 0)) -> RealWafer:
        image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise FileNotFoundError(picture)
        return cls(
            np.asarray(image, np.uint8),
            [np.array(corners) for _, corners in sorted(read_magc(magc).sections.items())],
            corner,
        )

    def in_corner(self, place: Doubles) -> bool:
        """Whether a place lies in the quarter of the picture that is learned from."""
        size = np.array(self.picture.shape[::-1])
        return bool(((place > size / 2) == np.array(self.corner, bool)).all())

    def annotated(self) -> list[Doubles]:
        """The sections nearest to the corner."""
        apex = np.array(self.corner) * self.picture.shape[::-1]
        own = [s for s in self.sections if self.in_corner(s.mean(0))]
        return sorted(own, key=lambda s: float(np.linalg.norm(s.mean(0) - apex)))[:ANNOTATED]

    def judged(self) -> dict[int, Doubles]:
        """The sections of the other three quarters, by their numbers."""
        return {k: s for k, s in enumerate(self.sections) if not self.in_corner(s.mean(0))}

    def beside_corner(self, told: Sequence[FoundSection]) -> list[FoundSection]:
        """What was found in the other three quarters, and is no section of the fourth."""
        learned = [s for s in self.sections if self.in_corner(s.mean(0))]
        left = [told[k] for k in score(told, learned).false]
        return [s for s in left if not self.in_corner(s.outline.mean(0))]


def tuned(real: RealWafer, weights: Path, settings: TuningSettings) -> tuple[SectionFinder, float, float]:
    """The network tuned on the corner, the scale that it wants, and the seconds that it took."""
    started = time.perf_counter()
    annotated = real.annotated()
    doubtful = sections_mask(real.picture.shape, detect(real.picture, annotated[0]))
    tuning = SectionTuning(real.picture, annotated, (), doubtful, settings, weights)
    for told in tuning.steps():
        if told.step % settings.judged_every == 0:
            print(
                f"  step {told.step}, {told.elapsed_s:.0f} s, loss {told.loss:.3f}, "
                f"kept back {told.kept_back_iou:.3f}",
                flush=True,
            )
    return tuning.finder(), tuning.scale, time.perf_counter() - started


def on_real(real: RealWafer, ways: dict[str, Way], plots: Path | None) -> dict[str, Score]:
    """Scores by way over three quarters of the wafer; what is missed goes by its number in the file."""
    scores, judged = {}, real.judged()
    for name, way in ways.items():
        started = time.perf_counter()
        told = real.beside_corner(way(real.picture))
        own = score(told, list(judged.values()), time.perf_counter() - started)
        print(f"  real, {name}: {own.found}/{own.true}, {len(own.false)} false", flush=True)
        if plots:
            path = plots / f"real-{name.split(' ')[0].strip(',')}.jpg"
            draw(real.picture, told, list(judged.values()), own, path)
        scores[f"real, {name}"] = replace(own, missed=tuple(list(judged)[k] for k in own.missed))
    return scores


def tuned_way(real: RealWafer, weights: Path, cores: int) -> dict[str, Way]:
    """By the network tuned on the corner, which is done here."""
    finder, scale, tuning_s = tuned(real, weights, TuningSettings(cores=cores))
    corner = f"{('top', 'bottom')[real.corner[1]]} {('left', 'right')[real.corner[0]]}"
    name = f"tuned on {ANNOTATED} at the {corner} in {tuning_s:.0f} s"
    return {name: lambda picture: detect_learned(finder, picture, scale, cores=cores).proposed}


PAGE = """# How well sections are found

Made by `python -m benchmarks.sections`, never by hand. A section is found by an outline that overlaps it by
an intersection over union of 0.5; corner errors are those of sections found. *Generated* wafers are drawn
by other means than those of the training (`benchmarks/held_out_wafers.py`), from seeds that nothing was
looked at with while the program was made. The *real* one is the example of MagC, 433 sections on
4987 x 5380 px; nothing was set by it, but it was looked at, so its figures are those of development. They
are over three quarters of it; what is *tuned* has learned from 30 sections in the fourth. *Unlearned* tells
sections by their grey alone. *The source's outlines* are those of Schubert 2022: closing, Canny, contours
and smallest rectangles, one to each connected part. Seconds are those of finding on the machine at hand,
which had other work, for all wafers of a row together.

Found sections are green, missed ones orange, false ones red; unlearned, and tuned:

![The real wafer, unlearned](pictures/sections/real-unlearned.jpg)
![The real wafer, tuned](pictures/sections/real-tuned.jpg)

"""

LARGE = """
## A large overview

By `python -m benchmarks.large_overview`: an enlarged held-out wafer, each way in a process of its own.

"""

COSTS = """
## The source's network

By `python -m benchmarks.source_sections`, on one core. Training it to the end, 180,000 steps, is out of
reach on two cores, so there is no F1 of it: its way from a map to outlines is judged on the maps of ours.

"""


def page(files: Sequence[Path]) -> str:
    """The page of what ``--json`` has written, here and in the other two benchmarks."""
    said = [json.loads(path.read_text("utf-8")) for path in files]
    large = [large_overview.Cost(**own) for one in said for own in one.pop("large", [])]
    costs = [source_sections.Cost(**own) for one in said for own in one.pop("costs", [])]
    known = {name: _score_of(own) for one in said for name, own in one.items()}
    scores = dict(sorted(known.items(), key=lambda row: row[0].partition(":")[0]))
    text = PAGE + table(scores) + "\n" + _missed(scores)
    text += LARGE + large_overview.table(large) + "\n" if large else ""
    return text + (COSTS + source_sections.table(costs) + "\n" if costs else "")


def _missed(scores: dict[str, Score]) -> str:
    """Which sections of the real wafer each way has missed, where these are few."""
    lines = [
        f"* {name}: {', '.join(f'{number:04d}' for number in own.missed)}"
        for name, own in scores.items()
        if name.startswith("real") and 0 < len(own.missed) <= MOST_NAMED
    ]
    return "\n".join(["\nMissed, by their names in the file:\n", *lines, ""]) if lines else ""


def _score_of(said: dict[str, Any]) -> Score:
    lists = {key: tuple(said[key]) for key in ("corner_errors_px", "missed", "false")}
    return Score(**(said | lists))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sections", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="wafers of each look; 0 for none")
    parser.add_argument("--first-seed", type=int, default=FRESH_SEED)
    parser.add_argument("--ways", nargs="+", help="beginnings of the names of the ways to judge")
    parser.add_argument("--real", nargs=2, type=Path, metavar=("PICTURE", "MAGC"))
    parser.add_argument("--corner", nargs=2, type=int, default=(0, 0), metavar=("RIGHT", "BOTTOM"))
    parser.add_argument("--weights", type=Path, default=SHIPPED_SECTIONS)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    parser.add_argument("--from", nargs="+", type=Path, dest="files", metavar="FILE")
    parser.add_argument("--page", type=Path)
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    if arguments.files:
        arguments.page.write_text(page(arguments.files), encoding="utf-8")
        return
    cv2.setNumThreads(arguments.cores)
    wanted = tuple(arguments.ways or ("",))
    every = ways_by(SectionFinder.load(arguments.weights), arguments.cores)
    ways = {name: way for name, way in every.items() if name.startswith(wanted)}
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    scores = generated(seeds, ways, arguments.plots)
    if arguments.real:
        real = RealWafer.read(arguments.real[0], arguments.real[1], tuple(arguments.corner))
        if "tuned".startswith(wanted):
            ways |= tuned_way(real, arguments.weights, arguments.cores)
        scores |= on_real(real, ways, arguments.plots)
    if arguments.json:
        said = {name: asdict(own) for name, own in scores.items()}
        arguments.json.write_text(json.dumps(said, indent=1), encoding="utf-8")
    print(table(scores))


if __name__ == "__main__":
    main()
