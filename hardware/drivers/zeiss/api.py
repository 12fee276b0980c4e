"""SmartSEM's Remote API with every answer checked: a code that is not 0 is an error, always.

Methods and codes as in programs that use the API (SerialFIB's SEM_API, which a developer of SmartSEM
wrote, and SBEMimage).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hardware.drivers.zeiss.apartment import Apartment
from hardware.drivers.zeiss.dispatch import Value
from hardware.drivers.zeiss.parameters import NO, YES, Analogue, Command, State
from hardware.errors import ConnectionLost, Garbled, HardwareError, Refused
from hardware.types import Range

Axes: TypeAlias = tuple[float, float, float, float, float, float]
"""x, y, z [m], tilt, rotation [deg] and m [m], as the API has the stage."""

REMOTE = {
    1019: "the API is not initialised",
    2027: "remoting is not configured",
    2028: "remoting did not connect to the server",
    2029: "remoting could not start",
    2030: "the server does not run",
    2031: "no user is logged in",
}
REFUSALS = {
    1000: "there is no such parameter",
    1001: "the value cannot be got",
    1002: "the state cannot be got",
    1003: "it is neither a value nor a state",
    1004: "there is no such parameter",
    1005: "the state cannot be set",
    1006: "the value cannot be set",
    1007: "the value is too low",
    1008: "the value is too high",
    1009: "the value has the wrong type",
    1010: "it is neither a value nor a state",
    1011: "there is no such command",
    1012: "the command failed",
    1015: "the command is not implemented",
    1016: "the image cannot be grabbed",
    1017: "the stage's position cannot be got",
    1018: "the stage does not move",
    1022: "the limits cannot be got",
    1025: "the licence of the API is missing",
    1026: "this is not implemented",
    1032: "this is disabled at present",
}
RECONNECT = "Start SmartSEM, log a user in, then try again."
LOOK = "Look at SmartSEM's own messages."

WHOLE_DISPLAY = (0.0, 0.0, 1024.0, 768.0)
WITHOUT_OVERLAY = 0.0


@dataclass(frozen=True, slots=True)
class Sem:
    """Thread-safe. Queries are asked again, once, when the connection broke; commands never are.

    All raise ``Refused`` with the parameter's name and SmartSEM's reason, ``Garbled`` for an answer that
    makes no sense, ``Deadline`` and ``ConnectionLost``.
    """

    apartment: Apartment

    @property
    def device(self) -> str:
        return self.apartment.device

    def number(self, parameter: Analogue) -> float:
        """The value of a parameter, in the API's unit."""
        return self._finite(parameter, self._ask("Get", parameter, 0.0)[0])

    def word(self, state: State) -> str:
        """What a state reads."""
        (word,) = self._ask("Get", state, "")
        if not isinstance(word, str) or not word.strip():
            raise self._garbled(state, word)
        return word.strip()

    def is_on(self, state: State) -> bool:
        """Whether a switch reads on, or yes."""
        word = self.word(state)
        if word.lower() not in YES | NO:
            raise self._garbled(state, word)
        return word.lower() in YES

    def limits(self, parameter: Analogue) -> Range:
        """What a parameter may be set to."""
        low, high = self._ask("GetLimits", parameter, 0.0, 0.0, n_values=2)
        limits = Range(self._finite(parameter, low), self._finite(parameter, high))
        if limits.low > limits.high:
            raise self._garbled(parameter, limits)
        return limits

    def stage_axes(self) -> Axes:
        """Where the stage stands."""
        values = self._ask("GetStagePosition", *[0.0] * 6, n_values=6)
        x_m, y_m, z_m, tilt_deg, rotation_deg, m_m = (self._finite("stage", value) for value in values)
        return x_m, y_m, z_m, tilt_deg, rotation_deg, m_m

    def set_number(self, parameter: Analogue, value: float) -> None:
        """Set a parameter; whoever sets it reads it back in the unit in which it matters."""
        self._command("Set", parameter, value)

    def set_word(self, state: State, word: str) -> None:
        """Set a state that takes its time; whoever sets it waits for it."""
        self._command("Set", state, word)

    def switch(self, state: State, on: bool) -> None:
        """Set a switch, and read it back."""
        self._command("Set", state, float(on))
        if self.is_on(state) is not on:
            raise self._unmoved(state, "on" if on else "off")

    def choose(self, state: State, word: str) -> None:
        """Set a state by its word, and read it back."""
        self.set_word(state, word)
        if self.word(state) != word:
            raise self._unmoved(state, word)

    def set_index(self, state: State, index: int) -> None:
        """Set a state by its index; whoever sets it sees what comes of it."""
        self._command("Set", state, float(index))

    def choose_index(self, state: State, index: int, word: str) -> None:
        """Set a state by its index, and see that it reads as ``word`` then."""
        self.set_index(state, index)
        if self.word(state) != word:
            raise self._unmoved(state, f"{index} ({word})")

    def execute(self, command: Command, index: int | None = None) -> None:
        """Have a command executed."""
        self._command("Execute", command if index is None else f"{command}{index}")

    def move_stage(self, axes: Axes) -> None:
        """Start a move of all axes."""
        self._command("MoveStage", *axes)

    def grab(self, path: Path, deadline_s: float) -> None:
        """Write the whole picture into a file, without overlay, in the resolution of the image store."""
        self._command("Grab", *WHOLE_DISPLAY, WITHOUT_OVERLAY, str(path), deadline_s=deadline_s)

    def _ask(self, method: str, *arguments: Value, n_values: int = 1) -> tuple[object, ...]:
        try:
            answer = self.apartment.invoke(method, *arguments)
        except ConnectionLost:
            answer = self.apartment.invoke(method, *arguments)
        values = self._granted(answer, method, *arguments)
        if len(values) != n_values:
            raise self._garbled(arguments[0] if arguments else method, answer)
        return values

    def _command(self, method: str, *arguments: Value, deadline_s: float | None = None) -> None:
        self._granted(self.apartment.invoke(method, *arguments, deadline_s=deadline_s), method, *arguments)

    def _granted(self, answer: object, method: str, *arguments: Value) -> tuple[object, ...]:
        """What came beside the code, which must be that of success."""
        code, *values = answer if isinstance(answer, tuple) and answer else (answer,)
        said = " ".join(map(str, (method, *arguments)))
        if not isinstance(code, int) or isinstance(code, bool):
            raise self._garbled(said, answer)
        if code != 0:
            raise self._refusal(code, said)
        return tuple(values)

    def _refusal(self, code: int, said: str) -> HardwareError:
        if code in REMOTE:
            return ConnectionLost(self.device, f"'{said}': {REMOTE[code]} ({code})", RECONNECT)
        reason = REFUSALS.get(code, "SmartSEM does not say why")
        return Refused(self.device, f"'{said}' was refused: {reason} ({code})", LOOK)

    def _finite(self, what: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._garbled(what, value)
        return float(value)

    def _unmoved(self, state: State, wanted: str) -> Refused:
        what = f"{state} was set to {wanted!r} and reads {self.word(state)!r}"
        return Refused(self.device, what, LOOK)

    def _garbled(self, what: Value, answer: object) -> Garbled:
        return Garbled(self.device, f"{what} is answered with {answer!r:.60}", LOOK)
