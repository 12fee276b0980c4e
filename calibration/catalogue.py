"""All procedures by their kind; each is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from calibration.procedure import Procedure
from scopeacq.plan.calibrations import CalibrationKind

_MODULES = {
    CalibrationKind.DEEPFOCUS: "calibration.deepfocus",
    CalibrationKind.GROUND_TRUTH: "calibration.ground_truth",
    CalibrationKind.SCAN: "calibration.scan",
    CalibrationKind.STAGE: "calibration.stage",
    CalibrationKind.STIGMATORS: "calibration.stigmators",
    CalibrationKind.ION_CURRENT: "calibration.ion_current",
    CalibrationKind.ION_BEAM: "calibration.ion_beam",
    CalibrationKind.RASTER: "calibration.raster",
    CalibrationKind.MILL_RATE: "calibration.mill_rate",
    CalibrationKind.EVENNESS: "calibration.evenness",
    CalibrationKind.IRRADIATION: "calibration.irradiation",
}


def procedure_of(kind: CalibrationKind) -> Procedure[Any]:
    """The procedure that calibrates this: ``PROCEDURE`` of its package."""
    found = import_module(_MODULES[kind]).PROCEDURE
    assert isinstance(found, Procedure)
    return found
