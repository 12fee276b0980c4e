"""The ion gun of which only its enable contact and its pump can be read: nothing else is invented."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hardware.contract.bench import trial_twin
from hardware.drivers.dcon_relay.module import Wording
from hardware.drivers.gcib_gun import DRIVER, GunSettings
from hardware.emulators.dcon_relay import RelayModule
from hardware.emulators.gcib_gun import GunEnable, pump_mbar
from hardware.emulators.pfeiffer_gauge import DigitalGauge
from hardware.emulators.rehearsal import Rehearsal
from hardware.emulators.serving import Spoiled, Spoiling, Terminal
from hardware.errors import Deadline, HardwareError, Interlocked, Refused
from hardware.interlocks import MillLimits, open_refusals
from hardware.protocols import IonGun
from tests.hardware.fakes import good_proof


@dataclass(frozen=True)
class Rig:
    around: Rehearsal
    module: RelayModule
    relay: Terminal
    pump: Terminal
    folder: Path

    def connect(self, hours_ago: float = 0.1, **changes: Any) -> IonGun:
        given = {
            "port": str(self.relay.path),
            "answer_s": 0.2,
            "indicator_input": 0,
            "gauge_port": str(self.pump.path),
            "declared_hv_kv": 10.0,
            "declared_gas_bar": 15.0,
            "declared_at": datetime.now(UTC) - timedelta(hours=hours_ago),
        }
        settings = GunSettings.model_validate(given | changes)
        parts = DRIVER.connect(settings, self.around.surroundings("ion gun", self.folder))
        assert parts.gun is not None
        return parts.gun


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    around = trial_twin()
    around.firmware.execute("gun.hv", {"on": False})
    module = RelayModule({0: GunEnable(around.link)})
    gauge = DigitalGauge(pump_mbar(around.link))
    with (
        closing(module),
        closing(Terminal(module, tmp_path / "relay")) as relay,
        closing(Terminal(gauge, tmp_path / "pump")) as pump,
    ):
        yield Rig(around, module, relay, pump, tmp_path)


def test_high_voltage_counts_only_while_contact_and_indicator_read_so(rig: Rig) -> None:
    gun = rig.connect()
    assert not gun.state().hv_on and gun.state().hv_kv == 0.0
    gun.set_hv(True)
    state = gun.state()
    assert state.hv_on and (state.hv_kv, state.gas_bar) == (10.0, 15.0) and rig.around.nature.gun.hv_on
    assert state.pump_pressure_mbar == pytest.approx(rig.around.nature.gun.state().pump_pressure_mbar, 1e-3)
    rig.around.nature.gun.hv_on = False  # it trips, the relay still energised
    assert not gun.state().hv_on and gun.state().hv_kv == 0.0
    gun.set_hv(False)
    assert not rig.module.outputs


def test_a_state_that_it_tells_satisfies_the_guard_or_says_why_not(rig: Rig) -> None:
    gun = rig.connect()
    proof = good_proof()
    gun.set_hv(True)
    assert gun.state().hv_on

    assert open_refusals(replace(proof, gun=gun.state()), MillLimits()) == []
    gun.set_hv(False)
    assert any(
        "high voltage is off" in why for why in open_refusals(replace(proof, gun=gun.state()), MillLimits())
    )


@pytest.mark.parametrize("hours_ago", [72.1, 10_000.0, -1.0])
def test_what_was_declared_too_long_ago_counts_no_more(rig: Rig, hours_ago: float) -> None:
    gun = rig.connect(hours_ago)
    with pytest.raises(Interlocked, match="declared at") as error:
        gun.state()
    assert "anew" in error.value.advice
    gun.set_hv(True)
    gun.set_hv(False)  # which needs no declaration
    assert not rig.around.nature.gun.hv_on


def test_what_is_not_measured_is_called_unverifiable(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rig.connect()
    assert "unverifiable" in caplog.text and "10 kV" in caplog.text


def test_a_gun_that_does_not_come_on_is_switched_off_again(rig: Rig) -> None:
    gun = rig.connect()
    rig.around.nature.chamber.break_vacuum()
    before_s = rig.around.twin.clock.now_s()
    with pytest.raises(Refused, match="did not come on within 30 s"):
        gun.set_hv(True)
    assert rig.around.twin.clock.now_s() - before_s >= 30.0
    assert not rig.module.outputs and not rig.around.nature.gun.hv_on


def test_a_gun_that_stays_on_is_told(rig: Rig) -> None:
    gun = rig.connect()
    gun.set_hv(True)
    rig.module.welded = True
    with pytest.raises(Refused, match="not off") as error:
        gun.set_hv(False)
    assert error.value.advice == "Press gun off."


def test_high_voltage_that_nothing_enables_is_not_called_off(rig: Rig) -> None:
    """A cleaner, say, needs it off: a welded contact must not pass for that."""
    gun = rig.connect()
    gun.set_hv(True)
    rig.module.welded = True
    with pytest.raises(Refused):
        gun.set_hv(False)
    assert not rig.module.outputs and rig.around.nature.gun.hv_on
    with pytest.raises(Refused, match="is on though its enable relay is not") as error:
        gun.state()
    assert error.value.advice == "Press gun off."


def test_power_loss_of_the_relay_takes_the_high_voltage_off(rig: Rig) -> None:
    gun = rig.connect()
    gun.set_hv(True)
    rig.module.power_off()
    assert not rig.around.nature.gun.hv_on
    rig.module.power_on()
    assert not gun.state().hv_on


def test_switching_is_sent_once(rig: Rig) -> None:
    gun = rig.connect()
    rig.relay.spoiler.spoil(Spoiled(Spoiling.SILENT, Wording().line("#011001")[:7], times=9))
    with pytest.raises(Deadline):
        gun.set_hv(True)
    rig.relay.spoiler.clear()
    gun.set_hv(False)
    assert not rig.around.nature.gun.hv_on


def test_high_voltage_whose_coming_on_nobody_confirmed_is_taken_off(rig: Rig) -> None:
    gun = rig.connect()
    rig.relay.spoiler.spoil(Spoiled(Spoiling.SILENT, b"#011001"))
    with pytest.raises(Deadline):
        gun.set_hv(True)
    assert not rig.module.outputs and not rig.around.nature.gun.hv_on


def test_high_voltage_that_cannot_be_read_back_is_taken_off(rig: Rig) -> None:
    gun = rig.connect()
    rig.relay.spoiler.spoil(Spoiled(Spoiling.GARBAGE, b"@01", times=3))
    with pytest.raises(HardwareError):
        gun.set_hv(True)
    assert not rig.module.outputs and not rig.around.nature.gun.hv_on


def test_high_voltage_that_can_neither_be_read_nor_taken_off_is_told(rig: Rig) -> None:
    gun = rig.connect()
    rig.relay.spoiler.spoil(Spoiled(Spoiling.SILENT, b"#0110", times=2))
    with pytest.raises(Deadline) as error:
        gun.set_hv(True)
    assert any("Press gun off" in note for note in error.value.__notes__)


@pytest.mark.parametrize("stored", ["P", "S"])
def test_a_relay_that_would_switch_it_on_by_itself_is_refused(rig: Rig, stored: str) -> None:
    """Power that returns at night must not bring the high voltage with it."""
    rig.module.outputs = 1
    rig.module.answer(Wording().line(f"~015{stored}"))
    rig.module.outputs = 0
    with pytest.raises(Refused, match="by itself"):
        rig.connect()


def test_without_its_pump_gauge_it_has_no_state(rig: Rig) -> None:
    gun = rig.connect()
    rig.pump.unplug()
    with pytest.raises(HardwareError) as error:
        gun.state()
    assert error.value.device == "ion gun pump gauge" and error.value.advice


def test_a_gun_without_an_indicator_is_read_by_its_contact(rig: Rig) -> None:
    gun = rig.connect(indicator_input=None)
    gun.set_hv(True)
    assert gun.state().hv_on


@pytest.mark.parametrize(
    "wrong",
    [
        {"declared_hv_kv": 0.0},
        {"declared_at": "2026-01-01T10:00:00"},
        {"declared_for_h": 1e4},
        {"port": None},
    ],
)
def test_settings_that_declare_nothing_are_wrong(rig: Rig, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rig.connect(**wrong)
