from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.types import BeamState, DetectorState
from scopeacq.plan.project import DropSettings
from scopeacq.vision.drop import DropCase, ReferenceTile, drop_evidence

SETTINGS = DropSettings()
MILLED_THROUGH = DropCase(
    section="S003",
    dark_fractions=(0.1, 0.99, 1.0),
    beam=BeamState(True, 1.5, True, 1.8, True),
    detector=DetectorState(True, 1.0, 0.0),
    reference=ReferenceTile("section S001", 0.02),
    dropped_this_cycle=0,
)


def test_a_section_is_dropped_on_all_the_evidence() -> None:
    decision = drop_evidence(MILLED_THROUGH, SETTINGS)
    assert decision.drop
    text = " ".join(decision.sentences)
    for evidence in (
        "99%, 100%",
        "EHT reads back on",
        "valve open",
        "detector reads back on",
        "section S001",
    ):
        assert evidence in text


LACKING: dict[str, DropCase] = {
    "10%, 100%": replace(MILLED_THROUGH, dark_fractions=(1.0, 0.1, 1.0)),
    "in 2 cycles are needed": replace(MILLED_THROUGH, dark_fractions=(1.0,)),
    "nothing was dark": replace(MILLED_THROUGH, dark_fractions=()),
    "EHT reads back off": replace(MILLED_THROUGH, beam=BeamState(False, 0.0, True, 0.0, True)),
    "column valve shut": replace(MILLED_THROUGH, beam=BeamState(True, 1.5, False, 1.8, True)),
    "detector reads back off": replace(MILLED_THROUGH, detector=DetectorState(False, 1.0, 0.0)),
    "No other tile": replace(MILLED_THROUGH, reference=None),
    "bright over 5%": replace(MILLED_THROUGH, reference=ReferenceTile("section S001", 0.95)),
    "3 of at most 3": replace(MILLED_THROUGH, dropped_this_cycle=3),
}


@pytest.mark.parametrize("what", LACKING)
def test_any_lack_of_evidence_keeps_the_section(what: str) -> None:
    decision = drop_evidence(LACKING[what], SETTINGS)
    assert not decision.drop
    assert len(decision.sentences) == 1
    assert what in decision.sentences[0]
