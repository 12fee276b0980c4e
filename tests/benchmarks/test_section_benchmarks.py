"""What the benchmarks of section detection are made of: scores, the source's outlines, the page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks import large_overview, source_sections
from benchmarks.section_scores import pooled, score
from benchmarks.sections import page
from scopeacq.sections.finding import FoundSection

SQUARE = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]])


def found(x: float, y: float) -> FoundSection:
    return FoundSection(tuple((x + float(u), y + float(v)) for u, v in SQUARE), 0.9)


def test_each_section_is_found_once_at_most() -> None:
    true = [SQUARE, SQUARE + 100]
    own = score([found(1, 0), found(2, 0), found(300, 300)], true)
    assert (own.found, own.told, own.missed, own.false) == (1, 3, (1,), (1, 2))
    assert own.f1 == pytest.approx(2 / 5)
    assert own.corner_error_px == pytest.approx(1.0)
    assert pooled([own, own]).f1 == pytest.approx(own.f1)


def test_an_outline_that_overlaps_by_less_than_half_is_none() -> None:
    assert score([found(8, 0)], [SQUARE]).found == 0
    assert score([found(6, 0)], [SQUARE]).found == 1


def test_the_source_takes_the_smallest_rectangle_around_each_part() -> None:
    probability = np.zeros((100, 120), np.float32)
    probability[20:50, 30:70] = 1.0
    probability[80:85, 5:10] = 1.0
    (only,) = source_sections.source_sections(probability)
    assert only.outline.min(0) == pytest.approx([30, 20], abs=1.5)
    assert only.outline.max(0) == pytest.approx([69, 49], abs=1.5)


def test_touching_sections_are_one_to_the_source() -> None:
    probability = np.zeros((100, 120), np.float32)
    probability[20:50, 30:60] = probability[20:50, 60:90] = 1.0
    assert len(source_sections.source_sections(probability)) == 1


def test_a_page_holds_what_was_measured(tmp_path: Path) -> None:
    cost = large_overview.Cost("learned", 2, 186, 1.0, 20.0, 30.0, 900.0)
    network = source_sections.Cost("ours", 1000, 0.1, 2.0)
    said = [
        {"generated": asdict(score([found(0, 0)], [SQUARE]))},
        {"large": [asdict(cost)]},
        {"costs": [asdict(network)]},
    ]
    files = [tmp_path / f"{k}.json" for k in range(3)]
    for path, one in zip(files, said, strict=True):
        path.write_text(json.dumps(one), encoding="utf-8")
    text = page(files)
    assert "| generated | 1 | 1.000 | 0 | 0 | 0.00 | 0 |" in text
    assert "| learned | 2 | 186 | 1.000 | 20 | 30 | 900 |" in text
    assert "| ours | 1,000 | 0.10 | 2.0 |" in text
