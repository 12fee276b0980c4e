"""What the command line's exit codes mean, for scripts."""

from __future__ import annotations

from enum import IntEnum

from scopeacq.journal.records import RunEnd


class ExitCode(IntEnum):
    """Exit codes of ``scopeacq``; ``meaning`` is what README and ``--help`` say."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    FINISHED = 0, "done; a run is finished"
    BAD_INPUT = 2, "a file or an argument is wrong; nothing was touched"
    PAUSED = 3, "the run is paused or stopped; `scopeacq run` goes on"
    WAITING = 4, "the run waits for an operator (mill gate, confirmation)"
    FAILED = 5, "the run or the hardware failed; the message says what to do"
    BUSY = 6, "another program holds the run folder or the instrument"


_OF_RUN_END = {
    RunEnd.FINISHED: ExitCode.FINISHED,
    RunEnd.WAITING: ExitCode.WAITING,
    RunEnd.PAUSED: ExitCode.PAUSED,
    RunEnd.STOPPED: ExitCode.PAUSED,
    RunEnd.ABORTED: ExitCode.PAUSED,
    RunEnd.FAILED: ExitCode.FAILED,
}


def of_run_end(end: RunEnd) -> ExitCode:
    """The exit code after the engine returned."""
    return _OF_RUN_END[end]
