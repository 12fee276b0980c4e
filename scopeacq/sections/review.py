"""What operators make of candidates: accepted, rejected, merged, cut, drawn. Pure; refused in a sentence.

All functions give other candidates, with flags made anew. A candidate that is accepted lies in the plan
and is changed there; to change it here it is reopened first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from scopeacq.plan.poses import centroid_um, pose_of
from scopeacq.plan.section import Section
from scopeacq.plan.wafer import Wafer
from scopeacq.sections.candidates import (
    Candidate,
    Candidates,
    Label,
    LabelKind,
    Origin,
    Ring,
    SectionsRefused,
    Verdict,
    free_ids,
)
from scopeacq.sections.flags import Flag, flags_of
from scopeacq.sections.rings import OutlineRefused, checked, cut, united

DEFAULT_THICKNESS_NM = 200.0
DOUBTFUL = frozenset({Flag.DUPLICATE, Flag.SLIVER})
"""What is not accepted along with others."""


class ReviewRefused(SectionsRefused):
    """A step of the review that cannot be made; the message says why in one sentence."""


def accept(candidates: Candidates, ids: Iterable[str]) -> Candidates:
    """Take candidates for sections. Raises ``ReviewRefused`` for ids that are unknown."""
    return _judged(candidates, ids, Verdict.ACCEPTED)


def reject(candidates: Candidates, ids: Iterable[str]) -> Candidates:
    """Say of candidates that they are none; they are kept, so that they are not found again."""
    return _judged(candidates, ids, Verdict.REJECTED)


def reopen(candidates: Candidates, ids: Iterable[str]) -> Candidates:
    """Take back what was said of candidates."""
    return _judged(candidates, ids, Verdict.OPEN)


def accept_above(candidates: Candidates, confidence: float) -> Candidates:
    """Accept what is open and at least this sure, except for duplicates and slivers."""
    if sure := [c.id for c in candidates.sections if acceptable(c, confidence)]:
        return accept(candidates, sure)
    raise ReviewRefused(
        f"No open candidate has a confidence of {confidence:g} or more; choose a lower one."
    )


def acceptable(candidate: Candidate, confidence: float) -> bool:
    """Whether a candidate is accepted along with all that are this sure."""
    is_open = candidate.verdict is Verdict.OPEN
    return is_open and candidate.confidence >= confidence and not candidate.flags & DOUBTFUL


def add(candidates: Candidates, outline_um: Sequence[tuple[float, float]], wafer: Wafer) -> Candidates:
    """One more that somebody has drawn, last; its id is one that ``wafer`` does not hold either."""
    drawn = Candidate(next(_free(candidates, wafer)), _checked(outline_um), origin=Origin.DRAWN)
    return reflagged(replace(candidates, sections=(*candidates.sections, drawn)))


def remove(candidates: Candidates, ids: Iterable[str]) -> Candidates:
    """Forget candidates; a later detection may find them again."""
    wanted = _changeable(candidates, ids)
    return reflagged(replace(candidates, sections=tuple(c for c in candidates.sections if c not in wanted)))


def reshape(candidates: Candidates, candidate_id: str, outline_um: Ring) -> Candidates:
    """Give a candidate another outline; see :mod:`scopeacq.sections.rings`."""
    (own,) = _changeable(candidates, [candidate_id])
    return _replaced(candidates, [own], [_drawn(own, _checked(outline_um))])


def merge(candidates: Candidates, ids: Iterable[str]) -> Candidates:
    """Make one of several, in the place and with the id of the first."""
    parts = _changeable(candidates, ids)
    if len(parts) < 2:
        raise ReviewRefused("To merge takes at least two candidates; choose another one, too.")
    return _replaced(candidates, parts, [_drawn(parts[0], united([c.outline_um for c in parts]))])


def split_by_cut(
    candidates: Candidates,
    candidate_id: str,
    start_um: tuple[float, float],
    end_um: tuple[float, float],
    wafer: Wafer,
) -> Candidates:
    """Cut a candidate along a straight stroke; the first part keeps its id."""
    (own,) = _changeable(candidates, [candidate_id])
    try:
        parts = cut(own.outline_um, start_um, end_um)
    except OutlineRefused as refused:
        raise ReviewRefused(str(refused)) from None
    return split_into(candidates, candidate_id, parts, wafer)


def split_into(
    candidates: Candidates, candidate_id: str, outlines_um: Sequence[Ring], wafer: Wafer
) -> Candidates:
    """Put several outlines in the place of one candidate; the first one keeps its id."""
    (own,) = _changeable(candidates, [candidate_id])
    if len(outlines_um) < 2:
        raise ReviewRefused(f"{candidate_id} looks like a single section; cut it by a line instead.")
    names = [
        candidate_id,
        *(name for name, _ in zip(_free(candidates, wafer), outlines_um[1:], strict=False)),
    ]
    parts = [
        replace(_drawn(own, _checked(ring)), id=name) for name, ring in zip(names, outlines_um, strict=True)
    ]
    return _replaced(candidates, [own], parts)


def label(candidates: Candidates, kind: LabelKind, outline_um: Sequence[tuple[float, float]]) -> Candidates:
    """Say what a part of the wafer is, to teach the network."""
    return replace(candidates, labels=(*candidates.labels, Label(kind, _checked(outline_um))))


def relabel(candidates: Candidates, place: int, changed: Label) -> Candidates:
    """Put another label in the place of one."""
    _require_label(candidates, place)
    own = replace(changed, outline_um=_checked(changed.outline_um))
    return replace(candidates, labels=(*candidates.labels[:place], own, *candidates.labels[place + 1 :]))


def unlabel(candidates: Candidates, place: int) -> Candidates:
    """Take a label away."""
    _require_label(candidates, place)
    return replace(candidates, labels=(*candidates.labels[:place], *candidates.labels[place + 1 :]))


def accepted_into(wafer: Wafer, candidates: Candidates) -> Wafer:
    """The plan with what is accepted, and without candidates that are not: each has the id of its section.

    New ones come last, as thick as the last section there is. Sections of which ``candidates`` knows
    nothing, and those accepted before, stay as they are.
    """
    verdicts = {c.id: c.verdict for c in candidates.sections}
    kept = [s for s in wafer.sections if verdicts.get(s.id, Verdict.ACCEPTED) is Verdict.ACCEPTED]
    there = {s.id for s in kept}
    thickness_nm = wafer.sections[-1].thickness_nm if wafer.sections else DEFAULT_THICKNESS_NM
    new = (c for c in candidates.sections if c.verdict is Verdict.ACCEPTED and c.id not in there)
    return replace(wafer, sections=(*kept, *(_section(c, thickness_nm) for c in new)))


def _section(candidate: Candidate, thickness_nm: float) -> Section:
    """Its grid lies on the middle of its ROI, or of its outline, along the outline."""
    return Section(
        candidate.id,
        candidate.outline_um,
        centroid_um(candidate.roi_um or candidate.outline_um),
        pose_of(candidate.outline_um).rotation_deg,
        thickness_nm,
        roi_um=candidate.roi_um,
    )


def reflagged(candidates: Candidates) -> Candidates:
    """With flags made anew. What is rejected has none; what is accepted is surer than what is not."""
    counted_in = [c for c in candidates.sections if c.verdict is not Verdict.REJECTED]
    sure = [c.confidence + (c.verdict is Verdict.ACCEPTED) for c in counted_in]
    flags = flags_of([np.array(c.outline_um) for c in counted_in], sure)
    anew = {c.id: own for c, own in zip(counted_in, flags, strict=True)}
    sections = tuple(_with_flags(c, anew.get(c.id, frozenset())) for c in candidates.sections)
    return replace(candidates, sections=sections)


def _with_flags(candidate: Candidate, flags: frozenset[Flag]) -> Candidate:
    return candidate if candidate.flags == flags else replace(candidate, flags=flags)


def _judged(candidates: Candidates, ids: Iterable[str], verdict: Verdict) -> Candidates:
    wanted = frozenset(c.id for c in _chosen(candidates, ids))
    sections = (replace(c, verdict=verdict) if c.id in wanted else c for c in candidates.sections)
    return reflagged(replace(candidates, sections=tuple(sections)))


def _chosen(candidates: Candidates, ids: Iterable[str]) -> tuple[Candidate, ...]:
    """Those of some ids, in their own order. Raises ``ReviewRefused``."""
    wanted = frozenset(ids)
    if not wanted:
        raise ReviewRefused("No candidate is chosen; choose one first.")
    if unknown := sorted(wanted - {c.id for c in candidates.sections}):
        raise ReviewRefused(f"There is no candidate {', '.join(unknown)}.")
    return tuple(c for c in candidates.sections if c.id in wanted)


def _changeable(candidates: Candidates, ids: Iterable[str]) -> tuple[Candidate, ...]:
    chosen = _chosen(candidates, ids)
    if accepted := [c.id for c in chosen if c.verdict is Verdict.ACCEPTED]:
        raise ReviewRefused(
            f"{', '.join(accepted)}: already in the plan; change the section there, or reopen it first."
        )
    return chosen


def _require_label(candidates: Candidates, place: int) -> None:
    if not 0 <= place < len(candidates.labels):
        raise ReviewRefused("There is no such label any more; choose one that is shown.")


def _free(candidates: Candidates, wafer: Wafer) -> Iterator[str]:
    return free_ids([*(c.id for c in candidates.sections), *(s.id for s in wafer.sections)])


def _replaced(candidates: Candidates, old: Collection[Candidate], new: Sequence[Candidate]) -> Candidates:
    """With ``new`` ones where the first of the ``old`` ones was."""
    first = next(k for k, c in enumerate(candidates.sections) if c in old)
    left = [c for c in candidates.sections if c not in old]
    sections = (*left[:first], *new, *left[first:])
    return reflagged(replace(candidates, sections=sections))


def _drawn(candidate: Candidate, outline_um: Ring) -> Candidate:
    return Candidate(candidate.id, outline_um, origin=Origin.DRAWN)


def _checked(outline_um: Sequence[tuple[float, float]]) -> Ring:
    try:
        return checked(outline_um)
    except OutlineRefused as refused:
        raise ReviewRefused(str(refused)) from None
