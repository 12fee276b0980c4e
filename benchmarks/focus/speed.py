"""Milliseconds per pair and memory, of all estimators in one run, in turns."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mapfost import costLib, imageLib, mtfLib
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn

from benchmarks.focus.cases import Plan
from benchmarks.focus.machine import Doubles, Machine, Specimen
from benchmarks.focus.results import Promise
from benchmarks.focus.starts import mild, setup_of
from benchmarks.focus.textures import Kind
from benchmarks.focus.trials import Trial, take_pair
from models.estimate import PairCondition
from models.source_networks import CONVOLUTIONS, FULL_LAYERS, full_layers

Image = NDArray[np.generic]
Worker = Callable[[Image, Image, PairCondition], object]

EDGES_PX = (128, 256, 384, 512, 768)
COMPARED_PX = 512
REPEATS = 3  # calls in a row: the first finds the caches full of another's
NEAR_SHARE = 0.05  # of the start: what a correction leaves
SPARE_PX = 16  # frames are so much wider than the patches, as images of a pair are shifted
MAPFOST_BAND = 0.25
MAPFOST = "MAPFoSt, own alignment"
SOURCE = "source 512, eager Conv3d"


@dataclass(frozen=True)
class SpeedFigures:
    """``ms_by_edge``: median per pair by the edge of the field of view [px]; nan where it is too small.

    ``ratio``: how many times longer than ours at ``COMPARED_PX``, median of the turns. ``memory_mib``: what
    loading and ten estimates add to a process that holds the program without networks; nan where not
    measured.
    """

    ms_by_edge: tuple[float, ...]
    ratio: float
    memory_mib: float


@dataclass(frozen=True)
class SpeedResult:
    promise: Promise
    figures: Mapping[str, SpeedFigures]


@dataclass(frozen=True)
class Speed:
    """The case. Every estimator gets the same frames, a little wider than the field of view.

    One pair is as far from focus as corrections start, and one as near as they end: times are the mean of
    both, as a correction takes both and an estimator may look closer near focus.
    """

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    trials: int = 9

    def run(self, plan: Plan) -> SpeedResult:
        """All in turns, so that what else the machine does falls on all of them."""
        ours = plan.contenders.ours.name
        workers: dict[str, Worker] = {c.name: c.estimate for c in plan.contenders.pairs}
        workers |= {MAPFOST: mapfost_as_packaged, SOURCE: EagerSource()}
        pairs, condition = self._pairs(plan.rng(self.name, 0))
        turns: dict[str, list[list[float]]] = {name: [] for name in workers}
        for _ in plan.each(self.name, self.trials):
            for name, worker in workers.items():
                turns[name].append([_milliseconds(worker, pairs, edge, condition) for edge in EDGES_PX])
        took = {name: np.array(rows) for name, rows in turns.items()}
        compared = {name: ms[:, EDGES_PX.index(COMPARED_PX)] for name, ms in took.items()}
        figures = {
            name: SpeedFigures(
                tuple(np.median(ms, axis=0).tolist()),
                float(np.median(compared[name] / compared[ours])),
                memory_mib(name, plan),
            )
            for name, ms in took.items()
        }
        return SpeedResult(self.promise, figures)

    def _pairs(self, rng: np.random.Generator) -> tuple[list[tuple[Image, Image]], PairCondition]:
        """One pair far from focus, one near it, of one place."""
        edge = max(EDGES_PX) + SPARE_PX
        machine = Machine(shift_px=0.25 * SPARE_PX)
        setup = setup_of(machine, dwell_ns=200.0, width_px=edge, height_px=edge)
        specimen, start = Specimen.of(self.kinds[0].tile(rng)), mild(rng)
        trials = [Trial(specimen, setup, s * start, 0, self.kinds[0].name) for s in (1.0, NEAR_SHARE)]
        taken = [take_pair(trial) for trial in trials]
        return [pair for pair, _ in taken], taken[0][1]


def _milliseconds(
    worker: Worker, pairs: Sequence[tuple[Image, Image]], edge: int, condition: PairCondition
) -> float:
    """Per pair, median of some calls in a row; nan where the images are too small for the worker."""
    cut = slice(0, edge + SPARE_PX)
    cuts = [(one[cut, cut], other[cut, cut]) for one, other in pairs]
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        try:
            for one, other in cuts:
                worker(one, other, condition)
        except ValueError:
            return float("nan")
        took.append(1e3 * (time.perf_counter() - began) / len(cuts))
    return float(np.median(took))


def mapfost_as_packaged(plus: Image, minus: Image, condition: PairCondition) -> Doubles:
    """The steps of the package's ``est_aberr`` with its own alignment, for one square.

    ``est_aberr`` itself imports packages that it does not declare.
    """
    plus, minus = plus.astype(np.float32), minus.astype(np.float32)
    edge = len(plus) - SPARE_PX
    cut = slice(SPARE_PX // 2, SPARE_PX // 2 + edge)
    dx, dy = (int(v) for v in imageLib.get_shift_vec(plus[cut, cut], minus[cut, cut]))
    dx, dy = (min(max(v, -SPARE_PX // 2), SPARE_PX // 2) for v in (dx, dy))
    moved = plus[cut.start + dy : cut.stop + dy, cut.start + dx : cut.stop + dx]
    flat = (imageLib.removeMeanAndMeanSlope(image) for image in (moved, minus[cut, cut]))
    spectra = [
        imageLib.low_pass_filter(np.fft.fftshift(np.fft.fft2(image)), MAPFOST_BAND) for image in flat
    ]
    k = mtfLib.get_kspace_xy(len(spectra[0]), 1e-3 * condition.pixel_size_nm / MAPFOST_BAND)
    known = [[sign * condition.perturbation_um, 0.0, 0.0] for sign in (1, -1)]
    known_rest = (known, 1e-3 * condition.convergence_mrad, [1, 1], False, k)
    answer = minimize(costLib.cost_mapfost, np.zeros(3), (spectra, *known_rest), method="L-BFGS-B").x
    return np.asarray(answer)


class EagerSource:
    """The source's network for patches of 512 px as it is written there: 3-D kernels, nothing fused.

    Its weights are random, which takes as long.
    """

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for channels, out, kernel, pool in CONVOLUTIONS:
            layers += [nn.Conv3d(channels, out, (1, kernel, kernel)), nn.BatchNorm3d(out), nn.ReLU()]
            layers += [nn.MaxPool3d((1, pool, pool)), nn.Dropout(0.1)]
        head = full_layers(FULL_LAYERS[COMPARED_PX], 3)
        self._network = nn.Sequential(*layers, nn.Flatten(), head).eval()

    def __call__(self, plus: Image, minus: Image, condition: PairCondition) -> Tensor:
        """Raises ``ValueError`` for all but squares of ``COMPARED_PX``, which the full layers are for."""
        if len(plus) - SPARE_PX != COMPARED_PX:
            raise ValueError(f"the network takes patches of {COMPARED_PX} px only")
        cut = slice(0, COMPARED_PX)
        pair = np.stack([plus[cut, cut], minus[cut, cut]]).astype(np.float32) / 127.5 - 1
        with torch.inference_mode():
            answer: Tensor = self._network(torch.from_numpy(pair)[None, None])
        return answer


def memory_mib(name: str, plan: Plan) -> float:
    """What an estimator adds to a process without networks; nan where it is none of ours."""
    types = {c.name: type(c) for c in plan.contenders.pairs}
    if name not in types or not hasattr(types[name], "load"):
        return float("nan")
    wanted = [types[name].__module__, types[name].__name__]
    command = [sys.executable, "-m", "benchmarks.focus.memory", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return float(done.stdout) if done.returncode == 0 else float("nan")
