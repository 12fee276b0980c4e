"""What was calibrated, under what conditions, and whether it fits a run: profiles as files.

A *profile* is what one calibration came to: values of ``instrument.toml`` with what stood there before,
the conditions it holds for, and a verdict. It lies in ``calibrations/<kind>/<when>/profile.toml`` of the
run's folder, beside what was measured, and is never changed. What a run goes by stands in
``instrument.toml`` alone, together with what each acceptance of a profile changed there: that is enough
to undo it, and to choose for other conditions, also where the profile itself is not at hand.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scopeacq.plan.calibration_kinds import CalibrationKind
from scopeacq.plan.settings import Name, Settings, read_toml

__all__ = [
    "Acceptance",
    "CalibratedValue",
    "CalibrationKind",
    "Conditions",
    "Fit",
    "Profile",
    "Value",
    "Verdict",
]

FORMAT = "scopeacq.calibration/1"


class Conditions(Settings):
    """What a calibration depends on; ``None`` where it does not."""

    landing_energy_kv: Annotated[float, Field(gt=0)] | None = None
    wd_um: Annotated[float, Field(gt=0)] | None = None
    aperture_um: Annotated[float, Field(gt=0)] | None = None
    scan_rot_deg: Annotated[float, Field(ge=-360, le=360)] | None = None


Value = float | str | tuple[dict[str, float], ...]
"""What may stand in ``instrument.toml``: a number, a name, a table of rows."""


class CalibratedValue(Settings):
    """One value of ``instrument.toml``. ``key`` is its place there, as ``electron.convergence_mrad``.

    ``before`` stood there when the calibration began, ``None`` where nothing did; ``sd`` is its standard
    deviation in its own unit.
    """

    key: str
    value: Value
    before: Value | None = None
    sd: Annotated[float, Field(ge=0)] | None = None


class Verdict(Settings):
    """Whether a calibration may be used, and why; a sentence each, for operators."""

    good: bool
    reasons: tuple[str, ...] = ()


class Profile(Settings):
    """What one calibration came to."""

    format: str = FORMAT
    kind: CalibrationKind
    measured_at: datetime
    machine: Name
    software: str
    conditions: Conditions = Conditions()
    verdict: Verdict
    measurements: str = Field("measurements.jsonl", description="What was measured, beside this file.")
    measurements_xxh3: str = Field("", description="Digest of that file.")
    files: tuple[str, ...] = Field((), description="What else belongs to it, beside this file.")
    values: tuple[CalibratedValue, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Profile:
        """Raises ``SettingsError``."""
        return read_toml(path, cls, FORMAT)


class Fit(Enum):
    """How the values that were accepted came from profiles."""

    EXACT = "exact"
    INTERPOLATED = "interpolated"


class Acceptance(Settings):
    """A calibration that a run goes by, or went by before the next one of its kind."""

    kind: CalibrationKind
    fit: Fit = Fit.EXACT
    profiles: tuple[str, ...] = Field(
        (), description="Where they came from; relative to the run's folder unless measured elsewhere."
    )
    measured_at: datetime
    conditions: Conditions = Conditions()
    values: tuple[CalibratedValue, ...] = Field((), description="What was accepted, and stood here before.")
