"""The kinds of texture and the microscopes of the held-out set, as ``held_out.toml`` fixes them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from benchmarks.focus.machine import Machine
from benchmarks.held_out import cells, matter
from benchmarks.held_out.painting import Doubles, Floats, Rng

TILE_SHAPE = (1024, 1280)
PAINTERS: dict[str, Callable[[tuple[int, int], Rng], Floats]] = {
    "epithelium": cells.epithelium,
    "neuropil": cells.neuropil,
    "myelin": cells.myelin,
    "tin_balls": matter.tin_balls,
    "collagen": matter.collagen,
    "crystals": matter.crystals,
    "gratings": matter.gratings,
    "resin": matter.resin,
}


@dataclass(frozen=True, slots=True)
class HeldOutKind:
    """A kind of texture. ``seen`` is the fingerprint (6,) of its tile of seed 0."""

    name: str
    about: str
    seen: tuple[float, ...]

    def tile(self, rng: Rng) -> Floats:
        """A periodic tile of ``TILE_SHAPE``, float32, in pixels of 10 nm; mean 0, sd 1 (resin 0.3)."""
        return PAINTERS[self.name](TILE_SHAPE, rng)


@dataclass(frozen=True, slots=True)
class HeldOutMachine:
    """A kind of microscope: the spans that its constants are drawn from."""

    name: str
    spans: dict[str, tuple[float, float]]

    def draw(self, rng: Rng) -> Microscope:
        """One of the kind."""
        drawn: dict[str, Any] = {field: _within(span, rng) for field, span in sorted(self.spans.items())}
        off = drawn.pop("angle_off", 0.0)
        machine = Machine(**drawn)
        return Microscope(machine, machine.convergence_mrad / (1 + off))


@dataclass(frozen=True, slots=True)
class Microscope:
    """The truth about a microscope, and what the program takes its convergence angle for."""

    machine: Machine
    believed_mrad: float


def _within(span: tuple[float, float], rng: Rng) -> float:
    low, high = span
    return low if low == high else float(rng.uniform(low, high))


def _contents() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("benchmarks.held_out").joinpath("held_out.toml").read_text("utf-8")
    )


def kinds() -> dict[str, HeldOutKind]:
    """All kinds of texture, by name."""
    return {
        name: HeldOutKind(name, entry["about"], tuple(entry["seen"]))
        for name, entry in _contents()["kinds"].items()
    }


def machines() -> dict[str, HeldOutMachine]:
    """All kinds of microscope, by name."""
    entries = _contents()["machines"]
    return {
        name: HeldOutMachine(
            name, {f: (low, high) for f, (low, high) in (entries["usual"] | entry).items()}
        )
        for name, entry in entries.items()
    }


def fingerprint(tile: Floats) -> Doubles:
    """What a tile is known by (6,): means of its quadrants, mean step between columns, skewness."""
    half = [n // 2 for n in tile.shape]
    rows, columns = (slice(0, half[0]), slice(half[0], None)), (slice(0, half[1]), slice(half[1], None))
    quadrants = [float(tile[r, c].mean()) for r in rows for c in columns]
    step = float(np.abs(np.diff(tile, axis=1)).mean())
    skewness = float(((tile - tile.mean()) ** 3).mean() / tile.std() ** 3)
    return np.array([*quadrants, step, skewness])
