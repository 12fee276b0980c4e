"""How fast planes become durable, compared with a plain write and sync of the same pixels.

    python benchmarks/write_planes.py [--pairs 25] [--folder DIR] [--json]

Pairs are interleaved, with the order inside a pair alternating, because a disk is not equally fast from
minute to minute; the figure is the median of the pairs' ratios. Ours: level 0 as an OME-Zarr shard,
checksummed, file and folder synced. Plain: the raw pixels, file synced.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from hardware.types import Image
from scopeacq.journal.records import PlaneKey
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.storage import ImageSpec, ImageStore

SIDE_PX = 6000
TARGET = 0.6


def em_like(seed: int) -> Image:
    """Structure of a few pixels under shot noise, 8 bit, about as compressible as an EM image."""
    noise = np.random.default_rng(seed).standard_normal((2, SIDE_PX, SIDE_PX), np.float32)
    structure = cv2.GaussianBlur(noise[0], (0, 0), 3)
    grey = 128 + 25 * structure / structure.std() + 20 * noise[1]
    image: Image = np.clip(grey, 0, 255).astype(np.uint8)
    return image


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write_plain(path: Path, image: Image) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(image.data)
        os.fsync(file.fileno())


def measure(folder: Path, pairs: int) -> list[tuple[float, float]]:
    """Seconds of (plain, ours) for each pair; a first pair warms both up and is not counted."""
    store = ImageStore.create(folder / "images.zarr", DiskFiles())
    store.add_image("S1", 0, ImageSpec((SIDE_PX, SIDE_PX), np.dtype(np.uint8), pairs + 1, 10, 20))
    images = [em_like(seed) for seed in range(2)]
    found = []
    for n in range(pairs + 1):
        image, plain, key = images[n % 2], folder / f"plain-{n}", PlaneKey(n, "S1", 0)
        work = [lambda: write_plain(plain, image), lambda: store.write(key, 0, image)]  # noqa: B023
        order = (0, 1) if n % 2 else (1, 0)
        taken = {which: seconds(work[which]) for which in order}
        found.append((taken[0], taken[1]))
        plain.unlink()
        (store.root / f"S1/0/0/takes/{n}.0").unlink()
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: the working folder")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder or Path.cwd()) as folder:
        pairs = measure(Path(folder), arguments.pairs)
    result = {
        "plane_mb": SIDE_PX**2 / 1e6,
        "pairs": len(pairs),
        "plain_s": statistics.median(plain for plain, _ in pairs),
        "ours_s": statistics.median(ours for _, ours in pairs),
        "ratio": statistics.median(plain / ours for plain, ours in pairs),
        "target": TARGET,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print(
            f"plain {result['plain_s'] * 1e3:.1f} ms, ours {result['ours_s'] * 1e3:.1f} ms, "
            f"median ratio {result['ratio']:.2f} of {len(pairs)} pairs (target {TARGET})"
        )


if __name__ == "__main__":
    main()
