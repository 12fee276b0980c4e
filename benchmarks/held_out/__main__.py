"""Lists the held-out set, checks that it is what it was, and paints it."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.held_out import fingerprint, kinds, machines, scene
from hardware.types import FrameSettings

TOLERANCE = 0.02
SETTINGS = FrameSettings(1024, 768, pixel_size_nm=10.0, dwell_ns=200.0)


def main() -> int:
    """Exit status 1 when a kind is no longer what was fixed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.held_out", description=__doc__)
    parser.add_argument("--render", type=Path, metavar="FOLDER", help="write a PNG in focus of each kind")
    folder = parser.parse_args().render
    changed = 0
    for name, kind in kinds().items():
        seen = fingerprint(kind.tile(np.random.default_rng(0)))
        same = len(kind.seen) == len(seen) and np.allclose(seen, kind.seen, atol=TOLERANCE)
        changed += not same
        print(
            f"{name:14} {'unchanged' if same else f'CHANGED to {seen.round(3).tolist()}':10} {kind.about}"
        )
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            image = scene(name, "usual", 0).image(np.zeros(3), SETTINGS)
            cv2.imwrite(str(folder / f"{name}.png"), image)
    usual = machines()["usual"].spans
    for name, machine in machines().items():
        own = {f: span for f, span in machine.spans.items() if name == "usual" or usual.get(f) != span}
        print(f"{name:14} {', '.join(f'{f} {low:g} to {high:g}' for f, (low, high) in own.items())}")
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
