"""The command that makes the pictures of the window, for one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from scopeacq.plan.demo import make_demo
from tests.screenshots import LARGEST_BYTES, OUT

ROOT = Path(__file__).parents[1]


def test_a_picture_is_made_in_both_modes_as_large_as_asked_for(tmp_path: Path) -> None:
    run = make_demo(tmp_path / "made").folder.root
    out = tmp_path / "pictures"
    command = [sys.executable, "-m", "tests.screenshots", "--run", str(run), "--out", str(out)]
    command += ["--size", "1300x700", "--scale", "2", "start"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=250)
    assert {path.name for path in out.iterdir()} == {"start-dark.png", "start-light.png"}
    dark, light = (Image.open(out / f"start-{mode}.png").convert("L") for mode in ("dark", "light"))
    assert dark.size == light.size == (2600, 1400)
    assert dark.getpixel((20, 1000)) < 60 < 200 < light.getpixel((20, 1000))


def test_the_pictures_are_small() -> None:
    sizes = [path.stat().st_size for path in OUT.iterdir()]
    assert sizes
    assert max(sizes) < LARGEST_BYTES
    assert sum(sizes) < 4_000_000
