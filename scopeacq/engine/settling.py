"""What was delivered by an opening of the ion beam that the program did not live to see closed.

Heartbeats bound it, the guard's own log narrows it, and where blanking was not confirmed the beam
counts as open until the line was read as blanked. All of it is decided from records and logs.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, takewhile

from hardware.errors import BlankerUnknown
from hardware.guard.log import Opening, read_openings
from hardware.microscope import Microscope
from hardware.milling import end_mill
from scopeacq.engine.rig import Rig
from scopeacq.engine.steps import SettleBurn, SettleMill
from scopeacq.journal.records import BurnEnd, IonsBegin, IonsEnd, MillBegin, MillEnd
from scopeacq.plan.instrument import MillSettings
from scopeacq.plan.runfolder import Plan


@dataclass(frozen=True, slots=True)
class Interval:
    """A charge that lies between two bounds [uC]."""

    low_uc: float
    high_uc: float

    @property
    def uncertain_uc(self) -> float:
        return self.high_uc - self.low_uc


def opening_name(plan: Plan) -> str:
    """A name that no other opening has. It begins with the run: the guard logs for the instrument."""
    return f"{plan.folder.root.resolve()}:{uuid.uuid4().hex}"


def forgotten_openings(plan: Plan, known: Collection[str]) -> list[str]:
    """Openings of this run that the guard logged and the journal does not know: it is an old copy.

    To go on from there would mill again what is milled already.
    """
    ours = f"{plan.folder.root.resolve()}:"
    logged = (opening.pass_id for opening in read_openings(plan.guard_log))
    return [name for name in logged if name.startswith(ours) and name not in known]


def settle_mill(rig: Rig, step: SettleMill) -> None:
    """Journal an opening that the program did not live to see closed. Raises as :func:`settled`."""
    state = rig.progress.mill(step.key)
    assert state.opening is not None
    rig.record(settled(rig.plan, rig.microscope, state.opening, state.heartbeat_uc))


def settle_burn(rig: Rig, step: SettleBurn) -> None:
    """The same for a calibration's opening, which counts for no cycle."""
    burns = rig.progress.burns
    assert burns.open is not None and burns.open.opening == step.opening
    rig.record(settled(rig.plan, rig.microscope, burns.open, burns.heartbeat_uc))


def settled(plan: Plan, microscope: Microscope, begin: IonsBegin, heartbeat_uc: float) -> IonsEnd:
    """The end of an opening that the program did not live to see closed; the beam is blanked before.

    Raises ``BlankerUnknown`` when the beam is not blanked, or when the guard could not confirm
    blanking then and its log does not say when the line read as blanked again.
    """
    end_mill(microscope)
    logged = logged_openings(plan, begin.opening)
    now_s = microscope.devices.clock.now_s()
    delivered = interrupted_charge(begin, heartbeat_uc, logged, plan.instrument.mill, now_s)
    return end_of(begin, delivered, _interruption(logged))


def end_of(begin: IonsBegin, delivered: Interval, reason: str) -> IonsEnd:
    """The record that an opening was closed; what is uncertain counts as delivered."""
    kind = MillEnd if isinstance(begin, MillBegin) else BurnEnd
    return kind(begin.key, begin.opening, delivered.high_uc, delivered.uncertain_uc, reason)  # type: ignore[arg-type]


def logged_openings(plan: Plan, pass_id: str) -> list[Opening]:
    """The opening of this name and the times the line was found open before the next was asked for."""
    openings = read_openings(plan.guard_log)
    since = list(dropwhile(lambda opening: opening.pass_id != pass_id, openings))
    return since[:1] + list(takewhile(lambda opening: not opening.pass_id, since[1:]))


def _interruption(logged: Sequence[Opening]) -> str:
    doubtful = [opening.may_be_open_s[1] for opening in logged if opening.unconfirmed_at_s is not None]
    if not doubtful:
        return "the program was interrupted while the ion beam was open"
    blanked = f"{datetime.fromtimestamp(max(doubtful)).astimezone():%Y-%m-%d %H:%M:%S}"
    return f"the ion beam was not confirmed to be blanked before {blanked}: it counts as open until then"


def interrupted_charge(
    begin: IonsBegin,
    heartbeat_uc: float,
    logged: Sequence[Opening],
    mill: MillSettings,
    settled_s: float,
) -> Interval:
    """Bounds of the charge of an interrupted opening, from heartbeats and the guard's own log.

    ``logged`` is the opening, if the guard logged it, and the times the line was found open since.
    Where blanking was not confirmed, ions may have fallen until the line read as blanked; on a
    virtual clock until ``settled_s``, the instrument's clock now. Raises ``BlankerUnknown`` when
    it was never read so.
    """
    own = logged[0] if logged else None
    bounds = _guarded_charge(begin, heartbeat_uc, own, mill)
    doubtful = [opening for opening in logged if opening.unconfirmed_at_s is not None]
    if not doubtful:
        return bounds
    if any(opening.blanked_at_s is None for opening in doubtful):
        raise BlankerUnknown("the guard's log does not say that the line reads as blanked again")
    if math.isfinite(begin.pace):
        doubt_s = sum(_longest_s(opening) + mill.guard_latency_s for opening in doubtful) * begin.pace
    else:
        doubt_s = settled_s - begin.at_s
    doubt_uc = begin.current_na * doubt_s * 1e-3
    if own not in doubtful:
        return Interval(bounds.low_uc, bounds.high_uc + doubt_uc)
    return Interval(heartbeat_uc, max(bounds.high_uc, doubt_uc))


def _longest_s(opening: Opening) -> float:
    """Real time that the line may have been open; the guard's own clock counts where the wall's jumped."""
    since_s, blanked_s = opening.may_be_open_s
    return max(blanked_s - since_s, opening.open_s or 0.0)


def _guarded_charge(
    begin: IonsBegin, heartbeat_uc: float, logged: Opening | None, mill: MillSettings
) -> Interval:
    """Bounds where the guard blanked as it should: heartbeats, narrowed by its log.

    After the last journalled heartbeat the beam stayed open for one heartbeat more. On a clock that
    runs by itself, where a disk may be slow, that one reached the guard as late as it bears and
    the journal never, and then the guard missed the next. What has no heartbeat and was never logged
    as asked for was never asked; what was asked for and not seen open may have been open.
    """
    if logged is None and heartbeat_uc == 0.0:
        return Interval(0.0, 0.0)
    on_its_own = math.isfinite(begin.pace)
    silence_s = begin.heartbeat_s
    if on_its_own:
        silence_s = (2 * mill.heartbeat_timeout_s + mill.guard_latency_s) * begin.pace
    high_uc = heartbeat_uc + begin.current_na * silence_s * 1e-3
    if logged is None or logged.open_s is None or not on_its_own:
        return Interval(heartbeat_uc, high_uc)
    seen_uc = begin.current_na * logged.open_s * begin.pace * 1e-3
    slack_uc = begin.current_na * mill.guard_latency_s * begin.pace * 1e-3
    low_uc = max(heartbeat_uc, seen_uc - slack_uc) if logged.opened_at_s is not None else heartbeat_uc
    return Interval(low_uc, min(high_uc, seen_uc + slack_uc))
