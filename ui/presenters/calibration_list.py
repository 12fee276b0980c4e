"""The list of all calibrations: what is in use of each, how well it fits the run, what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from scopeacq.plan.adoption import adopted
from scopeacq.plan.calibrations import Acceptance, CalibratedValue, CalibrationKind, Conditions, Fit
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.profiles import CalibrationRefused, conditions_of, differences
from scopeacq.plan.templates import unit_of
from ui.presenters.forms import fields_of, label_of
from ui.presenters.quantities import unit_shown, units_shown
from ui.presenters.tone import Badge, Sign, Tone

GROUPS: Mapping[str, Mapping[CalibrationKind, str]] = {
    "Focus": {
        CalibrationKind.DEEPFOCUS: "DeepFocus",
        CalibrationKind.GROUND_TRUTH: "Ground truth",
        CalibrationKind.STIGMATORS: "Stigmators",
    },
    "Scan and stage": {CalibrationKind.SCAN: "Scan", CalibrationKind.STAGE: "Stage"},
    "Ion gun": {
        CalibrationKind.ION_CURRENT: "Ion current",
        CalibrationKind.ION_BEAM: "Ion beam",
        CalibrationKind.RASTER: "Raster",
        CalibrationKind.MILL_RATE: "Mill rate",
        CalibrationKind.EVENNESS: "Evenness",
    },
    "Electron gun": {CalibrationKind.IRRADIATION: "Irradiation"},
}
"""All calibrations under their headings, by the names that operators know."""

NAMES = {kind: name for group in GROUPS.values() for kind, name in group.items()}
MOST_VALUES = 2
FIGURES = 4
"""Digits that are shown of a value whose uncertainty is not known."""


_FITS = Badge(Tone.GOOD, Sign.CHECK, "Fits")
_INTERPOLATED = Badge(Tone.CAUTION, Sign.INFO, "Interpolated")
_DIFFERS = Badge(Tone.CAUTION, Sign.WARNING, "Does not fit")
_NEVER = Badge(Tone.QUIET, Sign.QUESTION, "Never measured")
_UNFINISHED = Badge(Tone.CAUTION, Sign.PAUSE, "Unfinished")
_WORKING = Badge(Tone.ACTIVE, Sign.HOURGLASS, "Measuring")
_DECIDE = Badge(Tone.CAUTION, Sign.HAND, "Decide")


class Activity(Enum):
    """What goes on with a calibration in this window."""

    NOTHING = "nothing"
    MEASURING = "measuring"
    DECIDING = "deciding"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the files say of one calibration.

    ``in_use``: where the instrument's values came from, None where they were never measured. ``differs``
    names in what it does not fit the run, a clause each. ``adoptable``: another one that was measured fits.
    ``unfinished``: since when a sitting waits to go on.
    """

    in_use: Acceptance | None = None
    differs: tuple[str, ...] = ()
    adoptable: bool = False
    unfinished: datetime | None = None


NOTHING_KNOWN = Standing()


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of the list. ``undo`` and ``adopt`` say what these do; empty where they are not offered."""

    kind: CalibrationKind
    title: str
    badge: Badge
    sentence: str
    undo: str = ""
    adopt: str = ""


@dataclass(frozen=True, slots=True)
class GroupView:
    """Entries under a heading."""

    title: str
    entries: tuple[EntryView, ...]


def standing_of(instrument: Instrument, kind: CalibrationKind, unfinished: datetime | None) -> Standing:
    """How a calibration stands by the instrument's file, and since when a sitting waits."""
    in_use = instrument.calibrations_in_use.get(kind)
    if in_use is None:
        return Standing(unfinished=unfinished)
    differs = differences(in_use.conditions, conditions_of(instrument))
    try:
        adoptable = bool(differs) and adopted(instrument, kind) != instrument
    except CalibrationRefused:
        adoptable = False
    return Standing(in_use, differs, adoptable, unfinished)


def listed(
    standings: Mapping[CalibrationKind, Standing],
    activities: Mapping[CalibrationKind, Activity],
    now: datetime,
) -> tuple[GroupView, ...]:
    """The whole list."""

    def entry(kind: CalibrationKind) -> EntryView:
        activity = activities.get(kind, Activity.NOTHING)
        return entry_of(kind, standings.get(kind, NOTHING_KNOWN), activity, now)

    return tuple(GroupView(title, tuple(map(entry, kinds))) for title, kinds in GROUPS.items())


def entry_of(kind: CalibrationKind, standing: Standing, activity: Activity, now: datetime) -> EntryView:
    """How one calibration stands: its state in a word, what is in use in a sentence."""
    undo = f"Put back what stood there before {NAMES[kind]} was calibrated" if standing.in_use else ""
    adopt = "Go by what was measured at the conditions of now, or between two" if standing.adoptable else ""
    return EntryView(kind, NAMES[kind], _badge(standing, activity), _sentence(standing, now), undo, adopt)


def day(when: datetime, now: datetime) -> str:
    """``today 14:05``, ``12 Mar 14:05``, ``12 Mar 2024``."""
    if when.date() == now.date():
        return f"today {when:%H:%M}"
    return f"{when.day} {when:%b %H:%M}" if when.year == now.year else f"{when.day} {when:%b %Y}"


def conditions_in_words(conditions: Conditions) -> str:
    """``1.5 kV, wd 4.5 mm``; empty where nothing matters."""
    parts = (
        (conditions.landing_energy_kv, "{:g} kV", 1.0),
        (conditions.wd_um, "wd {:.4g} mm", 1e-3),
        (conditions.aperture_um, "aperture {:g} \N{MICRO SIGN}m", 1.0),
        (conditions.scan_rot_deg, "scan rotation {:g}\N{DEGREE SIGN}", 1.0),
    )
    return ", ".join(form.format(value * scale) for value, form, scale in parts if value is not None)


def value_in_words(value: CalibratedValue) -> str:
    """``Convergence angle 8.92 ± 0.04 mrad``, by the names of the instrument's settings."""
    path = tuple(value.key.split("."))
    field = fields_of(Instrument).get(path)
    label = field.label if field is not None else label_of(path[-1])
    if isinstance(value.value, tuple):
        return f"{label}: {len(value.value)} rows"
    text = value.value if isinstance(value.value, str) else number_in_words(value.value, value.sd)
    return f"{label} {text} {unit_shown(unit_of(path[-1]))}".rstrip()


def number_in_words(value: float, sd: float | None) -> str:
    """A number with as many digits as are known."""
    if sd is None or not sd > 0:
        return f"{value:.{FIGURES}g}"
    digits = max(0, -_decade(sd) + 1)
    return f"{value:.{digits}f} \N{PLUS-MINUS SIGN} {sd:.{digits}f}"


def _decade(number: float) -> int:
    return int(f"{number:e}".partition("e")[2])


def _badge(standing: Standing, activity: Activity) -> Badge:
    if activity is Activity.MEASURING:
        return _WORKING
    if activity is Activity.DECIDING:
        return _DECIDE
    if standing.unfinished is not None:
        return _UNFINISHED
    if standing.in_use is None:
        return _NEVER
    if standing.differs:
        return _DIFFERS
    return _INTERPOLATED if standing.in_use.fit is Fit.INTERPOLATED else _FITS


def _sentence(standing: Standing, now: datetime) -> str:
    in_use = standing.in_use
    if in_use is None:
        return ""
    words = [value_in_words(value) for value in in_use.values[:MOST_VALUES]]
    if (more := len(in_use.values) - MOST_VALUES) > 0:
        words[-1] += f" and {more} more"
    when = (day(in_use.measured_at.astimezone(now.tzinfo), now), conditions_in_words(in_use.conditions))
    words.append(", ".join(part for part in when if part))
    why = f"Measured at {units_shown(', '.join(standing.differs))}." if standing.differs else ""
    return f"{'; '.join(words)}. {why}".strip()
