"""The ion beam may open only on a whole and true proof."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.interlocks import MillLimits, MillProof, from_json, open_refusals, to_json
from hardware.types import CurrentReading, PoseTolerance, Range, Raster, StagePose
from tests.hardware.fakes import good_proof

LIMITS = MillLimits()


def with_value(proof: MillProof, path: tuple[str, ...], value: object) -> MillProof:
    """The proof with one leaf replaced."""
    tree = asdict(proof)
    branch = tree
    for name in path[:-1]:
        branch = branch[name]
    branch[path[-1]] = value
    return from_json(MillProof, json.dumps(tree))


def float_leaves(tree: dict[str, object], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    leaves: list[tuple[str, ...]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            leaves += float_leaves(value, (*path, name))
        elif not isinstance(value, bool):
            leaves.append((*path, name))
    return leaves


# how the electron beam and detector are set does not matter once they are blanked and off
IRRELEVANT = {"eht_kv", "probe_current_na", "gain", "offset"}
NUMBERS = [leaf for leaf in float_leaves(asdict(good_proof())) if leaf[-1] not in IRRELEVANT]


def test_a_good_proof_may_open() -> None:
    assert open_refusals(good_proof(), LIMITS) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("pose", "tilt_deg"), 0.0, "tilt_deg is 0, the mill pose is 30"),
        (("pose", "x_um"), 30.0, "x_um"),
        (("pose", "rotation_deg"), 121.0, "rotation_deg"),
        (("pose", "z_um"), None, "z_um is not known"),
        (("mill_pose", "y_um"), None, "y_um is not known"),
        (("beam", "blanked"), False, "electron beam"),
        (("detector", "hv_on"), True, "detector"),
        (("pressure_mbar",), 1e-2, "chamber pressure"),
        (("pressure_mbar",), 0.0, "chamber pressure"),
        (("gun", "hv_on"), False, "high voltage is off"),
        (("gun", "hv_kv"), 0.2, "0.2 kV"),
        (("gun", "gas_bar"), 0.0, "gas"),
        (("gun", "pump_pressure_mbar"), 1.0, "pump"),
        (("raster", "running"), False, "not running"),
        (("raster", "load_ohm"), 50.0, "50 ohm"),
        (("raster", "raster", "x_vpp"), 16.0, "x_vpp"),
        (("raster", "raster", "y_hz"), 2.0, "y_hz"),
        (("current", "current_na"), 0.0, "0 nA"),
        (("current", "at_s"), -4_000.0, "4100 s ago"),
        (("current", "at_s"), 200.0, "-100 s ago"),
    ],
)  # fmt: skip
def test_each_condition_alone_refuses_and_says_so(path: tuple[str, ...], value: object, said: str) -> None:
    refusals = open_refusals(with_value(good_proof(), path, value), LIMITS)
    assert any(said in refusal for refusal in refusals), refusals


@pytest.mark.parametrize("path", NUMBERS, ids=".".join)
def test_not_a_number_refuses_wherever_it_stands(path: tuple[str, ...]) -> None:
    assert open_refusals(with_value(good_proof(), path, math.nan), LIMITS)


def test_an_imaging_pose_cannot_prove_itself_as_a_mill_pose() -> None:
    imaging = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)
    refusals = open_refusals(replace(good_proof(), pose=imaging, mill_pose=imaging), LIMITS)
    assert len(refusals) == 2


def test_a_boundless_tolerance_does_not_bring_a_flat_stage_through() -> None:
    flat = replace(good_proof().pose, tilt_deg=0.0)
    boundless = PoseTolerance(*(math.inf,) * 5)
    assert open_refusals(replace(good_proof(), pose=flat, tolerance=boundless), LIMITS)


def test_a_standing_spot_is_refused_also_when_it_was_wanted() -> None:
    for spot in (Raster(0.0, 8.0), Raster(8.0, 8.0, x_hz=0.0)):
        proof = good_proof()
        standing = replace(proof.raster, raster=spot)
        assert open_refusals(replace(proof, raster=standing, wanted_raster=spot), LIMITS)


def test_rotations_are_compared_around_the_circle() -> None:
    proof = good_proof()
    turned = replace(proof.pose, rotation_deg=-239.95)
    assert open_refusals(replace(proof, pose=turned), LIMITS) == []


def test_eht_off_is_as_good_as_blanked() -> None:
    proof = with_value(with_value(good_proof(), ("beam", "blanked"), False), ("beam", "eht_on"), False)
    assert open_refusals(proof, LIMITS) == []


@given(current_na=st.floats(), at_s=st.floats())
def test_json_keeps_every_number(current_na: float, at_s: float) -> None:
    proof = replace(good_proof(), current=CurrentReading(current_na, at_s))
    assert to_json(from_json(MillProof, to_json(proof))) == to_json(proof)


def test_limits_survive_json() -> None:
    limits = replace(LIMITS, hv_kv=Range(9.5, math.inf))
    assert from_json(MillLimits, to_json(limits)) == limits


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: tree.pop("gun"),
        lambda tree: tree["gun"].pop("hv_on"),
        lambda tree: tree["gun"].update(hv_on=1),
        lambda tree: tree.update(pressure_mbar="1e-6"),
        lambda tree: tree.update(pressure_mbar=None),
        lambda tree: tree["beam"].update(extra=1.0),
        lambda tree: tree.update(current=[38.0, 90.0]),
    ],
)
def test_a_proof_with_anything_missing_or_mistyped_is_not_read(spoil: object) -> None:
    tree = asdict(good_proof())
    spoil(tree)  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"needs exactly|cannot be"):
        from_json(MillProof, json.dumps(tree))
