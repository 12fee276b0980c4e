"""How well sections are found: on held-out generated wafers, and on a real one with its ``.magc`` file.

    python -m benchmarks.sections [--seeds N] [--real PICTURE MAGC] [--weights FILE] [--json FILE]
        [--plots FOLDER] [--skip-tuning]
    python -m benchmarks.sections --from FILE [FILE ...] --page docs/sections.md

A section counts as found by an outline that overlaps it by an intersection over union of 0.5 at least.
On the real wafer the network is tuned on 30 sections of one corner and judged on the other three quarters.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import Polygon

from benchmarks.held_out_wafers import wafers
from models.sections import SHIPPED_SECTIONS, SectionFinder
from models.training.section_tuning import SectionTuning, TuningSettings
from scopeacq.sections.detection import Detection, sections_mask
from scopeacq.sections.finding import FoundSection
from scopeacq.sections.imports.magc import read_magc
from scopeacq.sections.learned import detect_learned
from scopeacq.sections.unlearned import detect

Doubles = NDArray[np.float64]
Picture = NDArray[np.uint8]

SAME = 0.5
ANNOTATED = 30
GREEN, RED, ORANGE = (80, 180, 60), (40, 40, 230), (0, 150, 255)


@dataclass(frozen=True)
class Score:
    """``found`` of ``true`` sections by ``told`` outlines; errors of all corners of those found [px]."""

    true: int
    told: int
    found: int
    corner_errors_px: tuple[float, ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]
    seconds: float = 0.0

    @property
    def f1(self) -> float:
        return 2 * self.found / max(1, self.true + self.told)

    @property
    def corner_error_px(self) -> float:
        return float(np.median(self.corner_errors_px)) if self.corner_errors_px else math.nan


def score(told: Sequence[FoundSection], true: Sequence[Doubles], seconds: float = 0.0) -> Score:
    """Each true section gets the outline that overlaps it most."""
    shapes = [Polygon(section.corners).buffer(0) for section in told]
    tree = STRtree(shapes)
    errors: list[float] = []
    missed: list[int] = []
    taken: set[int] = set()
    for number, corners in enumerate(true):
        polygon = Polygon(corners).buffer(0)
        overlaps = {
            int(k): _overlap(polygon, shapes[k]) for k in tree.query(polygon) if int(k) not in taken
        }
        best = max(overlaps, key=lambda k: overlaps[k], default=-1)
        if best < 0 or overlaps[best] < SAME:
            missed.append(number)
            continue
        taken.add(best)
        ours = told[best].outline
        errors += [float(np.linalg.norm(ours - corner, axis=1).min()) for corner in corners]
    false = tuple(sorted(set(range(len(told))) - taken))
    return Score(len(true), len(told), len(taken), tuple(errors), tuple(missed), false, seconds)


def _overlap(one: Polygon, other: Polygon) -> float:
    shared = one.intersection(other).area
    return float(shared / (one.area + other.area - shared))


def pooled(scores: Sequence[Score]) -> Score:
    """All wafers as one."""
    return Score(
        sum(s.true for s in scores),
        sum(s.told for s in scores),
        sum(s.found for s in scores),
        tuple(error for s in scores for error in s.corner_errors_px),
        (),
        (),
        sum(s.seconds for s in scores),
    )


def generated(
    seeds: int, methods: dict[str, Callable[[Picture], Detection]], plots: Path | None
) -> dict[str, Score]:
    """Scores by method and look, and by method over all looks."""
    scores: dict[str, list[Score]] = {}
    for wafer in wafers(range(seeds)):
        for name, method in methods.items():
            started = time.perf_counter()
            told = method(wafer.picture).proposed
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

    def score(self, detection: Detection, seconds: float) -> Score:
        """Over the other three quarters."""
        told = [s for s in detection.proposed if not self.in_corner(s.outline.mean(0))]
        return score(told, self.judged(), seconds)

    def judged(self) -> list[Doubles]:
        return [s for s in self.sections if not self.in_corner(s.mean(0))]


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


def on_real(
    real: RealWafer, weights: Path | None, settings: TuningSettings, plots: Path | None
) -> dict[str, Score]:
    """Without training, and tuned from ``weights`` where they are given."""
    methods: dict[str, Callable[[], Detection]] = {"real, unlearned": lambda: detect(real.picture)}
    if weights is not None:
        finder, scale, tuning_s = tuned(real, weights, settings)
        methods[f"real, tuned on {ANNOTATED} in {tuning_s:.0f} s"] = lambda: detect_learned(
            finder, real.picture, scale, cores=settings.cores
        )
    scores = {}
    for name, method in methods.items():
        started = time.perf_counter()
        detection = method()
        scores[name] = real.score(detection, time.perf_counter() - started)
        if plots:
            told = [s for s in detection.proposed if not real.in_corner(s.outline.mean(0))]
            draw(real.picture, told, real.judged(), scores[name], plots / f"{name.replace(', ', '-')}.jpg")
    return scores


def draw(
    picture: Picture, told: Sequence[FoundSection], true: Sequence[Doubles], seen: Score, path: Path
) -> None:
    """Found sections green, false ones red, missed ones orange."""
    canvas = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    for number, section in enumerate(told):
        colour = RED if number in seen.false else GREEN
        cv2.polylines(canvas, [np.round(section.outline).astype(np.int32)], True, colour, 2, cv2.LINE_AA)
    for number in seen.missed:
        cv2.polylines(canvas, [np.round(true[number]).astype(np.int32)], True, ORANGE, 3, cv2.LINE_AA)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), canvas, [cv2.IMWRITE_JPEG_QUALITY, 70])


def table(scores: dict[str, Score]) -> str:
    """In Markdown."""
    lines = [
        "| case | sections | F1 | missed | false | median corner error [px] | s |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {s.true} | {s.f1:.3f} | {s.true - s.found} | {s.told - s.found} "
        f"| {s.corner_error_px:.2f} | {s.seconds:.0f} |"
        for name, s in scores.items()
    ]
    return "\n".join(lines)


PAGE = """# How well sections are found

Made by `python -m benchmarks.sections`, never by hand. A section is found by an outline that overlaps it by
an intersection over union of 0.5; corner errors are those of sections found. *Generated* wafers are drawn
by other means than those of the training (`benchmarks/held_out_wafers.py`). The *real* one is the example
of MagC, 433 sections on 4987 x 5380 px; its figures are over three quarters of it, and what is *tuned* has
learned from 30 sections in the fourth. *Unlearned* tells sections by their grey alone. Seconds are those of
finding on the machine at hand, for all wafers of a row together.

![Found sections green, missed ones orange, false ones red](pictures/sections/real-unlearned.jpg)

"""


def scores_of(path: Path) -> dict[str, Score]:
    """What ``--json`` has written."""
    said = json.loads(path.read_text(encoding="utf-8"))
    fields = Score.__dataclass_fields__
    return {
        name: Score(
            **{key: tuple(v) if isinstance(v, list) else v for key, v in own.items() if key in fields}
        )
        for name, own in said.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sections", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="wafers of each look; 0 for none")
    parser.add_argument("--real", nargs=2, type=Path, metavar=("PICTURE", "MAGC"))
    parser.add_argument("--corner", nargs=2, type=int, default=(0, 0), metavar=("RIGHT", "BOTTOM"))
    parser.add_argument("--weights", type=Path, default=SHIPPED_SECTIONS)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    parser.add_argument("--skip-tuning", action="store_true", help="only unlearned on the real wafer")
    parser.add_argument("--from", nargs="+", type=Path, dest="files", metavar="FILE")
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    if arguments.files:
        known = {name: own for path in arguments.files for name, own in scores_of(path).items()}
        arguments.page.write_text(f"{PAGE}{table(known)}\n", encoding="utf-8")
        return
    cv2.setNumThreads(arguments.cores)
    finder = SectionFinder.load(arguments.weights)
    methods: dict[str, Callable[[Picture], Detection]] = {
        "unlearned": detect,
        "shipped weights": lambda picture: detect_learned(finder, picture, cores=arguments.cores),
    }
    scores = generated(arguments.seeds, methods, arguments.plots)
    if arguments.real:
        real = RealWafer.read(*arguments.real, tuple(arguments.corner))
        settings = TuningSettings(cores=arguments.cores)
        weights = None if arguments.skip_tuning else arguments.weights
        scores |= on_real(real, weights, settings, arguments.plots)
    if arguments.json:
        said = {
            n: asdict(s) | {"f1": s.f1, "corner_error_px": s.corner_error_px} for n, s in scores.items()
        }
        arguments.json.write_text(json.dumps(said, indent=1), encoding="utf-8")
    print(table(scores))


if __name__ == "__main__":
    main()
