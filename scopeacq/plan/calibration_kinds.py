"""The names of calibrations; apart, since the command line's help needs nothing else of them."""

from __future__ import annotations

from enum import Enum


class CalibrationKind(Enum):
    """What can be calibrated; the value names commands and folders."""

    DEEPFOCUS = "deepfocus"
    GROUND_TRUTH = "ground-truth"
    SCAN = "scan"
    STAGE = "stage"
    STIGMATORS = "stigmators"
    ION_CURRENT = "ion-current"
    ION_BEAM = "ion-beam"
    RASTER = "raster"
    MILL_RATE = "mill-rate"
    EVENNESS = "evenness"
    IRRADIATION = "irradiation"

    @property
    def about(self) -> str:
        """What is measured, in a sentence."""
        return _ABOUT[self]


_ABOUT = {
    CalibrationKind.DEEPFOCUS: "Train DeepFocus on for this instrument, on a wafer in it.",
    CalibrationKind.GROUND_TRUTH: "Acquire images of known aberrations, to train networks on.",
    CalibrationKind.SCAN: "Pixel size, rotation and shear of the scan, and what the lens adds to them.",
    CalibrationKind.STAGE: "Backlash, repeatability and settling of the stage.",
    CalibrationKind.STIGMATORS: "Strength and axes of both stigmators, and how they shift the image.",
    CalibrationKind.ION_CURRENT: "The ion current, by the Faraday cup.",
    CalibrationKind.ION_BEAM: "Mill pose and glancing angle, by the ion beam's profile and a burn mark.",
    CalibrationKind.RASTER: "How far the ion raster reaches per volt, in both directions.",
    CalibrationKind.MILL_RATE: "How fast sections are removed, and a map of it over the wafer.",
    CalibrationKind.EVENNESS: "How evenly the azimuths mill together.",
    CalibrationKind.IRRADIATION: "Watch the dose of the irradiation gun, up to a target.",
}
