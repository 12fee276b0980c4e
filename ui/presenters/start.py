"""The start page: each recent run in one sentence, and after a crash the resume card."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scopeacq.engine.events import RunState
from scopeacq.telling.explain import Explained, explaining
from scopeacq.telling.wording import counted
from ui.presenters.tone import Badge, Sign, Tone, badge_of

if TYPE_CHECKING:  # these bring shapely and OpenCV, which the first window does without
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.standing import MillLeft, Standing
    from scopeacq.telling.status import Status


@dataclass(frozen=True, slots=True)
class ResumeCard:
    """A run that was interrupted: where it goes on, in a sentence, and what proves it.

    ``facts``: the same place in parts, each a name and a value, to be read from across the room.
    """

    sentence: str
    evidence: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """A run as the start page shows it. ``gone``: its folder is not there any more."""

    root: Path
    name: str
    badge: Badge
    sentence: str
    simulated: bool = False
    resume: ResumeCard | None = None
    cycles_done: int = 0
    cycles: int = 0
    gone: bool = False


def told(root: Path, home: Path) -> str:
    """A folder as people name it: from ``~`` where it lies in their home folder."""
    if not root.is_relative_to(home):
        return str(root)
    inside = root.relative_to(home)
    return f"~{os.sep}{inside}" if inside.parts else "~"


def read_card(root: Path) -> ProjectCard:
    """The card of a run folder; one that cannot be read has a card that says why. Reads files."""
    from scopeacq.plan.runfolder import Plan
    from scopeacq.telling.standing import read_standing
    from scopeacq.telling.status import read_status

    if not root.is_dir():
        return gone_card(root)
    try:
        with explaining():
            plan = Plan.read(root)
            return card(plan, read_status(plan), read_standing(plan))
    except Explained as error:
        unreadable = Badge(Tone.ALARM, Sign.WARNING, "Cannot be read")
        return ProjectCard(root, root.stem, unreadable, str(error))


def unread_card(root: Path) -> ProjectCard:
    """The card before its files were read."""
    return ProjectCard(root, root.stem, Badge(Tone.QUIET, Sign.HOURGLASS, "Reading"), "")


def gone_card(root: Path) -> ProjectCard:
    """The card of a run whose folder has vanished since it was opened."""
    return ProjectCard(
        root,
        root.stem,
        Badge(Tone.QUIET, Sign.QUESTION, "Not there"),
        "Its folder was moved, renamed or deleted, or the disk that holds it is not connected.",
        gone=True,
    )


def card(plan: Plan, status: Status, standing: Standing) -> ProjectCard:
    """The card of a run that can be read. Pure."""
    interrupted = standing.interrupted
    return ProjectCard(
        plan.folder.root,
        status.name,
        Badge(Tone.CAUTION, Sign.WARNING, "Interrupted") if interrupted else badge_of(status.state),
        sentence(status),
        plan.instrument.simulated,
        resume=resume_card(standing) if interrupted else None,
        cycles_done=status.cycles_done,
        cycles=status.cycles,
    )


def sentence(status: Status) -> str:
    """How a run stands."""
    if status.planes == 0 and status.last_plane_at is None and status.state is RunState.PAUSED:
        return (
            f"Not begun: {counted(status.cycles, 'cycle')} of {counted(len(status.sections), 'section')}."
        )
    lost = f", {status.planes_lost} lost" if status.planes_lost else ""
    incidents = f"; {counted(status.incidents, 'incident')}" if status.incidents else ""
    done = f"{status.cycles_done} of {counted(status.cycles, 'cycle')} done"
    return f"{done}, {counted(status.planes, 'plane')} on the disk{lost}{incidents}."


def resume_card(standing: Standing) -> ResumeCard:
    """Where an interrupted run goes on. Pure."""
    place = f"Cycle {standing.cycle + 1} of {standing.cycles}"
    facts = [("Cycle", f"{standing.cycle + 1} of {standing.cycles}")]
    if standing.mill is not None:
        facts += _mill_facts(standing.mill)
        return ResumeCard(f"{place}: {_mill_sentence(standing.mill)}", standing.evidence, tuple(facts))
    if standing.section is not None:
        place += f", section {standing.section}"
        facts.append(("Section", standing.section))
    if standing.tile is not None:
        place += f", tile {standing.tile + 1}"
        facts.append(("Tile", str(standing.tile + 1)))
    facts.append(("Planes to go", str(standing.planes_left)))
    left = f"{counted(standing.planes_left, 'plane')} of this cycle to go" if standing.planes_left else ""
    sentence = f"{place}: {left or 'every plane is taken'}; nothing of it is milled."
    return ResumeCard(sentence, standing.evidence, tuple(facts))


def _mill_facts(mill: MillLeft) -> list[tuple[str, str]]:
    least, most = mill.least_s, f"{mill.most_s:.0f}"
    if least is None:
        left = "unknown"
    else:
        left = f"{most} s" if mill.most_s - least < 0.5 else f"{least:.0f} to {most} s"
    return [
        ("Mill round", str(mill.key.round + 1)),
        ("Azimuth", f"{mill.azimuth_deg:g}\N{DEGREE SIGN}"),
        ("Beam time left", left),
    ]


def _mill_sentence(mill: MillLeft) -> str:
    azimuth = (
        f"azimuth {mill.key.azimuth + 1} ({mill.azimuth_deg:g}\N{DEGREE SIGN}), round {mill.key.round + 1}"
    )
    if mill.least_s is None:
        return (
            f"milling from {azimuth}; nobody recorded that the ion beam closed, so that what it delivered "
            f"is UNKNOWN. Before: {mill.most_s:.0f} s left."
        )
    if mill.most_s - mill.least_s < 0.5:
        return f"milling from {azimuth}, {mill.least_s:.0f} s left."
    return (
        f"milling from {azimuth}, {mill.least_s:.0f} to {mill.most_s:.0f} s left; "
        "what is uncertain counts as delivered."
    )
