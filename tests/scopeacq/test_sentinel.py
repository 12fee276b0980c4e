"""The drift sentinel, from records: silent while all is well, else soon, once and in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.types import Optics
from scopeacq.engine.events import FocusDriftNoticed
from scopeacq.focus.drift_chart import MOST_SDS, DriftChart, Place
from scopeacq.focus.focus_traits import measures_of
from scopeacq.focus.sentinel import LIMIT, TILES_AT_ONCE, VISITS_PER_FALSE_ALARM, Sentinel
from scopeacq.journal.journal import Row
from scopeacq.journal.journal_format import decode
from scopeacq.journal.records import (
    CycleDone,
    FocusDone,
    FocusDrifted,
    FocusEnd,
    FocusIteration,
    FocusReadBy,
    FocusTrait,
    PlaneKey,
    Record,
)
from scopeacq.telling.drift import drift_told
from ui.presenters.event_log import entry_of
from ui.presenters.past import past_entries

NAME = "DeepFocus"
BEFORE = Optics(4500.0, 0.0, 0.0)
READ_BY = FocusReadBy(NAME, ())
HEALTHY_RUNS, SECTIONS, CYCLES = 200, 8, 15


def pair(
    optics: Optics, wd_um: float, stig_x: float = 0.0, sd_um: float = 0.02, name: str = NAME
) -> FocusIteration:
    return FocusIteration(name, optics, wd_um, stig_x, 0.0, sd_um, 0.005, 0.005)


def done(
    key: PlaneKey, *pairs: FocusIteration, applied: bool = True, end: FocusEnd | None = None
) -> FocusDone:
    end = end or (FocusEnd.IN_FOCUS if applied else FocusEnd.UNCERTAIN)
    return FocusDone(key, applied, "why", BEFORE, BEFORE, pairs, 4.0, "", 1.0, end)


def sound(key: PlaneKey, rng: np.random.Generator) -> FocusDone:
    """Two pairs that agree, within what they state."""
    first = pair(BEFORE, rng.normal(0, 3), rng.normal(0, 0.1))
    moved = BEFORE.shifted(first.correction_wd_um, first.correction_stig_x)
    return done(key, first, pair(moved, rng.normal(0, 0.03), rng.normal(0, 0.005)))


def told_by(sentinel: Sentinel, records: Iterable[Record]) -> list[FocusDrifted]:
    """What is journalled as the engine does it: as soon as there is news."""
    told = []
    for record in records:
        sentinel.apply(record)
        if (news := sentinel.news) is not None:
            told.append(news)
            sentinel.apply(news)
    return told


def cycles(made: Sequence[FocusDone], first: int = 0) -> Iterator[Record]:
    """Each cycle is one correction in each of the sections that ``made`` tells of."""
    for cycle, one in enumerate(made, first):
        for section in range(SECTIONS):
            yield replace(one, key=PlaneKey(cycle, f"S{section}", 0))
        yield CycleDone(cycle)


@cache
def real_visits() -> dict[tuple[str, int], tuple[FocusDone, ...]]:
    """Corrections of a run of ``scopeacq demo --seed 3 --cycles 8``, by section and cycle."""
    lines = Path(__file__).with_name("healthy_focus.jsonl").read_text().splitlines()
    visits: dict[tuple[str, int], tuple[FocusDone, ...]] = {}
    for record in (decode("FocusDone", line) for line in lines):
        assert isinstance(record, FocusDone)
        place = record.key.section, record.key.cycle
        visits[place] = (*visits.get(place, ()), record)
    return visits


def healthy_run(seed: int) -> Iterator[Record]:
    """A longer run, its visits drawn from those of the demo to the same section in any later cycle."""
    rng, visits = np.random.default_rng(seed), real_visits()
    sections = sorted({section for section, _ in visits})
    later = max(cycle for _, cycle in visits)
    for cycle in range(CYCLES):
        for number in range(SECTIONS):
            like = sections[number % len(sections)]
            drawn = 0 if cycle == 0 else int(rng.integers(1, later + 1))
            for one in visits[like, drawn]:
                yield replace(one, key=PlaneKey(cycle, f"S{number}", one.key.tile))
        yield CycleDone(cycle)


def test_healthy_runs_raise_no_alarm() -> None:
    """As stated: one in so many visits at most; these are a quarter of them."""
    told = [news for seed in range(HEALTHY_RUNS) for news in told_by(Sentinel(), healthy_run(seed))]
    assert HEALTHY_RUNS * SECTIONS * CYCLES > VISITS_PER_FALSE_ALARM / 5
    assert told == []


@pytest.mark.parametrize("heavy_tails", [False, True])
def test_noise_alone_raises_as_few_alarms_as_stated(heavy_tails: bool) -> None:
    rng, alarms, visits = np.random.default_rng(4), 0, 40_000
    chart = DriftChart(tolerance=0.5, limit=math.log(1000))
    for n in range(visits):
        noise = float(rng.standard_t(4) / math.sqrt(2) if heavy_tails else rng.normal())
        chart.take(n // 50, Place(f"S{n % 50}", 0), noise + n % 50, corrections=1)
        if chart.drifted:
            alarms, chart.evidence = alarms + 1, 0.0
    assert alarms <= visits / 1000


@settings(max_examples=30, deadline=None)
@given(
    st.floats(1.5, 20.0),
    st.floats(0.01, 10.0),
    st.integers(2, 12),
    st.integers(0, 2**32 - 1),
)
def test_a_rise_beyond_the_scatter_is_found_soon_and_dated(
    rise_sds: float, scatter: float, places: int, seed: int
) -> None:
    rng, chart = np.random.default_rng(seed), DriftChart(scatter, LIMIT)
    for cycle in range(60):
        for place in range(places):
            shift = rise_sds * scatter if cycle >= 6 else 0.0
            chart.take(cycle, Place(f"S{place}", 0), place + shift + scatter * rng.normal(), 1)
        if chart.drifted:
            break
    assert chart.drifted
    assert chart.rise is not None
    assert chart.rise.cycle >= 2
    assert chart.rise.now > chart.rise.usual
    if rise_sds > 6:
        # no visit counts for more than so much, however far off
        assert (cycle - 6) * places <= LIMIT / (MOST_SDS - 1.5) + 2 * places


def test_places_may_differ_as_much_as_they_like() -> None:
    chart = DriftChart(0.1, LIMIT)
    for cycle in range(20):
        for place in range(10):
            chart.take(cycle, Place(f"S{place}", 0), 100.0**place, 1)
    assert chart.evidence == 0.0


def test_one_visit_that_went_wrong_is_no_drift() -> None:
    chart = DriftChart(0.1, LIMIT)
    for cycle in range(20):
        chart.take(cycle, Place("S0", 0), 1e9 if cycle == 10 else 1.0, 1)
        assert not chart.drifted
    assert chart.evidence == 0.0
    for cycle in range(20, 30):
        chart.take(cycle, Place("S0", 0), 2.0, 1)
    assert chart.drifted, "nor does it make blind"


def test_what_corrections_tell() -> None:
    first = pair(BEFORE, 4.0, 0.4)
    second = pair(BEFORE.shifted(4.0, 0.4), -1.0, 0.0)
    told = measures_of(done(PlaneKey(0, "S", 0), first, second), NAME)
    assert told[FocusTrait.PAIRS] == 2
    assert told[FocusTrait.REFUSED] == 0
    assert told[FocusTrait.SIZE] == pytest.approx(math.hypot(4.0, 1.6))
    # the lens moved by 4 um, of which the pairs saw 5
    assert told[FocusTrait.GAIN] == pytest.approx(0.25)
    assert told[FocusTrait.CONTRADICTION] == pytest.approx(math.sqrt(1 / (0.0508 + 3 * 0.0) / 3), rel=0.05)
    assert told[FocusTrait.SPREAD] == 0.02


def test_a_fallback_counts_as_refused_and_a_broken_instrument_for_nothing() -> None:
    key = PlaneKey(0, "S", 0)
    fallback = done(key, pair(BEFORE, 1.0, sd_um=9.0), pair(BEFORE, 1.0, name="DeepScore"))
    assert measures_of(fallback, NAME)[FocusTrait.REFUSED] == 1
    assert measures_of(fallback, NAME)[FocusTrait.PAIRS] == 1
    assert measures_of(done(key, applied=False, end=FocusEnd.BAD_IMAGES), NAME) == {FocusTrait.REFUSED: 1}
    assert measures_of(done(key, applied=False, end=FocusEnd.INSTRUMENT_FAILED), NAME) == {}
    nothing_seen = pair(BEFORE, math.nan, sd_um=math.inf)
    assert FocusTrait.SPREAD not in measures_of(done(key, nothing_seen, applied=False), NAME)


def drifting(n_sound: int, gain: float, seed: int = 0) -> Iterator[Record]:
    """Sound corrections, then ones of an estimator that sees ``gain`` times what there is."""
    rng = np.random.default_rng(seed)
    yield READ_BY
    for cycle in range(3 * n_sound):
        for section in range(SECTIONS):
            one = sound(PlaneKey(cycle, f"S{section}", 0), rng)
            first, second = one.iterations
            if cycle >= n_sound:
                wrong = gain * first.correction_wd_um
                moved = BEFORE.shifted(wrong, first.correction_stig_x)
                second = pair(moved, gain * (first.correction_wd_um - wrong))
                first = replace(first, correction_wd_um=wrong)
            yield replace(one, iterations=(first, second))
        yield CycleDone(cycle)


def test_an_estimator_that_overshoots_is_told_of_once_with_all_an_operator_needs() -> None:
    (news,) = told_by(Sentinel(), drifting(6, gain=1.6))
    assert news.trait in (FocusTrait.CONTRADICTION, FocusTrait.GAIN)
    assert news.since_cycle == 6
    assert news.now > 2 * news.usual
    assert news.corrections <= 2 * SECTIONS
    told = drift_told(news)
    assert told.recalibrate
    assert "since cycle 7, section S" in told.text
    assert "scopeacq calibrate deepfocus RUN" in told.advice


def test_a_restart_in_the_middle_tells_nothing_twice_and_forgets_nothing() -> None:
    records = list(drifting(6, gain=1.6))
    whole = Sentinel()
    (news,) = told_by(whole, records)
    for cut in range(0, len(records), 7):
        before, rebuilt = Sentinel(), Sentinel()
        journal = list(records[:cut])
        told = told_by(before, journal)
        for record in (*journal, *told):
            rebuilt.apply(record)
        assert told + told_by(rebuilt, records[cut:]) == [news]


def test_the_window_lists_it_now_and_when_the_run_is_opened_again() -> None:
    (news,) = told_by(Sentinel(), drifting(6, gain=1.6))
    told = drift_told(news)
    now = datetime(2026, 1, 1).astimezone()
    live = entry_of(FocusDriftNoticed(news, told.text, told.advice, told.recalibrate), now)
    (later,) = past_entries([Row(1, now.timestamp(), news)], now.date())
    assert live == later
    assert (later.text, later.advice, later.routine) == (told.text, told.advice, False)


def test_what_is_as_before_again_may_be_told_again() -> None:
    rng = np.random.default_rng(1)

    def stretch(first: int, n: int, sd_um: float) -> Iterator[Record]:
        for cycle in range(first, first + n):
            for section in range(SECTIONS):
                one = sound(PlaneKey(cycle, f"S{section}", 0), rng)
                yield replace(one, iterations=tuple(replace(i, sd_wd_um=sd_um) for i in one.iterations))
            yield CycleDone(cycle)

    parts = [*stretch(0, 5, 0.02), *stretch(5, 5, 0.2), *stretch(10, 12, 0.02), *stretch(22, 5, 0.2)]
    sentinel = Sentinel()
    told = told_by(sentinel, parts)
    assert [(t.trait, t.since_cycle) for t in told] == [(FocusTrait.SPREAD, 5), (FocusTrait.SPREAD, 22)]
    assert told[0].usual == pytest.approx(0.02)
    assert sentinel.standing == told[1]


def test_a_new_calibration_is_measured_by_itself() -> None:
    sentinel = Sentinel()
    assert told_by(sentinel, drifting(6, gain=1.6))
    sentinel.apply(FocusReadBy(NAME, ("deepfocus 2026-11-22",)))
    assert sentinel.standing is None
    assert told_by(sentinel, cycles([sound(PlaneKey(0, "S", 0), np.random.default_rng(2))] * 8)) == []


def test_journals_of_before_tell_by_whom_focus_was_read() -> None:
    sentinel = Sentinel()
    sentinel.apply(sound(PlaneKey(0, "S", 0), np.random.default_rng(0)))
    assert sentinel.read_by == READ_BY


def test_it_does_not_grow_with_the_run() -> None:
    def size(n_cycles: int) -> int:
        sentinel, rng = Sentinel(), np.random.default_rng(0)
        sentinel.apply(READ_BY)
        for cycle in range(n_cycles):
            for tile in range(3 * TILES_AT_ONCE):
                sentinel.apply(sound(PlaneKey(cycle, "S", tile), rng))
        return len(repr(sentinel))

    assert size(40) < 1.2 * size(4)
