"""Calibrations accepted and taken back: pure functions of an instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from hardware.model_problems import located_problems
from scopeacq.plan.calibrations import (
    Acceptance,
    CalibratedValue,
    CalibrationKind,
    Conditions,
    Profile,
    Value,
)
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.settings import Settings, is_measured


class CalibrationRefused(Exception):
    """A calibration cannot be used. One sentence or two: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A condition by which profiles are told apart, and how much it may differ without being another."""

    name: str
    unit: str
    tolerance: float


COMPARED = {
    "landing_energy_kv": Compared("landing energy", "kV", 0.01),
    # focus wanders by tens of um over a wafer and from cycle to cycle: that is no other working distance
    "wd_um": Compared("working distance", "um", 100.0),
    "aperture_um": Compared("aperture", "um", 0.1),
}
"""Not the scan rotation: what turns with it is given in the lab frame and carried by a known law."""

FILES = frozenset({"electron.deepfocus_weights"})
"""Values that name files, from the run's folder on."""


CHAMBER = frozenset({"electron.wd_at_z0_um", "stage.rotation_centre_x_um", "stage.rotation_centre_y_um"})
"""Where the wafer is under the pole piece: what :func:`scopeacq.plan.instrument.chamber_model` goes by."""


@dataclass(frozen=True, slots=True)
class Undone:
    """An instrument without its last calibration of a kind.

    ``left``: keys whose values were edited since, which stay as they were edited.
    """

    instrument: Instrument
    taken_back: Acceptance
    left: tuple[str, ...]


# -- conditions --------------------------------------------------------------------------


def conditions_of(instrument: Instrument) -> Conditions:
    """What calibrations are measured at with these settings. Frames are scanned at any rotation: none."""
    electron = instrument.electron
    return Conditions(
        landing_energy_kv=electron.eht_kv,
        wd_um=electron.wd_at_z0_um - instrument.stage.imaging_z_um,
        aperture_um=electron.aperture_um,
    )


def differences(held: Conditions, present: Conditions) -> tuple[str, ...]:
    """In what a calibration for ``held`` does not fit, a clause each."""
    clauses = []
    for key in differing(held, present):
        compared = COMPARED[key]
        was, now = getattr(held, key), getattr(present, key)
        clauses.append(f"{compared.name} {was:g} {compared.unit} instead of {now:g} {compared.unit}")
    return tuple(clauses)


def differing(held: Conditions, present: Conditions) -> tuple[str, ...]:
    """The conditions that are others, by their keys; not those that it does not depend on."""

    def differs(key: str) -> bool:
        was, now = getattr(held, key), getattr(present, key)
        return was is not None and now is not None and abs(was - now) > COMPARED[key].tolerance

    return tuple(key for key in COMPARED if differs(key))


# -- values ------------------------------------------------------------------------------


def value_at(instrument: Instrument, key: str) -> Value | None:
    """What stands at a key as ``electron.convergence_mrad``. Raises ``CalibrationRefused``."""
    _require_measured(key)
    value: Any = instrument.model_dump()
    for name in key.split("."):
        value = value[name]
    found: Value | None = TypeAdapter(Value | None).validate_python(value)
    return found


def with_values(instrument: Instrument, values: Mapping[str, Value | None]) -> Instrument:
    """The instrument with other measured values.

    Raises ``CalibrationRefused`` for a key that calibrations do not measure and for a value that the
    instrument's file could not hold.
    """
    data = instrument.model_dump()
    for key, value in values.items():
        _require_measured(key)
        if key in CHAMBER and value != value_at(instrument, key):
            raise CalibrationRefused(
                f"By {key} collisions are foreseen, so no calibration changes it: edit it by hand."
            )
        *tables, last = key.split(".")
        table = data
        for name in tables:
            table = table[name]
        table[last] = value
    if problems := [text for _, text in located_problems(Instrument, data)]:
        raise CalibrationRefused(f"The instrument cannot have these values: {'; '.join(problems)}.")
    return Instrument.model_validate(data)


def _require_measured(key: str) -> None:
    """Whatever a profile says, it changes nothing but what is there to be measured."""
    model: object = Instrument
    *tables, last = key.split(".")
    for name in tables:
        info = _fields(model).get(name)
        model = info.annotation if info is not None else None
    field = _fields(model).get(last)
    if field is None or not is_measured(field):
        raise CalibrationRefused(f"{key} is no value that is measured. Check that it is the right profile.")


def _fields(model: object) -> Mapping[str, Any]:
    return model.model_fields if isinstance(model, type) and issubclass(model, Settings) else {}


def carried(instrument: Instrument, root: Path) -> Instrument:
    """The instrument for another run than that in ``root``: where files of that lie is said in full."""
    calibrations = tuple(
        a.model_copy(
            update={
                "profiles": tuple(str(root.resolve() / name) for name in a.profiles),
                "values": tuple(in_full(v, root) for v in a.values),
            }
        )
        for a in instrument.calibrations
    )
    files = {key: _in_full(value_at(instrument, key), root) for key in FILES}
    return with_values(instrument, files).model_copy(update={"calibrations": calibrations})


def in_full(value: CalibratedValue, root: Path) -> CalibratedValue:
    """A value that names a file of the run in ``root``, named in full; any other as it is."""
    if value.key not in FILES:
        return value
    both = {"value": _in_full(value.value, root), "before": _in_full(value.before, root)}
    return value.model_copy(update=both)


def _in_full(name: Value | None, root: Path) -> Value | None:
    return str(root.resolve() / name) if isinstance(name, str) and name else name


# -- accepting and undoing ---------------------------------------------------------------


def accepted(
    instrument: Instrument, profile: Profile, where: str, *, even_if_bad: bool = False
) -> Instrument:
    """The instrument with the values of a profile.

    Args:
        where: path of the profile, as the instrument is to name it.
        even_if_bad: somebody has read why the verdict is bad, and wants it all the same.

    Raises ``CalibrationRefused``.
    """
    if not profile.values:
        raise CalibrationRefused(f"The calibration {where} holds no values to accept.")
    if profile.machine != instrument.name:
        raise CalibrationRefused(
            f"The calibration {where} was measured on {profile.machine}, this is {instrument.name}. "
            "Measure it here."
        )
    if not (profile.verdict.good or even_if_bad):
        raise CalibrationRefused(
            f"The calibration {where} is not good: {' '.join(profile.verdict.reasons)}"
        )
    if differ := differences(profile.conditions, conditions_of(instrument)):
        raise CalibrationRefused(
            f"The calibration {where} was measured at {', '.join(differ)}. Measure it anew, or let one be "
            "chosen with `scopeacq calibrate adopt`."
        )
    return with_acceptance(instrument, acceptance_of(profile, where))


def undone(instrument: Instrument, kind: CalibrationKind) -> Undone:
    """The instrument as before the last calibration of a kind. Raises ``CalibrationRefused``."""
    last = instrument.calibrations_in_use.get(kind)
    if last is None:
        raise CalibrationRefused(f"There is no calibration {kind.value} in use to undo.")
    edited = tuple(v.key for v in last.values if not _still(instrument, v))
    before = {v.key: v.before for v in last.values if v.key not in edited}
    rows = instrument.calibrations
    place = max(n for n, row in enumerate(rows) if row.kind is kind)
    others = rows[:place] + rows[place + 1 :]
    after = with_values(instrument, before).model_copy(update={"calibrations": others})
    return Undone(after, last, edited)


def _still(instrument: Instrument, value: CalibratedValue) -> bool:
    """Whether what was accepted stands there; compared as the file's model reads it."""
    return with_values(instrument, {value.key: value.value}) == instrument


def with_acceptance(instrument: Instrument, acceptance: Acceptance) -> Instrument:
    """The instrument with these values, and a note of what stood there before."""
    values = tuple(v.model_copy(update={"before": value_at(instrument, v.key)}) for v in acceptance.values)
    row = acceptance.model_copy(update={"values": values})
    after = with_values(instrument, {v.key: v.value for v in values})
    return after.model_copy(update={"calibrations": (*instrument.calibrations, row)})


def acceptance_of(profile: Profile, where: str) -> Acceptance:
    """A profile as it is accepted; what stood before is not known yet."""
    return Acceptance(
        kind=profile.kind,
        profiles=(where,),
        measured_at=profile.measured_at,
        conditions=profile.conditions,
        values=profile.values,
    )
