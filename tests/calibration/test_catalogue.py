"""Every calibration that has a name says what it does and costs, and its settings survive a file."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from calibration.catalogue import procedure_of
from calibration.folders import SETTINGS, Sitting
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.templates import to_toml

KINDS = pytest.mark.parametrize("kind", CalibrationKind, ids=lambda kind: kind.value)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_demo(tmp_path_factory.mktemp("demo"))


@KINDS
def test_every_calibration_says_what_it_does_and_takes(kind: CalibrationKind, plan: Plan) -> None:
    procedure = procedure_of(kind)
    assert procedure.kind is kind and procedure.title and len(procedure.about) > 40
    cost = procedure.cost(plan, procedure.settings())
    assert cost.duration_s > 0 and math.isfinite(cost.duration_s) and cost.frames >= 0
    assert math.isfinite(cost.electron_dose_per_nm2)


@KINDS
def test_every_setting_is_explained(kind: CalibrationKind) -> None:
    fields: dict[str, FieldInfo] = procedure_of(kind).settings.model_fields
    assert [name for name, info in fields.items() if not info.description] == []


@KINDS
def test_settings_survive_the_file_of_a_sitting(kind: CalibrationKind, plan: Plan, tmp_path: Path) -> None:
    procedure = procedure_of(kind)
    sitting = Sitting.of(plan, procedure, procedure.settings())
    (tmp_path / SETTINGS).write_text(to_toml(sitting))
    read = Sitting.read(tmp_path)
    assert read == sitting and read.unlike(sitting) == ""
    assert procedure.settings.model_validate(read.settings) == procedure.settings()
