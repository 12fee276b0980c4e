"""Sections in a picture of a wafer: found, told apart, outlined and judged. In pixels, without Qt or torch."""

from scopeacq.sections.detection import Detection, detect, found_in
from scopeacq.sections.finding import FoundSection, Flag

__all__ = ["Detection", "Flag", "FoundSection", "detect", "found_in"]
