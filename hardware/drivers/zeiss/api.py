"""SmartSEM's Remote API with every answer checked: a code that is not 0 is an error, always.

Methods and codes as in programs that use the API (SerialFIB's SEM_API, which a developer of SmartSEM
wrote, and SBEMimage).
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hardware.drivers.zeiss.apartment import Apartment
from hardware.drivers.zeiss.codes import REFUSALS, REMOTE, code_of
from hardware.drivers.zeiss.dispatch import Value
from hardware.drivers.zeiss.parameters import NO, YES, Analogue, Command, State
from hardware.errors import ConnectionLost, Garbled, HardwareError, Refused
from hardware.types import Range

Axes: TypeAlias = tuple[float, float, float, float, float, float]
"""x, y, z [m], tilt, rotation [deg] and m [m], as the API has the stage."""

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

    def wake(self) -> None:
        """Before a command that must get through: what died unnoticed is made anew for a question only."""
        with suppress(HardwareError):  # whatever is wrong, the command says so itself
            self.word(State.BEAM)

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

    def is_first(self, state: State, words: tuple[str, str]) -> bool:
        """Whether a state that has two words reads the first of them; it may read no third."""
        word = self.word(state)
        if word not in words:
            raise self._garbled(state, word)
        return word == words[0]

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
        self._call("Set", parameter, value)

    def set_word(self, state: State, word: str) -> None:
        """Set a state that takes its time; whoever sets it waits for it."""
        self._call("Set", state, word)

    def switch(self, state: State, on: bool) -> None:
        """Set a switch, and read it back."""
        self._call("Set", state, float(on))
        if self.is_on(state) is not on:
            raise self._unmoved(state, "on" if on else "off")

    def choose(self, state: State, word: str) -> None:
        """Set a state by its word, and read it back."""
        self.set_word(state, word)
        if self.word(state) != word:
            raise self._unmoved(state, word)

    def set_index(self, state: State, index: int) -> None:
        """Set a state by its index; whoever sets it sees what comes of it."""
        self._call("Set", state, float(index))

    def choose_index(self, state: State, index: int, word: str) -> None:
        """Set a state by its index, and see that it reads as ``word`` then."""
        self.set_index(state, index)
        if self.word(state) != word:
            raise self._unmoved(state, f"{index} ({word})")

    def execute(self, command: Command, index: int | None = None) -> None:
        """Have a command executed."""
        self._call("Execute", command if index is None else f"{command}{index}")

    def move_stage(self, axes: Axes) -> None:
        """Start a move of all axes."""
        self._call("MoveStage", *axes)

    def grab(self, path: Path, deadline_s: float) -> None:
        """Write the whole picture into a file, without overlay, in the resolution of the image store."""
        self._call("Grab", *WHOLE_DISPLAY, WITHOUT_OVERLAY, str(path), deadline_s=deadline_s)

    def _ask(self, method: str, *arguments: Value, n_values: int = 1) -> tuple[object, ...]:
        try:
            values = self._call(method, *arguments)
        except ConnectionLost:
            values = self._call(method, *arguments)
        if len(values) != n_values:
            raise self._garbled(arguments[0] if arguments else method, values)
        return values

    def _call(self, method: str, *arguments: Value, deadline_s: float | None = None) -> tuple[object, ...]:
        """What came beside the code, which must be that of success."""
        answer = self.apartment.invoke(method, *arguments, deadline_s=deadline_s)
        code = code_of(answer)
        said = " ".join(map(str, (method, *arguments)))
        if code is None:
            raise self._garbled(said, answer)
        if code != 0:
            raise self._refusal(code, said)
        return answer[1:] if isinstance(answer, tuple) else ()

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
