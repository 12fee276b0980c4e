"""AutoScript's client package, imported when a microscope is connected and not before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from hardware.errors import ConnectionLost

PACKAGE = "autoscript_sdb_microscope_client"
NEEDS = "AutoScript's client package, from the microscope's own installer"


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is used of the package."""

    client: Callable[[], Any]
    point: Callable[..., Any]
    stage_position: Callable[..., Any]
    move_settings: Callable[..., Any]
    grab_frame_settings: Callable[..., Any]
    electron_beam: Any


def load(device: str) -> Vendor:
    """Raises ``ConnectionLost`` where the package is not installed, or is another one."""
    try:
        package, structures, enumerations = (
            import_module(name) for name in (PACKAGE, f"{PACKAGE}.structures", f"{PACKAGE}.enumerations")
        )
        return Vendor(
            client=package.SdbMicroscopeClient,
            point=structures.Point,
            stage_position=structures.StagePosition,
            move_settings=structures.MoveSettings,
            grab_frame_settings=structures.GrabFrameSettings,
            electron_beam=enumerations.ImagingDevice.ELECTRON_BEAM,
        )
    except Exception as error:  # a closed package may raise anything on import
        what = f"the package {PACKAGE} cannot be used ({' '.join(str(error).split())})"
        raise ConnectionLost(device, what, f"Install {NEEDS}.") from error
