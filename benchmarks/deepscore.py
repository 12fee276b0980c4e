"""How well one image tells whether it is within the depth of focus, on held-out textures and microscopes.

    python -m benchmarks.deepscore [--places N] [--weights FILE] [--json]

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

import numpy as np
from numpy.typing import NDArray

from benchmarks.focus.figures import auc
from benchmarks.held_out import Scene, kinds, scene
from hardware.types import FrameSettings
from models.deepscore import DeepScore
from models.estimate import Sharp, Sharpness
from scopeacq.project import QualitySettings
from scopeacq.quality import ENOUGH_SCORES, seen_in_focus_um, sharp_limit_um

Doubles = NDArray[np.float64]

DWELLS_NS = (50.0, 100.0, 200.0, 800.0)
MACHINES = ("usual", "inverted")
BARE = "resin"
CLEAR = 2.0
NEAR_UM = 0.3  # what a converged focus leaves along each axis
PER_PLACE = 8


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


def looks(places: int, weights: Path | None) -> Iterator[Look]:
    """Images of every kind but bare resin, at every dwell time."""
    rng = np.random.default_rng(5)
    for name in (name for name in kinds() if name != BARE):
        for place in range(places):
            seen = scene(name, MACHINES[place % len(MACHINES)], place)
            scorer = DeepScore.load(weights, seen.microscope.believed_mrad)
            for dwell_ns in DWELLS_NS:
                yield from _at_place(seen, scorer, name, dwell_ns, rng)


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

    ``auc`` is sharp against clear, ``auc_all`` against all that is outside. ``limit_*``: by the limit
    of the known specimen. ``log_error``: median of |log(1 + score) - log(1 + truth)| outside of focus.
    """

    images: int
    auc: float
    auc_all: float
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


def _share(of: Iterable[bool]) -> float:
    return float(np.mean(list(of)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deepscore", description=__doc__)
    parser.add_argument("--places", type=int, default=6, help="of each kind")
    parser.add_argument("--weights", type=Path, help="other weights")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    seen = list(looks(arguments.places, arguments.weights))
    rows = {f"all, {dwell:g} ns": row([x for x in seen if x.dwell_ns == dwell]) for dwell in DWELLS_NS}
    rows |= {kind: row([x for x in seen if x.kind == kind]) for kind in dict.fromkeys(x.kind for x in seen)}
    if arguments.json:
        print(json.dumps({name: asdict(figures) for name, figures in rows.items()}))
        return
    fields = list(Row.__dataclass_fields__)
    print(f"| images of | {' | '.join(fields)} |\n|{'---|' * (len(fields) + 1)}")
    for name, figures in rows.items():
        print(f"| {name} | {' | '.join(f'{value:.3g}' for value in asdict(figures).values())} |")


if __name__ == "__main__":
    main()
