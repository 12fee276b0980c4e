"""Taking a ground truth: from place to place, focus searched, then pairs at known aberrations.

Whatever is measured is measured once (:meth:`~calibration.bench.Bench.once`), and all that is drawn is
drawn before, so that the same work goes on after a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from calibration.bench import Bench
from calibration.ground_truth.baseline import Baseline, ending_near, first_focus, searched, stronger
from calibration.ground_truth.figures import bowl_figure, map_of_places
from calibration.ground_truth.places import Spot, regular_grid, room
from calibration.ground_truth.settings import GroundTruthSettings
from calibration.stigmators.pairs import CannotMeasure
from hardware.types import Optics
from models.estimate import PairCondition
from scopeacq.focus.autofocus import FocusBench
from scopeacq.focus.focus_pairs import Pair, take_pair
from scopeacq.focus.score_search import Looks
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings

FRAMES_APART = 1.5
"""Places lie at least so many frames apart: what one is laid down must not lie on the next."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What is wanted of a pair: shares of the reach (-1..1), and the dwell time."""

    shares: tuple[float, float, float]
    dwell_ns: float


@dataclass(frozen=True, slots=True)
class FirstFocus:
    """The bowl at the first place: its middle, and how strongly the stigmators act over the profile's."""

    centre: Optics
    strength: float
    strength_sd: float


@dataclass(frozen=True, slots=True)
class PairTaken:
    """A pair whose images are kept under ``image``."""

    place: int
    optics: Optics
    dwell_ns: float
    image: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place that focus was searched at."""

    number: int
    spot: Spot
    baseline: Baseline

    @property
    def focus(self) -> Optics:
        assert self.baseline.optics is not None, "spared places are left out"
        return self.baseline.optics


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What was taken. ``spared``: places at which no focus was found. ``strength``: see ``FirstFocus``."""

    places: tuple[Place, ...]
    spared: tuple[Place, ...]
    pairs: tuple[PairTaken, ...]
    strength: float


@dataclass(frozen=True)
class Acquisition:
    """Takes a ground truth with a bench; ``share`` of the whole work is this."""

    bench: Bench
    settings: GroundTruthSettings
    share: float = 1.0

    def spots(self, more: int = 0) -> tuple[Spot, ...]:
        """Where the places lie, with so many more. Raises ``CannotMeasure`` where there is no room."""
        plan, wanted = self.bench.plan, self.settings.places + more
        frame = self.settings.frame(self._focus)
        rooms = room(plan.wafer, plan.project.imaging, frame, self.settings.spare_tiles)
        closest_um = FRAMES_APART * 1e-3 * frame.pixel_size_nm * max(frame.width_px, frame.height_px)
        spots = regular_grid(rooms, wanted, closest_um)
        if len(spots) < wanted:
            raise CannotMeasure(
                f"There is room for {len(spots)} of {wanted} places on the sections beside what the run "
                "images; choose fewer places, or do not spare the run's tiles."
            )
        return spots

    def take(self, spots: Sequence[Spot]) -> GroundTruth:
        """Search focus at each spot and take its pairs. Raises ``CannotMeasure`` and ``HardwareError``."""
        draws = self._draws(len(spots))
        seeds = self.bench.rng.integers(2**31, size=len(spots)).tolist()
        strength = self._begun(spots[0])
        places, pairs = list[Place](), list[PairTaken]()
        for number, spot in enumerate(spots):
            self._show_map(spots, places)
            self.bench.tell(self.share * number / len(spots), f"Focus is searched at place {number + 1}.")
            place = self._searched(number, spot, places, strength, seeds[number])
            places.append(place)
            if place.baseline.optics is not None:
                pairs += self._pairs(place, draws[number], strength, len(spots))
        self._show_map(spots, places)
        good = tuple(p for p in places if p.baseline.optics is not None)
        spared = tuple(p for p in places if p.baseline.optics is None)
        if not good:
            raise CannotMeasure(
                "Focus was found at no place; choose sections with tissue, and look at one."
            )
        return GroundTruth(good, spared, tuple(pairs), strength)

    def baseline(self, number: int, spot: Spot, near: Sequence[Place], strength: float, seed: int) -> Place:
        """Focus at another place, at which no pairs are taken."""
        return self._searched(number, spot, list(near), strength, seed)

    def images(self, taken: PairTaken) -> Pair:
        """A pair that was kept, with what is known of it. Raises ``SettingsError``."""
        images = self.bench.measurements.image(taken.image)
        return Pair(taken.optics, images[0], images[1], self.condition(taken))

    def condition(self, taken: PairTaken) -> PairCondition:
        """What is known of a pair, with the angle in the profile."""
        bench = self.focus_bench(self.settings.pair_focus(self._focus, taken.dwell_ns), self._electron)
        return bench.condition(bench.scans[0])

    def focus_bench(self, focus: FocusSettings, electron: ElectronSettings) -> FocusBench:
        """Where images are taken with a profile of the column, which may be another one than the plan's."""
        manual = self.bench.manual
        return FocusBench(manual.imager, manual.devices.column, focus, electron, self.settings.scan_rot_deg)

    def go(self, spot: Spot) -> None:
        """Bring a spot under the beam, by a checked way."""
        manual = self.bench.manual
        manual.go(manual.way_to(*manual.place.apply(spot.at_um)))

    @property
    def _focus(self) -> FocusSettings:
        return self.bench.plan.project.focus

    @property
    def _electron(self) -> ElectronSettings:
        return self.bench.plan.instrument.electron

    def _draws(self, places: int) -> list[list[Draw]]:
        """What is wanted of all pairs."""
        count, rng = self.settings.aberrations, self.bench.rng
        shares = rng.uniform(-1.0, 1.0, (places, count, 3)).tolist()
        dwells = rng.choice(self.settings.dwell_ns, (places, count)).tolist()
        return [
            [Draw((z, x, y), dwell) for (z, x, y), dwell in zip(*of_place, strict=True)]
            for of_place in zip(shares, dwells, strict=True)
        ]

    def _begun(self, spot: Spot) -> float:
        """How strongly the stigmators act over the profile's; the column stands at about focus then."""
        self.bench.tell(0.0, "Focus is looked for at the first place.")

        def take() -> FirstFocus:
            self.go(spot)
            bench = self.focus_bench(self.settings.search_focus(self._focus), self._electron)
            looks = Looks(self.bench.manual.scorer, bench)
            try:
                bowl = first_focus(
                    looks, lambda bowl: self.bench.show("landscape", bowl_figure(looks, bowl))
                )
            except ValueError as error:
                raise CannotMeasure(f"No focus at the first place: {error}.") from error
            centre = bench.within_limits(looks.optics(bowl.centre))
            return FirstFocus(centre, bowl.strength, bowl.strength_sd)

        first = self.bench.once("first-focus", FirstFocus, take)
        self.bench.manual.set_optics(first.centre)
        return first.strength

    def _searched(
        self, number: int, spot: Spot, before: Sequence[Place], strength: float, seed: int
    ) -> Place:
        known = [place for place in before if place.baseline.optics is not None]
        sharpest = [s for place in known if (s := place.baseline.sharpest_um) is not None]

        def take() -> Baseline:
            self.go(spot)
            if known:
                self.bench.manual.set_optics(known[-1].focus)
            least_um = float(np.median(sharpest)) if sharpest else None
            focus = ending_near(self.settings.search_focus(self._focus), least_um)
            bench = self.focus_bench(focus, stronger(self._electron, strength))
            return searched(bench, self.bench.manual.scorer, seed)

        return Place(number, spot, self.bench.once(f"baseline-{number}", Baseline, take))

    def _pairs(
        self, place: Place, draws: Sequence[Draw], strength: float, places: int
    ) -> Iterator[PairTaken]:
        at_place = False
        for number, draw in enumerate(draws):
            name = f"pair-{place.number}-{number}"
            if not at_place and self.bench.measurements.get(name, PairTaken) is None:
                self.go(place.spot)
                at_place = True
            done = (place.number + 0.5 + 0.5 * number / len(draws)) / places
            self.bench.tell(self.share * done, f"Pair {number + 1} is taken at place {place.number + 1}.")
            yield self.bench.once(name, PairTaken, partial(self._taken, name, place, draw, strength))

    def _taken(self, name: str, place: Place, draw: Draw, strength: float) -> PairTaken:
        focus = self.settings.pair_focus(self._focus, draw.dwell_ns)
        bench = self.focus_bench(focus, stronger(self._electron, strength))
        pair = take_pair(bench, self._wanted(place.focus, draw, strength), bench.scans[0])
        self.bench.measurements.keep_image(name, np.stack([pair.plus, pair.minus]))
        return PairTaken(place.number, pair.optics, draw.dwell_ns, name)

    def _wanted(self, focus: Optics, draw: Draw, strength: float) -> Optics:
        """Optics off focus by a draw; stigmators by as many units as their strength makes um of."""
        z, x, y = draw.shares
        frame = self._electron.stigmator_frame
        units = self.settings.reach_astig_um / strength
        return focus.shifted(
            self.settings.reach_wd_um * z, units / frame.um_per_unit * x, units / frame.y_um_per_unit * y
        )

    def _show_map(self, spots: Sequence[Spot], places: Sequence[Place]) -> None:
        done = [p.spot for p in places if p.baseline.optics is not None]
        spared = [p.spot for p in places if p.baseline.optics is None]
        self.bench.show("map", map_of_places(spots, done, spared))
