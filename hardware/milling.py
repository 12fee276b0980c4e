"""The hardware's part of a mill pass: into a proven mill state, and out of it."""

from __future__ import annotations

from hardware.interlocks import MillProof
from hardware.microscope import Microscope
from hardware.motion import Patience
from hardware.types import PoseTolerance, Raster, StagePose


def prepare_mill(
    microscope: Microscope,
    mill_pose: StagePose,
    raster: Raster,
    safe_z_um: float,
    tolerance: PoseTolerance = PoseTolerance(),
    patience: Patience = Patience(),
) -> MillProof:
    """Bring the instrument into the mill state with the ion beam blanked, and prove it.

    Both beams blanked and confirmed, detector safe, checked path to ``mill_pose``, raster set
    while blanked, started and read back, ion current measured. The caller passes the proof to
    ``microscope.guard.open``, which may refuse it.
    """
    raise NotImplementedError


def end_mill(microscope: Microscope) -> None:
    """Blank, confirmed, and only then stop the raster.

    When blanking is not confirmed the raster is kept running (a standing spot drills), the
    gun's HV is taken off, and ``BlankerUnknown`` is raised.
    """
    raise NotImplementedError
