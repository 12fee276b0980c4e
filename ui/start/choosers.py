"""How an operator names the folder of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtWidgets import QFileDialog, QWidget


@dataclass(frozen=True, slots=True)
class Choosers:
    """How the operator names a folder; ``None`` when nothing was chosen. Only used while nothing runs.

    ``devices``: a file of devices, there already or new.
    """

    existing: Callable[[QWidget], Path | None]
    new: Callable[[QWidget], Path | None]
    devices: Callable[[QWidget], Path | None] = lambda _parent: None


def _choose_existing(parent: QWidget) -> Path | None:
    chosen = QFileDialog.getExistingDirectory(parent, "Open a run: choose its folder")
    return Path(chosen) if chosen else None


def _choose_new(parent: QWidget) -> Path | None:
    chosen, _ = QFileDialog.getSaveFileName(parent, "New run: name its folder", "my.scopeacq")
    return Path(chosen) if chosen else None


def _choose_devices(parent: QWidget) -> Path | None:
    chosen, _ = QFileDialog.getSaveFileName(
        parent,
        "The instrument's file: choose it, or name a new one",
        "instruments.toml",
        "Devices (*.toml)",
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    return Path(chosen) if chosen else None


BY_DIALOG = Choosers(_choose_existing, _choose_new, _choose_devices)
