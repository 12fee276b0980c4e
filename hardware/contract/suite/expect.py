"""What tests of drivers say again and again."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TypeVar, cast

import pytest

from hardware.contract.bench import Bench
from hardware.emulators.rehearsal import Rehearsal
from hardware.errors import HardwareError
from hardware.guard.client import BlankerLine
from hardware.protocols import IonBlanker
from hardware.registry import blanker_target
from hardware.types import Optics, Range, StagePose

AXES = ("x_um", "y_um", "z_um", "tilt_deg", "rotation_deg")
STANDS_WITHIN = 0.5
"""So far an encoder may waver [um, degrees]."""

about = pytest.mark.about

T = TypeVar("T")


def outside(allowed: Range) -> tuple[float, ...]:
    """What no device may take for a set-point."""
    return allowed.low - 1.0, allowed.high + 1.0, math.nan, math.inf


def refuses(call: Callable[[], object], kind: type[HardwareError] = HardwareError) -> None:
    """The call raises an error of that kind which says whose, what is wrong and what to do."""
    try:
        call()
    except kind as error:
        assert error.device and error.what and error.advice, f"device, what and advice: {error.args}"
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        pytest.fail(f"no {kind.__name__} from {in_words(call)}")


def in_background(call: Callable[[], T]) -> Future[T]:
    """What comes of a call on another thread, which nobody has to wait for: a driver may hang."""
    ended: Future[T] = Future()

    def run() -> None:
        try:
            ended.set_result(call())
        except BaseException as error:
            ended.set_exception(error)

    Thread(target=run, name="tried in the background", daemon=True).start()
    return ended


def in_words(call: Callable[..., object]) -> str:
    """How a call stands in the suite, for a message that says which of many it was."""
    if isinstance(call, partial):
        return in_words(call.func) + (f" with {call.args}" if inspect.ismethod(call.func) else "")
    if inspect.ismethod(call):
        return call.__qualname__
    return inspect.getsource(call).strip().rstrip(",")


def behind(bench: Bench) -> Rehearsal:
    """The simulated microscope behind the driver; skips the test where there is none."""
    if bench.around is None:
        pytest.skip("no simulated microscope stands behind it")
    return bench.around


@contextmanager
def told_nothing(bench: Bench) -> Iterator[None]:
    """Nothing that changes something gets to a device inside."""
    if bench.around is None:
        yield
        return
    with bench.around.overheard() as heard:
        yield
    assert not heard, "it was sent, and refused only then"


def same_pose(pose: StagePose, other: StagePose) -> bool:
    """Whether two complete poses are one, but for the last digits of the encoders."""
    return all(
        getattr(pose, axis) == pytest.approx(getattr(other, axis), abs=STANDS_WITHIN) for axis in AXES
    )


def same_optics(optics: Optics, other: Optics) -> bool:
    """Whether two optics are one, but for what is lost in conversion between units."""
    return (optics.wd_um, optics.stig_x, optics.stig_y) == pytest.approx(
        (other.wd_um, other.stig_x, other.stig_y), rel=1e-6, abs=1e-6
    )


@contextmanager
def line_to(blanker: BlankerLine) -> Iterator[IonBlanker]:
    """The line as the guard has it. It has one owner at a time."""
    module, _, function = blanker_target(blanker.driver).partition(":")
    line = cast(IonBlanker, getattr(import_module(module), function)(blanker.settings))
    try:
        yield line
    finally:
        line.blank()
        getattr(line, "close", lambda: None)()
