"""What the file of results says: in lines, and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas

ALLOWED = 1.2
"""Times what is left on the home machine."""

Kept = dict[str, Any]
"""What is known of each machine, by its name, as it stands in the file."""


def left_um(left: dict[str, Any]) -> float:
    """Mean of what traces left."""
    return float(np.mean(left["um"]))


def over_home(kept: Kept, name: str) -> float:
    """What is left on a twin over what is left at home on the same tissue."""
    twin = kept[name]
    return left_um(twin["after"]) / left_um(kept[f"home-{twin['machine']['tissue']}"])


def over_known(kept: Kept, name: str) -> float:
    """The same over what would be left on the twin if its profile had been right all along."""
    return left_um(kept[name]["after"]) / left_um(kept[name.replace("twin", "known")])


def passed(kept: Kept, name: str) -> bool:
    """Whether a twin is as good as home, or the wizard says that it failed."""
    return not kept[name]["good"] or over_home(kept, name) <= ALLOWED


COLUMNS = (
    "machine",
    "stigmators",
    "scan, tissue",
    "before: diverged / refused; own loop",
    "pairs",
    "wizard",
    "left after 3 [um]",
    "over home, same tissue",
    "over exactly known",
    "depths of focus",
    "own loop",
    "minutes",
)


def row(kept: Kept, name: str) -> tuple[str, ...]:
    """The cells of a twin, as ``COLUMNS`` name them."""
    twin, machine = kept[name], kept[name]["machine"]
    stigmators, before, after = machine["stigmators"], twin["before"], twin["after"]
    return (
        f"{machine['eht_kv']:g} kV, {machine['convergence_mrad']:.1f} mrad, {machine['floor_nm']:.1f} nm",
        f"{stigmators['um_per_unit']:.1f} um at {stigmators['rotation_deg']:.0f} degrees",
        f"{machine['scan_rot_deg']:g}, {machine['tissue']}",
        f"{before['diverged']} / {before['refused']} of {len(before['um'])}; {_ends(before)}",
        str(twin["pairs"]),
        "good" if twin["good"] else "failed, said so",
        f"{left_um(after):.3f}",
        f"{over_home(kept, name):.2f}",
        f"{over_known(kept, name):.2f}",
        f"{left_um(after) / twin['depth_um']:.3f}",
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
            um = kept[name][which]["um"]
            axes.scatter([number] * len(um), um, 9, colour, label="" if number else which)
        allowed_um = ALLOWED * left_um(kept[f"home-{kept[name]['machine']['tissue']}"])
        label = "" if number else f"{ALLOWED:g} times the mean at home, same tissue"
        axes.plot([number - 0.3, number + 0.3], [allowed_um] * 2, color="black", lw=1, label=label)
    axes.set(
        xlabel="twin", ylabel="from focus after 3 corrections [um]", yscale="log", xticks=range(len(twins))
    )
    axes.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path)
