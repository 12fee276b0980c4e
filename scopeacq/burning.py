"""Burns marks into bare wafer for calibrations: the one thing outside of a run that opens the ion beam.

It opens as a mill pass does, by the same code: prepared, proven, journalled, watched, closed. Before that
it must be agreed to: an operator's consent, a limit of charge, and nothing that is kept within reach of the
ions, as far as files and journal know. A mark that was interrupted gets only the rest of its charge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from shapely.geometry import Polygon

from hardware.errors import Halted, Refused
from hardware.interlocks import MillProof
from hardware.microscope import Microscope
from hardware.milling import end_mill, prepare_mill
from hardware.types import Raster, StagePose
from scopeacq.engine.opening import Opener, is_delivered, open_beam, opening_s
from scopeacq.engine.readings import Readings
from scopeacq.engine.settling import opening_name, settled
from scopeacq.journal.burns import Burns
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import BurnBegin, BurnKey, IonsBegin, IonsEnd, MillHeartbeat
from scopeacq.manual import Manual
from scopeacq.plan.burn_place import Kept, Vpp, corners_of, objections, polygon_of, reach
from scopeacq.plan.instrument import MillSettings, mill_limits
from scopeacq.plan.landmarks import judge, tell_mount
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.candidates import Candidates, Verdict
from scopeacq.session import refuse_old_copy

ADVICE = "Nothing was moved and no beam was opened: correct these settings."


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an operator has agreed to. ``charge_limit_uc``: of all marks of the calibration together.

    ``clearance_um``: how much farther than the profile says ions may come.
    """

    consent: bool
    charge_limit_uc: float
    clearance_um: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark to be burned: the stage's whole pose beside the gun, amplitudes and charge."""

    number: int
    pose: StagePose
    vpp: Vpp
    charge_uc: float


@dataclass(frozen=True, slots=True)
class Burnt:
    """A mark that was burned: where the stage stood, and its charge, what is uncertain included."""

    stage: StagePose
    charge_uc: float


class Burner:
    """Burns the marks of one calibration with the instrument in hand; used by the same thread as that."""

    def __init__(self, manual: Manual, microscope: Microscope, journal: Journal, sitting: str) -> None:
        """``sitting``: the calibration's folder as seen from the run's. Raises ``JournalError``."""
        self._manual, self._microscope, self._journal, self._sitting = manual, microscope, journal, sitting
        self._burns = Burns.of(row.record for row in journal.read())

    def require(self, marks: tuple[Mark, ...], agreed: Agreed) -> None:
        """Raise ``SettingsError`` with all that speaks against burning these marks. Touches nothing."""
        problems = list(self._problems(marks, agreed))
        if problems:
            raise SettingsError(self._plan.folder.root / self._sitting, problems, ADVICE)

    def burn(self, mark: Mark, agreed: Agreed) -> Burnt:
        """Give a mark what is left of its charge; what became of it, from its first opening on.

        The stage is left beside the gun with both beams blanked and the detector safe. Raises
        ``SettingsError`` or ``JournalError`` before anything is moved; ``HardwareError``, also ``Halted``,
        after the beam was blanked. The same call goes on.
        """
        self.require((mark,), agreed)
        refuse_old_copy(self._plan, self._journal)
        self.settle()
        key = BurnKey(self._sitting, mark.number)
        while not is_delivered(mark.charge_uc, self._burns.delivered_uc[key], self._nominal_na, self._mill):
            self._manual.heed()
            if not self._go_on(key, mark, agreed):
                break
        stage = next((begin.stage for begin in self._burns.begun if begin.key == key), None)
        if stage is None:
            what = (
                f"at its current one frame of the raster gives more than the mark's {mark.charge_uc:.3g} uC"
            )
            raise Refused("ion gun", what, "Give the marks more charge, or a larger raster.")
        return Burnt(stage, self._burns.delivered_uc[key])

    def settle(self) -> None:
        """Journal the end of an opening that nobody lived to see closed. Raises ``BlankerUnknown``."""
        if (begin := self._burns.open) is not None:
            self._record(settled(self._plan, self._microscope, begin, self._burns.heartbeat_uc))

    # -- what speaks against it --------------------------------------------------------------

    def _problems(self, marks: tuple[Mark, ...], agreed: Agreed) -> Iterator[str]:
        if not agreed.consent:
            yield "nobody has agreed that only bare wafer lies there: look, and set consent"
        if not self._mill.fails_closed_confirmed:
            yield "nobody has confirmed that the ion blanker blanks when it is unplugged: test it first"
        yield from self._too_much(marks, agreed)
        kept = self._kept()
        if kept.outlines_um and not self._manual.place_is_known:
            yield "nobody knows where the sections lie under the beam: measure at least two landmarks first"
        yield from self._contradictory_landmarks()
        for mark in marks:
            if is_delivered(mark.charge_uc, 0.0, self._nominal_na, self._mill):
                yield f"mark {mark.number + 1}: {mark.charge_uc:.3g} uC is less than one frame gives"
            burned = self._reach(mark, agreed)
            yield from (f"mark {mark.number + 1}: {reason}" for reason in objections(burned, kept))
            if others := self._burned_before(burned):
                yield f"mark {mark.number + 1}: {others} has burned there already; choose another place"

    def _too_much(self, marks: tuple[Mark, ...], agreed: Agreed) -> Iterator[str]:
        given = self._burns.delivered_uc
        left_uc = sum(
            max(mark.charge_uc - given.get(BurnKey(self._sitting, mark.number), 0.0), 0.0) for mark in marks
        )
        total_uc = self._burns.given_uc(self._sitting) + left_uc
        if not (math.isfinite(total_uc) and total_uc <= agreed.charge_limit_uc):
            yield f"all marks come to {total_uc:.3g} uC, the limit is {agreed.charge_limit_uc:g} uC"

    def _contradictory_landmarks(self) -> Iterator[str]:
        """Where landmarks do not fit together, sections may lie elsewhere than their mean says."""
        landmarks = self._plan.wafer.landmarks
        mounting = judge(landmarks, self._plan.project.registration.max_shift_um)
        if tell_mount(landmarks) and not mounting.sound:
            yield f"the landmarks contradict one another: {mounting.verdict.rstrip('.')}"

    def _kept(self) -> Kept:
        """What the plan holds, and what was found on the wafer and nobody has rejected."""
        path = self._plan.folder.candidates_file
        found = (c for c in Candidates.read(path).sections if c.verdict is not Verdict.REJECTED)
        return Kept.of(self._plan.wafer, {f"candidate {c.id}": c.outline_um for c in found})

    def _burned_before(self, burned: Polygon) -> str | None:
        """The calibration other than this one that has a mark within reach."""
        return next(
            (
                begin.key.sitting
                for begin in self._burns.begun
                if begin.key.sitting != self._sitting and burned.intersects(polygon_of(begin.reach_um))
            ),
            None,
        )

    def _reach(self, mark: Mark, agreed: Agreed) -> Polygon:
        instrument, place = self._plan.instrument, self._manual.place
        return reach(instrument, mark.pose, mark.vpp, agreed.clearance_um, place)

    # -- doing it ----------------------------------------------------------------------------

    def _go_on(self, key: BurnKey, mark: Mark, agreed: Agreed) -> bool:
        """One opening; whether there was anything to open for."""
        raster = Raster(*mark.vpp, self._mill.raster_x_hz, self._mill.raster_y_hz)
        safe_z_um = self._plan.instrument.stage.safe_z_um
        try:
            proof = prepare_mill(self._microscope, mark.pose, raster, safe_z_um, heed=self._manual.heed)
            left_uc = mark.charge_uc - self._burns.delivered_uc[key]
            duration_s = opening_s(left_uc, proof.current, self._mill)
            if duration_s > 0:
                self._manual.heed()
                self._open(self._begin(key, mark, agreed, proof, duration_s), proof, duration_s)
        finally:
            end_mill(self._microscope)
        return duration_s > 0

    def _begin(
        self, key: BurnKey, mark: Mark, agreed: Agreed, proof: MillProof, duration_s: float
    ) -> BurnBegin:
        clock = self._microscope.devices.clock
        x_um, y_um = self._mill.raster_um_per_vpp
        return BurnBegin(
            key=key,
            opening=opening_name(self._plan),
            requested_uc=mark.charge_uc,
            remaining_uc=mark.charge_uc - self._burns.delivered_uc[key],
            current_na=proof.current.current_na,
            heartbeat_s=clock.longest_step_s(duration_s),
            pace=clock.pace,
            at_s=clock.now_s(),
            stage=proof.pose,
            reach_um=corners_of(self._reach(mark, agreed)),
            area_um2=x_um * mark.vpp[0] * y_um * mark.vpp[1],
        )

    def _open(self, begin: BurnBegin, proof: MillProof, duration_s: float) -> None:
        opener = Opener(
            self._microscope,
            mill_limits(self._plan.instrument),
            self._mill,
            self._record,
            _unseen,
            self._halted,
        )
        open_beam(opener, proof, begin, duration_s)

    def _record(self, record: IonsBegin | MillHeartbeat | IonsEnd) -> None:
        self._journal.append(record)
        self._burns.apply(record)

    def _halted(self) -> bool:
        try:
            self._manual.heed()
        except Halted:
            return True
        return False

    @property
    def _plan(self) -> Plan:
        return self._manual.plan

    @property
    def _mill(self) -> MillSettings:
        return self._plan.instrument.mill

    @property
    def _nominal_na(self) -> float:
        return self._mill.ion_current_na


def _unseen(_: Readings) -> None:
    """Nobody watches what the proofs of a burn read."""
