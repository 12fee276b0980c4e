"""The rows of the table: what is tried, what others reach, what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.focus import starts
from benchmarks.focus.cases import Bound, Case, Line, Loop, Scores, Search
from benchmarks.focus.landscape import Landscape
from benchmarks.focus.results import WANTED, Mark, Promise
from benchmarks.focus.speed import Speed
from benchmarks.focus.starts import one_of, usual
from benchmarks.focus.textures import Kind, Resin, Sparse, Volume, real_stacks, wide_fields
from benchmarks.held_out import kinds as painted_kinds
from hardware.simulator.texture import ProceduralTexture

TISSUES = ("epithelium", "neuropil", "myelin")
NEARLY_BARE = "resin"


@dataclass(frozen=True)
class Kinds:
    """Textures by what they are for: all that nothing was trained on, those that are tissue among them.

    Real ones are missing where their files are.
    """

    held_out: tuple[Kind, ...]
    tissues: tuple[Kind, ...]
    nearly_bare: Kind
    stacks: tuple[Kind, ...]
    wide: tuple[Kind, ...]

    @classmethod
    def load(cls) -> Kinds:
        painted = painted_kinds()
        nearly_bare = painted.pop(NEARLY_BARE)
        stacks = real_stacks()
        tissue = (Volume("procedural tissue", ProceduralTexture(99)), *stacks)
        tissues = (*(painted[name] for name in TISSUES), *tissue)
        return cls((*painted.values(), *tissue), tissues, nearly_bare, stacks, wide_fields())


QUICK = {"mild": 4, "far": 4, "line": 8, "resin": 2, "score-200": 12}
"""The smaller form, with its trials: what a broken estimator fails at."""


OTHER_OPTICS = Promise(
    "optics other than assumed",
    "- / - / 0.05-0.45 um after 2 at +-10 %",
    "<= 0.1 um after 3, never away",
    (Mark(WANTED, 3, 0.1),),
)
LOW_TEXTURE = Promise(
    "low texture, far start, 50 ns",
    "- / 8 um / 0.3-1.1 um after 2",
    "<= 0.15 um after 2, >= 99 % inside",
    (Mark("MAPFoSt", 2, 8.0), Mark(WANTED, 2, 0.15)),
)
OFF_FOCUS = {"focus": (0.0, 0.0, 0.0), "mild": (10.0, -3.0, 3.0), "far": (30.0, -6.0, 6.0)}


def catalogue(kinds: Kinds) -> tuple[Case, ...]:
    """All cases, in the order of the table."""
    return (*_starts(kinds), *_textures(kinds), *_optics(kinds), *_refusals(kinds), *_limits(kinds))


def _starts(kinds: Kinds) -> tuple[Case, ...]:
    mild = Promise(
        "start (8..12 um, -4..-2, 2..4), 50 ns",
        "0.34 um after 2 / 0.50 um after 6 at 200 ns / 0.29, 0.03 um",
        "<= 0.15, <= 0.03 um after 1, 2; stigmators <= 0.01 after 2",
        (
            Mark("source", 2, 0.34),
            Mark("MAPFoSt at 200 ns", 6, 0.50),
            Mark(WANTED, 1, 0.15),
            Mark(WANTED, 2, 0.03),
        ),
    )
    far = Promise("start (30 um, -6, 6), 50 ns", "inside after 3 / never / 2-3", ">= 99 % inside after 2")
    very_far = Promise("start 60 um, 50 ns", "none", ">= 99 % inside after 3")
    tilted = Promise(
        "mild start, tilted by up to 8 degrees", "none", "the plane at the centre as on flat tiles"
    )
    line = Promise(
        "one step over +-20 um, 200 ns",
        "slope 0.909, offset 0.34 um / - / 0.96-1.03",
        "slope 1 +- 0.01, offset < 0.03 um",
    )
    dim = Promise(
        "mild start, a quarter of the dose at 50 ns", "none", "<= 0.15 um after 2", (Mark(WANTED, 2, 0.15),)
    )
    return (
        Loop("mild", mild, kinds.held_out, starts.mild, trials=48),
        Loop("far", far, kinds.held_out, starts.far, trials=48),
        Loop("very-far", very_far, kinds.held_out, starts.very_far),
        Line("line", line, kinds.held_out, starts.defocused, usual(dwell_ns=200.0), 96),
        Loop("dim", dim, kinds.held_out, starts.mild, one_of("quarter_dose")),
        Loop("tilted", tilted, kinds.held_out, starts.mild, one_of("tilted")),
    )


def _textures(kinds: Kinds) -> tuple[Case, ...]:
    rows = [
        Loop("faint", LOW_TEXTURE, kinds.held_out, starts.far, one_of("faint")),
        Loop("nearly-bare", LOW_TEXTURE, (kinds.nearly_bare,), starts.far),
    ]
    if kinds.stacks:
        rows.append(Loop("medulla", LOW_TEXTURE, kinds.stacks, starts.far))
    if kinds.wide:
        rows.append(Loop("wide-field", LOW_TEXTURE, kinds.wide, starts.far))
    return tuple(rows)


def _optics(kinds: Kinds) -> tuple[Case, ...]:
    known = Promise("stigmators turned by 0-360 degrees, 0.3-3 times as strong, known", "-", "as at home")
    unknown = Promise(
        "the same, unknown to the program",
        "diverges from 30 degrees on",
        "noticed within 2 corrections, refused, recalibration named",
    )
    machines = {
        "angle": ("narrow_angle", "wide_angle"),
        "gaussian": ("gaussian", "truncated"),
        "annular": ("annular",),
        "spherical": ("overcorrected", "undercorrected"),
        "drift": ("drifting",),
        "charging": ("charging",),
        "vignetting": ("vignetted",),
        "slow-detector": ("slow_detector",),
    }
    return (
        *(
            Loop(name, OTHER_OPTICS, kinds.held_out, starts.mild, one_of(*machine))
            for name, machine in machines.items()
        ),
        Loop("turned", known, kinds.held_out, starts.mild, starts.turned),
        Loop("turned-unknown", unknown, kinds.held_out, starts.mild, starts.turned_unknown),
    )


def _refusals(kinds: Kinds) -> tuple[Case, ...]:
    sparse = Promise(
        "no structure in 8 of 10 patches", "unstable / - / 1.1-5 um after 1", "as with 2 patches"
    )
    resin = Promise("bare resin only", "unstable", "refused, optics untouched")
    tissue = tuple(Sparse(kind, 0.2) for kind in kinds.tissues)
    return (
        Loop("sparse", sparse, tissue, starts.mild),
        Loop("resin", resin, (Resin(),), starts.mild, trials=12),
    )


def _limits(kinds: Kinds) -> tuple[Case, ...]:
    speed = Promise(
        "ms per pair, field of view of 512 x 512",
        "MAPFoSt 4 x the source's network as claimed, 0.2-0.4 x as measured",
        "MAPFoSt >= 40 x ours, the source's network >= 50 x ours",
    )
    landscape = Promise("scores over wd and stig x, 100 ns", "figure 3.12", "downhill towards focus")
    electrons = "one pair of 512 x 512 at 50 ns, over the bound"
    search = Promise(
        "search from (+-20 um, +-5, +-5), 100 ns",
        "37 images in one trace / - / 31, 7 of 8 inside",
        "median <= 25 images, >= 99 % inside",
    )
    return (
        *(
            Bound(f"bound-{n}", Promise(f"{electrons}, at {n}", "none", "<= 2"), kinds.tissues, off)
            for n, off in OFF_FOCUS.items()
        ),
        Scores("score-50", Promise("sharp or not, 50 ns", "none", "AUC >= 0.98"), kinds.held_out, 50.0),
        Scores("score-200", Promise("sharp or not, 200 ns", "none", "AUC >= 0.995"), kinds.held_out, 200.0),
        Speed("speed", speed, kinds.held_out),
        Landscape("landscape", landscape, kinds.held_out),
        Search("search", search, kinds.held_out, starts.anywhere, usual(dwell_ns=100.0)),
    )
