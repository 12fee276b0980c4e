"""Every number of the instrument says what it is, within which limits, and who set it when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from hardware.types import (
    BeamState,
    Blanker,
    DetectorState,
    GunState,
    Optics,
    Range,
    Raster,
    RasterState,
    StagePose,
)
from scopeacq.engine.ion_watch import IonsRead
from scopeacq.engine.readings import Author, Quantity, Readings
from scopeacq.engine.ways import Way
from scopeacq.plan.instrument import DriverSettings, Instrument
from scopeacq.plan.project import ImagingSettings
from ui.hand.manual_thread import ManualState
from ui.presenters.go_to import GoPhase, going_view, planned_view
from ui.presenters.hold import hold_view
from ui.presenters.instrument import Group, InstrumentPresenter, Line
from ui.presenters.instrument_lines import Number, Switch
from ui.presenters.orders import question_before, to_set, to_switch
from ui.presenters.stage import beam_um, place_of
from ui.presenters.tone import Tone
from ui.presenters.wafer_map import WaferMap

INSTRUMENT = Instrument(name="made", driver=DriverSettings(name="twin"))
READ = Readings(
    0.0,
    Blanker.BLANKED,
    BeamState(True, 1.5, True, 1.6, True),
    Optics(4500.0, 0.4, -0.3),
    (1.0, -2.0),
    DetectorState(True, 1.0, 0.0),
    StagePose(120.0, -40.0, 25_500.0, 0.0, 0.0),
    GunState(10.0, True, 12.0, 1e-5),
    RasterState(Raster(4.0, 4.0), False, float("inf")),
    1e-6,
    limits={"wd_um": Range(1_000.0, 50_000.0)},
)
NOON = datetime(2024, 5, 1, 12)


def presenter() -> InstrumentPresenter:
    return InstrumentPresenter(INSTRUMENT, ImagingSettings())


def group(made: InstrumentPresenter, title: str) -> Group:
    return next(g for g in made.view(0.0).groups if g.title == title)


def line(made: InstrumentPresenter, title: str, name: str) -> Line:
    return next(entry for entry in group(made, title).lines if entry.reading.name == name)


def test_before_anything_is_read_every_line_is_there_and_claims_nothing() -> None:
    view = presenter().view(0.0)
    assert [g.title for g in view.groups] == [
        "Electron beam",
        "Scan",
        "Detector",
        "Stage",
        "Ion gun",
        "Chamber",
    ]
    read = [entry.reading.shown for g in view.groups if g.title != "Scan" for entry in g.lines]
    assert set(read) == {"\N{EM DASH}"} and view.age == ""


def test_what_is_read_is_shown_with_unit_and_limits() -> None:
    made = presenter()
    made.take(READ, NOON)
    wd = line(made, "Electron beam", "Working distance")
    assert wd.reading.shown == "4500 \N{MICRO SIGN}m"
    assert "Limits: 1000 to 50000 \N{MICRO SIGN}m" in wd.tip
    assert line(made, "Ion gun", "Ion beam").reading.text == "blanked"
    assert line(made, "Chamber", "Pressure").reading.shown == "1.0e-06 mbar"


def test_a_value_outside_its_limits_stands_out() -> None:
    made = presenter()
    made.take(replace(READ, pressure_mbar=5e-3), NOON)
    assert line(made, "Chamber", "Pressure").reading.tone is Tone.CAUTION


def test_a_quantity_says_who_set_it_and_its_last_five_values() -> None:
    made = presenter()
    for n in range(7):
        optics = Optics(4500.0 + n, 0.4, -0.3)
        by = Author.AUTOFOCUS if n == 6 else Author.OPERATOR
        made.take(replace(READ, optics=optics, set_by={Quantity.WD: by}), NOON + timedelta(minutes=n))
    tip = line(made, "Electron beam", "Working distance").tip
    assert "Set by autofocus; like this since 12:06:00." in tip
    assert [f"{4500 + n} \N{MICRO SIGN}m, from 12:0{n}:00" in tip for n in range(7)] == [
        False,
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert "Set elsewhere or before" in line(made, "Electron beam", "Stigmator x").tip


def test_a_silent_device_says_why_and_shows_nothing_old() -> None:
    made = presenter()
    made.take(READ, NOON)
    dead = replace(READ, beam=None, optics=None, beam_shift_um=None, silent={"column": "column: gone."})
    made.take(dead, NOON)
    electrons = group(made, "Electron beam")
    assert electrons.silent == "column: gone."
    assert {entry.reading.shown for entry in electrons.lines} == {"\N{EM DASH}"}


def test_what_a_round_leaves_out_stays_as_it_was_read() -> None:
    made = presenter()
    made.take(READ, NOON)
    made.take(Readings(1.0, beam=READ.beam, stage=READ.stage), NOON)
    assert line(made, "Electron beam", "Working distance").reading.value == 4500.0
    made.take_ions(IonsRead(Blanker.OPEN, 1.5))
    assert line(made, "Ion gun", "Ion beam").reading.tone is Tone.ALARM


def test_readings_grow_old_and_are_forgotten() -> None:
    made = presenter()
    made.take(READ, NOON)
    assert made.view(1.0).age == "Read just now" and made.view(14.0).age == "Read 14 s ago"
    made.forget()
    assert made.view(15.0).readings is None


# -- orders ------------------------------------------------------------------------------


class Told:
    """A manual control that notes what is asked of it; its devices answer with what was read."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def devices(self) -> Told:
        return self

    column = detector = devices

    def optics(self) -> Optics:
        return Optics(4600.0, 0.4, -0.3)

    def beam_shift_um(self) -> tuple[float, float]:
        return 1.0, -2.0

    def state(self) -> DetectorState:
        return DetectorState(True, 1.0, 0.0)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, arguments))


@pytest.mark.parametrize(
    ("number", "call"),
    [
        (Number.WD, ("set_optics", (Optics(5.0, 0.4, -0.3),))),
        (Number.STIG_X, ("set_optics", (Optics(4600.0, 5.0, -0.3),))),
        (Number.STIG_Y, ("set_optics", (Optics(4600.0, 0.4, 5.0),))),
        (Number.SHIFT_X, ("set_beam_shift", (5.0, -2.0))),
        (Number.SHIFT_Y, ("set_beam_shift", (1.0, 5.0))),
        (Number.GAIN, ("set_detector", (DetectorState(True, 5.0, 0.0),))),
        (Number.OFFSET, ("set_detector", (DetectorState(True, 1.0, 5.0),))),
    ],
)
def test_a_number_is_set_beside_what_is_read_then(
    number: Number, call: tuple[str, tuple[Any, ...]]
) -> None:
    told = Told()
    to_set(number, 5.0).work(cast(Any, told))
    assert told.calls == [call]


@pytest.mark.parametrize(
    ("switch", "name"),
    [
        (Switch.EHT, "set_eht"),
        (Switch.VALVE, "set_valve"),
        (Switch.DETECTOR_HV, "set_detector_hv"),
        (Switch.GUN_HV, "set_gun_hv"),
    ],
)
@pytest.mark.parametrize("on", [True, False])
def test_a_switch_switches_only_itself(switch: Switch, name: str, on: bool) -> None:
    told = Told()
    to_switch(switch, on).work(cast(Any, told))
    assert told.calls == [(name, (on,))]


def test_only_the_guns_high_voltage_is_asked_about_and_only_before_it_goes_on() -> None:
    asked = [(s, on) for s in Switch for on in (True, False) if question_before(s, on)]
    assert asked == [(Switch.GUN_HV, True)]


# -- holding it ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ManualState)
@pytest.mark.parametrize("run_active", [True, False])
def test_orders_are_taken_only_while_it_is_held(state: ManualState, run_active: bool) -> None:
    view = hold_view(state, "Focusing", run_active)
    assert view.settable == (state in (ManualState.CONNECTED, ManualState.BUSY))
    assert view.tip and view.badge.word
    assert not (view.connect and view.now and run_active)


def test_during_a_run_the_button_says_why_it_cannot_be_pressed() -> None:
    view = hold_view(ManualState.RELEASED, "", True)
    assert not view.now and "pause or stop" in view.tip


# -- the stage -----------------------------------------------------------------------------


def test_the_beam_looks_where_the_stage_stands_and_the_beam_is_shifted() -> None:
    assert beam_um(READ) == (121.0, -42.0)
    assert beam_um(replace(READ, stage=None)) is None


def test_a_place_is_named_after_what_lies_there() -> None:
    assert place_of(READ, WaferMap(), INSTRUMENT) == "at x 0.12, y -0.04 mm"
    mill = replace(READ, stage=INSTRUMENT.mill.pose(120.0))
    assert place_of(mill, WaferMap(), INSTRUMENT) == "at the mill pose, turned by 120\N{DEGREE SIGN}"
    low = replace(READ, stage=StagePose(0.0, 0.0, 6_000.0, 0.0, 0.0))
    assert place_of(low, WaferMap(), INSTRUMENT).startswith("away from imaging: z 6.00 mm")


START = StagePose(0.0, 0.0, 5_000.0, 30.0, 120.0)
WAY = Way(
    START,
    (
        StagePose(rotation_deg=0.0),
        StagePose(tilt_deg=0.0),
        StagePose(300.0, 400.0),
        StagePose(z_um=25_500.0),
    ),
    (12.0, 10.0, 2.0, 20.0),
)


def test_a_way_is_told_leg_by_leg_before_it_is_driven() -> None:
    view = planned_view("section 3", WAY)
    assert view.phase is GoPhase.PLANNED
    assert view.summary.startswith("500.0 \N{MICRO SIGN}m in 4 moves, about 44 s")
    assert view.legs[0] == "turn to 0.0\N{DEGREE SIGN}, 12 s"
    assert view.legs[-1] == "up to z 25.50 mm, 20 s"


def test_on_the_way_time_is_all_that_is_claimed() -> None:
    view = going_view("section 3", WAY, 11.0)
    assert (view.phase, view.share, view.summary) == (GoPhase.GOING, 0.25, "About 33 s left.")
    assert going_view("section 3", WAY, 99.0).share == 1.0


def test_a_way_of_no_legs_says_so() -> None:
    assert "stands there already" in planned_view("here", Way(START, (), ())).summary


def test_the_stage_is_at_a_section_of_the_map(tmp_path: Path) -> None:
    from scopeacq.plan.demo import make_demo
    from ui.presenters.wafer_presenter import WaferPresenter

    plan = make_demo(tmp_path / "demo")
    section = plan.wafer.sections[2]
    x_um, y_um = section.roi_centre_um
    there = replace(READ, stage=StagePose(x_um, y_um, 25_500.0, 0.0, 0.0), beam_shift_um=(20.0, 20.0))
    place = place_of(there, WaferPresenter(plan).shown(), plan.instrument)
    assert place.startswith(f"at section {section.id}")
