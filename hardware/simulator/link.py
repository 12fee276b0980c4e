"""How a device driver reaches the instrument's firmware: commands with JSON values and images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from hardware import errors
from hardware.errors import HardwareError
from hardware.types import Image

Json = dict[str, Any]

_ERRORS: dict[str, type[HardwareError]] = {
    kind.__name__: kind
    for kind in (
        errors.OutOfRange,
        errors.Refused,
        errors.Deadline,
        errors.ConnectionLost,
        errors.BadFrame,
        errors.StageTouch,
    )
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the firmware answers: JSON values, and an image if it is a frame."""

    values: Json = field(default_factory=dict)
    image: Image | None = None


class Link(Protocol):
    """Carries one command and its answer.

    Raises the :class:`HardwareError` that the firmware raised, ``Deadline`` when no answer came
    within ``deadline_s`` of real time, ``ConnectionLost`` when the other end is gone.
    """

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply: ...


def error_to_json(error: HardwareError) -> Json:
    """A firmware's error as it travels."""
    kind = type(error).__name__
    assert kind in _ERRORS, f"{kind} does not travel"
    return {"kind": kind, "device": error.device, "what": error.what, "advice": error.advice}


def error_from_json(values: Json) -> HardwareError:
    """Inverse of :func:`error_to_json`."""
    return _ERRORS[values["kind"]](values["device"], values["what"], values["advice"])
