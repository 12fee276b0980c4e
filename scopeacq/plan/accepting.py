"""What operators do with calibrations of a run: accept, undo, choose again for other conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import xxhash

from scopeacq.journal.history import has_begun, has_mills_ahead
from scopeacq.plan.adoption import adopted
from scopeacq.plan.calibrations import Acceptance, CalibrationKind, Fit, Profile
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.profiles import CalibrationRefused, Undone, accepted, in_full, undone
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.saving import save_instrument
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.locks import OwnerLock

DEPTH = 3
"""Folders between a profile and the folder of its run: calibrations, kind, sitting."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The plan as its files are now, and what that means, a sentence each."""

    plan: Plan
    said: tuple[str, ...]


def accept(plan: Plan, profile_file: Path, *, even_if_bad: bool = False, in_hand: bool = False) -> Changed:
    """Have the run go by a profile from now on.

    Args:
        even_if_bad: somebody has read why its verdict is bad, and wants it all the same.
        in_hand: whoever calls has the instrument in hand, and so holds the run already.

    Raises ``CalibrationRefused``, ``SettingsError``, ``Locked``, ``OSError``: nothing was changed.
    """
    where, profile = _read(plan, profile_file)
    instrument = accepted(plan.instrument, profile, where, even_if_bad=even_if_bad)
    return _saved(plan, instrument, _values_told(instrument.calibrations[-1]), in_hand)


def undo(plan: Plan, kind: CalibrationKind, *, in_hand: bool = False) -> Changed:
    """Put back what stood before the last calibration of a kind. Raises as :func:`accept`."""
    back = undone(plan.instrument, kind)
    return _saved(plan, back.instrument, _undo_told(back), in_hand)


def adopt(
    plan: Plan, kind: CalibrationKind, others: Iterable[Path] = (), *, in_hand: bool = False
) -> Changed:
    """Go by what fits the run's present conditions, of all that was accepted and of ``others``.

    Raises as :func:`accept`; ``CalibrationRefused`` where none fits.
    """
    profiles = dict(_read(plan, path) for path in others)
    instrument = adopted(plan.instrument, kind, profiles)
    if instrument is plan.instrument:
        return Changed(plan, (f"The calibration {kind.value} in use fits already.",))
    return _saved(plan, instrument, _adoption_told(instrument.calibrations[-1]), in_hand)


def _read(plan: Plan, profile_file: Path) -> tuple[str, Profile]:
    """A profile, and how it is named: so that a copy of the run's folder finds its own."""
    path, root = profile_file.resolve(), plan.folder.root.resolve()
    profile = Profile.read(path)
    _require_untouched(path.parent / profile.measurements, profile)
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix(), profile
    elsewhere = path.parents[min(DEPTH, len(path.parents) - 1)]
    values = tuple(in_full(v, elsewhere) for v in profile.values)
    return str(path), profile.model_copy(update={"values": values})


def _require_untouched(log: Path, profile: Profile) -> None:
    """A profile may lie alone; what lies beside it is what it came from."""
    if log.is_file() and xxhash.xxh3_128_hexdigest(log.read_bytes()) != profile.measurements_xxh3:
        raise SettingsError(log, ["it is not what the profile beside it came from"], "Measure it anew.")


def _saved(plan: Plan, instrument: Instrument, said: Iterable[str], in_hand: bool) -> Changed:
    begun = has_begun(plan.folder)
    with nullcontext() if in_hand else OwnerLock.of_run(plan.folder.root):
        if instrument.mill != plan.instrument.mill:
            _require_no_mills_ahead(plan)
        after = save_instrument(plan, instrument)
    note = ("This run has begun: what it takes and mills from now on goes by these values.",)
    return Changed(after, (*said, *(note if begun else ())))


def _require_no_mills_ahead(plan: Plan) -> None:
    """Azimuths that are cut by two poses of the gun do not even each other out."""
    if has_mills_ahead(plan.folder):
        raise CalibrationRefused(
            "A cycle of this run has passed its mill gate, and all its passes go by the same gun: "
            "finish this cycle's milling first, with `scopeacq run`."
        )


def _values_told(acceptance: Acceptance) -> Iterator[str]:
    for v in acceptance.values:
        if isinstance(v.value, tuple):
            yield f"{v.key} is another table."
        else:
            yield f"{v.key} is {_told(v.value)} instead of {_told(v.before)}."


def _undo_told(back: Undone) -> Iterator[str]:
    taken = back.taken_back
    yield f"The calibration {taken.kind.value} of {_day(taken)} is no longer in use."
    for key in back.left:
        yield f"{key} was edited since and stays as it is."
    before = back.instrument.calibrations_in_use.get(taken.kind)
    if before is not None:
        yield f"In use again is that of {_day(before)}."


def _adoption_told(acceptance: Acceptance) -> Iterator[str]:
    if acceptance.fit is Fit.INTERPOLATED:
        yield f"Interpolated between {' and '.join(acceptance.profiles)}."
    else:
        yield f"Measured at these conditions on {_day(acceptance)}: {', '.join(acceptance.profiles)}."
    yield from _values_told(acceptance)


def _told(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "nothing" if value is None else str(value)


def _day(acceptance: Acceptance) -> str:
    return f"{acceptance.measured_at.astimezone():%Y-%m-%d %H:%M}"
