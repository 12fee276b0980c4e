"""The names of calibrations; apart, since the command line's help needs nothing else of them."""

from __future__ import annotations

from enum import Enum


class CalibrationKind(Enum):
    """What can be calibrated; the value names commands and folders, ``about`` says what is measured."""

    about: str

    def __new__(cls, value: str, about: str) -> CalibrationKind:
        member = object.__new__(cls)
        member._value_ = value
        member.about = about
        return member

    DEEPFOCUS = "deepfocus", "Train DeepFocus on for this instrument, on a wafer in it."
    GROUND_TRUTH = "ground-truth", "Acquire images of known aberrations, to train networks on."
    SCAN = "scan", "Pixel size, rotation and shear of the scan, and what the lens adds to them."
    STAGE = "stage", "Backlash, repeatability and settling of the stage."
    STIGMATORS = "stigmators", "Strength and axes of both stigmators, and how they shift the image."
    ION_CURRENT = "ion-current", "The ion current, by the Faraday cup."
    ION_BEAM = "ion-beam", "Mill pose and glancing angle, by the ion beam's profile and a burn mark."
    RASTER = "raster", "How far the ion raster reaches per volt, in both directions."
    MILL_RATE = "mill-rate", "How fast sections are removed, and its map over the wafer, by a test stack."
    EVENNESS = "evenness", "How evenly the azimuths mill together."
    IRRADIATION = "irradiation", "Watch the dose of the irradiation gun, up to a target."
