"""The quadrant of the microscope's window in which frames are scanned, with a detector of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hardware.errors import Refused


@dataclass(frozen=True, slots=True)
class View:
    """``electron_beam``: AutoScript's name of that device. ``detector``: empty for the one in use.

    ``rotation_inverted``: AutoScript's scan rotation counts clockwise.
    """

    device: str
    number: int
    electron_beam: Any
    detector: str = ""
    rotation_inverted: bool = False

    def turned_rad(self, scan_rot_deg: float) -> float:
        """Our scan rotation as AutoScript counts it."""
        return math.radians(-scan_rot_deg if self.rotation_inverted else scan_rot_deg)

    def turned_deg(self, rotation_rad: float) -> float:
        """Inverse of :meth:`turned_rad`."""
        return math.degrees(-rotation_rad if self.rotation_inverted else rotation_rad)

    def show(self, client: Any) -> None:
        """Make it the active view, of the electron beam: frames and detector settings are of that one.

        Whoever else uses the microscope may have looked elsewhere meanwhile. Raises ``Refused`` where
        the detector stays another one.
        """
        client.imaging.set_active_view(self.number)
        client.imaging.set_active_device(self.electron_beam)
        if self.detector and client.detector.type.value != self.detector:
            client.detector.type.value = self.detector
            if (got := client.detector.type.value) != self.detector:
                what = f"the detector is {got!r} instead of {self.detector!r}"
                raise Refused(self.device, what, "Choose it in the microscope's own software.")
