"""The settings of the twin: everything has a default, and what is mistyped is refused."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import ValidationError

from hardware.simulator.config import Time, TwinSettings
from hardware.simulator.faults import AfterCalls, AtTime, Device, Fault, FaultKind

TOML = """
seed = 7
time = "real"
pace = 20.0

[stage]
trip_error_z_um = 9.0

[[faults]]
device = "stage"
kind = "refused"
trigger = { n_calls = 3 }

[[faults]]
device = "ion gun"
kind = "gas out"
trigger = { at_s = 60.0 }
lasts_s = 5.0
"""


def test_settings_come_from_an_instrument_file() -> None:
    settings = TwinSettings.model_validate(tomllib.loads(TOML))
    assert (settings.seed, settings.time, settings.pace) == (7, Time.REAL, 20.0)
    assert settings.stage.trip_error_z_um == 9.0
    assert settings.faults == (
        Fault(Device.STAGE, FaultKind.REFUSED, AfterCalls(3)),
        Fault(Device.GUN, FaultKind.GAS_OUT, AtTime(60.0), lasts_s=5.0),
    )


def test_settings_survive_the_way_to_another_process() -> None:
    settings = TwinSettings.model_validate(tomllib.loads(TOML))
    assert TwinSettings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"sed": 1},
        {"seed": -1},
        {"stage": {"settling": 1.0}},
        {"gun": {"current_na": float("nan")}},
        {"pace": 0.0},
        {"time": "imaginary"},
        {"faults": [{"device": "stage", "kind": "EHT trip", "trigger": {"n_calls": 1}}]},
        {"faults": [{"device": "stage", "kind": "refused", "trigger": {"n_times": 1}}]},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TwinSettings.model_validate(wrong)
