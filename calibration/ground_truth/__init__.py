"""Pairs of images with known aberrations: what networks of focus are trained on."""

from __future__ import annotations

from calibration.bench import Bench
from calibration.ground_truth.settings import GroundTruthSettings, spend
from calibration.procedure import Cost, Need, Procedure, Result
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan

FRAME_OVERHEAD_S = 0.5
"""What a frame takes beside its dwell times: lens, fly-back, and scoring or reading it."""

PLACE_S, READING_S = 5.0, 1.0
"""A way of the stage; reading a pair with several angles."""


def measure(bench: Bench, settings: GroundTruthSettings) -> Result:
    """See :mod:`calibration.ground_truth.procedure`."""
    from calibration.ground_truth.procedure import measured_or_failed  # brings torch

    return measured_or_failed(bench, settings)


def cost(plan: Plan, settings: GroundTruthSettings) -> Cost:
    """Of searches and pairs at all places."""
    current_na = plan.instrument.electron.probe_current_na
    taken = spend(settings, plan.project.focus, current_na, FRAME_OVERHEAD_S)
    pairs = settings.places * settings.aberrations
    return Cost(
        taken.duration_s + PLACE_S * settings.places + READING_S * pairs,
        taken.frames,
        taken.dose_per_nm2,
        (
            f"{pairs} pairs at {settings.places} places.",
            "The dose is that of the first place, where focus is searched from nothing.",
        ),
    )


PROCEDURE = Procedure(
    CalibrationKind.GROUND_TRUTH,
    "Ground truth of focus",
    "Takes pairs of images at known aberrations and writes them as a data set to train networks on; "
    "nothing of the instrument's profile changes. The stage must stand at the imaging height over the "
    "mounted wafer, roughly in focus.",
    GroundTruthSettings,
    frozenset({Need.ELECTRONS, Need.STAGE}),
    cost,
    measure,
)
