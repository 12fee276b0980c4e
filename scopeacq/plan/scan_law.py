"""What a scanner makes of the frame that it is told to scan, and so what it has to be told. Pure.

Whoever plans and looks speaks of frames as they truly lie on the specimen: pixels of so many nanometres,
columns along this direction. A scanner whose pixels are larger and whose scan is turned is told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hardware.types import SQUARE, FrameSettings, PixelShape
from scopeacq.plan.geometry import full_turn_deg
from scopeacq.plan.instrument import Instrument


@dataclass(frozen=True, slots=True)
class ScanLaw:
    """How frames lie on the specimen at ``nominal_wd_um``, and how that changes with the working distance.

    A frame lies turned by ``rotation_deg``, counter-clockwise and by its rows, beyond what it was told. Its
    pixels are as large as squares whose edge is ``pixel_size_factor`` of what it was told.
    """

    pixel_size_factor: float = 1.0
    rotation_deg: float = 0.0
    shape: PixelShape = SQUARE
    magnification_per_um: float = 0.0
    rotation_deg_per_um: float = 0.0
    nominal_wd_um: float = 0.0

    @property
    def follows_wd(self) -> bool:
        """Whether the working distance matters."""
        return bool(self.magnification_per_um or self.rotation_deg_per_um)

    def factor_at(self, wd_um: float) -> float:
        """True over told pixel size at a working distance."""
        return self.pixel_size_factor * (1 + self.magnification_per_um * (wd_um - self.nominal_wd_um))

    def rotation_deg_at(self, wd_um: float) -> float:
        """True less told scan rotation at a working distance."""
        return self.rotation_deg + self.rotation_deg_per_um * (wd_um - self.nominal_wd_um)

    def told(self, wanted: FrameSettings, wd_um: float) -> FrameSettings:
        """What the scanner is told, so that the frame lies as ``wanted``; the shape of pixels stays."""
        return replace(
            wanted,
            pixel_size_nm=wanted.pixel_size_nm / self.factor_at(wd_um),
            scan_rot_deg=full_turn_deg(wanted.scan_rot_deg - self.rotation_deg_at(wd_um)),
        )


AS_TOLD = ScanLaw()


def scan_law(instrument: Instrument) -> ScanLaw:
    """The law by the instrument's profile."""
    scan = instrument.scan
    return ScanLaw(
        scan.pixel_size_factor,
        scan.rotation_deg,
        PixelShape(scan.shear, scan.aspect),
        scan.magnification_per_um,
        scan.rotation_deg_per_um,
        instrument.electron.wd_at_z0_um - instrument.stage.imaging_z_um,
    )
