"""What the file of results says: in lines, and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas

ALLOWED = 1.2
"""Times what is left on the home machine."""

HOMES = (100, 101, 102)
Kept = dict[str, Any]
"""What is known of each machine, by its name, as it stands in the file."""


def home_um(kept: Kept) -> float:
    """What is left on the home machine [um], mean."""
    return float(np.mean([um for number in HOMES for um in kept[f"home-{number}"]["um"]]))


def passed(kept: Kept, name: str) -> bool:
    """Whether a twin is as good as home, or the wizard says that it failed."""
    twin = kept[name]
    return not twin["good"] or float(np.mean(twin["after"]["um"])) <= ALLOWED * home_um(kept)


COLUMNS = (
    "machine",
    "stigmators",
    "scan, tissue",
    "before: diverged / refused; own loop",
    "wizard",
    "left after 3 [um]",
    "over home",
    "depths of focus",
    "own loop",
    "minutes",
)


def row(kept: Kept, name: str) -> tuple[str, ...]:
    """The cells of a twin, as ``COLUMNS`` name them."""
    twin, machine = kept[name], kept[name]["machine"]
    stigmators, before, after = machine["stigmators"], twin["before"], twin["after"]
    left_um = float(np.mean(after["um"]))
    return (
        f"{machine['eht_kv']:g} kV, {machine['convergence_mrad']:.1f} mrad, {machine['floor_nm']:.1f} nm",
        f"{stigmators['um_per_unit']:.1f} um at {stigmators['rotation_deg']:.0f} degrees",
        f"{machine['scan_rot_deg']:g}, {machine['tissue']}",
        f"{before['diverged']} / {before['refused']} of {len(before['um'])}; {_ends(before)}",
        "good" if twin["good"] else "failed, said so",
        f"{left_um:.3f}",
        f"{left_um / home_um(kept):.2f}",
        f"{left_um / twin['depth_um']:.3f}",
        _ends(after),
        f"{twin['minutes']:.1f}",
    )


def table(kept: Kept) -> str:
    """All twins in Markdown."""
    lines = [
        COLUMNS,
        ("---",) * len(COLUMNS),
        *(row(kept, name) for name in kept if name.startswith("twin")),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _ends(left: dict[str, Any]) -> str:
    return ", ".join(sorted(set(left["ends"])))


def plot(kept: Kept, path: Path) -> None:
    """What is left before and after on each twin, as a picture."""
    twins = [name for name in kept if name.startswith("twin")]
    canvas = Canvas(figsize=(7, 3.4), layout="constrained")
    axes = canvas.subplots()
    for number, name in enumerate(twins):
        for which, colour in (("before", "tab:red"), ("after", "tab:blue")):
            left_um = kept[name][which]["um"]
            axes.scatter([number] * len(left_um), left_um, 9, colour, label="" if number else which)
    axes.axhline(home_um(kept), color="black", lw=0.8, label="home, mean")
    axes.axhline(ALLOWED * home_um(kept), color="black", lw=0.8, ls="--", label="allowed")
    axes.set(
        xlabel="twin", ylabel="from focus after 3 corrections [um]", yscale="log", xticks=range(len(twins))
    )
    axes.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path)
