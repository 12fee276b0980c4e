"""What a laboratory fills in for a SEM: the wizard's form is made of titles, descriptions and names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from annotated_types import Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hardware.connection import Deadlines
from hardware.drivers import tescan, thermo, zeiss
from hardware.drivers.tescan.connect import URGENT_ANSWER_S
from hardware.parts import DeviceDriver
from hardware.transport.dialogue import Timing

BLANKING_ASKS = 4
"""A question that wakes, the command, and what is read back; or, over SharkSEM, two of each."""


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Those of groups as well."""
    for name, field in model.model_fields.items():
        yield name, field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields_of(field.annotation)


def most_patient(model: type[BaseModel], name: str) -> float:
    """The longest time that a setting may have. Raises ``StopIteration`` where it has no end."""
    bounds = model.model_fields[name].metadata
    return next(bound.le for bound in bounds if isinstance(bound, Le) and isinstance(bound.le, float))


def test_silence_is_told_before_the_connection_is_called_lost() -> None:
    """At the most patient settings: a question, however often it is asked, and what brings to rest."""
    deadlines = Deadlines()
    assert most_patient(zeiss.ZeissSettings, "answer_s") < deadlines.call_s
    assert BLANKING_ASKS * most_patient(zeiss.ZeissSettings, "urgent_answer_s") < deadlines.urgent_s
    longest = Timing(most_patient(tescan.TescanSettings, "answer_s"), late_s=0.0).longest_question_s
    assert longest < deadlines.call_s
    assert deadlines.urgent_s > BLANKING_ASKS * URGENT_ANSWER_S


@pytest.mark.parametrize("driver", [zeiss.DRIVER, tescan.DRIVER, thermo.DRIVER], ids=lambda d: d.title)
def test_each_setting_is_titled_described_and_has_a_default(driver: DeviceDriver) -> None:
    assert driver.settings()
    for name, field in fields_of(driver.settings):
        assert field.title and field.description, name
        assert not field.description[0].islower() and field.description.endswith("."), name
        assert "[" not in field.title, f"the unit of {name} stands in its name, and is shown beside it"
