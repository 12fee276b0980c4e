"""How long a run still takes, learned from how long planes and mill passes took so far. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from scopeacq.engine.events import Progressed


@dataclass(slots=True)
class _Pace:
    """Real seconds spent on one kind of work, and how much of it was done in them."""

    seconds: float = 0.0
    done: int = 0

    def left_s(self, items: int, guess_s: float) -> float | None:
        """Seconds for so many more; None when nothing was measured and nothing can be guessed."""
        if self.done:
            return items * self.seconds / self.done
        return items * guess_s if guess_s > 0 or items == 0 else None


@dataclass(slots=True)
class TimeLeft:
    """Feed it each :class:`Progressed` with the real time [s]; it answers in real seconds.

    Time passes differently for planes and mill passes, and for a virtual clock; what was measured
    in this session replaces the guesses. A guess of 0 is none: a virtual clock takes no time of its own.
    """

    plane_guess_s: float
    pass_guess_s: float
    _planes: _Pace = field(default_factory=_Pace)
    _passes: _Pace = field(default_factory=_Pace)
    _last: Progressed | None = None
    _counted_s: float = 0.0

    def update(self, progress: Progressed, now_s: float) -> None:
        if self._last is not None:
            planes = progress.planes_done - self._last.planes_done
            passes = progress.passes_done - self._last.passes_done
            if planes <= 0 and passes <= 0:
                return
            pace, done = (self._passes, passes) if passes > 0 else (self._planes, planes)
            pace.seconds += now_s - self._counted_s
            pace.done += done
        self._last, self._counted_s = progress, now_s

    def seconds(self) -> float | None:
        """Real seconds to the end; None while there is nothing to tell it from."""
        if self._last is None:
            return None
        planes = self._last.planes_total - self._last.planes_done
        passes = self._last.passes_total - self._last.passes_done
        planes_s = self._planes.left_s(planes, self.plane_guess_s)
        passes_s = self._passes.left_s(passes, self.pass_guess_s)
        return None if planes_s is None or passes_s is None else planes_s + passes_s
