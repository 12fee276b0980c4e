"""What of the core the page Connect calls, on threads of its own: tests have their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

from hardware.addresses import Address
from hardware.discovery import Found
from hardware.instruments_file import FILE_NAME, Draft, Problem, WrongInstruments, parse, written
from hardware.self_test import Checked
from scopeacq.plan.settings import SettingsError
from scopeacq.storage.files import DiskFiles
from scopeacq.telling.explain import Explained, explaining
from scopeacq.telling.logs import overheard
from ui.presenters.connection_draft import NEW, Drivers, resolved
from ui.run.interpreter import loading

REPORTS = "self-tests"
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Opened:
    """What the wizard begins with. ``exists``: there is such a file; ``troubles``: what could not be
    looked at, a sentence each.
    """

    drivers: Drivers
    addresses: tuple[Address, ...]
    exists: bool
    draft: Draft
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """What is done for the wizard; nothing of it on the GUI's thread.

    ``find`` and ``test`` tell each result at once, and end early once their event is set; ``test`` also
    tells in a line which device it connects, and gives the file of its report. ``save`` gives where the
    former file is kept, None where there was none; ``put_back`` has that be the file again, and keeps what
    it replaces, too. ``use`` has a run, by its folder, go by a file.
    """

    open: Callable[[Path], Opened]
    find: Callable[[Iterable[Address], Drivers, Callable[[Found], None], Event], None]
    check: Callable[[Draft], list[Problem]]
    test: Callable[[Path, Draft, bool, Callable[[str], None], Callable[[Checked], None], Event], Path]
    save: Callable[[Path, Draft], Path | None]
    put_back: Callable[[Path, Path], Path | None]
    use: Callable[[Path, Path], None]


def _opened(file: Path) -> Opened:
    with loading():
        from hardware.discovery import installed_drivers, list_addresses

        drivers, troubles = installed_drivers()
    listed = list_addresses(drivers)
    exists, draft, trouble = _begun(file, drivers)
    told = filter(None, (*troubles, trouble, *listed.troubles))
    return Opened(drivers, listed.addresses, exists, draft, tuple(told))


def _begun(file: Path, drivers: Drivers) -> tuple[bool, Draft, str]:
    """Whether there is such a file, the instrument in it, and what is wrong with it."""
    try:
        with explaining():
            if not file.exists():
                return False, NEW, ""
            text = file.read_text(encoding="utf-8", errors="replace")
        return True, resolved(parse(text), drivers), ""
    except Explained as refused:
        return True, NEW, str(refused)
    except WrongInstruments as wrong:
        return True, NEW, f"{wrong} What is written here replaces it; the former file is kept."


def _found(
    addresses: Iterable[Address], drivers: Drivers, hear: Callable[[Found], None], ended: Event
) -> None:
    """A port may be silent for long: whoever wants an end does not wait for it."""
    from hardware.discovery import find

    results: Queue[Found | None] = Queue()

    def search() -> None:
        try:
            for found in find(addresses, drivers):
                results.put(found)
                if ended.is_set():
                    break
        finally:
            results.put(None)

    Thread(target=search, name="search for devices", daemon=True).start()
    while not ended.is_set():
        with suppress(Empty):
            if (found := results.get(timeout=LOOK_S)) is None:
                return
            hear(found)


def _checked(draft: Draft) -> list[Problem]:
    from hardware.instruments_file import check

    return check(draft)


def _tested(
    file: Path,
    draft: Draft,
    with_beam: bool,
    tell: Callable[[str], None],
    hear: Callable[[Checked], None],
    ended: Event,
) -> Path:
    """Raises ``HardwareError``, ``OSError``."""
    with loading():
        from hardware import assembled
        from hardware.claim import LOCK_FILE, InstrumentLock
        from hardware.connection import supervise
        from hardware.instruments_file import assembly_of
        from hardware.self_test import carried_out, parts_of
        from hardware.self_test_checks import checks
        from hardware.self_test_report import SelfTestReport, save

    begun, done, folder, assembly = datetime.now().astimezone(), [], file.parent, assembly_of(draft)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = InstrumentLock(folder / LOCK_FILE)
        stack.callback(lock.release)
        stack.enter_context(lock.claim("the wizard Connect"))
        with overheard(assembled.LOG, tell):
            devices = supervise(assembled.assemble(assembly, folder))
        stack.callback(devices.close)
        for checked in carried_out(checks(parts_of(devices), folder, with_beam)):
            done.append(checked)
            hear(checked)
            if ended.is_set():
                break
    report = folder / REPORTS / f"{begun:%Y%m%d-%H%M%S}.md"
    report.parent.mkdir(exist_ok=True)
    save(SelfTestReport(draft.name, begun, with_beam, tuple(done)), report)
    return report


def _saved(file: Path, draft: Draft) -> Path | None:
    """Raises ``OSError``."""
    files, former = DiskFiles(), ""
    files.make_folder(file.parent)
    if (kept := _kept(file)) is not None:
        former = kept.read_text(encoding="utf-8", errors="replace")
    files.write_durable(file, _text(draft, former).encode(), replace=True)
    return kept


def _kept(file: Path) -> Path | None:
    """A copy of a file beside it, under a name that nothing has; None where there is no such file."""
    if not file.exists():
        return None
    stem = f"{file.stem}-before-{datetime.now():%Y%m%d-%H%M%S}"
    names = (f"{stem}{file.suffix}" if n == 1 else f"{stem}-{n}{file.suffix}" for n in count(1))
    kept = next(path for name in names if not (path := file.with_name(name)).exists())
    DiskFiles().write_durable(kept, file.read_bytes())
    return kept


def _text(draft: Draft, former: str) -> str:
    """With the comments of the former file where that can be read."""
    try:
        parse(former)
    except WrongInstruments:
        return written(draft)
    return written(draft, former)


def _put_back(file: Path, kept: Path) -> Path | None:
    """Raises ``OSError``, ``SettingsError`` where it is gone."""
    if not kept.exists():
        raise SettingsError(kept, ["the former file is not there any more"], "Nothing was changed.")
    former, newer = kept.read_bytes(), _kept(file)
    DiskFiles().write_durable(file, former, replace=True)
    return newer


def _used(root: Path, file: Path) -> None:
    """Raises ``SettingsError``, ``Locked``, ``OSError``."""
    with loading():
        from hardware.assembled import DRIVER_NAME
        from scopeacq.journal.history import has_begun
        from scopeacq.plan.instrument import DriverSettings
        from scopeacq.plan.runfolder import Plan
        from scopeacq.plan.saving import save_instrument
        from scopeacq.storage.locks import OwnerLock

    plan = Plan.read(root)
    if plan.instrument.driver.name != DRIVER_NAME and has_begun(plan.folder):
        what = f"the run has begun with another instrument ({plan.instrument.driver.name})"
        raise SettingsError(plan.folder.instrument_file, [what], "Begin a new run with this one.")
    settings: dict[str, object] = {} if file.name == FILE_NAME else {"file": file.name}
    driver = DriverSettings(name=DRIVER_NAME, folder=str(file.parent.absolute()), settings=settings)
    with OwnerLock.of_run(root):
        save_instrument(plan, plan.instrument.model_copy(update={"driver": driver}))


CONNECTIONS = Connections(_opened, _found, _checked, _tested, _saved, _put_back, _used)
