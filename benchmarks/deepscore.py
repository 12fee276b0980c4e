"""How well one image tells whether it is within the depth of focus, on held-out textures and microscopes.

    python -m benchmarks.deepscore [--places N] [--weights FILE] [--json] [--plots FOLDER]
    python -m benchmarks.deepscore --validation     sets the limits of the verdict, on other textures

For each kind of texture and dwell time: half of the images within the margins (1 um, 0.25, 0.25 at 4 um
a unit), half outside by 1 to 20 times. "Clear" are those from twice the margins on. A specimen is known
when the median score of eight of its images near focus is.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.focus.figures import auc, roc
from benchmarks.held_out import Kind, Scene, kinds, machines
from benchmarks.validation import validation_kinds
from hardware.types import FrameSettings
from models.deepscore import DeepScore
from models.estimate import Sharp, Sharpness
from scopeacq.plan.project import QualitySettings
from scopeacq.vision.quality import ENOUGH_SCORES, seen_in_focus_um, sharp_limit_um

Doubles = NDArray[np.float64]

DWELLS_NS = (50.0, 100.0, 200.0, 800.0)
MACHINES = ("usual", "inverted")
BARE = "resin"
CLEAR = 2.0
NEAR_UM = 0.3  # what a converged focus leaves along each axis
PER_PLACE = 8
UNSHARP_PASSED, SHARP_REFUSED = 0.02, 0.01


@dataclass(frozen=True)
class Look:
    """One image: what it shows, how far off focus it is [um], and the limit of its known specimen."""

    kind: str
    dwell_ns: float
    aberration_um: Doubles
    seen: Sharpness
    limit_um: float

    @property
    def margins(self) -> float:
        """How far from focus: 1 is on the border of the depth of focus."""
        return float(np.abs(self.aberration_um).max())


def looks(of: Iterable[Kind], places: int, weights: Path | None) -> Iterator[Look]:
    """Images of every kind at every dwell time."""
    rng = np.random.default_rng(5)
    for kind in of:
        for place in range(places):
            seen = Scene.of(kind, machines()[MACHINES[place % len(MACHINES)]], place)
            scorer = DeepScore.load(weights, seen.microscope.believed_mrad)
            for dwell_ns in DWELLS_NS:
                yield from _at_place(seen, scorer, kind.name, dwell_ns, rng)


def _at_place(
    place: Scene, scorer: DeepScore, kind: str, dwell_ns: float, rng: np.random.Generator
) -> Iterator[Look]:
    settings = FrameSettings(1024, 768, pixel_size_nm=10.0, dwell_ns=dwell_ns)

    def assess(aberration_um: Doubles, take: int) -> Sharpness:
        return scorer.assess(place.image(aberration_um, settings, take), settings.pixel_size_nm)

    near = [assess(rng.uniform(-NEAR_UM, NEAR_UM, 3), 100 + n).blur_um for n in range(ENOUGH_SCORES)]
    in_focus_um = seen_in_focus_um([score for score in near if math.isfinite(score)])
    limit_um = math.nan if in_focus_um is None else sharp_limit_um(QualitySettings(), in_focus_um)
    for take in range(PER_PLACE):
        aberration_um = _aberration(rng, sharp=take % 2 == 0)
        yield Look(kind, dwell_ns, aberration_um, assess(aberration_um, take), limit_um)


def _aberration(rng: np.random.Generator, sharp: bool) -> Doubles:
    """A direction on the surface of the box of margins, scaled [um]."""
    direction = rng.uniform(-1, 1, 3)
    size = rng.uniform(0, 1) if sharp else np.exp(rng.uniform(0, np.log(20)))
    return np.asarray(size * direction / np.abs(direction).max())


@dataclass(frozen=True)
class Row:
    """Figures of some images. Errors are shares: of clear blurs called sharp, of sharp ones called unsharp.

    ``auc`` is sharp against clear, ``auc_all`` against all that is outside, ``auc_known`` too, by how
    far the score lies above the limit of the known specimen; ``limit_*``: by that limit. ``log_error``:
    median of |log(1 + score) - log(1 + truth)| outside of focus.
    """

    images: int
    auc: float
    auc_all: float
    auc_known: float
    unsharp_called_sharp: float
    sharp_called_unsharp: float
    sharp_cannot_tell: float
    clear_cannot_tell: float
    limit_unsharp_called_sharp: float
    limit_sharp_called_unsharp: float
    log_error: float
    within_one_sd: float


def row(of: list[Look]) -> Row:
    sharp = [look for look in of if look.margins <= 1]
    outside = [look for look in of if look.margins > 1]
    clear = [look for look in of if look.margins >= CLEAR]
    truth = np.array([np.linalg.norm(look.aberration_um) for look in outside])
    scores = np.array([look.seen.blur_um for look in outside])
    errors, sds = scores - truth, np.array([look.seen.sd_um for look in outside])
    return Row(
        len(of),
        auc(_doubts(sharp), _doubts(clear)),
        auc(_doubts(sharp), _doubts(outside)),
        auc(_excesses(sharp), _excesses(outside)),
        _share(look.seen.sharp is Sharp.YES for look in clear),
        _share(look.seen.sharp is Sharp.NO for look in sharp),
        _share(look.seen.sharp is Sharp.CANNOT_TELL for look in sharp),
        _share(look.seen.sharp is Sharp.CANNOT_TELL for look in clear),
        _share(look.seen.blur_um < look.limit_um for look in clear),
        _share(not look.seen.blur_um < look.limit_um for look in sharp),
        float(np.nanmedian(np.abs(np.log1p(scores) - np.log1p(truth)))),
        float(np.nanmean(np.abs(errors) < sds)),
    )


def _doubts(of: list[Look]) -> Doubles:
    """The probability of not being in focus; 1 where nothing could be scored."""
    return np.array([1.0 - look.seen.inside if math.isfinite(look.seen.inside) else 1.0 for look in of])


def _excesses(of: list[Look]) -> Doubles:
    """Scores over the limit of the specimen [um]; infinite where nothing could be scored."""
    return np.nan_to_num([look.seen.blur_um - look.limit_um for look in of], nan=math.inf)


def verdict_limits(of: list[Look]) -> tuple[float, float]:
    """Probabilities of being in focus, from which on sharp and below which not sharp.

    ``UNSHARP_PASSED`` of the images outside, most of them just outside, lie above the first, and
    ``SHARP_REFUSED`` of those within the margins below the other.
    """
    sharp, outside = ([look for look in of if (look.margins <= 1) is inside] for inside in (True, False))
    return (
        float(np.quantile(1 - _doubts(outside), 1 - UNSHARP_PASSED)),
        float(np.quantile(1 - _doubts(sharp), SHARP_REFUSED)),
    )


def draw(of: list[Look], path: Path) -> None:
    """Curves of true over false alarms (ROC) for each dwell time."""
    mpl.rcParams.update({"svg.hashsalt": "scopeacq", "font.size": 8})
    figure = Figure(figsize=(7.0, 3.2), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, (title, least) in zip(panels, (("all outside", 1.0), ("clear blurs", CLEAR)), strict=True):
        for dwell_ns in DWELLS_NS:
            own = [look for look in of if look.dwell_ns == dwell_ns]
            sharp, outside = (
                _doubts([x for x in own if x.margins <= 1]),
                _doubts([x for x in own if x.margins > 1 and x.margins >= least]),
            )
            label = f"{dwell_ns:g} ns: AUC {auc(sharp, outside):.3f}"
            axes.plot(*roc(sharp, outside), lw=1, drawstyle="steps-post", label=label)
        axes.set_title(f"within the margins against {title}", fontsize=8)
        axes.set_xlabel("unsharp called sharp")
        axes.set_ylabel("sharp called sharp")
        axes.legend(frameon=False, fontsize=7, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def _share(of: Iterable[bool]) -> float:
    return float(np.mean(list(of)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deepscore", description=__doc__)
    parser.add_argument("--places", type=int, default=6, help="of each kind")
    parser.add_argument("--weights", type=Path, help="other weights")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--validation", action="store_true", help="other textures; says the limits")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the ROC, as SVG")
    arguments = parser.parse_args()
    judged = (kind for name, kind in kinds().items() if name != BARE)
    of = validation_kinds() if arguments.validation else judged
    seen = list(looks(of, arguments.places, arguments.weights))
    rows = {f"all, {dwell:g} ns": row([x for x in seen if x.dwell_ns == dwell]) for dwell in DWELLS_NS}
    rows |= {kind: row([x for x in seen if x.kind == kind]) for kind in dict.fromkeys(x.kind for x in seen)}
    if arguments.plots:
        draw(seen, arguments.plots / "deepscore.svg")
    if arguments.json:
        print(json.dumps({name: asdict(figures) for name, figures in rows.items()}))
        return
    fields = list(Row.__dataclass_fields__)
    print(f"| images of | {' | '.join(fields)} |\n|{'---|' * (len(fields) + 1)}")
    for name, figures in rows.items():
        print(f"| {name} | {' | '.join(f'{value:.3g}' for value in asdict(figures).values())} |")
    if arguments.validation:
        print(
            "\nSharp from a probability of {:.2f} on, not sharp below {:.2f}.".format(*verdict_limits(seen))
        )


if __name__ == "__main__":
    main()
