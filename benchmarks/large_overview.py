"""Seconds and memory that it takes to find the sections of a large overview, in a process of its own.

    python -m benchmarks.large_overview {learned,unlearned} [--cores N] [--json FILE]

The wafer is a held-out one, enlarged to 5000 x 5000 px, with the noise of a camera of that size.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.held_out_wafers import LOOKS, wafer
from benchmarks.section_scores import score
from models.sections import SectionFinder
from scopeacq.sections.learned import detect_learned
from scopeacq.sections.unlearned import detect

SIDE_PX = 5000
SEED = 300
NOISE = 4.0  # grey values


@dataclass(frozen=True)
class Cost:
    """``processor_s``: the time of all cores together; ``peak_mib``: of the whole process."""

    way: str
    cores: int
    sections: int
    f1: float
    seconds: float
    processor_s: float
    peak_mib: float


def large_wafer() -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    """The picture and its sections."""
    small = wafer(LOOKS[0], SEED)
    factor = SIDE_PX / small.picture.shape[0]
    smooth = cv2.resize(small.picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    noise = NOISE * np.random.default_rng(SEED).standard_normal(smooth.shape, np.float32)
    picture = np.asarray(np.clip(smooth + noise, 0, 255), np.uint8)
    return picture, [(corners + 0.5) * factor - 0.5 for corners in small.sections]


def cost(way: str, cores: int) -> Cost:
    """Of finding all sections, weights loaded and the picture read."""
    cv2.setNumThreads(cores)
    picture, sections = large_wafer()
    finder = SectionFinder.load() if way == "learned" else None
    started, used = time.perf_counter(), time.process_time()
    told = detect(picture) if finder is None else detect_learned(finder, picture, cores=cores)
    seconds, processor_s = time.perf_counter() - started, time.process_time() - used
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    f1 = score(told.proposed, sections).f1
    return Cost(way, cores, len(sections), f1, seconds, processor_s, peak_mib)


def table(known: list[Cost]) -> str:
    """In Markdown."""
    head = f"| {SIDE_PX} x {SIDE_PX} px | cores | sections | F1 | s | s of processor | peak MiB |"
    rows = [
        f"| {c.way} | {c.cores} | {c.sections} | {c.f1:.3f} | {c.seconds:.0f} | {c.processor_s:.0f} "
        f"| {c.peak_mib:.0f} |"
        for c in known
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_overview", description=__doc__)
    parser.add_argument("way", choices=("learned", "unlearned"))
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    own = cost(arguments.way, arguments.cores)
    if arguments.json:
        arguments.json.write_text(json.dumps({"large": [asdict(own)]}, indent=1))
    print(table([own]))


if __name__ == "__main__":
    main()
