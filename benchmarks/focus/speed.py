"""Milliseconds per pair and memory, of all estimators in one run, in turns."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
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
SPARE_PX = 16  # frames are so much wider than the patches, as images of a pair are shifted
MAPFOST_BAND = 0.25
MAPFOST = "MAPFoSt, own alignment"
SOURCE = "source 512, eager Conv3d"


@dataclass(frozen=True)
class SpeedFigures:
    """``ms_by_edge``: median per pair by the edge of the field of view [px]; nan where it is too small.

    ``ratio``: how many times longer than ours at ``COMPARED_PX``. ``memory_mib``: what loading and ten
    estimates add to a process that holds the program without networks; nan where not measured.
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
    """The case. Every estimator gets the same frames, a little wider than the field of view."""

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    trials: int = 9

    def run(self, plan: Plan) -> SpeedResult:
        """All in turns, so that what else the machine does falls on all of them."""
        ours = plan.contenders.ours
        workers: dict[str, Worker] = {c.name: c.estimate for c in plan.contenders.pairs}
        workers |= {MAPFOST: mapfost_as_packaged, SOURCE: EagerSource()}
        pair, condition = self._pair(plan.rng(self.name, 0))
        took: dict[str, list[list[float]]] = {name: [] for name in workers}
        for _ in plan.each(self.name, self.trials):
            for edge in EDGES_PX:
                one, other = (image[: edge + SPARE_PX, : edge + SPARE_PX] for image in pair)
                for name, worker in workers.items():
                    took[name].append([edge, _milliseconds(worker, one, other, condition)])
        medians = {name: _medians(np.array(rows)) for name, rows in took.items()}
        index = EDGES_PX.index(COMPARED_PX)
        figures = {
            name: SpeedFigures(ms, ms[index] / medians[ours.name][index], memory_mib(name, plan))
            for name, ms in medians.items()
        }
        return SpeedResult(self.promise, figures)

    def _pair(self, rng: np.random.Generator) -> tuple[tuple[Image, Image], PairCondition]:
        edge = max(EDGES_PX) + SPARE_PX
        machine = Machine(shift_px=0.25 * SPARE_PX)
        setup = setup_of(machine, dwell_ns=200.0, width_px=edge, height_px=edge)
        kind = self.kinds[0]
        return take_pair(Trial(Specimen.of(kind.tile(rng)), setup, mild(rng), 0, kind.name))


def _milliseconds(worker: Worker, plus: Image, minus: Image, condition: PairCondition) -> float:
    """nan where the images are too small for the worker."""
    began = time.perf_counter()
    try:
        worker(plus, minus, condition)
    except ValueError:
        return float("nan")
    return 1e3 * (time.perf_counter() - began)


def _medians(rows: Doubles) -> tuple[float, ...]:
    """Medians by edge of rows (n, 2) of edge and time."""
    return tuple(float(np.median(rows[rows[:, 0] == edge, 1])) for edge in EDGES_PX)


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
