"""Files of devices to begin with: every setting stands there, and what is uncommented is its default."""

from __future__ import annotations

import tomllib

from hardware.drivers.tescan import DRIVER, TescanSettings
from scopeacq.plan.instrument_templates import devices_template


def test_settings_in_groups_have_a_line_each() -> None:
    text = devices_template("Solaris", {"sem": ("tescan-sharksem", DRIVER)})
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines()[2:])
    table = tomllib.loads(uncommented)["devices"]["sem"]["settings"]
    assert TescanSettings.model_validate(table) == TescanSettings()
    assert set(table["stage"]) == set(TescanSettings().stage.model_dump())
