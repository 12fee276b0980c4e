"""How weights came to be: as plain data within their file, and for people as a page beside it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import xxhash
from torch import nn

from models.training.recipe import Recipe, Run


def settings_of(recipe: Recipe, run: Run) -> dict[str, Any]:
    """All that shapes a training except for its limits, as plain data."""
    start = run.start_from
    settings = {
        "seed": run.seed,
        "batch": recipe.batch,
        "learning_rate": recipe.learning_rate,
        "schedule": {type(recipe.schedule).__name__: asdict(recipe.schedule)},
        "running_mean": recipe.running_mean,
        "clip": recipe.clip,
        "weight_decay": recipe.weight_decay,
        "augmentation": recipe.augmentation and asdict(recipe.augmentation),
        "start_from": start and xxhash.xxh3_64_hexdigest(start.read_bytes()),
        "trainable": run.trainable,
        "data": recipe.data,
        "ranges": asdict(recipe.ranges),
        "textures": {"edge_px": recipe.texture_px, "kept": recipe.bank},
    }
    plain: dict[str, Any] = json.loads(json.dumps(settings))  # as it reads back from a file
    return plain


def account(
    recipe: Recipe, settings: dict[str, Any], machine: str, command: str, steps: int, seconds: float
) -> dict[str, Any]:
    """The card within a file of weights."""
    return {
        "name": recipe.name,
        "command": command,
        "settings": settings,
        "seed": settings["seed"],
        "steps": steps,
        "seconds": round(seconds),
        "torch": torch.__version__,
        "machine": machine,
    }


def machine_of(device: torch.device, threads: int) -> str:
    """What a training ran on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {threads} thread{'s' if threads > 1 else ''}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def model_card(file: str, recipe: Recipe, network: nn.Module, card: Mapping[str, Any]) -> str:
    """The page beside a file of weights, in Markdown."""
    count = sum(p.numel() for p in network.parameters())
    known = ("name", "command", "settings", "seed", "steps", "seconds", "torch", "machine")
    figures = {key: value for key, value in card.items() if key not in known}
    settings = dict(card["settings"])
    data = settings.pop("ranges") | {"textures": settings.pop("textures")}
    minutes = card["seconds"] / 60
    return "\n".join(
        [
            f"# {file}\n",
            f"**What.** {recipe.name}: {recipe.about}. Architecture `{recipe.architecture}`, "
            f"{count:,} parameters.\n",
            f"**Made by** `{card['command']}`: {card['steps']:,} steps in {minutes:.1f} minutes "
            f"on {card['machine']}, torch {card['torch']}, seed {card['seed']}.\n",
            f"**Data.** {settings.pop('data')}\n",
            _table("What varies", data),
            "\n## Settings\n",
            _table("Setting", settings),
            "\n## Held-out figures\n",
            "On simulated images of the training's kinds of texture, drawn from another seed.\n",
            _table("Figure", figures),
            "",
        ]
    )


def with_section(page: str, title: str, text: str) -> str:
    """A page whose section of this title holds ``text``, put at its end where it has none."""
    before, _, rest = page.partition(f"## {title}\n")
    _, following, after = rest.partition("\n## ")
    return f"{before.rstrip()}\n\n## {title}\n\n{text.strip()}\n{following and following + after}"


def _table(title: str, entries: Mapping[str, Any]) -> str:
    rows = [f"| `{key}` | {_shown(value)} |" for key, value in entries.items()]
    return "\n".join([f"| {title} | |", "|---|---|", *rows])


def _shown(value: object) -> str:
    match value:
        case float():
            return f"{value:.4g}"
        case list():
            return ", ".join(map(_shown, value)) or "-"
        case {"low": low, "high": high, "logarithmic": logarithmic}:
            return f"{_shown(low)} to {_shown(high)}{', evenly in the logarithm' if logarithmic else ''}"
        case dict():
            return "; ".join(f"{key} {_shown(entry)}" for key, entry in value.items())
        case None:
            return "-"
        case _:
            return str(value)
