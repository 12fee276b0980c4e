"""Drivers by name: entry points of installed packages.

``scopeacq.microscopes``: ``connect(settings, folder) -> Devices``.
``scopeacq.blankers``: ``connect(settings) -> IonBlanker``, imported by the guard process only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.microscope import Devices


def microscope_names() -> list[str]:
    """Names of the installed microscope drivers, sorted."""
    raise NotImplementedError


def connect_devices(driver: str, settings: Mapping[str, object], folder: Path) -> Devices:
    """Connect an instrument. ``folder`` is where the driver may keep files of its own.

    Raises ``ConnectionLost`` with the list of drivers when ``driver`` is unknown or broken.
    """
    raise NotImplementedError


def blanker_target(driver: str) -> str:
    """``module:function`` that connects this blanker; imported by the guard, not here."""
    raise NotImplementedError
