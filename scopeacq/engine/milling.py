"""One mill pass: requested is a charge, delivered is current x time, and nothing is forgotten.

An opening is journalled before the guard opens, while open, and after the guard has
blanked. Between them only an interval is uncertain; it counts as delivered, because too
little milling can be repaired and too much cannot. The accuracy of the current meter is
no part of that interval: it stands in the instrument's profile.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from hardware.errors import HardwareError, Interlocked
from hardware.guard.client import GuardClosed
from hardware.guard.messages import Why
from hardware.interlocks import MillProof, open_refusals
from hardware.milling import end_mill, prepare_mill, prove
from hardware.types import Raster
from scopeacq.engine.readings import proven
from scopeacq.engine.rig import Rig
from scopeacq.engine.settling import Interval, opening_name
from scopeacq.engine.steps import MillAzimuth
from scopeacq.journal.how_far import how_far_milled
from scopeacq.journal.records import MillBegin, MillDone, MillEnd, MillHeartbeat, RunRequest

FRESH = 0.9
"""Share of the current's greatest age that an opening lasts at most."""

DEADLINE_MARGIN_S = 5.0
"""Real time that the guard grants beyond a pass before it closes by itself."""


CURRENT_ACCURACY = 0.01
"""Of a Faraday cup. A rest smaller than this share of a pass is not worth another trip of the stage."""


@dataclass(slots=True)
class Shutter:
    """Bounds of the two ends of one opening, by the instrument's clock [s]."""

    asked_s: float
    opened_s: float = math.inf
    alive_s: float = -math.inf
    closing_s: float = -math.inf
    closed_s: float = math.inf

    def charge(self, current_na: float) -> Interval:
        """What was delivered: at least while known to be open, at most while not known to be blanked."""
        shortest_s = max(self.closing_s - self.opened_s, self.alive_s - self.opened_s, 0.0)
        longest_s = max(self.closed_s - self.asked_s, 0.0)
        return Interval(current_na * shortest_s * 1e-3, current_na * longest_s * 1e-3)


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
    """Whether less is missing than one whole slow frame, or than the current is known to."""
    left_uc = step.requested_uc - rig.progress.mill(step.key).delivered_uc
    frame_uc = current_na * 1e-3 / rig.plan.instrument.mill.raster_y_hz
    return left_uc < max(frame_uc, CURRENT_ACCURACY * step.requested_uc)


def raster_of(rig: Rig) -> Raster:
    """The raster with which the cycle passed the gate, at the profile's frequencies."""
    assert rig.progress.gate is not None
    mill, vpp = rig.plan.instrument.mill, rig.progress.gate.mill.raster_vpp
    return Raster(vpp, vpp, mill.raster_x_hz, mill.raster_y_hz)


def frames_for(charge_uc: float, current_na: float, slow_hz: float) -> int:
    """Whole slow frames of the raster that do not exceed a charge."""
    return math.floor(max(charge_uc, 0.0) * 1e3 / current_na * slow_hz)


def _finish(rig: Rig, step: MillAzimuth) -> None:
    state = rig.progress.mill(step.key)
    rig.record(MillDone(step.key, step.requested_uc, state.delivered_uc, state.uncertain_uc))


def _open_for(rig: Rig, step: MillAzimuth, proof: MillProof) -> None:
    if proof.current.current_na <= 0:
        raise Interlocked("ion gun", ["The Faraday cup reads no ion current: bring the gun up by hand"])
    duration_s = _duration_s(rig, step, proof.current.current_na)
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
    _record(rig, begin, begin)
    shutter, reason = Shutter(asked_s=clock.now_s()), ""
    try:
        rig.microscope.guard.open(proof, begin.opening, duration_s + DEADLINE_MARGIN_S, clock.now_s())
        shutter.opened_s = shutter.alive_s = clock.now_s()
        _watch(rig, proof, begin, shutter, duration_s)
        reason = "the operator asked" if rig.control.urgent else "the charge is delivered"
    except Exception as error:
        reason = str(error)
        if not (_aborted(rig) and isinstance(error, GuardClosed)):
            raise
    finally:
        _close(rig, proof, begin, shutter, reason)


def _duration_s(rig: Rig, step: MillAzimuth, current_na: float) -> float:
    """Whole frames for what remains; a long pass takes several openings, each with a fresh current."""
    mill = rig.plan.instrument.mill
    longest_uc = current_na * FRESH * mill.interlocks.current_max_age_s * 1e-3
    frames = frames_for(min(step.remaining_uc, longest_uc), current_na, mill.raster_y_hz)
    return frames / mill.raster_y_hz


def _aborted(rig: Rig) -> bool:
    """Whether the guard was told to blank at once, past this thread."""
    return rig.control.pending is RunRequest.ABORT


def _watch(rig: Rig, proof: MillProof, begin: MillBegin, shutter: Shutter, duration_s: float) -> None:
    """While the beam is open: heartbeats to the guard and the journal, interlocks, requests.

    Steps are even, and nothing is asked or written after the last one: a slow disk mills no longer.
    """
    clock, end_s = rig.devices.clock, shutter.opened_s + duration_s
    while (left_s := end_s - clock.now_s()) > 0 and not rig.control.urgent:
        clock.sleep(left_s / math.ceil(left_s / begin.heartbeat_s))
        if _aborted(rig):
            return
        if clock.now_s() >= end_s:
            break
        asked_s = clock.now_s()
        rig.microscope.guard.heartbeat(asked_s)
        # what fell before something was amiss is known only up to the last proof
        read_s = time.monotonic()
        fresh = prove(rig.devices, proof)
        if reasons := open_refusals(fresh, rig.limits):
            raise Interlocked("ion beam", reasons)
        rig.events.publish(proven(fresh, read_s))
        shutter.alive_s = asked_s  # since its answer the guard may have died, and the line let go
        delivered_uc = begin.current_na * (shutter.alive_s - shutter.opened_s) * 1e-3
        _record(rig, begin, MillHeartbeat(begin.opening, delivered_uc))
    closing_s = clock.now_s()
    if not _aborted(rig):  # asked after the clock: an abort may have blanked before it
        shutter.closing_s = closing_s


def _still_proven(rig: Rig, proof: MillProof) -> bool:
    """Whether devices say, right after an opening, that nothing was amiss at its end."""
    try:
        return not open_refusals(prove(rig.devices, proof), rig.limits)
    except HardwareError:
        return False


def _close(rig: Rig, proof: MillProof, begin: MillBegin, shutter: Shutter, reason: str) -> None:
    """Blank, measure the current again, and journal what was delivered."""
    ack = rig.microscope.guard.close()
    # a guard that refused at once knows of no such opening; one that tried may have let ions through
    refused = shutter.opened_s == math.inf and ack.pass_id != begin.opening
    shutter.closed_s = shutter.asked_s if refused else rig.now_s()
    if ack.why is not Why.ASKED or not _still_proven(rig, proof):
        shutter.closing_s = -math.inf  # what fell after the last heartbeat is not known
    delivered = shutter.charge(_mean_current_na(rig, begin.current_na))
    end = MillEnd(begin.key, begin.opening, delivered.high_uc, delivered.uncertain_uc, reason)
    _record(rig, begin, end)


def _record(rig: Rig, begin: MillBegin, record: MillBegin | MillHeartbeat | MillEnd) -> None:
    """Journal it, and tell how far the pass is then."""
    rig.record(record)
    rig.events.publish(how_far_milled(rig.progress, begin.key, begin.current_na))


def _mean_current_na(rig: Rig, before_na: float) -> float:
    """Mean of the currents before and after an opening; the first where the gun gives none now."""
    try:
        after_na = rig.devices.ion_current.measure().current_na
    except HardwareError:
        return before_na
    low_na, high_na = rig.plan.instrument.mill.interlocks.current_na
    return (before_na + after_na) / 2 if low_na <= after_na <= high_na else before_na
