"""One opening of the ion beam: the only code that asks the guard to open, for cycles and calibrations.

An opening is journalled before the guard opens, while open, and after the guard has
blanked. Between them only an interval is uncertain; it counts as delivered, because too
little milling can be repaired and too much cannot. The accuracy of the current meter is
no part of that interval: it stands in the instrument's profile.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from hardware.errors import HardwareError, Interlocked
from hardware.guard.client import GuardClosed
from hardware.guard.messages import Why
from hardware.interlocks import MillLimits, MillProof, open_refusals
from hardware.microscope import Microscope
from hardware.milling import prove
from hardware.types import CurrentReading
from scopeacq.engine.readings import Readings, proven
from scopeacq.engine.settling import Interval, end_of
from scopeacq.journal.records import IonsBegin, IonsEnd, MillHeartbeat
from scopeacq.plan.instrument import MillSettings

LOG = logging.getLogger(__name__)

FRESH = 0.9
"""Share of the current's greatest age that an opening lasts at most."""

DEADLINE_MARGIN_S = 5.0
"""Real time that the guard grants beyond an opening before it closes by itself."""

CURRENT_ACCURACY = 0.01
"""Of a Faraday cup. A rest smaller than this share of a charge is not worth another trip of the stage."""


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


@dataclass(frozen=True, slots=True)
class Opener:
    """Whose opening it is. ``record`` returns when a record is durable, or raises, which closes the beam.

    ``saw``: gets what each proof read. ``wants_end``: whether the operator wants it to end now.
    ``aborted``: whether the guard was told to blank past this thread.
    """

    microscope: Microscope
    limits: MillLimits
    mill: MillSettings
    record: Callable[[IonsBegin | MillHeartbeat | IonsEnd], None]
    saw: Callable[[Readings], None]
    wants_end: Callable[[], bool]
    aborted: Callable[[], bool] = lambda: False


def is_delivered(requested_uc: float, delivered_uc: float, current_na: float, mill: MillSettings) -> bool:
    """Whether less is missing than one whole slow frame, or than the current is known to."""
    frame_uc = current_na * 1e-3 / mill.raster_y_hz
    return requested_uc - delivered_uc < max(frame_uc, CURRENT_ACCURACY * requested_uc)


def frames_for(charge_uc: float, current_na: float, slow_hz: float) -> int:
    """Whole slow frames of the raster that do not exceed a charge."""
    return math.floor(max(charge_uc, 0.0) * 1e3 / current_na * slow_hz)


def opening_s(remaining_uc: float, current: CurrentReading, mill: MillSettings) -> float:
    """How long the next opening is to last [s]: whole frames for what remains.

    A long pass takes several openings, each with a fresh current. Raises ``Interlocked`` without one.
    """
    if not current.current_na > 0:
        raise Interlocked("ion gun", ["The Faraday cup reads no ion current: bring the gun up by hand"])
    longest_uc = current.current_na * FRESH * mill.interlocks.current_max_age_s * 1e-3
    frames = frames_for(min(remaining_uc, longest_uc), current.current_na, mill.raster_y_hz)
    return frames / mill.raster_y_hz


def open_beam(opener: Opener, proof: MillProof, begin: IonsBegin, duration_s: float) -> None:
    """Open for so long of the instrument's time, or until somebody or something wants an end.

    Returns after the guard has blanked and the end is journalled. Raises ``HardwareError`` or
    ``JournalError`` likewise.
    """
    clock = opener.microscope.devices.clock
    opener.record(begin)
    shutter, reason = Shutter(asked_s=clock.now_s()), ""
    try:
        deadline_s = duration_s + DEADLINE_MARGIN_S
        opener.microscope.guard.open(proof, begin.opening, deadline_s, clock.now_s())
        shutter.opened_s = shutter.alive_s = clock.now_s()
        _watch(opener, proof, begin, shutter, duration_s)
        reason = "the operator asked" if opener.wants_end() else "the charge is delivered"
    except Exception as error:
        reason = str(error)
        if not (opener.aborted() and isinstance(error, GuardClosed)):
            raise
    finally:
        _close(opener, proof, begin, shutter, reason)


def _watch(opener: Opener, proof: MillProof, begin: IonsBegin, shutter: Shutter, duration_s: float) -> None:
    """While the beam is open: heartbeats to the guard and the journal, interlocks, requests.

    Steps are even, and nothing is asked or written after the last one: a slow disk mills no longer.
    """
    clock, end_s = opener.microscope.devices.clock, shutter.opened_s + duration_s
    while (left_s := end_s - clock.now_s()) > 0 and not opener.wants_end():
        clock.sleep(left_s / math.ceil(left_s / begin.heartbeat_s))
        if opener.aborted():
            return
        if clock.now_s() >= end_s:
            break
        shutter.alive_s = _prove_again(opener, proof)
        delivered_uc = begin.current_na * (shutter.alive_s - shutter.opened_s) * 1e-3
        opener.record(MillHeartbeat(begin.opening, delivered_uc))
    closing_s = clock.now_s()
    if not opener.aborted():  # asked after the clock: an abort may have blanked before it
        shutter.closing_s = closing_s


def _prove_again(opener: Opener, proof: MillProof) -> float:
    """One heartbeat and a fresh proof; the instrument's time up to which the beam was surely open [s].

    That is when it was asked for: since its answer the guard may have died, and the line let go. What
    fell before something was amiss is known only up to the last proof. Raises ``Interlocked``.
    """
    asked_s = opener.microscope.devices.clock.now_s()
    opener.microscope.guard.heartbeat(asked_s)
    read_s = time.monotonic()
    fresh = prove(opener.microscope.devices, proof)
    if reasons := open_refusals(fresh, opener.limits):
        raise Interlocked("ion beam", reasons)
    opener.saw(proven(fresh, read_s))
    return asked_s


def _still_proven(opener: Opener, proof: MillProof) -> bool:
    """Whether devices say, right after an opening, that nothing was amiss at its end."""
    try:
        return not open_refusals(prove(opener.microscope.devices, proof), opener.limits)
    except HardwareError:
        return False


def _close(opener: Opener, proof: MillProof, begin: IonsBegin, shutter: Shutter, reason: str) -> None:
    """Blank, measure the current again, and journal what was delivered."""
    ack = opener.microscope.guard.close()
    # a guard that refused at once knows of no such opening; one that tried may have let ions through
    refused = shutter.opened_s == math.inf and ack.pass_id != begin.opening
    shutter.closed_s = shutter.asked_s if refused else opener.microscope.devices.clock.now_s()
    if ack.why is not Why.ASKED or not _still_proven(opener, proof):
        shutter.closing_s = -math.inf  # what fell after the last heartbeat is not known
    delivered = shutter.charge(_mean_current_na(opener, begin.current_na))
    opener.record(end_of(begin, delivered, reason))


def _mean_current_na(opener: Opener, before_na: float) -> float:
    """Mean of the currents before and after an opening; the first where the gun gives none now."""
    try:
        after_na = opener.microscope.devices.ion_current.measure().current_na
    except HardwareError as error:
        LOG.warning("%s The current from before the opening counts for all of it.", error)
        return before_na
    low_na, high_na = opener.mill.interlocks.current_na
    return (before_na + after_na) / 2 if low_na <= after_na <= high_na else before_na
