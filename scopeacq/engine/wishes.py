"""What an operator may still change of a cycle under way, and why not. Pure, but for :func:`leave_wish`.

The past is as it is, and so is the present step. A wish that is granted is a record: the planner keeps to
it, and no crash forgets it. None of them lets anything be milled that the gate would not let pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.journal.progress import Progress, SectionState
from scopeacq.journal.records import PlaneKey, Wish, WishKind
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles, FileLayer


@dataclass(frozen=True, slots=True)
class Offer:
    """A wish that can be asked for now, or the reason why not."""

    wish: Wish
    why_not: str

    @property
    def granted(self) -> bool:
        return not self.why_not


def offers(progress: Progress, section: str) -> tuple[Offer, ...]:
    """Every wish for a section of the current cycle that makes sense, granted or not."""
    state = progress.sections[section]
    kinds = (
        WishKind.FOCUS_NEXT,
        WishKind.TAKE_IN if state.passed_over else WishKind.LEAVE_OUT,
        WishKind.GO_ON if state.pause_before else WishKind.PAUSE_BEFORE,
    )
    wishes = (Wish(kind, progress.cycle, section) for kind in kinds)
    return tuple(Offer(wish, refusal(progress, wish)) for wish in wishes)


def refusal(progress: Progress, wish: Wish) -> str:
    """Why a wish comes too late or makes no sense, in one sentence; empty where it is granted."""
    name, state = wish.section, progress.sections.get(wish.section)
    if state is None:
        return f"The plan has no section {name}."
    if wish.cycle != progress.cycle:
        return f"Cycle {wish.cycle + 1} is over."
    if state.dropped:
        return f"Section {name} is milled through."
    if progress.gate is not None:
        return f"Cycle {wish.cycle + 1} has passed the mill gate: nothing more is imaged in it."
    if wish.kind is WishKind.RETAKE:
        return _no_retake(progress, state, wish)
    if not any(key.section == name for key in progress.open_keys):
        return f"Every tile of section {name} is imaged in this cycle."
    match wish.kind:
        case WishKind.TAKE_IN:
            return "" if state.passed_over else f"Section {name} is not left out."
        case WishKind.GO_ON:
            return "" if state.pause_before else f"No pause was asked for before section {name}."
    return _left_out(name) if state.passed_over else ""


def _no_retake(progress: Progress, state: SectionState, wish: Wish) -> str:
    """Why a tile is not taken again; empty where it is."""
    name = wish.section
    if wish.tile is None or wish.tile not in progress.tiles[name]:
        return f"This is no tile of section {name} that is imaged."
    key, tile = PlaneKey(wish.cycle, name, wish.tile), f"Tile {wish.tile + 1} of section {name}"
    plane = progress.planes.get(key)
    if state.passed_over:
        return _left_out(name)
    if plane is None or not plane.takes:
        return f"{tile} was not imaged in cycle {wish.cycle + 1} yet: it is still to come."
    if plane.takes[-1].judged is None and not plane.takes[-1].lost:
        return f"{tile} is being written and judged: ask again in a moment."
    return f"{tile} is to be taken again already." if plane.settled and key in progress.open_keys else ""


def _left_out(name: str) -> str:
    return f"Section {name} is left out: image it after all first."


def leave_wish(plan: Plan, wish: Wish, files: FileLayer | None = None) -> str:
    """Journal a wish for a run that nobody works on; why it was refused, or nothing.

    Raises ``Locked``, ``JournalError`` or ``DiskFull``.
    """
    from scopeacq.journal.journal import Journal
    from scopeacq.storage.locks import OwnerLock

    if not plan.folder.journal_file.exists():
        return "The run was not started yet: edit the plan instead."
    files = files or DiskFiles()
    with OwnerLock.of_run(plan.folder.root, files):
        journal = Journal.open(plan.folder.journal_file, files)
        try:
            progress = Progress.of(plan)
            progress.apply_all(row.record for row in journal.read())
            why_not = refusal(progress, wish)
            if not why_not:
                journal.append(wish)
            return why_not
        finally:
            journal.close()
