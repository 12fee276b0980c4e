"""Pre-flight: a good plan passes; each kind of fault is named in a sentence, all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hardware.errors import OutOfRange
from hardware.types import StagePose
from models.deepfocus import DeepFocus
from models.deepscore import DeepScore
from scopeacq.journal.history import History
from scopeacq.journal.records import CleaningBegin, ImagingRecovered, Record
from scopeacq.plan.demo import make_demo
from scopeacq.plan.findings import Finding, Severity
from scopeacq.plan.focus_checks import pairs_refused, scores_refused
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.plan_changes import Begun
from scopeacq.plan.preflight import Site, check, check_stage
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Fiducial
from scopeacq.telling.showing import show_estimate

SITE = Site(
    free_bytes=lambda _: 10**12,
    probe=lambda _: [],
    drivers=lambda: ["twin"],
    network_problems=lambda _: [],
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_demo(tmp_path_factory.mktemp("demo"))


def changed(plan: Plan, **sections: Mapping[str, Any]) -> Plan:
    """The plan with values of the project's tables replaced."""
    data = plan.project.model_dump(mode="json")
    for name, values in sections.items():
        data[name] = {**data[name], **values}
    return replace(plan, project=Project.model_validate(data))


def with_instrument(plan: Plan, table: str, **values: object) -> Plan:
    data = plan.instrument.model_dump(mode="json")
    data[table] = {**data[table], **values}
    return replace(plan, instrument=Instrument.model_validate(data))


def severe(findings: list[Finding]) -> list[str]:
    return [f.text for f in findings if f.severity is not Severity.NOTE]


def test_the_demo_may_start_and_reminds_of_the_valve(plan: Plan) -> None:
    findings = check(plan, SITE)
    assert severe(findings) == []
    assert any("manual valve" in f.text for f in findings)


def test_a_wafer_without_sections_is_told_and_nothing_else_trips_over_it(plan: Plan) -> None:
    bare = replace(plan, wafer=replace(plan.wafer, sections=()))
    texts = severe(check(bare, SITE))
    assert len(texts) == 1 and "no section yet; find some with `scopeacq wafer detect`" in texts[0]


def test_the_demo_passes_on_this_computer(plan: Plan) -> None:
    texts = severe(check(plan, Site()))
    assert texts == []


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"milling": {"raster_vpp": 0.5}}, "does not mill"),
        ({"milling": {"depth_nm": 0.001}}, "less than one frame"),
        ({"milling": {"depth_nm": 0.3}}, "only .* frames"),
        ({"milling": {"depth_nm": 300.0, "rounds": 1}}, "not measured again"),
        ({"milling": {"depth_nm": 300.0}}, "more than section S001 is thick"),
        ({"imaging": {"dwell_ns": 20_000.0}}, "electrons per nm"),
        ({"imaging": {"dwell_ns": 40.0}}, "dwell longer than tiles"),
        ({"imaging": {"grid_rows": 40}}, "lies on it"),
        ({"imaging": {"grid_rows": 20, "tile_width_px": 32768, "tile_height_px": 32768}}, "lies on it"),
    ],
)
def test_what_is_wrong_with_a_project_is_said(
    plan: Plan, tables: dict[str, dict[str, object]], sentence: str
) -> None:
    texts = severe(check(changed(plan, **tables), SITE))
    assert any(re.search(sentence, text) for text in texts), texts


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("milling", "depth_nm", 1e5),
        ("milling", "depth_nm", 1e-300),
        ("milling", "raster_vpp", 0.01),
        ("imaging", "dwell_ns", 1e9),
        ("imaging", "pixel_size_nm", 0.01),
        ("imaging", "pixel_size_nm", 1e4),
        ("recovery", "charge_decay_s", 1e9),
        ("focus", "every_n_tiles", 100_000),
    ],
)
def test_what_is_allowed_at_most_is_checked_and_shown(
    plan: Plan, table: str, key: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    extreme = changed(plan, **{table: {key: value}})
    extreme = replace(extreme, project=extreme.project.model_copy(update={"cycles": 100_000}))
    check(extreme, SITE)
    show_estimate(Console(), extreme, 0)
    assert "Finished at" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("milling", {"depth_nm": 1e9}),
        ("milling", {"depth_nm": None, "charge_uc_per_azimuth": 1e300}),
        ("milling", {"azimuths_deg": [0.0, 120.0, 360.0]}),
        ("milling", {"azimuths_deg": []}),
        ("imaging", {"pixel_size_nm": 1e-300}),
        ("recovery", {"charge_decay_s": 1e300}),
    ],
)
def test_what_no_instrument_has_is_refused(plan: Plan, table: str, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=table):
        changed(plan, **{table: values})


@pytest.mark.parametrize(
    ("table", "values", "sentence"),
    [
        ("mill", {"fails_closed_confirmed": False}, "unpowered or unplugged"),
        ("mill", {"ion_current_na": 5.0}, "outside its interlock"),
        ("mill", {"z_um": 28_000.0}, "On the way to mill"),
        ("stage", {"safe_z_um": 26_000.0}, "On the way to mill"),
        ("driver", {"name": "nobody"}, "no driver 'nobody'"),
    ],
)
def test_what_is_wrong_with_an_instrument_is_said(
    plan: Plan, table: str, values: dict[str, object], sentence: str
) -> None:
    findings = check(with_instrument(plan, table, **values), SITE)
    assert any(sentence in f.text for f in findings if f.severity is Severity.ERROR), findings


@pytest.fixture(scope="module")
def deepfocus() -> DeepFocus:
    return DeepFocus.load()


@pytest.fixture(scope="module")
def deepscore() -> DeepScore:
    return DeepScore.load()


@pytest.mark.parametrize(
    ("focus", "what"),
    [
        ({"perturbation_um": 0.4}, "Focus pairs .* at least 1.1 px; .* focus.perturbation_um"),
        ({"pixel_size_nm": 60.0}, "Focus pairs .* DeepFocus cannot judge a perturbation"),
        ({"height_px": 200}, "Focus pairs .* at least .* px"),
        ({"perturbation_um": 200.0}, "Focus pairs .* at least .* px"),
    ],
)
def test_pairs_that_could_not_be_judged_in_the_night_are_told_before(
    plan: Plan, deepfocus: DeepFocus, focus: dict[str, float], what: str
) -> None:
    settings = changed(plan, focus=focus).project.focus
    (text,) = pairs_refused(deepfocus, settings, plan.instrument.electron)
    assert re.search(what, text), text


@pytest.mark.parametrize(
    ("tables", "what"),
    [
        ({"focus": {"pixel_size_nm": 0.1}}, "Focus images .* DeepScore cannot judge pixels of 0.1 nm"),
        (
            {"focus": {"coarse_factor": 8.0}},
            "Coarse focus images .* DeepScore cannot judge pixels of 80 nm",
        ),
        ({"imaging": {"pixel_size_nm": 100.0}}, "Tiles .* DeepScore cannot judge pixels of 100 nm"),
        ({"imaging": {"tile_height_px": 200, "overlap_px": 20}}, "Tiles .* at least 256 px"),
    ],
)
def test_images_that_could_not_be_scored_in_the_night_are_told_before(
    plan: Plan, deepscore: DeepScore, tables: dict[str, dict[str, float]], what: str
) -> None:
    texts = list(scores_refused(deepscore, changed(plan, **tables)))
    assert any(re.search(what, text) for text in texts), texts


def test_networks_are_held_against_the_convergence_of_the_instrument(plan: Plan) -> None:
    texts = severe(check(with_instrument(plan, "electron", convergence_mrad=1.0), Site()))
    assert any("deepscore cannot be used" in text and "5 to 14 mrad" in text for text in texts), texts
    assert any(re.search("Focus pairs .*1 mrad x 5 um at 10 nm", text) for text in texts), texts


def test_a_stage_that_misses_farther_than_is_searched_is_warned_of(plan: Plan) -> None:
    texts = [f.text for f in check(with_instrument(plan, "stage", repeat_long_um=6.0), SITE)]
    assert any("Long moves" in text and "registration.max_shift_um" in text for text in texts)
    texts = [f.text for f in check(with_instrument(plan, "stage", repeat_long_um=4.0), SITE)]
    assert not any("Long moves" in text for text in texts)


def test_a_wafer_with_two_fiducials_cannot_be_found_again(plan: Plan) -> None:
    wafer = replace(plan.wafer, fiducials=plan.wafer.fiducials[:2])
    assert any("2 fiducials" in t for t in severe(check(replace(plan, wafer=wafer), SITE)))


def test_fiducials_close_together_are_warned_of(plan: Plan) -> None:
    close = tuple(Fiducial(f"F{n}", (10.0 * n, 0.0)) for n in range(3))
    wafer = replace(plan.wafer, fiducials=close)
    assert any("farther apart" in t for t in severe(check(replace(plan, wafer=wafer), SITE)))


def test_sections_off_the_wafer_and_over_each_other_are_named(plan: Plan) -> None:
    first, second, *_ = plan.wafer.sections
    far = replace(first, outline_um=tuple((x + 13_000, y) for x, y in first.outline_um))
    double = replace(second, id="double")
    wafer = replace(plan.wafer, sections=(far, second, double))
    texts = severe(check(replace(plan, wafer=wafer), SITE))
    assert any(f"Section {first.id} does not lie on the wafer" in t for t in texts)
    assert any(f"{second.id} and double overlap" in t for t in texts)
    assert any("lie beside it" in t for t in texts)


def test_a_full_disk_is_an_error_and_a_small_one_a_warning(plan: Plan) -> None:
    reserve = plan.project.storage.reserve_gb * 1e9

    def findings(free: float) -> list[Finding]:
        return check(plan, replace(SITE, free_bytes=lambda _: int(free)))

    assert any("one slice" in f.text and f.severity is Severity.ERROR for f in findings(reserve + 1e6))
    assert any("pause when" in f.text and f.severity is Severity.WARNING for f in findings(reserve + 5e7))


def test_everything_is_said_at_once_and_the_worst_first(plan: Plan) -> None:
    site = Site(
        free_bytes=lambda _: 0,
        probe=lambda _: ["it is read-only."],
        drivers=list,
        network_problems=lambda _: ["deepfocus.safetensors: damaged."],
    )
    broken = changed(plan, milling={"raster_vpp": 0.5}, imaging={"dwell_ns": 20_000.0})
    findings = check(broken, site)
    severities = [list(Severity).index(f.severity) for f in findings]
    assert severities == sorted(severities)
    texts = " ".join(severe(findings))
    for part in ("does not mill", "electrons per nm", "read-only", "no room", "deepfocus"):
        assert part in texts


def test_a_run_through_the_whole_thickness_says_when_it_is_through(plan: Plan) -> None:
    long = replace(plan, project=plan.project.model_copy(update={"cycles": 50}))
    assert any("S001 first: after 20 of 50" in text for text in severe(check(long, SITE)))


def test_what_is_milled_already_counts(plan: Plan) -> None:
    history = History(cycles_done=3, milled_nm={s.id: 30.0 for s in plan.wafer.sections} | {"S002": 185.0})
    (text,) = severe(check(plan, SITE, history))
    assert (
        "1 of 4 sections will be milled through before the run ends, section S002 first: after 5 of 5"
        in text
    )
    assert "185.0 nm of it are milled already" in text
    assert severe(check(plan, SITE, replace(history, dropped=frozenset({"S002"})))) == []


def test_it_is_told_before_the_guns_high_voltage_comes_on_again(plan: Plan) -> None:
    begun = Begun()

    def told(record: Record) -> bool:
        begun.apply(record)
        return any("high voltage" in found.text for found in check(plan, SITE, History(begun=begun)))

    assert told(CleaningBegin(1, True))
    assert told(CleaningBegin(1, False))  # the second try finds it off
    assert not told(ImagingRecovered(1, 1e-6, 90.0, 0.0))
    assert not told(CleaningBegin(2, False))


def test_a_journal_that_cannot_be_read_is_a_finding(plan: Plan) -> None:
    assert severe(check(plan, SITE, History(unreadable="The journal is damaged."))) == [
        "The journal is damaged."
    ]


class _Stage:
    """A stage whose x ends at 0."""

    def check(self, target: StagePose) -> None:
        if target.x_um is not None and target.x_um > 0:
            raise OutOfRange("stage", f"x {target.x_um:g} um is beyond 0")


def test_a_connected_stage_is_asked_about_every_pose(plan: Plan) -> None:
    findings = check_stage(plan, _Stage())  # type: ignore[arg-type]
    east = [f.id for f in plan.wafer.fiducials if f.centre_um[0] > 0]
    assert east
    for fiducial in east:
        assert any(f"fiducial {fiducial}:" in f.text for f in findings)


def test_check_leaves_the_run_folder_as_it_was(tmp_path: Path) -> None:
    plan = make_demo(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    check(plan, Site())
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
