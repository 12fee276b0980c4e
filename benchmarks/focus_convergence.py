"""How fast focus is found on textures that no network was trained on, in a closed loop.

Images are made here at the full pixel size from the textures of the twin and of a real EM
stack, with the probe of ``hardware.optics`` and shot noise; each estimator then corrects
what it saw, again and again. Prints a Markdown table.

    python benchmarks/focus_convergence.py [--stack FILE] [--traces N] [--mapfost]
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.optics import probe_otf
from hardware.simulator.texture import ProceduralTexture, StackTexture, Texture
from models.deepfocus import DeepFocus
from models.deepscore import DeepScore
from models.estimate import AberrationEstimate, AberrationEstimator, PairCondition
from scopeacq.project import QualitySettings
from scopeacq.quality import sharp_limit_um

Floats = NDArray[np.float64]

PIXEL_NM, WIDTH_PX, HEIGHT_PX = 10.0, 1024, 768
PERTURBATION_UM, CONVERGENCE_MRAD, FLOOR_UM = 5.0, 8.9, 0.0045
QUANTA_PER_NA_NS = 0.127 * 6.2415
CURRENT_NA, CONTRAST, UM_PER_STIG = 1.7, 0.145, 4.0
GREY_PER_SIGNAL, GREY = 300.0, 128.0
MARGIN_PX = 64
REFUSED_UM = 10.0


@dataclass(frozen=True)
class Scope:
    """A microscope over one texture."""

    texture: Texture
    rng: np.random.Generator

    def place(self) -> tuple[float, float]:
        """A random place on the specimen [um]."""
        x, y = self.rng.uniform(5.0, 60.0, 2)
        return float(x), float(y)

    def image(
        self, place: tuple[float, float], aberration_um: Floats, dwell_ns: float, shape: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """One scan: defocus, astig x, astig y [um] in the image frame."""
        pixel_um = 1e-3 * PIXEL_NM
        height, width = (n + 2 * MARGIN_PX for n in shape)
        x = (place[0] + pixel_um * np.arange(width, dtype=np.float32))[None, :]
        y = (place[1] + pixel_um * np.arange(height, dtype=np.float32))[:, None]
        field = self.texture.sample(*np.broadcast_arrays(x, y), np.zeros_like(x + y) + 0.1)
        kx = 2 * math.pi / pixel_um * np.fft.rfftfreq(width)[None, :]
        ky = 2 * math.pi / pixel_um * np.fft.fftfreq(height)[:, None]
        transfer = probe_otf(kx, ky, *aberration_um, 1e-3 * CONVERGENCE_MRAD, FLOOR_UM, np)
        seen = np.fft.irfft2(np.fft.rfft2(field) * transfer, s=field.shape)
        signal = 1 + CONTRAST * seen[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
        quanta = QUANTA_PER_NA_NS * CURRENT_NA * dwell_ns
        counts = self.rng.poisson(quanta * np.clip(signal, 0.02, None)) / quanta
        return np.clip(np.rint(GREY + GREY_PER_SIGNAL * (counts - 1)), 0, 255).astype(np.uint8)

    def pair(
        self, place: tuple[float, float], aberration_um: Floats, dwell_ns: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Images at plus and minus the perturbation, shifted against each other at random."""
        shift = 1e-3 * PIXEL_NM * self.rng.uniform(-10, 10, 2)
        step = np.array([PERTURBATION_UM, 0.0, 0.0])
        plus = self.image(place, aberration_um + step, dwell_ns, (HEIGHT_PX, WIDTH_PX))
        moved = (place[0] + shift[0], place[1] + shift[1])
        return plus, self.image(moved, aberration_um - step, dwell_ns, (HEIGHT_PX, WIDTH_PX))


def mild_start(rng: np.random.Generator) -> Floats:
    """(8..12 um, -4..-2, 2..4), either sign of all: the source's start."""
    wd, x, y = rng.uniform(8, 12), rng.uniform(-4, -2), rng.uniform(2, 4)
    return np.array([wd, UM_PER_STIG * x, UM_PER_STIG * y]) * rng.choice([-1.0, 1.0])


def far_start(rng: np.random.Generator) -> Floats:
    """(30 um, -6, 6), either sign."""
    return np.array([30.0, -6 * UM_PER_STIG, 6 * UM_PER_STIG]) * rng.choice([-1.0, 1.0])


def trace(
    scope: Scope, estimator: AberrationEstimator, start: Floats, dwell_ns: float, rounds: int
) -> list[tuple[Floats, AberrationEstimate]]:
    """True aberration and estimate at each iteration; the last pair is the judgement of the end."""
    condition = PairCondition(PIXEL_NM, PERTURBATION_UM, CONVERGENCE_MRAD, 1.0)
    place, state, steps = scope.place(), start, []
    for _ in range(rounds + 1):
        estimate = estimator.estimate(*scope.pair(place, state, dwell_ns), condition)
        steps.append((state, estimate))
        state = state - estimate.mean
    return steps


def row(name: str, traces: list[list[tuple[Floats, AberrationEstimate]]]) -> str:
    """One line: wd MAE after each iteration, stigmators after two, sd of z, refused traces.

    A trace is refused, and left out, when an estimate calls itself useless, as over bare resin.
    """
    total = len(traces)
    traces = [t for t in traces if all(estimate.sd[0] < REFUSED_UM for _, estimate in t)]
    states = np.abs(np.array([[state for state, _ in steps] for steps in traces]))
    after = " / ".join(f"{states[:, i, 0].mean():.2f}" for i in range(1, states.shape[1]))
    stig = states[:, min(2, states.shape[1] - 1), 1:].mean() / UM_PER_STIG
    z = [(s - e.mean) / e.sd for steps in traces for s, e in steps]
    return f"| {name} | {after} | {stig:.3f} | {np.std(z):.2f} | {total - len(traces)} |"


def convergence(
    specimens: dict[str, Texture], estimator: AberrationEstimator, traces: int, rounds: int
) -> None:
    """Print the table of one estimator."""
    print(
        f"\n{estimator.name}\n\n"
        "| specimen, start, dwell | wd MAE after iteration 1.. [um] "
        "| stig after 2 [a.u.] | sd of z | refused |"
    )
    print("|---|---|---|---|---|")
    for label, texture in specimens.items():
        for start in (mild_start, far_start):
            for dwell_ns in (50.0, 200.0):
                scope = Scope(texture, np.random.default_rng(7))
                done = [trace(scope, estimator, start(scope.rng), dwell_ns, rounds) for _ in range(traces)]
                print(row(f"{label}, {start.__name__}, {dwell_ns:.0f} ns", done), flush=True)


def scores(specimens: dict[str, Texture], scorer: DeepScore, count: int) -> None:
    """Print how well scores tell residuals up to 1 um from those of 2 um and more."""
    print(
        "\n| specimen, dwell | AUC | sharp called unsharp | unsharp called sharp "
        "| limit [um] | median at 0 / 1 / 2 / 3 / 5 um |"
    )
    print("|---|---|---|---|---|---|")
    for label, texture in specimens.items():
        for dwell_ns in (100.0, 200.0):
            scope = Scope(texture, np.random.default_rng(11))
            limit_um = sharp_limit_um(
                QualitySettings(), [_score(scope, scorer, 0.2, dwell_ns) for _ in range(5)]
            )
            sharp = np.array(
                [_score(scope, scorer, scope.rng.uniform(0, 1), dwell_ns) for _ in range(count)]
            )
            unsharp = np.array(
                [_score(scope, scorer, scope.rng.uniform(2, 4), dwell_ns) for _ in range(count)]
            )
            auc = np.mean(sharp[:, None] < unsharp[None, :])
            wrong = f"{np.mean(sharp > limit_um):.3f} | {np.mean(unsharp <= limit_um):.3f}"
            levels = [
                np.median([_score(scope, scorer, r, dwell_ns) for _ in range(5)]) for r in (0, 1, 2, 3, 5)
            ]
            medians = " / ".join(f"{level:.2f}" for level in levels)
            print(
                f"| {label}, {dwell_ns:.0f} ns | {auc:.3f} | {wrong} | {limit_um:.2f} | {medians} |",
                flush=True,
            )


def _score(scope: Scope, scorer: DeepScore, residual_um: float, dwell_ns: float) -> float:
    direction = scope.rng.normal(size=3)
    aberration = residual_um * direction / np.linalg.norm(direction)
    return scorer.score(scope.image(scope.place(), aberration, dwell_ns, (1024, 1024)), PIXEL_NM)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stack", type=Path, help="a real EM stack (TIFF, 8 nm voxels) as a second specimen"
    )
    parser.add_argument("--traces", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mapfost", action="store_true", help="run MAPFoSt beside DeepFocus")
    parser.add_argument("--deepfocus", type=Path, help="other weights")
    parser.add_argument("--deepscore", type=Path, help="other weights")
    arguments = parser.parse_args()
    specimens: dict[str, Texture] = {"procedural tissue": ProceduralTexture(99)}
    if arguments.stack:
        specimens["real stack"] = StackTexture.load(arguments.stack)
    convergence(specimens, DeepFocus.load(arguments.deepfocus), arguments.traces, arguments.rounds)
    if arguments.mapfost:
        from models.mapfost import MapFost

        convergence(specimens, MapFost(), arguments.traces, max(6, arguments.rounds))
    scores(specimens, DeepScore.load(arguments.deepscore), 4 * arguments.traces)


if __name__ == "__main__":
    main()
