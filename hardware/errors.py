"""What can go wrong with an instrument, as types. Each error says what to do about it."""

from __future__ import annotations


class HardwareError(Exception):
    """An instrument did not do what was asked.

    Args:
        device: its name as the operator knows it ("stage", "ion blanker").
        what: one clause that says what happened.
        advice: one sentence that says what to do.
    """

    def __init__(self, device: str, what: str, advice: str = "") -> None:
        super().__init__(device, what, advice)
        self.device, self.what, self.advice = device, what, advice

    def __str__(self) -> str:
        return f"{self.device}: {self.what}." + (f" {self.advice}" if self.advice else "")


class OutOfRange(HardwareError):
    """A set-point lies outside the limits; nothing was sent to the device."""


class Refused(HardwareError):
    """The device answered, and refused."""


class Busy(Refused):
    """Another program commands the instrument."""


class Halted(HardwareError):
    """An operator wanted an end before it was done."""


class NotReached(HardwareError):
    """The read-back differs from what was wanted by more than the tolerance."""

    def __init__(
        self, device: str, axis: str, wanted: float, got: float, tolerance: float, advice: str = ""
    ) -> None:
        super().__init__(
            device, f"{axis} wanted {wanted:.4f}, is {got:.4f} (tolerance {tolerance:g})", advice
        )
        self.axis, self.wanted, self.got, self.tolerance = axis, wanted, got, tolerance


class Deadline(HardwareError):
    """The device did not answer or arrive in time."""


class ConnectionLost(HardwareError):
    """The connection to the device is gone; nothing more is sent through it."""


class Interlocked(HardwareError):
    """A condition for safety is not met. ``reasons`` holds one sentence each."""

    def __init__(self, device: str, reasons: list[str], advice: str = "") -> None:
        super().__init__(device, "; ".join(reasons), advice)
        self.reasons = reasons


class Garbled(HardwareError):
    """What the device answered makes no sense."""


class BadFrame(HardwareError):
    """The scanner gave a frame that cannot be true: truncated, stale, or constant."""


class Collision(HardwareError):
    """A planned path would bring two solids together; nothing was moved."""


class StageTouch(HardwareError):
    """The touch alarm: something on the stage made contact. All motion has stopped."""


class BlankerUnknown(HardwareError):
    """Nobody can say whether the ion beam is blanked."""

    def __init__(self, what: str) -> None:
        super().__init__("ion blanker", what, "Ion beam state unknown: press gun off.")
