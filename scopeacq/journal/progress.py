"""Where a run stands: an incremental fold over the journal's records.

Rebuilt at every start and updated with each record, so that asking what to do next is
cheap. It holds the current cycle in detail and earlier cycles not at all: its size does
not grow with the length of the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hardware.types import Optics
from scopeacq.focus.sentinel import Sentinel
from scopeacq.journal import records as r
from scopeacq.journal.burns import Burns
from scopeacq.journal.records import MillKey, PlaneKey, Policy, Record, Verdict
from scopeacq.journal.wafer_place import WaferPlace
from scopeacq.plan.runfolder import Plan

ACCEPTED = frozenset({Verdict.SHARP, Verdict.BLANK, Verdict.WAFER})
"""Verdicts that a plane may be milled with. Bare wafer counts only beside a bright section."""

SCORE_HISTORY = 64
"""Newest scores of sharp planes of a sampling that are kept: what this specimen looks like in focus."""

Sampling = tuple[float, float]
"""Pixel size [nm] and dwell time [ns]: what detail an image shows, and above what noise."""

DARK_HISTORY = 8
"""Cycles for which a section's dark fraction is kept."""


@dataclass(slots=True)
class Take:
    """One exposure of a plane, as far as it got."""

    sampling: Sampling | None = None
    exposed: bool = False
    durable: r.PlaneDurable | None = None
    judged: r.PlaneJudged | None = None
    lost: bool = False


@dataclass(slots=True)
class PlaneState:
    """One plane of the current cycle."""

    takes: list[Take] = field(default_factory=list)
    chosen: int | None = None
    waived: bool = False
    focused: r.FocusDone | None = None
    focus_given_up: bool = False
    registered: r.TileRegistered | None = None
    requeued: int = 0
    forgiven_takes: int = 0

    @property
    def settled(self) -> bool:
        """Whether the gate has what it needs of this plane."""
        return self.chosen is not None or self.waived

    @property
    def verdict(self) -> Verdict | None:
        """Of the chosen take."""
        judged = self.takes[self.chosen].judged if self.chosen is not None else None
        return judged.verdict if judged else None

    @property
    def unjudged(self) -> int | None:
        """A durable take that nobody has judged."""
        return next((n for n, t in enumerate(self.takes) if t.durable and not t.judged), None)

    @property
    def refused_takes(self) -> int:
        """Takes that were judged and not accepted, or lost."""
        return sum(
            t.lost or (t.judged is not None and t.judged.verdict not in ACCEPTED) for t in self.takes
        )

    def forget_focus(self) -> None:
        """What was in focus no longer is."""
        self.focused, self.focus_given_up = None, False


@dataclass(slots=True)
class SectionState:
    """One section through all cycles.

    Of this cycle: ``skipped`` by policy until the next start; ``left_out``, ``focus_first`` and
    ``pause_before`` at an operator's wish, until it is carried out or taken back.
    """

    dropped: bool = False
    skipped: bool = False
    left_out: bool = False
    focus_first: bool = False
    pause_before: bool = False
    found: bool = False
    registered: r.SectionRegistered | None = None
    dark_fractions: tuple[float, ...] = ()
    drop_refused: bool = False
    last_score_um: float | None = None

    @property
    def passed_over(self) -> bool:
        """Whether nothing more of it is imaged in this cycle; the gate asks for it all the same."""
        return self.skipped or self.left_out


@dataclass(slots=True)
class MillState:
    """One azimuth of one round of the current cycle. Delivered includes what is uncertain."""

    delivered_uc: float = 0.0
    uncertain_uc: float = 0.0
    done: bool = False
    opening: r.MillBegin | None = None
    heartbeat_uc: float = 0.0


@dataclass(slots=True)
class Totals:
    """Counts over the whole run. ``milled_uc``: per place on the wafer, all azimuths together."""

    planes: int = 0
    passes: int = 0
    dropped: int = 0
    milled_uc: float = 0.0


@dataclass
class Progress:
    """The state of a run. ``order``: section ids as imaged; ``tiles``: indices of those imaged, of each.

    ``gun_hv_due``: whether the ion gun's high voltage is off only because of a cleaning.
    """

    order: tuple[str, ...]
    tiles: dict[str, tuple[int, ...]]
    cycle: int = 0
    cycles_done: int = 0
    cleaned: bool = False
    gun_hv_due: bool = False
    recovered: r.ImagingRecovered | None = None
    wafer: r.WaferRegistered | None = None
    place: WaferPlace = field(default_factory=WaferPlace)
    sentinel: Sentinel = field(default_factory=Sentinel)
    surface: r.SurfaceFitted | None = None
    surface_asked: bool = False
    gate: r.GatePassed | None = None
    optics: Optics | None = None
    sharp_scores_um: dict[Sampling, deque[float]] = field(default_factory=dict)
    dropped_this_cycle: int = 0
    sections: dict[str, SectionState] = field(default_factory=dict)
    planes: dict[PlaneKey, PlaneState] = field(default_factory=dict)
    open_keys: dict[PlaneKey, None] = field(default_factory=dict)
    mills: dict[MillKey, MillState] = field(default_factory=dict)
    burns: Burns = field(default_factory=Burns)
    waiting: r.Waiting | None = None
    closed: r.RunClosed | None = None
    totals: Totals = field(default_factory=Totals)

    def __post_init__(self) -> None:
        self.sections = {s: SectionState() for s in self.order}
        self.begin(self.cycle)

    @classmethod
    def of(cls, plan: Plan) -> Progress:
        """A run of ``plan`` of which nothing is recorded yet."""
        tiles = {s.id: tuple(t.index for t in s.tiles(plan.project.imaging)) for s in plan.wafer.sections}
        return cls(tuple(tiles), tiles)

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        self.sentinel.apply(record)
        handle = _HANDLERS.get(type(record))
        if handle is not None:
            handle(self, record)

    def apply_all(self, records: Iterable[Record]) -> None:
        for record in records:
            self.apply(record)

    def active(self) -> list[str]:
        """Sections that take part in this cycle, in order."""
        return [s for s in self.order if self.tiles[s] and not self.sections[s].dropped]

    def section_planes(self, section: str) -> list[PlaneState]:
        """The planes of a section in this cycle, as far as they exist."""
        keys = (PlaneKey(self.cycle, section, n) for n in self.tiles[section])
        return [self.planes[key] for key in keys if key in self.planes]

    def shows_wafer(self, section: str) -> bool:
        """Whether every chosen plane of the section in this cycle shows bare wafer."""
        verdicts = [plane.verdict for plane in self.section_planes(section)]
        return bool(verdicts) and all(v is Verdict.WAFER for v in verdicts)

    def dark_fraction(self, section: str) -> float:
        """Mean dark fraction of the section's chosen planes in this cycle; 0 when there is none."""
        judged = [p.takes[p.chosen].judged for p in self.section_planes(section) if p.chosen is not None]
        fractions = [j.dark_fraction for j in judged if j is not None]
        return sum(fractions) / len(fractions) if fractions else 0.0

    def begin(self, cycle: int) -> None:
        """Start a cycle: every tile of every section that is left is open."""
        self.cycle = cycle
        self.cleaned, self.gate = False, None
        self.dropped_this_cycle = 0
        self.planes = {}
        self.mills = {}
        for state in self.sections.values():
            state.skipped = state.drop_refused = False
            state.left_out = state.focus_first = state.pause_before = False
        self.open_keys = {PlaneKey(cycle, s, tile): None for s in self.active() for tile in self.tiles[s]}
        self.forget_places()

    def forget_places(self) -> None:
        """After a mill or a new start nothing is where it was, nor in focus."""
        self.recovered, self.wafer, self.surface = None, None, None
        self.surface_asked = False
        for state in self.sections.values():
            state.found = False
            state.last_score_um = None
        for plane in self.planes.values():
            plane.forget_focus()
            plane.registered = None

    def plane(self, key: PlaneKey) -> PlaneState:
        """The state of a plane of this cycle, made when first asked for."""
        return self.planes.setdefault(key, PlaneState())

    def mill(self, key: MillKey) -> MillState:
        """The state of a mill pass of this cycle, made when first asked for."""
        return self.mills.setdefault(key, MillState())

    def take(self, key: PlaneKey, number: int) -> Take:
        """One take of a plane, made when first asked for."""
        takes = self.plane(key).takes
        while len(takes) <= number:
            takes.append(Take())
        return takes[number]


def _opened(p: Progress, _: r.RunOpened) -> None:
    """A new start is an operator's word to try again."""
    p.closed = None
    p.waiting = None
    p.forget_places()
    for plane in p.planes.values():
        plane.forgiven_takes = plane.refused_takes
    for state in p.sections.values():
        state.skipped = state.drop_refused = False


def _closed(p: Progress, record: r.RunClosed) -> None:
    p.closed = record


def _wish(p: Progress, record: r.Wish) -> None:
    state = p.sections[record.section]
    match record.kind:
        case r.WishKind.FOCUS_NEXT:
            _bring_forward(p, [key for key in p.open_keys if key.section == record.section])
            state.focus_first = True
        case r.WishKind.LEAVE_OUT:
            state.left_out = True
            _keep_what_there_is(p, record.section)
        case r.WishKind.TAKE_IN:
            state.left_out = state.skipped = False
        case r.WishKind.PAUSE_BEFORE:
            state.pause_before = True
        case r.WishKind.GO_ON:
            state.pause_before = False
        case r.WishKind.RETAKE if record.tile is not None:
            key = PlaneKey(p.cycle, record.section, record.tile)
            p.totals.planes -= key not in p.open_keys
            _bring_forward(p, [key])


def _bring_forward(p: Progress, first: Iterable[PlaneKey]) -> None:
    """These planes are open and come first, are focused anew, and may be taken as often as at a start."""
    first = tuple(first)
    p.open_keys = dict.fromkeys((*first, *p.open_keys))
    for key in first:
        plane = p.plane(key)
        plane.forget_focus()
        plane.forgiven_takes = plane.refused_takes


def _keep_what_there_is(p: Progress, section: str) -> None:
    """Planes that were only to be taken once more stay as they are; a take that was made is judged."""
    for key in [key for key in p.open_keys if key.section == section]:
        if p.plane(key).settled and p.plane(key).unjudged is None:
            _settled(p, key)


def _waiting(p: Progress, record: r.Waiting) -> None:
    """Whatever trips an interlock may take the electron beam along: it is restored and proven anew."""
    p.waiting = record
    if record.reason is r.WaitReason.INTERLOCK:
        p.recovered = None


def _wait_over(p: Progress, _: r.WaitOver) -> None:
    p.waiting = None


def _incident(p: Progress, record: r.Incident) -> None:
    """A tile that is requeued goes to the end of the cycle; one that is not, is imaged without focus."""
    key = record.plane
    if key is None or key not in p.open_keys:
        return
    if record.decision is Policy.REQUEUE_TILE:
        del p.open_keys[key]
        p.open_keys[key] = None
        p.plane(key).requeued += 1
        p.plane(key).forget_focus()
    elif record.decision is Policy.GO_ON and record.kind is r.ErrorKind.FOCUS_REFUSED:
        p.plane(key).focus_given_up = True


def _recovered(p: Progress, record: r.ImagingRecovered) -> None:
    p.recovered, p.gun_hv_due = record, False


def _mounted(p: Progress, record: r.WaferMounted) -> None:
    p.place.apply(record)
    p.forget_places()


def _wafer(p: Progress, record: r.WaferRegistered) -> None:
    p.wafer = record
    p.place.apply(record)


def _surface(p: Progress, record: r.SurfaceFitted) -> None:
    p.surface, p.surface_asked = record, True


def _no_surface(p: Progress, _: r.SurfaceRefused) -> None:
    p.surface_asked = True


def _section(p: Progress, record: r.SectionRegistered) -> None:
    state = p.sections[record.section]
    state.found, state.registered = True, record


def _tile(p: Progress, record: r.TileRegistered) -> None:
    p.plane(record.key).registered = record


def _focus(p: Progress, record: r.FocusDone) -> None:
    """What was refused or broken off counts as not focused: an error's policy says how to go on."""
    p.sections[record.key.section].focus_first = False
    if record.applied:
        p.plane(record.key).focused = record
        p.optics = record.after
    elif trusts_surface(p, record.end):
        p.plane(record.key).focus_given_up = True


def trusts_surface(p: Progress, end: r.FocusEnd | None) -> bool:
    """Whether a tile on which focus came to this end is scanned by the focus surface instead."""
    return end is r.FocusEnd.NO_STRUCTURE and p.surface is not None


def _exposing(p: Progress, record: r.PlaneExposing) -> None:
    frame = record.settings
    p.take(record.key, record.take).sampling = frame.pixel_size_nm, frame.dwell_ns


def _exposed(p: Progress, record: r.PlaneExposed) -> None:
    p.take(record.key, record.take).exposed = True


def _durable(p: Progress, record: r.PlaneDurable) -> None:
    p.take(record.key, record.take).durable = record


def _judged(p: Progress, record: r.PlaneJudged) -> None:
    p.take(record.key, record.take).judged = record
    p.sections[record.key.section].last_score_um = record.score_um
    plane = p.plane(record.key)
    if record.verdict in ACCEPTED:
        plane.waived = False
        return
    plane.forget_focus()
    if plane.settled:  # taken once more as an operator wished: the take of before stays
        _settled(p, record.key)


def _settled(p: Progress, key: PlaneKey) -> None:
    if key in p.open_keys:
        del p.open_keys[key]
        p.totals.planes += 1


def _chosen(p: Progress, record: r.PlaneChosen) -> None:
    plane = p.plane(record.key)
    plane.chosen = record.take
    take = plane.takes[record.take] if record.take < len(plane.takes) else Take()
    if take.sampling is not None and take.judged is not None and take.judged.verdict is Verdict.SHARP:
        scores_um = p.sharp_scores_um.setdefault(take.sampling, deque(maxlen=SCORE_HISTORY))
        scores_um.append(take.judged.score_um)
    _settled(p, record.key)


def _lost(p: Progress, record: r.PlaneLost) -> None:
    """The take counts as one that was not accepted, so that a disk that spoils all is not fed for ever."""
    plane = p.plane(record.key)
    plane.takes[record.take] = Take(lost=True)
    plane.forget_focus()
    if plane.chosen == record.take:
        plane.chosen = None
        p.open_keys[record.key] = None
        p.totals.planes -= 1
    elif plane.settled:
        _settled(p, record.key)


def _waived(p: Progress, record: r.PlaneWaived) -> None:
    p.plane(record.key).waived = True
    _settled(p, record.key)


def _gate(p: Progress, record: r.GatePassed) -> None:
    p.gate = record


def _mill_begin(p: Progress, record: r.MillBegin) -> None:
    state = p.mill(record.key)
    state.opening, state.heartbeat_uc = record, 0.0


def _mill_heartbeat(p: Progress, record: r.MillHeartbeat) -> None:
    p.burns.apply(record)
    for state in p.mills.values():
        if state.opening is not None and state.opening.opening == record.opening:
            state.heartbeat_uc = record.delivered_uc


def _mill_end(p: Progress, record: r.MillEnd) -> None:
    state = p.mill(record.key)
    state.opening = None
    state.delivered_uc += record.delivered_uc
    state.uncertain_uc += record.uncertain_uc
    p.totals.milled_uc += record.delivered_uc
    p.forget_places()


def _mill_done(p: Progress, record: r.MillDone) -> None:
    p.mill(record.key).done = True
    p.totals.passes += 1


def _burn(p: Progress, record: r.BurnBegin | r.BurnEnd) -> None:
    """A calibration's mark counts for no cycle; the stage has been beside the gun, as after a mill."""
    p.burns.apply(record)
    p.forget_places()


def _cleaning(p: Progress, record: r.CleaningBegin) -> None:
    """One that was broken off has taken the high voltage off already when the next one begins."""
    p.gun_hv_due = p.gun_hv_due or record.gun_hv_on


def _cleaned(p: Progress, _: r.Cleaned) -> None:
    p.cleaned, p.recovered = True, None


def _cycle_done(p: Progress, record: r.CycleDone) -> None:
    for section in p.active():
        state = p.sections[section]
        state.dark_fractions = (*state.dark_fractions[-DARK_HISTORY:], p.dark_fraction(section))
    p.cycles_done = record.cycle + 1
    p.begin(record.cycle + 1)


def _dropped(p: Progress, record: r.SectionDropped) -> None:
    p.sections[record.section].dropped = True
    p.totals.dropped += 1
    p.dropped_this_cycle += 1
    p.open_keys = {k: None for k in p.open_keys if k.section != record.section}


def _drop_refused(p: Progress, record: r.DropRefused) -> None:
    p.sections[record.section].drop_refused = True


def _skipped(p: Progress, record: r.SectionSkipped) -> None:
    p.sections[record.section].skipped = True
    _keep_what_there_is(p, record.section)


_HANDLERS: dict[type, Callable[[Progress, Any], None]] = {
    r.RunOpened: _opened,
    r.RunClosed: _closed,
    r.Wish: _wish,
    r.Waiting: _waiting,
    r.WaitOver: _wait_over,
    r.Incident: _incident,
    r.ImagingRecovered: _recovered,
    r.WaferMounted: _mounted,
    r.WaferRegistered: _wafer,
    r.SurfaceFitted: _surface,
    r.SurfaceRefused: _no_surface,
    r.SectionRegistered: _section,
    r.TileRegistered: _tile,
    r.FocusDone: _focus,
    r.PlaneExposing: _exposing,
    r.PlaneExposed: _exposed,
    r.PlaneDurable: _durable,
    r.PlaneJudged: _judged,
    r.PlaneChosen: _chosen,
    r.PlaneLost: _lost,
    r.PlaneWaived: _waived,
    r.GatePassed: _gate,
    r.MillBegin: _mill_begin,
    r.MillHeartbeat: _mill_heartbeat,
    r.MillEnd: _mill_end,
    r.MillDone: _mill_done,
    r.BurnBegin: _burn,
    r.BurnEnd: _burn,
    r.CleaningBegin: _cleaning,
    r.Cleaned: _cleaned,
    r.CycleDone: _cycle_done,
    r.SectionDropped: _dropped,
    r.DropRefused: _drop_refused,
    r.SectionSkipped: _skipped,
}
