"""Edits of what was found, and of labels: steps of the one undo; what is accepted is in the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from scopeacq.plan.geometry import Point
from scopeacq.sections import review
from scopeacq.sections.candidates import Candidates, Label, LabelKind, Ring, Verdict
from scopeacq.sections.review import ReviewRefused, accepted_into
from scopeacq.telling.wording import counted
from ui.presenters.drawing import touched
from ui.presenters.edits import Document, Edit, Refused


def accept(ids: Iterable[str]) -> Edit:
    """Take what was found for sections of the plan."""
    ids = tuple(ids)
    return Edit(f"Accept {_named(ids)}", _judged(lambda document: review.accept(document.candidates, ids)))


def reject(ids: Iterable[str]) -> Edit:
    """Say that this is no section; it leaves the plan and is not found again."""
    ids = tuple(ids)
    return Edit(f"Reject {_named(ids)}", _judged(lambda document: review.reject(document.candidates, ids)))


def reopen(ids: Iterable[str]) -> Edit:
    """Take back what was said; accepted ones leave the plan."""
    ids = tuple(ids)
    return Edit(f"Reopen {_named(ids)}", _judged(lambda document: review.reopen(document.candidates, ids)))


def accept_above(confidence: float) -> Edit:
    """Accept what is open, at least this sure and neither a duplicate nor a sliver."""
    return Edit(
        f"Accept all from {100 * confidence:.0f} %",
        _judged(lambda document: review.accept_above(document.candidates, confidence)),
    )


def merge(ids: Iterable[str]) -> Edit:
    """Make one of several."""
    ids = tuple(ids)
    return Edit(f"Merge {_named(ids)}", _judged(lambda document: review.merge(document.candidates, ids)))


def split(start_um: Point, end_um: Point, chosen: Iterable[str]) -> Edit:
    """Cut, along a stroke, the one that it crosses; of several the one that is chosen."""
    wanted = frozenset(chosen)

    def change(document: Document) -> Candidates:
        open_ = [c for c in document.candidates.sections if c.verdict is not Verdict.ACCEPTED]
        crossed = [c.id for c in open_ if touched(c.outline_um, start_um, end_um)]
        named = [name for name in crossed if name in wanted] or crossed
        if not named:
            raise Refused("The line goes through no found section; draw it from one side to the other.")
        if len(named) > 1:
            raise Refused("The line goes through several found sections; choose the one to split first.")
        return review.split_by_cut(document.candidates, named[0], start_um, end_um, document.wafer)

    return Edit("Split a found section", _judged(change))


def draw_found(outline_um: Ring) -> Edit:
    """One more that somebody has drawn, open as all that are found."""
    return Edit(
        "Draw a found section",
        _judged(lambda document: review.add(document.candidates, outline_um, document.wafer)),
    )


def reshape(candidate_id: str, outline_um: Ring) -> Edit:
    """Give one another outline."""
    return Edit(
        f"Change the outline of {candidate_id}",
        _judged(lambda document: review.reshape(document.candidates, candidate_id, outline_um)),
    )


def remove(ids: Iterable[str]) -> Edit:
    """Forget what was found; accepted ones leave the plan, too."""
    ids = frozenset(ids)

    def change(document: Document) -> Candidates:
        accepted = [
            c.id for c in document.candidates.sections if c.id in ids and c.verdict is Verdict.ACCEPTED
        ]
        left = review.reopen(document.candidates, accepted) if accepted else document.candidates
        return review.remove(left, ids)

    return Edit(f"Remove {_named(tuple(ids))}", _judged(change, leaving=ids))


def take_found(candidates: Candidates) -> Edit:
    """What a detection or an import has come to, in place of what there was."""
    return Edit("Find sections", _judged(lambda _: candidates))


def draw_label(kind: LabelKind, outline_um: Ring) -> Edit:
    """Show the network what a part of the wafer is."""
    return Edit(
        f"Label {kind.value}", _labelled(lambda candidates: review.label(candidates, kind, outline_um))
    )


def reshape_label(place: int, outline_um: Ring) -> Edit:
    """Give a label another outline."""

    def change(candidates: Candidates) -> Candidates:
        kind = candidates.labels[place].kind if place < len(candidates.labels) else LabelKind.IGNORE
        return review.relabel(candidates, place, Label(kind, outline_um))

    return Edit("Change a label", _labelled(change))


def remove_labels(places: Iterable[int]) -> Edit:
    """Take labels away, by their places in the list."""
    wanted = sorted(places, reverse=True)

    def change(candidates: Candidates) -> Candidates:
        for place in wanted:
            candidates = review.unlabel(candidates, place)
        return candidates

    return Edit(f"Remove {counted(len(wanted), 'label')}", _labelled(change))


def _judged(
    change: Callable[[Document], Candidates], leaving: frozenset[str] = frozenset()
) -> Callable[[Document], Document]:
    """A change of the candidates that the plan follows; sections of ``leaving`` go with them."""

    def changed(document: Document) -> Document:
        try:
            candidates = change(document)
        except ReviewRefused as refused:
            raise Refused(str(refused)) from None
        known = {c.id for c in document.candidates.sections}
        gone = leaving & known
        left = tuple(s for s in document.wafer.sections if s.id not in gone)
        wafer = accepted_into(replace(document.wafer, sections=left), candidates)
        return replace(document, candidates=candidates, wafer=wafer)

    return changed


def _labelled(change: Callable[[Candidates], Candidates]) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        try:
            return replace(document, candidates=change(document.candidates))
        except ReviewRefused as refused:
            raise Refused(str(refused)) from None

    return changed


def _named(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else counted(len(ids), "found section")
