"""The source's way from predictions to sections (Schubert 2022, section 2.2), and the cost of its network.

    python -m benchmarks.source_sections [--json FILE]     parameters, seconds per step and per picture

Training the source's network to its 180,000 steps is out of reach without a GPU; its way is judged on the
predictions of ours.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from models.section_network import SectionUNet, UNetSize
from models.sections import SectionFinder
from models.training.section_augmentation import SectionBatch
from models.training.section_recipes import section_loss
from scopeacq.sections.finding import FoundSection

LEAST_AREA_PX = 200.0
SIZES = {
    "source, 256 px": (UNetSize(64, 5, 2), 256),
    "ours, 256 px": (UNetSize(), 256),
    "ours, 128 px": (UNetSize(), 128),
}
BATCH = 8
PICTURE_PX = 1400


def source_sections(found: NDArray[np.float32]) -> list[FoundSection]:
    """Sections in a map of probabilities, shape (y, x).

    One binary closing, Canny's edges, their contours, the smallest rectangle around each; those of more
    than 200 px^2 go to the connected component in which their centre lies, the largest to each.
    """
    closed = ndimage.binary_closing(found > 0.5)
    instances, _ = ndimage.label(closed)
    edges = cv2.Canny(closed.astype(np.uint8) * 255, 100, 200)
    contours, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest: dict[int, tuple[float, FoundSection]] = {}
    for contour in contours:
        (x, y), (width, height), angle = cv2.minAreaRect(contour)
        row, column = (int(np.clip(round(c), 0, n - 1)) for c, n in zip((y, x), found.shape, strict=True))
        instance, area = int(instances[row, column]), width * height
        if instance and area > max(LEAST_AREA_PX, largest.get(instance, (0.0,))[0]):
            corners = cv2.boxPoints(((x, y), (width, height), angle)).tolist()
            largest[instance] = area, FoundSection(tuple((float(u), float(v)) for u, v in corners), 1.0)
    return [section for _, section in largest.values()]


@dataclass(frozen=True)
class Cost:
    """What a network of some size costs on one core."""

    network: str
    parameters: int
    step_s: float
    picture_s: float


def costs() -> Iterator[Cost]:
    """Of the source's network and ours; a step is one of 8 patches."""
    torch.set_num_threads(1)
    for name, (size, patch_px) in SIZES.items():
        network = SectionUNet(size)
        step_s = _seconds(partial(_step, network, patch_px))
        picture = np.random.default_rng(1).integers(0, 256, (PICTURE_PX,) * 2).astype(np.uint8)
        picture_s = _seconds(partial(SectionFinder(network).probability, picture))
        yield Cost(name, sum(p.numel() for p in network.parameters()), step_s, picture_s)


def _step(network: SectionUNet, patch_px: int) -> None:
    """Forward and back; the optimizer hardly counts."""
    shape = BATCH, patch_px, patch_px
    batch = SectionBatch(torch.rand(shape)[:, None] - 0.5, torch.zeros(shape, dtype=torch.uint8))
    section_loss(network, batch, 0.0).total.backward()  # type: ignore[no-untyped-call]


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of the second time."""
    work()
    started = time.process_time()
    work()
    return time.process_time() - started


def table(known: list[Cost]) -> str:
    """In Markdown."""
    head = f"| network, patches | parameters | s a step of {BATCH} | s a picture of {PICTURE_PX}^2 |"
    rows = [f"| {c.network} | {c.parameters:,} | {c.step_s:.2f} | {c.picture_s:.1f} |" for c in known]
    return "\n".join([head, "|---|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source_sections", description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    known = list(costs())
    if arguments.json:
        arguments.json.write_text(json.dumps({"costs": [asdict(c) for c in known]}, indent=1))
    print(table(known))


if __name__ == "__main__":
    main()
