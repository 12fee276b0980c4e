"""Sections in a picture of a wafer: found, told apart, outlined. In pixels, without Qt."""

from scopeacq.sections.detection import Detection, found_in, sections_mask
from scopeacq.sections.finding import Flag, FoundSection
from scopeacq.sections.unlearned import detect

__all__ = ["Detection", "Flag", "FoundSection", "detect", "found_in", "sections_mask"]
