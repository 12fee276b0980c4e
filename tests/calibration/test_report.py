"""Reports of calibrations: every kind of figure is drawn, whatever it holds, and nothing is fetched."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.figure_pictures import drawn
from calibration.figures import Arrows, Figure, HeatMap, Picture, Plot
from calibration.procedure import Compared, Result
from calibration.report import conditions_told, report_html
from scopeacq.plan.calibrations import CalibrationKind, Conditions, Profile, Verdict
from scopeacq.telling.svg import Axes, Series
from tests.calibration.tiny_procedure import PROCEDURE

HOSTILE = '<script>&"alert"</script>'
GREY = np.arange(64 * 48).astype(np.uint8).reshape(48, 64)
FIGURES: tuple[Figure, ...] = (
    Plot(
        "Plot", (Series(HOSTILE, [(0.0, 1.0), (0.5, 2.0)]), Series("b", [(0.1, 1.5)])), Axes("x", HOSTILE)
    ),
    Arrows(HOSTILE, "um", ((0.0, 0.0), (10.0, 5.0)), ((0.1, 0.2), (0.0, -0.3)), 10.0, frozenset({1})),
    HeatMap(HOSTILE, np.array([[1.0, np.nan], [3.0, 4.0]]), (0, 2, 2, 0), "x [mm]", "y [mm]", HOSTILE),
    Picture(HOSTILE, GREY, ((10.0, 20.0),)),
)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: type(figure).__name__)
def test_every_figure_is_well_formed_and_escaped(figure: Figure) -> None:
    text = str(drawn(figure))
    assert "<script" not in text
    ET.fromstring(f"<div>{text}</div>")


@pytest.mark.parametrize(
    "figure",
    [
        Plot("", (), Axes("x", "y")),
        Arrows("", "um", (), ()),
        Arrows("", "um", ((1.0, 1.0),), ((0.0, 0.0),)),
        HeatMap("", np.full((2, 2), np.nan), (0, 1, 1, 0), "x", "y", "v"),
        HeatMap("", np.zeros((1, 1)), (0, 1, 1, 0), "x", "y", "v"),
    ],
)
def test_figures_of_nothing_are_drawn_as_well(figure: Figure) -> None:
    assert drawn(figure)


points = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1, 1), st.floats(-1, 1)), max_size=6
)


@settings(max_examples=30)
@given(points, st.floats(0.1, 1e4))
def test_any_arrows_stay_in_their_picture(rows: list[tuple[float, ...]], factor: float) -> None:
    at = tuple((x, y) for x, y, _, _ in rows)
    by = tuple((u, v) for _, _, u, v in rows)
    text = str(drawn(Arrows("a", "um", at, by, factor)))
    assert "nan" not in text and "inf" not in text
    ET.fromstring(f"<div>{text}</div>")


def test_a_report_holds_verdict_comparison_and_figures() -> None:
    profile = Profile(
        kind=CalibrationKind.SCAN,
        measured_at=datetime(2026, 3, 1, tzinfo=UTC),
        machine=HOSTILE,
        software="1",
        conditions=Conditions(landing_energy_kv=1.5, aperture_um=30.0),
        verdict=Verdict(good=False, reasons=(HOSTILE, "Too few images.")),
    )
    result = Result((), profile.verdict, FIGURES, (Compared(HOSTILE, "1 nm", "2 nm", "twice"),))
    text = report_html(PROCEDURE, profile, result)
    assert "<script" not in text and 'src="http' not in text
    assert all(part in text for part in ("Not good", "Too few images.", "2 nm", "twice", "aperture 30 um"))
    good = replace(result, verdict=Verdict(good=True))
    assert "may be accepted" in report_html(
        PROCEDURE, profile.model_copy(update={"verdict": good.verdict}), good
    )


def test_conditions_are_told_with_their_units() -> None:
    assert list(conditions_told(Conditions(landing_energy_kv=1.5, wd_um=4500.0))) == [
        "landing energy 1.5 kV",
        "working distance 4500 um",
    ]
    assert list(conditions_told(Conditions())) == []
