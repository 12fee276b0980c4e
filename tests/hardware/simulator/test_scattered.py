"""A wafer that nobody has prepared: its sections lie apart, some in ribbons, marks on the bare silicon."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import Point, Polygon, box

from hardware.simulator.scattered import MOST_SECTIONS, scattered_wafer
from hardware.simulator.specimen import WAFER_DIAMETER_UM, SectionSpec
from hardware.simulator.tiny import Ripples


def outline(spec: SectionSpec) -> Polygon:
    u, v = spec.width_um / 2, spec.height_um / 2
    return affinity.translate(
        affinity.rotate(box(-u, -v, u, v), spec.rotation_deg, origin=(0, 0)), spec.x_um, spec.y_um
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, MOST_SECTIONS))
def test_all_sections_lie_on_the_wafer_and_none_on_another(seed: int, count: int) -> None:
    wafer = scattered_wafer(seed, count, Ripples())
    outlines = [outline(spec) for spec in wafer.sections]
    assert len(outlines) == count == len({spec.id for spec in wafer.sections})
    disc = Point(0, 0).buffer(WAFER_DIAMETER_UM / 2)
    assert all(disc.contains(o) for o in outlines)
    near = [
        (a, b)
        for (one, a), (other, b) in combinations(zip(wafer.sections, outlines, strict=True), 2)
        if math.dist((one.x_um, one.y_um), (other.x_um, other.y_um)) < 600
    ]
    assert not any(a.intersects(b) for a, b in near)
    assert not any(o.buffer(20).contains(Point(f.x_um, f.y_um)) for f in wafer.fiducials for o in outlines)
    assert all(math.hypot(f.x_um, f.y_um) < WAFER_DIAMETER_UM / 2 for f in wafer.fiducials)


def test_some_sections_touch_and_turns_are_anyhow() -> None:
    wafer = scattered_wafer(0, 30, Ripples())
    outlines = [outline(spec) for spec in wafer.sections]
    touching = [a.distance(b) for a, b in combinations(outlines, 2) if a.distance(b) < 5]
    assert 3 <= len(touching) <= 20 and min(touching) > 0.5
    turns = np.array([spec.rotation_deg % 360 for spec in wafer.sections])
    assert len(np.unique(turns // 90)) == 4


def test_a_seed_is_a_wafer() -> None:
    one, again, other = (scattered_wafer(seed, 12, Ripples()) for seed in (3, 3, 4))
    assert one.sections == again.sections and one.fiducials == again.fiducials
    assert one.sections != other.sections


@pytest.mark.parametrize("count", [0, MOST_SECTIONS + 1])
def test_a_number_that_does_not_fit_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="do not fit on the wafer: choose 1 to 300"):
        scattered_wafer(0, count, Ripples())
