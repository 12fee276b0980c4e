"""What a laboratory fills in for a SEM: the wizard's form is made of titles, descriptions and names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hardware.drivers import tescan, thermo, zeiss
from hardware.parts import DeviceDriver


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Those of groups as well."""
    for name, field in model.model_fields.items():
        yield name, field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields_of(field.annotation)


@pytest.mark.parametrize("driver", [zeiss.DRIVER, tescan.DRIVER, thermo.DRIVER], ids=lambda d: d.title)
def test_each_setting_is_titled_described_and_has_a_default(driver: DeviceDriver) -> None:
    assert driver.settings()
    for name, field in fields_of(driver.settings):
        assert field.title and field.description, name
        assert not field.description[0].islower() and field.description.endswith("."), name
        assert "[" not in field.title, f"the unit of {name} stands in its name, and is shown beside it"
