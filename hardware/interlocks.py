"""When the ion beam may open: a proof of the machine's state, limits, and every reason against.

Pure, and read by the guard process too: nothing but the standard library and
:mod:`hardware.types` is imported here. Every comparison is written so that ``nan`` refuses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from hardware.types import (
    BeamState,
    CurrentReading,
    DetectorState,
    GunState,
    PoseTolerance,
    Range,
    Raster,
    RasterState,
    StagePose,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

RASTER_TOLERANCE = 0.02
"""How far amplitude and frequency read back may lie from what was wanted, relative."""


@dataclass(frozen=True, slots=True)
class MillProof:
    """What was read back from the instrument just before the ion beam is to open.

    ``at_s`` is the instrument's clock when the proof was gathered; the age of ``current``
    counts from there.
    """

    pose: StagePose
    mill_pose: StagePose
    tolerance: PoseTolerance
    beam: BeamState
    detector: DetectorState
    pressure_mbar: float
    gun: GunState
    raster: RasterState
    wanted_raster: Raster
    current: CurrentReading
    at_s: float


@dataclass(frozen=True, slots=True)
class MillLimits:
    """What the guard holds every proof against, given to it once, when it starts.

    ``tilt_deg`` and ``z_um`` are where a mill pose may lie at all, so that a wrong wanted
    pose cannot prove itself.
    """

    pressure_mbar: Range = Range(1e-9, 1e-3)
    hv_kv: Range = Range(1.0, 20.0)
    gas_bar: Range = Range(1.0, 40.0)
    pump_pressure_max_mbar: float = 1e-2
    current_na: Range = Range(1.0, 500.0)
    current_age_max_s: float = 3600.0
    proof_age_max_s: float = 60.0
    raster_vpp: Range = Range(0.5, 20.0)
    tilt_deg: Range = Range(10.0, 60.0)
    z_um: Range = Range(0.0, 6_000.0)


def open_refusals(proof: MillProof, limits: MillLimits) -> list[str]:
    """Every reason not to open the ion beam, a sentence each; empty means that it may open."""
    return [
        *_pose_refusals(proof, limits),
        *_column_refusals(proof, limits),
        *_gun_refusals(proof.gun, limits),
        *_raster_refusals(proof, limits),
        *_current_refusals(proof, limits),
    ]


def staleness_refusals(proof: MillProof, now_s: float, limits: MillLimits) -> list[str]:
    """Why a proof of the past, or of the future, is none at ``now_s`` of the instrument's clock."""
    age_s = now_s - proof.at_s
    if 0.0 <= age_s <= limits.proof_age_max_s:
        return []
    return [f"The proof is {age_s:g} s old, allowed {limits.proof_age_max_s:g}: gather it anew"]


def _pose_refusals(proof: MillProof, limits: MillLimits) -> Iterator[str]:
    for axis in (f.name for f in fields(StagePose)):
        wanted, got = getattr(proof.mill_pose, axis), getattr(proof.pose, axis)
        tolerance = getattr(proof.tolerance, axis)
        if wanted is None or got is None:
            yield f"The stage's {axis} is not known"
        elif not pose_deviation(axis, wanted, got) <= tolerance:
            yield f"The stage's {axis} is {got:g}, the mill pose is {wanted:g} within {tolerance:g}"
    for axis, allowed in (("tilt_deg", limits.tilt_deg), ("z_um", limits.z_um)):
        got = getattr(proof.pose, axis)
        if got is not None and got not in allowed:
            yield f"The stage's {axis} is {got:g}, milling is allowed at {allowed}"


def _column_refusals(proof: MillProof, limits: MillLimits) -> Iterator[str]:
    if proof.beam.eht_on and not proof.beam.blanked:
        yield "The electron beam is neither blanked nor off"
    if not proof.detector.safe:
        yield "The electron detector's high voltage is on"
    if proof.pressure_mbar not in limits.pressure_mbar:
        yield f"The chamber pressure is {proof.pressure_mbar:g} mbar, allowed {limits.pressure_mbar}"


def _gun_refusals(gun: GunState, limits: MillLimits) -> Iterator[str]:
    if not gun.hv_on:
        yield "The ion gun's high voltage is off"
    if gun.hv_kv not in limits.hv_kv:
        yield f"The ion gun's high voltage is {gun.hv_kv:g} kV, allowed {limits.hv_kv}"
    if gun.gas_bar not in limits.gas_bar:
        yield f"The ion gun's gas pressure is {gun.gas_bar:g} bar, allowed {limits.gas_bar}"
    yield from gun_pump_refusals(gun, limits)


def gun_pump_refusals(gun: GunState, limits: MillLimits) -> list[str]:
    """Why the gun's own vacuum bears neither beam nor high voltage."""
    if 0.0 < gun.pump_pressure_mbar <= limits.pump_pressure_max_mbar:
        return []
    allowed = f"allowed up to {limits.pump_pressure_max_mbar:g}"
    return [f"The ion gun's pump reads {gun.pump_pressure_mbar:g} mbar, {allowed}"]


def _raster_refusals(proof: MillProof, limits: MillLimits) -> Iterator[str]:
    if not proof.raster.running:
        yield "The ion raster is not running"
    if proof.raster.load_ohm != math.inf:
        yield f"The waveform generator's load is {proof.raster.load_ohm:g} ohm, not high impedance"
    for name in (f.name for f in fields(Raster)):
        wanted, got = getattr(proof.wanted_raster, name), getattr(proof.raster.raster, name)
        if not abs(got - wanted) <= RASTER_TOLERANCE * abs(wanted):
            yield f"The ion raster's {name} is {got:g}, wanted {wanted:g}"
        if name.endswith("_vpp") and got not in limits.raster_vpp:
            yield f"The ion raster's {name} is {got:g}, allowed {limits.raster_vpp}"
        if name.endswith("_hz") and not 0.0 < got < math.inf:
            yield f"The ion raster's {name} is {got:g}: the spot would stand still"


def _current_refusals(proof: MillProof, limits: MillLimits) -> Iterator[str]:
    current, age_s = proof.current.current_na, proof.at_s - proof.current.at_s
    if current not in limits.current_na:
        yield f"The ion current is {current:g} nA, allowed {limits.current_na}"
    if not 0.0 <= age_s <= limits.current_age_max_s:
        yield f"The ion current was measured {age_s:g} s ago, allowed {limits.current_age_max_s:g}"


def pose_deviation(axis: str, wanted: float, got: float) -> float:
    """How far an axis of :class:`StagePose` is from where it should be; rotation wraps at 360."""
    deviation = abs(got - wanted)
    return abs((deviation + 180.0) % 360.0 - 180.0) if axis == "rotation_deg" else deviation


def to_json(value: DataclassInstance) -> str:
    """A frozen dataclass of plain numbers as one line of JSON; ``inf`` and ``nan`` survive."""
    return json.dumps(asdict(value))


def from_json(kind: type[T], text: str) -> T:
    """The dataclass ``kind`` from :func:`to_json`'s text.

    Raises ``ValueError`` for anything missing, extra or mistyped.
    """
    return _built(kind, json.loads(text), kind.__name__)  # type: ignore[no-any-return]


def _built(kind: Any, value: object, where: str) -> Any:
    """``value`` as the annotation ``kind``: a dataclass, ``bool``, ``float`` or ``float | None``."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        if not isinstance(value, dict) or value.keys() != hints.keys():
            raise ValueError(f"{where} needs exactly {', '.join(hints)}")
        return kind(**{name: _built(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})  # type: ignore[operator]
    if kind is bool and isinstance(value, bool):
        return value
    if kind is not bool and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == float | None and value is None:
        return None
    raise ValueError(f"{where} cannot be {value!r}")
