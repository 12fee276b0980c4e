"""DeepFocus recalibrated on the microscope in hand."""

from __future__ import annotations

from calibration.bench import Bench
from calibration.deepfocus.settings import DeepFocusSettings
from calibration.ground_truth.settings import Spend, spend
from calibration.procedure import Cost, Need, Procedure, Result
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan

FRAME_OVERHEAD_S = 0.5
"""What a frame takes beside its dwell times: lens, fly-back, and scoring or reading it."""

PLACE_S, TRAINING_S, READING_S = 5.0, 120.0, 1.0
"""A way of the stage; the training; reading a pair with several angles."""


def measure(bench: Bench, settings: DeepFocusSettings) -> Result:
    """See :mod:`calibration.deepfocus.procedure`."""
    from calibration.deepfocus.procedure import measured_or_failed  # brings torch

    return measured_or_failed(bench, settings)


def cost(plan: Plan, settings: DeepFocusSettings) -> Cost:
    """Of the ground truth, and of the trials at more places."""
    current_na, focus = plan.instrument.electron.probe_current_na, plan.project.focus
    taken = spend(settings, focus, current_na, FRAME_OVERHEAD_S)
    more: Spend = spend(
        settings.model_copy(update={"places": settings.trial_places, "aberrations": 6 * settings.trials}),
        focus,
        current_na,
        FRAME_OVERHEAD_S,
    )
    places, pairs = settings.places + settings.trial_places, settings.places * settings.aberrations
    beside_s = PLACE_S * places + TRAINING_S + READING_S * pairs
    return Cost(
        taken.duration_s + more.duration_s + beside_s,
        taken.frames + more.frames,
        max(taken.dose_per_nm2, more.dose_per_nm2),
        (
            f"{pairs} pairs at {settings.places} places, and trials at {settings.trial_places} more.",
            "The dose is that of the first place, where focus is searched from nothing.",
        ),
    )


PROCEDURE = Procedure(
    CalibrationKind.DEEPFOCUS,
    "DeepFocus",
    "Finds focus at several places by itself, takes pairs of images at known aberrations, and learns from "
    "them how this microscope blurs: the angle of its beam, its stigmators, the network's last layers. "
    "The stage must stand at the imaging height over the mounted wafer, roughly in focus.",
    DeepFocusSettings,
    frozenset({Need.ELECTRONS, Need.STAGE}),
    cost,
    measure,
)
