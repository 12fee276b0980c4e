"""Errors as an operator meets them: one sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.errors import Busy, HardwareError, OutOfRange
from scopeacq.telling.exit_codes import ExitCode


class Explained(Exception):
    """An error that has its sentence and exit code."""

    def __init__(self, code: ExitCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@contextmanager
def explaining(logs: Path | None = None) -> Iterator[None]:
    """Turn what goes wrong inside into :class:`Explained`; what nobody expected is logged in full.

    Args:
        logs: where the log of an unexpected error goes; without it the system's temporary folder.
    """
    try:
        yield
    except Explained:
        raise
    except Exception as error:
        code = expected_code(error)
        sentence = _told(error) if code is not None else _logged(error, logs)
        raise Explained(code if code is not None else ExitCode.FAILED, sentence) from error


def expected_code(error: Exception) -> ExitCode | None:
    """The exit code of an error that has a sentence of its own, or None for one nobody expected."""
    match error:
        case Busy():
            return ExitCode.BUSY
        case OutOfRange() | HardwareError(__cause__=ValueError()):
            return ExitCode.BAD_INPUT
        case HardwareError():
            return ExitCode.FAILED
        case FileExistsError() | FileNotFoundError() | NotADirectoryError() | PermissionError():
            return ExitCode.BAD_INPUT
        case OSError():
            return ExitCode.FAILED
        case _:
            return _code_of_ours(error)


def _code_of_ours(error: Exception) -> ExitCode | None:
    # imported here: these modules bring SQLite, tensorstore and torch, which help texts do without
    from hardware.simulator.stack_file import BadSpecimen
    from models.weights import WeightsError
    from scopeacq.journal.journal import JournalError
    from scopeacq.plan.grids import GridRefused
    from scopeacq.plan.profiles import CalibrationRefused
    from scopeacq.plan.settings import SettingsError
    from scopeacq.sections.candidates import SectionsRefused
    from scopeacq.storage.export import ExportError
    from scopeacq.storage.locks import Locked
    from scopeacq.storage.storage import StorageError

    if isinstance(error, Locked):
        return ExitCode.BUSY
    bad_input = (
        SettingsError,
        SectionsRefused,
        GridRefused,
        CalibrationRefused,
        JournalError,
        StorageError,
        ExportError,
        WeightsError,
        BadSpecimen,
    )
    return ExitCode.BAD_INPUT if isinstance(error, bad_input) else None


def _told(error: Exception) -> str:
    """An expected error's own sentence; of what the system refuses the file and the reason."""
    match error:
        case OSError(filename=str() | Path() as file, strerror=str() as reason):
            return f"{file}: {reason}. Check the path and its permissions."
        case _:
            return str(error)


def _logged(error: Exception, logs: Path | None) -> str:
    what = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}"
    name = time.strftime("error-%Y%m%d-%H%M%S.log")
    for folder in (logs, Path(tempfile.gettempdir())):
        try:
            if folder is None or not folder.parent.is_dir():
                continue
            folder.mkdir(exist_ok=True)
            path = folder / name
            path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        except OSError:
            continue
        return f"The program failed ({what}); please report it together with {path}."
    return f"The program failed ({what}); please report it."
