"""What quality control says of a plane, and when a section has been milled away. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.types import BeamState, DetectorState, Image
from models.estimate import SharpnessScorer
from scopeacq.project import DropSettings, QualitySettings
from scopeacq.records import Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its figures, and one sentence for the operator. ``score_um`` is nan without texture."""

    verdict: Verdict
    score_um: float
    mean: float
    sd: float
    dark_fraction: float
    sentence: str

    @property
    def acceptable(self) -> bool:
        """Whether the plane may be milled away: sharp, or nothing there to be sharp."""
        return self.verdict in (Verdict.SHARP, Verdict.BLANK, Verdict.WAFER)


def judge(
    image: Image, settings: QualitySettings, scorer: SharpnessScorer, pixel_size_nm: float
) -> Judgement:
    """Judge a plane (2-D, uint8 or uint16). Safe to call from several threads."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ReferenceTile:
    """A tile elsewhere, taken in the same cycle as the dark ones."""

    where: str
    dark_fraction: float


@dataclass(frozen=True, slots=True)
class DropCase:
    """All that may speak for dropping a section.

    ``dark_fractions``: of its ROI, one per cycle, oldest first, the newest of this cycle.
    ``beam``, ``detector``: read back now, after the newest image.
    """

    section: str
    dark_fractions: tuple[float, ...]
    beam: BeamState
    detector: DetectorState
    reference: ReferenceTile | None
    dropped_this_cycle: int


@dataclass(frozen=True, slots=True)
class DropDecision:
    """Drop, with the evidence; or do not, with what is missing. One sentence each."""

    drop: bool
    sentences: tuple[str, ...]


def drop_evidence(case: DropCase, drop: DropSettings) -> DropDecision:
    """Whether the wafer shows through the whole section. A lost beam is dark too, hence the evidence."""
    raise NotImplementedError
