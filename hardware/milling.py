"""The hardware's part of a mill pass: into a proven mill state, and out of it."""

from __future__ import annotations

from collections.abc import Callable

from hardware.errors import Interlocked
from hardware.guard.client import CloseAck
from hardware.interlocks import MillProof
from hardware.microscope import Devices, Microscope
from hardware.motion import Patience, follow
from hardware.paths import path_to_mill
from hardware.types import CurrentReading, PoseTolerance, Raster, StagePose


def prepare_mill(
    microscope: Microscope,
    mill_pose: StagePose,
    raster: Raster,
    safe_z_um: float,
    tolerance: PoseTolerance = PoseTolerance(),
    patience: Patience = Patience(),
    heed: Callable[[], None] = lambda: None,
) -> MillProof:
    """Bring the instrument into the mill state with both beams blanked, and prove it.

    Both beams blanked and confirmed, detector safe, checked path to ``mill_pose`` (from one
    azimuth to the next as well), raster set while blanked, started and read back, ion current
    measured. The caller passes the proof to ``microscope.guard.open``, which may refuse it.
    ``heed`` raises when somebody wants an end; it is asked around every move.

    Raises ``BlankerUnknown``, ``Interlocked``, and whatever :func:`hardware.motion.follow` raises.
    """
    devices = microscope.devices
    microscope.guard.close()
    _protect(devices)
    path = path_to_mill(devices.stage.pose(), mill_pose, safe_z_um)
    follow(devices.stage, microscope.model, path, tolerance, patience, heed)
    devices.raster.configure(raster)
    devices.raster.start()
    current = devices.ion_current.measure()
    return _proof(devices, mill_pose, tolerance, raster, current)


def _protect(devices: Devices) -> None:
    """Electrons blanked and detector safe, both read back, before anything moves."""
    devices.column.blank()
    devices.detector.make_safe()
    reasons = []
    if not devices.column.state().blanked:
        reasons.append("The electron beam does not read back as blanked")
    if not devices.detector.state().safe:
        reasons.append("The electron detector's high voltage is still on")
    if reasons:
        raise Interlocked("mill", reasons)


def prove(devices: Devices, like: MillProof) -> MillProof:
    """The state read back now, held against what ``like`` wanted and its current: for while it is open."""
    return _proof(devices, like.mill_pose, like.tolerance, like.wanted_raster, like.current)


def _proof(
    devices: Devices,
    mill_pose: StagePose,
    tolerance: PoseTolerance,
    raster: Raster,
    current: CurrentReading,
) -> MillProof:
    """Everything read back now."""
    return MillProof(
        pose=devices.stage.pose(),
        mill_pose=mill_pose,
        tolerance=tolerance,
        beam=devices.column.state(),
        detector=devices.detector.state(),
        pressure_mbar=devices.chamber.pressure_mbar(),
        gun=devices.gun.state(),
        raster=devices.raster.state(),
        wanted_raster=raster,
        current=current,
        at_s=devices.clock.now_s(),
    )


def end_mill(microscope: Microscope) -> CloseAck:
    """Blank, confirmed, and only then stop the raster.

    When blanking is not confirmed the raster is kept running, since a standing spot drills,
    the gun's high voltage is taken off, and ``BlankerUnknown`` is raised.
    """
    ack = microscope.blank_ions()
    microscope.devices.raster.stop()
    if microscope.devices.raster.state().running:
        raise Interlocked("ion raster", ["It does not read back as stopped"])
    return ack
