"""A ground truth of focus, to train networks on."""

from __future__ import annotations

from calibration.bench import Bench
from calibration.figures import Plot
from calibration.ground_truth.acquisition import Acquisition, GroundTruth
from calibration.ground_truth.dataset import write_dataset
from calibration.ground_truth.figures import map_of_places
from calibration.ground_truth.microscope import Microscope
from calibration.ground_truth.readings import read_microscope
from calibration.ground_truth.residuals import nothing_measured, readings_figures
from calibration.ground_truth.settings import GroundTruthSettings
from calibration.procedure import Compared, Result
from calibration.stigmators.pairs import CannotMeasure
from models.deepfocus import DeepFocus
from scopeacq.plan.calibrations import Conditions, Verdict
from scopeacq.telling.wording import counted

TAKING_SHARE = 0.85


def measured_or_failed(bench: Bench, settings: GroundTruthSettings) -> Result:
    """The result, which says so where nothing could be measured."""
    acquisition = Acquisition(bench, settings, TAKING_SHARE)
    try:
        bench.manual.bring_up()
        truth = acquisition.take(acquisition.spots())
        bench.tell(TAKING_SHARE, "The pairs are read.")
        microscope = read_microscope(acquisition, truth, DeepFocus.load(bench.plan.deepfocus_weights))
    except CannotMeasure as why:
        return Result((), Verdict(good=False, reasons=(str(why),)), (nothing_measured(),))
    files, electron = write_dataset(acquisition, truth, microscope), bench.plan.instrument.electron
    return Result(
        (),
        _verdict(truth, microscope),
        (*readings_figures(microscope), _map(truth)),
        (Compared("Pairs with known aberrations", "", str(len(microscope.readings))),),
        Conditions(
            landing_energy_kv=electron.eht_kv,
            wd_um=truth.places[0].focus.wd_um,
            aperture_um=electron.aperture_um,
        ),
        (*files, *(f"{pair.image}.tif" for pair in truth.pairs)),
    )


def _verdict(truth: GroundTruth, microscope: Microscope) -> Verdict:
    read, taken = len(microscope.readings), len(truth.pairs)
    reasons = [f"{counted(read, 'pair')} of {taken} at {counted(len(truth.places), 'place')} can be used."]
    if truth.spared:
        reasons.append(f"{counted(len(truth.spared), 'place')} had no focus to be found and were spared.")
    if not microscope.true_gain:
        reasons.append(f"Working distances are seen {microscope.gain:.2f} times as large as they were set.")
    return Verdict(good=microscope.true_gain, reasons=tuple(reasons))


def _map(truth: GroundTruth) -> Plot:
    done, spared = ([place.spot for place in some] for some in (truth.places, truth.spared))
    return map_of_places([*done, *spared], done, spared)
