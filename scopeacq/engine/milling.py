"""One mill pass: requested is a charge, delivered is current x time, and nothing is forgotten."""

from __future__ import annotations

from hardware.interlocks import MillProof
from hardware.milling import end_mill, prepare_mill
from hardware.types import Raster
from scopeacq.engine.opening import Opener, is_delivered, open_beam, opening_s
from scopeacq.engine.rig import Rig
from scopeacq.engine.settling import opening_name
from scopeacq.engine.steps import MillAzimuth
from scopeacq.journal.how_far import how_far_milled
from scopeacq.journal.records import IonsBegin, IonsEnd, MillBegin, MillDone, MillHeartbeat, RunRequest


def mill_azimuth(rig: Rig, step: MillAzimuth) -> None:
    """Deliver the remaining charge of one azimuth, as far as it goes without trouble.

    Raises ``HardwareError`` or ``JournalError``, after the beam was blanked.
    """
    profile = rig.plan.instrument
    if _done(rig, step, profile.mill.ion_current_na):
        return _finish(rig, step)
    pose = profile.mill.pose(step.azimuth_deg)
    proof = prepare_mill(rig.microscope, pose, raster_of(rig), profile.stage.safe_z_um)
    try:
        _open_for(rig, step, proof)
    finally:
        end_mill(rig.microscope)
    return _finish(rig, step) if _done(rig, step, proof.current.current_na) else None


def _done(rig: Rig, step: MillAzimuth, current_na: float) -> bool:
    delivered_uc = rig.progress.mill(step.key).delivered_uc
    return is_delivered(step.requested_uc, delivered_uc, current_na, rig.plan.instrument.mill)


def raster_of(rig: Rig) -> Raster:
    """The raster with which the cycle passed the gate, at the profile's frequencies."""
    assert rig.progress.gate is not None
    mill, vpp = rig.plan.instrument.mill, rig.progress.gate.mill.raster_vpp
    return Raster(vpp, vpp, mill.raster_x_hz, mill.raster_y_hz)


def _finish(rig: Rig, step: MillAzimuth) -> None:
    state = rig.progress.mill(step.key)
    rig.record(MillDone(step.key, step.requested_uc, state.delivered_uc, state.uncertain_uc))


def _open_for(rig: Rig, step: MillAzimuth, proof: MillProof) -> None:
    duration_s = opening_s(step.remaining_uc, proof.current, rig.plan.instrument.mill)
    if duration_s == 0 or rig.control.urgent:
        return
    clock = rig.devices.clock
    begin = MillBegin(
        key=step.key,
        opening=opening_name(rig.plan),
        requested_uc=step.requested_uc,
        remaining_uc=step.remaining_uc,
        current_na=proof.current.current_na,
        heartbeat_s=clock.longest_step_s(duration_s),
        pace=clock.pace,
        at_s=clock.now_s(),
    )
    open_beam(_opener(rig, begin), proof, begin, duration_s)


def _opener(rig: Rig, begin: MillBegin) -> Opener:
    def record(record: IonsBegin | MillHeartbeat | IonsEnd) -> None:
        """Journal it, and tell how far the pass is then."""
        rig.record(record)
        rig.events.publish(how_far_milled(rig.progress, begin.key, begin.current_na))

    return Opener(
        rig.microscope,
        rig.limits,
        rig.plan.instrument.mill,
        record,
        rig.events.publish,
        wants_end=lambda: rig.control.urgent,
        aborted=lambda: rig.control.pending is RunRequest.ABORT,
    )
