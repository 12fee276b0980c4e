"""Which instrument a command or a check speaks of, and what its file of devices says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hardware import assembled
from hardware.errors import OutOfRange
from hardware.instruments_file import FILE_NAME, Assembly, PlannedDevice, WrongInstruments, read, spoken
from hardware.parts import Part
from scopeacq.plan.findings import Findings, error, note, warning
from scopeacq.plan.instrument import TWIN, Instrument
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.plan.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Target:
    """An instrument. ``folder``: of its driver, where lock and logs lie. ``assembly``: None where the
    driver is one for a whole microscope.
    """

    name: str
    folder: Path
    driver: str
    settings: Mapping[str, object]
    assembly: Assembly | None


def target_of(path: Path) -> Target:
    """The instrument of a run's folder, or the one that a file of devices, or of its folder, describes.

    Raises ``SettingsError`` with all that is wrong with it; nothing is connected.
    """
    folder = RunFolder(path)
    if not folder.instrument_file.exists() and (path / FILE_NAME).exists():
        path = path / FILE_NAME
    if not path.is_dir():
        found = _read(path)
        settings = {"file": path.name}
        return Target(found.name, path.absolute().parent, assembled.DRIVER_NAME, settings, found)
    instrument = Instrument.read(folder.instrument_file)
    driver, driver_folder = instrument.driver, folder.instrument(instrument)
    assembly = _assembly(instrument, driver_folder, folder.instrument_file)
    return Target(instrument.name, driver_folder, driver.name, driver.settings, assembly)


def device_findings(plan: Plan) -> Findings:
    """What is to be said of the devices of which the run's instrument is assembled."""
    try:
        assembly = _assembly(plan.instrument, plan.instrument_folder, plan.folder.instrument_file)
    except SettingsError as trouble:
        for problem in trouble.problems:
            yield error(str(SettingsError(trouble.path, [problem], trouble.advice)))
        return
    if assembly is None:
        return
    twins = [device for device in assembly.devices if device.driver_name == TWIN]
    if len(twins) == len(assembly.devices):
        yield note("All parts of this instrument are simulated.")
    elif twins:
        parts = frozenset[Part]().union(*(device.plays for device in twins))
        yield warning(f"These parts of the instrument are simulated: {spoken(parts)}.")
        yield from map(error, _out_of_time(twins))


def _out_of_time(twins: Iterable[PlannedDevice]) -> Iterator[str]:
    """Motors and scans of real devices take real time, whoever plays the clock."""
    from hardware.simulator.device import TwinDeviceSettings  # half a second, only where there is a twin

    for device in twins:
        if isinstance(device.settings, TwinDeviceSettings) and not device.settings.may_time_others:
            what = "its time does not pass as that of the real devices beside it"
            yield f'{device.name}: {what}. Set time = "real" and pace = 1.'


def _assembly(instrument: Instrument, folder: Path, said_in: Path) -> Assembly | None:
    """``folder``: of the driver; ``said_in``: the instrument's own file. Raises ``SettingsError``."""
    if instrument.driver.name != assembled.DRIVER_NAME:
        return None
    try:
        file = assembled.file_of(instrument.driver.settings, folder)
    except OutOfRange as wrong:
        raise SettingsError(said_in, [wrong.what], wrong.advice) from None
    return _read(file)


def _read(file: Path) -> Assembly:
    if not file.exists():
        advice = "Check the path, or make it with `scopeacq instruments new`."
        raise SettingsError(file, ["the file does not exist"], advice)
    try:
        return read(file)
    except WrongInstruments as wrong:
        raise SettingsError(file, [problem.text for problem in wrong.problems], wrong.advice) from None
