"""Files of devices to begin with: every setting stands there, and what is uncommented is its default."""

from __future__ import annotations

import tomllib

from hardware.drivers.tescan import DRIVER, TescanSettings
from hardware.instruments_file import check, parse
from hardware.parts import Part
from hardware.simulator.device import DRIVER as TWIN
from scopeacq.plan.instrument_templates import devices_template


def test_settings_in_groups_have_a_line_each() -> None:
    text = devices_template("Solaris", {"sem": ("tescan-sharksem", DRIVER)})
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines()[2:])
    table = tomllib.loads(uncommented)["devices"]["sem"]["settings"]
    assert TescanSettings.model_validate(table) == TescanSettings()
    assert set(table["stage"]) == set(TescanSettings().stage.model_dump())


def test_a_simulated_rest_keeps_the_computers_time() -> None:
    text = devices_template("Solaris", {"rest": ("twin", TWIN), "sem": ("tescan-sharksem", DRIVER)})
    draft = parse(text)
    rest = draft.devices["rest"]
    assert rest.settings == {"time": "real"} and Part.CLOCK not in (rest.plays or ())
    assert not check(draft)
    assert not parse(devices_template("Twin", {"all": ("twin", TWIN)})).devices["all"].settings
