"""Weights of DeepFocus for one microscope: from pairs with known aberrations to a file with its card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.consensus import Answer, combine
from models.deepfocus import Calibration, binning, calibration_of, seen_alike
from models.estimate import PairCondition
from models.images import ImagesRefused, checked_pair
from models.networks import PairPolarNet
from models.refinement import MOST_PATCHES
from models.spectra import overlapping_corners, patches
from models.threads import threads
from models.training.flagship import FLAGSHIP_RANGES
from models.training.flagship_calibration import ONE_SD, blank_sds
from models.training.pairs import ProbeOtf
from models.training.recalibration import Example, Look, Tuned, Tuning, tune
from models.weights import SHIPPED, Weights, load_into

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class KnownPair:
    """Two images, ``wd`` plus the perturbation first, and their aberration (3,) [um] in the image frame."""

    plus: NDArray[np.generic]
    minus: NDArray[np.generic]
    condition: PairCondition
    aberration_um: Floats


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """What training on from pairs came to.

    ``before_um`` and ``after_um``: median absolute error of the network's own answer to held-out pairs,
    which the likelihood only begins from: defocus, astig x, astig y.
    """

    looks: tuple[Look, ...]
    before_um: tuple[float, float, float]
    after_um: tuple[float, float, float]
    better: bool


@dataclass(frozen=True, slots=True)
class Teaching:
    """The pairs that are learned from, those of other places that judge, and what the card says of both."""

    training: Sequence[KnownPair]
    held_out: Sequence[KnownPair]
    about: str


def recalibrate(
    start: Path | None,
    teaching: Teaching,
    tuning: Tuning,
    otf: ProbeOtf,
    out: Path,
    seen: Callable[[Look], None] = lambda _: None,
) -> Recalibrated:
    """Train the last layers of DeepFocus on from pairs, and write the weights with their card to ``out``.

    Args:
        start: weights to begin with, by default those that are shipped.
        teaching: pairs with their aberrations.
        tuning: how to train.
        otf: transfer function of the probe (``hardware.optics.probe_otf``), for what blank patches say.
        out: the file of weights to write; also where they are no better.
        seen: told each look, on this thread; what it raises ends the training.

    Raises:
        WeightsError: the weights to begin with cannot be used.
        TrainingError: there are no pairs that can be judged.
    """
    weights, network, known = _begun(start or SHIPPED / "deepfocus.safetensors")
    training, held_out = (list(_examples(pairs)) for pairs in (teaching.training, teaching.held_out))
    tuned = tune(network, training, held_out, tuning, seen)
    assert isinstance(tuned.network, PairPolarNet)
    before, after = (_errors(net, held_out, known) for net in (network, tuned.network))
    result = _result(tuned, before, after, teaching)
    calibration = _calibrated(tuned.network, known, after, otf, tuning.seed)
    card = _card(weights.card, calibration, teaching, tuning, tuned, result)
    Weights(weights.architecture, tuned.network.state_dict(), card).save(out)
    return result


def _begun(path: Path) -> tuple[Weights, PairPolarNet, Calibration]:
    weights = Weights.load(path, PairPolarNet.architecture)
    network = PairPolarNet().eval()
    load_into(network, weights, path)
    return weights, network, calibration_of(weights.card, path)


def _result(tuned: Tuned, before: Errors, after: Errors, teaching: Teaching) -> Recalibrated:
    unit_um = float(np.median([pair.condition.perturbation_um for pair in teaching.held_out]))
    better = tuned.improved and float(np.median(after.size)) <= float(np.median(before.size))
    return Recalibrated(tuned.looks, before.medians_um(unit_um), after.medians_um(unit_um), better)


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Absolute errors (n, 3) in perturbations of the answers to whole pairs, and these over their sd."""

    size: Floats
    z: Floats

    def medians_um(self, unit_um: float) -> tuple[float, float, float]:
        z, x, y = (unit_um * np.median(self.size, axis=0)).tolist()
        return z, x, y


def _examples(pairs: Sequence[KnownPair]) -> Iterator[Example]:
    """What the network sees of pairs; those that it would refuse are left out."""
    for pair in pairs:
        try:
            factor, blur_px = binning(pair.condition)
            checked = checked_pair(pair.plus, pair.minus, PairPolarNet.patch_px * factor)
        except (ImagesRefused, ValueError):
            continue
        images = seen_alike(checked, factor)
        corners = overlapping_corners(images[0].shape, PairPolarNet.patch_px, MOST_PATCHES)
        cut = np.stack([patches(image, corners, PairPolarNet.patch_px) for image in images], axis=1)
        yield Example(cut, pair.aberration_um / pair.condition.perturbation_um, blur_px)


def _errors(network: PairPolarNet, examples: Sequence[Example], known: Calibration) -> Errors:
    answers = [_answer(network, example, known) for example in examples]
    sizes = np.array([np.abs(a.mean - e.target) for a, e in zip(answers, examples, strict=True)])
    sds = np.array([np.sqrt(np.diag(answer.covariance)) for answer in answers])
    return Errors(sizes, sizes / sds)


def _answer(network: PairPolarNet, example: Example, known: Calibration) -> Answer:
    blur = torch.full((len(example.patches),), example.blur_px)
    with threads(1), torch.inference_mode():
        mean, covariance, _ = network(torch.from_numpy(example.patches), blur)
    return combine(mean.double().numpy(), covariance.double().numpy(), known.consensus)


def _calibrated(
    network: PairPolarNet, known: Calibration, after: Errors, otf: ProbeOtf, seed: int
) -> Calibration:
    """How the new weights are to be believed: a spread that covers their errors on held-out pairs."""
    wider = max(1.0, float(np.quantile(after.z, ONE_SD)))
    blank = blank_sds(network, otf, FLAGSHIP_RANGES, seed)
    return replace(
        known, consensus=replace(known.consensus, spread=wider * known.consensus.spread, blank=blank)
    )


def _card(
    before: dict[str, Any],
    calibration: Calibration,
    teaching: Teaching,
    tuning: Tuning,
    tuned: Tuned,
    result: Recalibrated,
) -> dict[str, Any]:
    consensus = calibration.consensus
    return before | {
        "calibration": {
            "spread": consensus.spread,
            "floor": consensus.floor,
            "blank": list(consensus.blank),
            "refined_spread": calibration.refined_spread,
            "refined_floor": calibration.refined_floor,
        },
        "recalibration": {
            "data": teaching.about,
            "pairs": len(teaching.training),
            "held_out_pairs": len(teaching.held_out),
            "settings": asdict(tuning),
            "steps": tuned.best.step,
            "torch": torch.__version__,
            "held_out_loss": [tuned.looks[0].held_out, tuned.best.held_out],
            "held_out_error_before_um": list(result.before_um),
            "held_out_error_after_um": list(result.after_um),
        },
    }
