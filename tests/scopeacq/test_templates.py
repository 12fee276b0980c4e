"""What is written as a commented settings file reads back as the same settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopeacq.journal.records import Policy
from scopeacq.plan.instrument import DriverSettings, Instrument
from scopeacq.plan.project import FocusPolicy, FocusSettings, MillingSettings, PolicySettings, Project
from scopeacq.plan.settings import Settings
from scopeacq.plan.templates import to_toml, unit_of

INSTRUMENT = Instrument(
    name='Twin\'s "own"',
    driver=DriverSettings(name="twin", settings={"seed": 3, "specimen": {"file": "ä.tif"}}),
)


@settings(max_examples=25)
@given(
    name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30),
    cycles=st.integers(1, 100_000),
    policy=st.sampled_from(FocusPolicy),
    focus_refused=st.sampled_from(Policy),
    depth_nm=st.floats(1e-3, 1e4),
    azimuths=st.lists(st.integers(-180, 179).map(float), min_size=1, max_size=5, unique=True),
)
def test_a_project_reads_back(
    name: str,
    cycles: int,
    policy: FocusPolicy,
    focus_refused: Policy,
    depth_nm: float,
    azimuths: list[float],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    project = Project(
        name=name,
        cycles=cycles,
        focus=FocusSettings(policy=policy),
        policies=PolicySettings(focus_refused=focus_refused),
        milling=MillingSettings(depth_nm=depth_nm, azimuths_deg=tuple(azimuths)),
    )
    path = tmp_path_factory.mktemp("project") / "project.toml"
    path.write_text(to_toml(project, "A project."), encoding="utf-8")
    assert Project.read(path) == project


def test_an_instrument_with_its_tables_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "instrument.toml"
    path.write_text(to_toml(INSTRUMENT), encoding="utf-8")
    assert Instrument.read(path) == INSTRUMENT


def test_keys_carry_unit_choices_and_description() -> None:
    text = to_toml(Project(name="x", cycles=1, milling=MillingSettings(depth_nm=10.0)), "First line.")
    assert text.startswith("# First line.\n")
    assert "dwell_ns = 200.0 # ns" in text
    assert 'policy = "every tile" # one of: every tile, every n-th tile' in text
    assert "limit_wd_um = 80.0 # um; A correction beyond this is refused." in text


def test_what_is_not_given_stands_there_as_a_comment() -> None:
    text = to_toml(MillingSettings(depth_nm=10.0))
    assert "# charge_uc_per_azimuth =  # uC" in text


def _numeric_keys(model: type[Settings]) -> list[str]:
    keys = [name for name, info in model.model_fields.items() if info.annotation is float]
    for info in model.model_fields.values():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Settings):
            keys += _numeric_keys(info.annotation)
    return keys


PURE_NUMBERS = {
    "coarse_factor",
    "done_stig",
    "limit_stig",
    "max_sd_stig",
    "min_correlation",
    "dark_fraction",
    "saturated_fraction_max",
    "rates",
    "pixel_size_factor",
    "shear",
    "aspect",
    "stigmator_y_ratio",
}


@pytest.mark.parametrize("model", [Project, Instrument])
def test_every_quantity_says_its_unit(model: type[Settings]) -> None:
    without = {key for key in _numeric_keys(model) if not unit_of(key)} - PURE_NUMBERS
    # limits such as pressure_max_mbar end in their unit, too
    assert without == set()
