"""A review by a command: files taken in, verdicts in turn, files written out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Wafer
from scopeacq.sections import review
from scopeacq.sections.candidates import Candidates
from scopeacq.sections.imports.geojson import as_features, for_others
from scopeacq.sections.imports.imported import Unit
from scopeacq.sections.imports.reading import put_on_wafer, read_sections
from scopeacq.sections.preparing import Prepared
from scopeacq.sections.splitting import split_like_others


@dataclass(frozen=True, slots=True)
class ReviewOrder:
    """What is to be done, in this order.

    ``unit``: what the places of an imported file are in, where it does not say; pixels are those of
    ``overview``, by default the only one. What is exported is in its pixels where it is named, else in um.
    """

    import_from: Path | None = None
    unit: Unit | None = None
    overview: str | None = None
    merge: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reopen: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    accept_above: float | None = None
    export_to: Path | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review has come to; ``imported``: how many candidates a file added."""

    candidates: Candidates
    wafer: Wafer
    imported: int


def reviewed(order: ReviewOrder, prepared: Prepared) -> Reviewed:
    """Do what is asked; nothing is written.

    Raises:
        SectionsRefused: a step cannot be made.
        SettingsError: a file cannot be read, or there is no such overview.
    """
    begin = _imported(order, prepared)
    candidates = begin.candidates
    if order.merge:
        candidates = review.merge(candidates, order.merge)
    for name in order.split:
        candidates = split_like_others(candidates, name, begin.wafer)
    for ids, change in (
        (order.remove, review.remove),
        (order.reopen, review.reopen),
        (order.reject, review.reject),
        (order.accept, review.accept),
    ):
        if ids:
            candidates = change(candidates, ids)
    if order.accept_above is not None:
        candidates = review.accept_above(candidates, order.accept_above)
    return Reviewed(candidates, review.accepted_into(begin.wafer, candidates), begin.imported)


def exported(order: ReviewOrder, done: Reviewed, prepared: Prepared) -> str:
    """The text of the file that is asked for, empty where none is; nothing is written.

    Raises ``SectionsRefused``, ``SettingsError``.
    """
    if order.export_to is None:
        return ""
    if order.export_to.exists():
        raise SettingsError(order.export_to, ["the file exists already"], "Choose another name.")
    placement = prepared.overview(order.overview).placement if order.overview else None
    return as_features(for_others(done.candidates, done.wafer), placement)


def _imported(order: ReviewOrder, prepared: Prepared) -> Reviewed:
    wafer = prepared.plan.wafer
    if order.import_from is None:
        return Reviewed(prepared.candidates, wafer, 0)
    said = read_sections(order.import_from)
    said = replace(said, unit=said.unit or order.unit)
    overview = None if said.unit is Unit.UM else prepared.overview(order.overview)
    brought = put_on_wafer(said, overview, prepared.candidates, wafer)
    wafer = replace(wafer, landmarks=(*wafer.landmarks, *brought.landmarks))
    return Reviewed(brought.candidates, wafer, brought.new)
