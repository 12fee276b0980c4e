"""DeepFocus recalibrated on a twin that it has not seen: what the wizard finds, and what interrupts it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from calibration.deepfocus import PROCEDURE
from calibration.deepfocus.settings import DeepFocusSettings
from calibration.ground_truth import PROCEDURE as GROUND_TRUTH
from calibration.ground_truth.settings import GroundTruthSettings
from calibration.procedure import Result
from hardware.errors import Halted
from hardware.optics import StigmatorFrame, astigmatism_in_image, probe_otf
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import demo_wafer
from hardware.simulator.truth import FrameTruth
from models.deepfocus import DeepFocus
from models.training.acquired import read_rows
from models.training.loop import train
from models.weights import Weights
from scopeacq.plan.focus_checks import network_problems
from scopeacq.plan.project import FocusSettings
from scopeacq.plan.runfolder import Plan
from scopeacq.training import recipe_named
from scopeacq.training_settings import applied, read_settings
from tests.calibration.benches import Listener, bench_on
from tests.calibration.stigmator_twin import StigmatorTwin

SMALL = FocusSettings(width_px=512, height_px=512, dwell_ns=100.0)
QUICK = DeepFocusSettings(
    places=3, aberrations=6, trial_places=1, trials=2, most_steps=50, spare_tiles=False
)
ANGLE_MRAD, STRENGTH_UM, TURN_DEG = 8.0, 7.0, 50.0


def strange_twin(folder: Path) -> StigmatorTwin:
    """A twin with another angle of the beam and other stigmators than the profile says."""
    return StigmatorTwin.of(
        folder,
        SMALL,
        convergence_mrad=ANGLE_MRAD,
        stigmator_um_per_unit=STRENGTH_UM,
        stigmator_rotation_deg=TURN_DEG,
    )


@dataclass
class Impatient(Listener):
    """Halts at the first thing that is told from this share of the work on."""

    until: float = 2.0

    def told(self, share: float, saying: str) -> None:
        super().told(share, saying)
        if share >= self.until:
            raise Halted("instrument", "stopped by the operator")


def measured(twin: StigmatorTwin, folder: Path, audience: Listener | None = None) -> Result:
    with twin.held() as manual:
        return PROCEDURE.measure(bench_on(manual, twin.run.plan, folder, audience=audience), QUICK)


def frames(twin: StigmatorTwin) -> int:
    return sum(isinstance(record, FrameTruth) for record in twin.run.truth)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Halted among the pairs and while the trials are made, then gone on with to the end."""
    folder = tmp_path_factory.mktemp("story")
    twin = strange_twin(folder)
    sitting, taken, listener = folder / "sitting", list[int](), Listener()
    for until in (0.4, 0.9):
        with pytest.raises(Halted):
            measured(twin, sitting, Impatient(until=until))
        taken.append(frames(twin))
    result = measured(twin, sitting, listener)
    return Story(twin, sitting, result, listener, (*taken, frames(twin)))


@dataclass
class Story:
    """A recalibration that was interrupted twice, and how many frames had been taken each time."""

    twin: StigmatorTwin
    sitting: Path
    result: Result
    audience: Listener
    frames: tuple[int, ...]

    def value(self, name: str) -> float:
        found = next(v.value for v in self.result.values if v.key == f"electron.{name}")
        assert isinstance(found, float)
        return found


def test_the_microscope_is_found_from_scores_and_pairs_alone(story: Story):
    assert story.result.verdict.good, story.result.verdict.reasons
    assert story.value("convergence_mrad") == pytest.approx(ANGLE_MRAD, rel=0.05)
    assert story.value("stigmator_um_per_unit") == pytest.approx(STRENGTH_UM, rel=0.05)
    assert story.value("stigmator_rotation_deg") == pytest.approx(TURN_DEG, abs=4.0)


def test_trials_diverge_before_and_converge_after(story: Story):
    rows = {row.what: row for row in story.result.comparison}
    assert rows["Trials farther from focus than they began"].before == str(QUICK.trials)
    assert rows["Trials farther from focus than they began"].after == "0"


def test_what_was_taken_before_an_interruption_is_not_taken_again(story: Story):
    pairs = 2 * QUICK.places * QUICK.aberrations
    trials = 2 * 2 * 3 * QUICK.trials
    searched = story.frames[-1] - pairs - trials
    assert story.frames[0] < story.frames[1] < story.frames[2]
    assert 30 < searched < 40 + 25 * (QUICK.places + 1)


def test_a_finished_sitting_gives_its_result_again_without_a_frame(story: Story):
    again = measured(story.twin, story.sitting)
    assert frames(story.twin) == story.frames[-1]
    assert again.values == story.result.values
    assert again.verdict == story.result.verdict


def test_the_operator_sees_places_scores_loss_and_trials(story: Story):
    assert {"map", "trials"} <= story.audience.figures.keys()
    assert len(story.result.residuals) >= 3


def test_the_weights_carry_a_card_and_load(story: Story):
    path = story.sitting / "deepfocus.safetensors"
    assert DeepFocus.load(path).name == "DeepFocus"


class Flat:
    """Resin: tissue without any structure."""

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> NDArray[np.float32]:
        return np.zeros(np.broadcast_shapes(np.shape(x_um), np.shape(z_um)), np.float32)


def test_where_nothing_can_be_focused_on_all_stays_as_it_is(tmp_path: Path):
    twin = strange_twin(tmp_path)
    nature = twin.run.nature
    twin.run.nature = Nature(nature.settings, demo_wafer(3, 1, Flat()), twin.run.truth.append)
    result = measured(twin, tmp_path / "sitting")
    assert not result.verdict.good
    assert result.values == ()
    assert result.verdict.reasons[-1] == "Weights and profile stay as they are."


def true_aberrations_um(twin: StigmatorTwin) -> NDArray[np.float64]:
    """Of all pairs that were taken (n, 3), as the twin knows them: in the image frame."""
    taken = [record for record in twin.run.truth if isinstance(record, FrameTruth)]
    frame = StigmatorFrame(STRENGTH_UM, TURN_DEG)
    return np.array(
        [
            (
                0.5 * (plus.residual_wd_um + minus.residual_wd_um),
                *astigmatism_in_image(plus.residual_stig_x, plus.residual_stig_y, frame, 0.0),
            )
            for plus, minus in pairwise(taken)
            if plus.residual_wd_um - minus.residual_wd_um == pytest.approx(10.0, abs=0.1)
        ]
    )


def test_a_ground_truth_can_be_trained_on(story: Story, tmp_path: Path):
    """What was taken for a recalibration serves, so that no frame is taken for this."""
    shutil.copytree(story.sitting, tmp_path / "sitting")
    settings = GroundTruthSettings(
        places=QUICK.places, aberrations=QUICK.aberrations, spare_tiles=QUICK.spare_tiles
    )
    with story.twin.held() as manual:
        bench = bench_on(manual, story.twin.run.plan, tmp_path / "sitting")
        result = GROUND_TRUTH.measure(bench, settings)
    assert frames(story.twin) == story.frames[-1]
    assert result.values == ()
    rows = read_rows(tmp_path / "sitting")
    assert len(rows) >= 12
    assert all((tmp_path / "sitting" / name).exists() for name in result.files)
    truths_um = true_aberrations_um(story.twin)
    told_um = np.array([(row.defocus_um, row.astig_x_um, row.astig_y_um) for row in rows])
    assert max(np.abs(truths_um - one).max(axis=1).min() for one in told_um) < 1.0
    order = tmp_path / "order.toml"
    order.write_text('format = "scopeacq.training/1"\nacquired = "sitting"\nsteps = 3\nbatch = 4\n')
    recipe, run = applied(read_settings(order), recipe_named("deepfocus"), order)
    recipe = replace(recipe, calibrate=lambda *_: {})
    out = train(recipe, run, otf=probe_otf, out=tmp_path / "own.safetensors")
    assert Weights.load(out).card["settings"]["data"] == "Pairs that were acquired: sitting."


def test_own_weights_are_what_a_run_is_checked_with(story: Story):
    plan = story.twin.run.plan
    gone, own = Path("calibrations/gone.safetensors"), story.sitting / "deepfocus.safetensors"
    missing = str(plan.folder.root / gone)
    assert [p for p in network_problems(with_weights(plan, gone)) if missing in p]
    assert not [p for p in network_problems(with_weights(plan, own)) if "weights" in p]


def with_weights(plan: Plan, path: Path) -> Plan:
    electron = plan.instrument.electron.model_copy(update={"deepfocus_weights": str(path)})
    return replace(plan, instrument=plan.instrument.model_copy(update={"electron": electron}))
