"""The irradiation monitor: the integral, its bounds, and whole irradiations on the twin, with faults."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.figures import Figure, Plot
from calibration.irradiation import PROCEDURE
from calibration.irradiation.dose import charge_uc_for, delivered, dose_1e27_ev_per_cm3
from calibration.irradiation.log import PER_PART, ReadingLog
from calibration.irradiation.settings import IrradiationSettings
from calibration.procedure import Result
from calibration.sitting import Finished, calibrate
from hardware.errors import Deadline, Halted, HardwareError, Refused
from hardware.simulator.config import IrradiationSettings as Gun
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.simulator.irradiation_body import IrradiationBody
from hardware.types import Preamplifier, VoltReading
from scopeacq.manual import Manual
from scopeacq.plan.calibration_checks import calibration_findings
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles
from tests.calibration.benches import Listener, bench_on
from tests.scenarios.harness import TinyRun
from tests.scenarios.life import Killed
from tests.scopeacq.manual_bench import held

QUICK = IrradiationSettings(target_1e27_ev_per_cm3=0.02, area_mm2=50.0, offset_readings=12)
"""Reached within some two minutes at 80 uA."""

levels = st.floats(0.0, 100.0)
steps = st.lists(st.floats(0.6, 1.4), min_size=2, max_size=60)


def times_of(steps_s: list[float]) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(steps_s)])


@given(steps, levels, st.floats(-2.0, 2.0))
def test_a_steady_or_drifting_current_is_integrated_exactly(
    steps_s: list[float], start_ua: float, per_s: float
) -> None:
    t = times_of(steps_s)
    charge = delivered(t, start_ua + per_s * t, 1.0, 5.0, 1.0)
    exact = start_ua * t[-1] + per_s * t[-1] ** 2 / 2
    assert charge.least_uc == charge.most_uc == pytest.approx(exact, rel=1e-9, abs=1e-6)
    assert charge.gaps == () and charge.sd_uc == 0.0


@given(st.lists(st.floats(0.2, 20.0), min_size=1, max_size=40), st.data())
def test_what_was_delivered_lies_between_the_bounds(steps_s: list[float], data: st.DataObject) -> None:
    """A current that is on or off, and steady while on; across gaps it may have done either."""
    t = times_of(steps_s)
    on = np.array(data.draw(st.lists(st.booleans(), min_size=len(t), max_size=len(t))))
    t, on = np.append(t, t[-1] + 1.0), np.append(on, True)
    current = np.full(len(t), 80.0)
    in_gap = np.diff(t) > 5.0
    truth = 80.0 * float(np.diff(t)[~in_gap | on[1:]].sum())
    charge = delivered(t, current, 1.0, 5.0, 1.0)
    assert charge.least_uc - 1e-6 <= truth <= charge.most_uc + 1e-6
    assert len(charge.gaps) == in_gap.sum()
    assert charge.least_uc <= charge.likeliest_uc <= charge.most_uc


def test_a_gap_between_two_times_of_darkness_is_no_gap() -> None:
    t = np.array([0.0, 1.0, 2.0, 30_000.0, 30_001.0])
    dark_inside = delivered(t, np.array([80.0, 80.0, 0.0, 0.0, 80.0]), 1.0, 5.0, 1.0)
    lit = delivered(t, np.array([80.0, 80.0, 80.0, 0.0, 80.0]), 1.0, 5.0, 1.0)
    assert dark_inside.gaps == () and dark_inside.most_uc < 200
    assert lit.most_uc - lit.least_uc == pytest.approx(80.0 * 29_998)


@given(steps)
def test_charges_before_and_after_any_reading_add_up(steps_s: list[float]) -> None:
    t = times_of(steps_s)
    current = 80 + 3 * np.sin(t / 10)
    middle = len(t) // 2
    parts = [
        delivered(t[part], current[part], 1.0, 5.0, 1.0) for part in (np.s_[: middle + 1], np.s_[middle:])
    ]
    whole = delivered(t, current, 1.0, 5.0, 1.0)
    assert sum(p.most_uc for p in parts) == pytest.approx(whole.most_uc, rel=2e-3)


def test_readings_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="do not rise"):
        delivered(np.array([0.0, 2.0, 1.0]), np.ones(3), 1.0, 5.0, 1.0)


@given(st.floats(1e-3, 10), st.floats(0.5, 10), st.floats(0.1, 1e3), st.floats(10, 1e3))
def test_the_charge_for_a_dose_leaves_that_dose(dose: float, kv: float, area: float, nm: float) -> None:
    charge_uc = charge_uc_for(dose, kv, area, nm)
    assert dose_1e27_ev_per_cm3(charge_uc, kv, area, nm) == pytest.approx(dose)


def test_a_coulomb_by_hand() -> None:
    """3 kV, 1 C over 5 cm^2 of 200 nm: 3000 / 1.602e-19 eV in 1e-4 cm^3."""
    assert dose_1e27_ev_per_cm3(1e6, 3.0, 500.0, 200.0) == pytest.approx(
        3000 / 1.602176634e-19 / 1e-4 / 1e27
    )


def test_readings_outlive_the_program(tmp_path: Path) -> None:
    log = ReadingLog.read(tmp_path / "readings", DiskFiles())
    for n in range(2 * PER_PART + 5):
        log.add(VoltReading(0.1 * n, float(n)))
    log.add(VoltReading(9.9, 3.0))
    again = ReadingLog.read(tmp_path / "readings", DiskFiles())
    assert len(again) == 2 * PER_PART + 5 and len(again.parts) == 3
    for kept, read in zip(log.arrays(), again.arrays(), strict=True):
        np.testing.assert_array_equal(kept, read)


@given(st.binary(max_size=200))
def test_a_damaged_log_is_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / "readings-0000.jsonl").write_bytes(b'{"volts":0.1,"at_s":1.0}\n' + junk)
    try:
        assert len(ReadingLog.read(folder, DiskFiles())) >= 1
    except SettingsError as error:
        assert str(error).endswith(".") and "\n" not in str(error)


# -- on the twin -----------------------------------------------------------------------------


@dataclass
class Acting(Listener):
    """An audience that does something when it is told of something."""

    at: str = ""
    does: object = None
    done: list[str] = field(default_factory=list)

    def told(self, share: float, saying: str) -> None:
        super().told(share, saying)
        if self.at and self.at in saying and not self.done:
            self.done.append(saying)
            self.does()  # type: ignore[operator]


@contextmanager
def station(
    folder: Path, script: FaultScript | None = None, **gun: object
) -> Iterator[tuple[Manual, TinyRun]]:
    run = TinyRun.make(folder, script=script)
    body: IrradiationBody = run.nature.irradiation
    body.settings = Gun(**{"on_after_s": 20.0, **gun})  # type: ignore[arg-type]
    with held(run) as manual:
        yield manual, run


def measured(manual: Manual, folder: Path, audience: Listener | None = None) -> Result:
    return PROCEDURE.measure(bench_on(manual, manual.plan, folder / "sitting", audience=audience), QUICK)


def dose_of(result: Result) -> float:
    return float(next(row.after for row in result.comparison if "irradiation" in row.what))


def true_dose(run: TinyRun) -> float:
    return QUICK.dose_1e27(run.nature.irradiation.charge_uc(run.nature.now_s))


def test_the_beam_is_off_at_the_target_and_the_dose_is_as_delivered(tmp_path: Path) -> None:
    audience = Listener()
    with station(tmp_path) as (manual, run):
        result = measured(manual, tmp_path, audience)
        assert not run.nature.irradiation.beam_on(run.nature.now_s)
        assert dose_of(result) == pytest.approx(true_dose(run), rel=0.01)
        assert true_dose(run) == pytest.approx(QUICK.target_1e27_ev_per_cm3, rel=0.03)
    assert result.verdict.good and "project.toml" in result.verdict.reasons[-1]
    assert {type(figure) for figure in result.residuals} == {Plot} and len(result.residuals) == 3
    assert {"current", "dose"} <= audience.figures.keys()
    target: Figure = audience.figures["dose"]
    assert isinstance(target, Plot) and target.axes.limit == QUICK.target_1e27_ev_per_cm3
    phases = [said.split(".")[0] for _, said in audience.said]
    order = [
        "The beam is off: switch it on",
        "Irradiating",
        "The target is near",
        "ALARM",
        "The target is reached",
    ]
    needed = ["switch it on", "is near", "ALARM"]
    assert [word in call for word, call in zip(needed, audience.calls, strict=True)] == [True] * 3
    firsts = [next(n for n, phase in enumerate(phases) if phase.startswith(name)) for name in order]
    assert firsts == sorted(firsts)


def test_a_gun_that_no_program_switches_is_watched_until_somebody_does(tmp_path: Path) -> None:
    with station(tmp_path) as (manual, run):
        audience = Acting()

        def by_hand() -> None:
            manual.devices.clock.sleep(0.5)
            run.nature.irradiation.switch_off(run.nature.now_s)

        audience.at, audience.does = "ALARM", by_hand
        object.__setattr__(manual.devices, "irradiation_source", None)
        result = measured(manual, tmp_path, audience)
        assert audience.done and result.verdict.good
        assert dose_of(result) == pytest.approx(true_dose(run), rel=0.01)


def test_a_stop_switches_the_beam_off_and_the_next_sitting_goes_on(tmp_path: Path) -> None:
    """The offset has drifted by a tenth of the current by then: it is measured anew."""
    with station(tmp_path, offset_drift_v_per_h=0.003) as (manual, run):

        def stop() -> None:
            raise Halted("irradiation", "stopped by the operator")

        audience = Acting(at="0.010 of", does=stop)
        with pytest.raises(Halted):
            measured(manual, tmp_path, audience)
        assert not run.nature.irradiation.beam_on(run.nature.now_s)
        half = true_dose(run)
        assert half == pytest.approx(0.010, abs=0.0006)  # told in thousandths
        manual.devices.clock.sleep(40_000.0)
        result = measured(manual, tmp_path)
        assert true_dose(run) == pytest.approx(QUICK.target_1e27_ev_per_cm3, rel=0.03)
        edges = QUICK.dose_1e27(4 * 80.0 / 2)  # it went on and off twice, each between two readings
        assert dose_of(result) == pytest.approx(true_dose(run), abs=edges)
        assert result.verdict.good


@pytest.mark.parametrize("switchable", [True, False])
def test_a_paused_irradiation_ends_here_with_what_was_delivered(tmp_path: Path, switchable: bool) -> None:
    """Where nobody but a hand switches it off, it is watched and counted until then."""
    with station(tmp_path) as (manual, run):
        body = run.nature.irradiation
        if not switchable:
            object.__setattr__(manual.devices, "irradiation_source", None)

        def stop() -> None:
            raise Halted("irradiation", "stopped by the operator")

        with pytest.raises(Halted):
            measured(manual, tmp_path, Acting(at="0.010 of", does=stop))
        assert body.beam_on(run.nature.now_s) is not switchable
        audience = Acting(at="It is to end here", does=lambda: body.switch_off(run.nature.now_s))
        bench = bench_on(manual, manual.plan, tmp_path / "sitting", audience=audience)
        bench.ends = True
        result = PROCEDURE.measure(bench, QUICK)
        assert not body.beam_on(run.nature.now_s) and bool(audience.done) is not switchable
        assert true_dose(run) < 0.7 * QUICK.target_1e27_ev_per_cm3
        edges = QUICK.dose_1e27(4 * 80.0 / 2)
        assert dose_of(result) == pytest.approx(true_dose(run), abs=edges)
    assert result.verdict.good and "ended before its target of 0.02" in " ".join(result.verdict.reasons)


def test_an_irradiation_of_nothing_is_no_dose_to_go_by(tmp_path: Path) -> None:
    with station(tmp_path, on_after_s=1e9) as (manual, _):
        bench = bench_on(manual, manual.plan, tmp_path / "sitting")
        bench.ends = True
        result = PROCEDURE.measure(bench, QUICK)
    assert not result.verdict.good and "too uncertain" in result.verdict.reasons[-1]


def whole_sitting(manual: Manual, audience: Listener | None = None, *, ends: bool = False) -> Finished:
    return calibrate(PROCEDURE, QUICK, manual.plan, audience or Listener(), manual, ends=ends)


def test_only_what_was_begun_likewise_can_be_ended(tmp_path: Path) -> None:
    with station(tmp_path) as (manual, run):
        with pytest.raises(SettingsError, match="nothing that was paused can be ended: there is none"):
            whole_sitting(manual, ends=True)

        def stop() -> None:
            raise Halted("irradiation", "stopped by the operator")

        with pytest.raises(Halted):
            whole_sitting(manual, Acting(at="0.010 of", does=stop))
        half = true_dose(run)
        done = whole_sitting(manual, ends=True)
        assert true_dose(run) == pytest.approx(half, abs=1e-9), "nothing was switched on"
    assert done.profile.verdict.good and not done.profile.values


def test_what_a_killed_irradiation_left_on_is_switched_off_by_the_next_connection(tmp_path: Path) -> None:
    def die() -> None:
        raise Killed

    with station(tmp_path) as (manual, run):
        object.__setattr__(manual.devices, "irradiation_source", None)
        with pytest.raises(Killed):
            whole_sitting(manual, Acting(at="0.010 of", does=die))
        assert run.nature.irradiation.beam_on(run.nature.now_s)
    left = [f.text for f in calibration_findings(run.plan)]
    assert len(left) == 1 and "irradiation beam may be on" in left[0]
    with held(run) as manual:
        assert not run.nature.irradiation.beam_on(run.nature.now_s)
        done = whole_sitting(manual)
    assert true_dose(run) <= QUICK.target_1e27_ev_per_cm3 * 1.03 and done.profile.verdict.reasons
    assert not list(calibration_findings(run.plan))


def test_what_fell_while_the_program_was_dead_counts_until_it_is_known_better(tmp_path: Path) -> None:
    """Killed with the beam on, back after 30 s: the beam goes off early rather than late."""
    with station(tmp_path) as (manual, run):
        body = run.nature.irradiation
        object.__setattr__(manual.devices, "irradiation_source", None)

        def die() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            measured(manual, tmp_path, Acting(at="0.010 of", does=die))
        assert body.beam_on(run.nature.now_s)
        manual.devices.clock.sleep(30.0)
        audience = Acting(at="ALARM", does=lambda: body.switch_off(run.nature.now_s))
        result = measured(manual, tmp_path, audience)
        assert true_dose(run) <= QUICK.target_1e27_ev_per_cm3 * 1.03
        rows = {row.what: row for row in result.comparison}
        charge_sd = float(rows["charge"].change.split()[1])
        likeliest = float(rows["charge"].after.split()[0])
        assert abs(likeliest - body.charge_uc(run.nature.now_s)) <= math.sqrt(3) * charge_sd * 1.01
        assert any("only known between bounds" in reason for reason in result.verdict.reasons)


def test_single_readings_that_are_missing_cost_no_accuracy(tmp_path: Path) -> None:
    with station(tmp_path) as (manual, run):
        faults = [
            Fault(Device.IRRADIATION_METER, FaultKind.TIMEOUT, AfterCalls(n)) for n in range(40, 90, 10)
        ]
        run.nature.faults = FaultDesk(FaultScript(tuple(faults)), np.random.default_rng(0))
        result = measured(manual, tmp_path)
        assert dose_of(result) == pytest.approx(true_dose(run), rel=0.01)


@pytest.mark.parametrize(
    ("kind", "error"), [(FaultKind.TIMEOUT, Deadline), (FaultKind.UNPLUGGED, HardwareError)]
)
def test_a_meter_that_is_gone_ends_the_irradiation(
    tmp_path: Path, kind: FaultKind, error: type[HardwareError]
) -> None:
    with station(tmp_path) as (manual, run):
        fault = Fault(Device.IRRADIATION_METER, kind, AfterCalls(60), n_times=50)
        run.nature.faults = FaultDesk(FaultScript((fault,)), np.random.default_rng(0))
        with pytest.raises(error):
            measured(manual, tmp_path)
        assert not run.nature.irradiation.beam_on(run.nature.now_s)


@pytest.mark.parametrize(
    ("gun", "words"),
    [
        ({"on_after_s": 5.0}, "offset"),
        ({"on_after_s": 0.0}, "its beam is on"),
        ({"offset_v": 0.2}, "should be off"),
        ({"current_ua": 700.0}, "saturates"),
    ],
)
def test_readings_that_cannot_be_counted_are_refused(
    tmp_path: Path, gun: dict[str, float], words: str
) -> None:
    with station(tmp_path, **gun) as (manual, run):
        with pytest.raises(Refused, match=words):
            measured(manual, tmp_path)
        assert not run.nature.irradiation.beam_on(run.nature.now_s)


def test_a_preamplifier_of_the_wrong_polarity_is_noticed(tmp_path: Path) -> None:
    with station(tmp_path) as (manual, _):
        bench = bench_on(manual, manual.plan, tmp_path / "sitting")
        with pytest.raises(Refused, match="negative"):
            PROCEDURE.measure(bench, QUICK.model_copy(update={"inverted": False}))


def test_the_twin_remembers_its_gun(tmp_path: Path) -> None:
    body = TinyRun.make(tmp_path).nature.irradiation
    body.configure(Preamplifier(1e-5, True), 10.0)
    body.switch_off(500.0)
    body.configure(Preamplifier(1e-4, True), 600.0)
    again = IrradiationBody(body.settings, np.random.default_rng(0))
    again.recall(json.loads(json.dumps(body.remember())))
    assert again.preamplifier == body.preamplifier
    for at_s in (0.0, 400.0, 700.0, 9000.0):
        assert again.charge_uc(at_s) == body.charge_uc(at_s) and again.beam_on(at_s) == body.beam_on(at_s)


def test_the_cost_is_the_time_at_the_expected_current() -> None:
    whole = IrradiationSettings()
    cost = PROCEDURE.cost(None, whole)  # type: ignore[arg-type]
    assert cost.duration_s == pytest.approx(whole.target_uc / 80.0 + 60.0)
    assert 8 * 3600 < cost.duration_s < 12 * 3600
