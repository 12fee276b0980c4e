"""The drift sentinel in a run: journalled, logged, told. It neither stops nor starts anything."""

from __future__ import annotations

import logging

from scopeacq.engine.events import FocusDriftNoticed
from scopeacq.engine.rig import Rig
from scopeacq.journal.records import FocusReadBy
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan
from scopeacq.telling.drift import drift_told

LOG = logging.getLogger(__name__)

RESTS_ON = (CalibrationKind.DEEPFOCUS, CalibrationKind.STIGMATORS)
"""Calibrations that change what an estimator answers."""


def read_by(rig: Rig) -> tuple[FocusReadBy, ...]:
    """What to journal before a run goes on: by whom focus is read, unless that is known already."""
    if not rig.methods:
        return ()
    now = FocusReadBy(rig.methods[0].name, _calibrated(rig.plan))
    return () if now == rig.progress.sentinel.read_by else (now,)


def _calibrated(plan: Plan) -> tuple[str, ...]:
    in_use = plan.instrument.calibrations_in_use
    return tuple(f"{kind.value} {in_use[kind].measured_at}" for kind in RESTS_ON if kind in in_use)


def tell_drift(rig: Rig) -> None:
    """Journal what the sentinel has found, once, and tell whoever listens."""
    drift = rig.progress.sentinel.news
    if drift is None:
        return
    rig.record(drift)
    told = drift_told(drift)
    LOG.warning("%s %s", told.text, told.advice)
    rig.events.publish(FocusDriftNoticed(drift, told.text, told.advice, told.recalibrate))
