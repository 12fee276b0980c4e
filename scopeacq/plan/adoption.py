"""Which calibration fits other conditions: one that was measured there, or two that lie on either side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from scopeacq.plan.calibrations import (
    Acceptance,
    CalibratedValue,
    CalibrationKind,
    Conditions,
    Fit,
    Profile,
)
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.poses import within_half_turn_deg
from scopeacq.plan.profiles import (
    COMPARED,
    CalibrationRefused,
    Compared,
    acceptance_of,
    conditions_of,
    differing,
    with_acceptance,
)


def adopted(
    instrument: Instrument, kind: CalibrationKind, others: Mapping[str, Profile] | None = None
) -> Instrument:
    """The instrument with what fits its present conditions, of all that was accepted and not undone.

    The newest that was measured at these conditions; else what lies between the nearest two that differ
    from them in one condition alone. The same instrument where that is in use already.

    Args:
        others: further profiles to choose among, by their paths, such as of other runs on this machine.

    Raises ``CalibrationRefused`` where none fits.
    """
    present = conditions_of(instrument)
    known = _known(instrument, kind, others or {})
    chosen = _exact(known, present) or _between(known, present)
    if chosen is None:
        at = ", ".join(f"{c.name} {getattr(present, key):g} {c.unit}" for key, c in _given(present))
        raise CalibrationRefused(
            f"No calibration {kind.value} that was accepted fits {at}, and no two lie on either side. "
            "Measure it at these conditions."
        )
    in_use = instrument.calibrations_in_use.get(kind)
    if in_use is not None and (in_use.profiles, in_use.conditions) == (chosen.profiles, chosen.conditions):
        return instrument
    return with_acceptance(instrument, chosen)


def _given(conditions: Conditions) -> list[tuple[str, Compared]]:
    return [(key, c) for key, c in COMPARED.items() if getattr(conditions, key) is not None]


def _known(
    instrument: Instrument, kind: CalibrationKind, others: Mapping[str, Profile]
) -> list[Acceptance]:
    """What was measured, newest first."""
    profiles = (
        acceptance_of(profile, where)
        for where, profile in others.items()
        if profile.kind is kind and profile.verdict.good and profile.machine == instrument.name
    )
    known = [a for a in instrument.calibrations if a.kind is kind and a.fit is Fit.EXACT]
    return sorted([*known, *profiles], key=lambda a: a.measured_at, reverse=True)


def _exact(known: Iterable[Acceptance], present: Conditions) -> Acceptance | None:
    return next((a for a in known if not differing(a.conditions, present)), None)


def _between(known: Sequence[Acceptance], present: Conditions) -> Acceptance | None:
    """Interpolated between the nearest on both sides of the one condition that differs."""
    for key in COMPARED:
        wanted = getattr(present, key)
        near = [a for a in known if differing(a.conditions, present) == (key,)]
        below = [a for a in near if getattr(a.conditions, key) < wanted]
        above = [a for a in near if getattr(a.conditions, key) > wanted]
        pairs = [(a, b) for a, b in product(below, above) if _alike(a, b)]
        if pairs:
            a, b = min(pairs, key=lambda p: getattr(p[1].conditions, key) - getattr(p[0].conditions, key))
            return _interpolated(a, b, key, wanted)
    return None


def _alike(a: Acceptance, b: Acceptance) -> bool:
    """Whether all that two calibrations hold can be interpolated: numbers, and what is the same in both."""
    there = {v.key: v.value for v in b.values}

    def pairs(v: CalibratedValue) -> bool:
        other = there.get(v.key)
        return other == v.value or (isinstance(other, float) and isinstance(v.value, float))

    return len(a.values) == len(there) and all(map(pairs, a.values))


def _interpolated(a: Acceptance, b: Acceptance, key: str, wanted: float) -> Acceptance:
    low, high = getattr(a.conditions, key), getattr(b.conditions, key)
    share = (wanted - low) / (high - low)
    there = {v.key: v for v in b.values}
    return Acceptance(
        kind=a.kind,
        fit=Fit.INTERPOLATED,
        profiles=a.profiles + b.profiles,
        measured_at=min(a.measured_at, b.measured_at),
        conditions=a.conditions.model_copy(update={key: wanted}),
        values=tuple(_mixed(v, there[v.key], share) for v in a.values),
    )


def _mixed(a: CalibratedValue, b: CalibratedValue, share: float) -> CalibratedValue:
    if not (isinstance(a.value, float) and isinstance(b.value, float)):
        return a
    value = a.value + share * (b.value - a.value)
    if a.key.endswith("_deg"):  # from 359 to 1 degrees it is two, not 358
        value = within_half_turn_deg(a.value + share * within_half_turn_deg(b.value - a.value))
    sd = None if a.sd is None or b.sd is None else max(a.sd, b.sd)
    return CalibratedValue(key=a.key, value=value, sd=sd)
