"""The wizard that puts an instrument together: from what is found on the wires to a file that is tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hardware.addresses import Address
from hardware.assembled import DRIVER_NAME
from hardware.instruments_file import FILE_NAME, Problem, spoken
from hardware.model_problems import dotted
from hardware.parts import OPTIONAL, Part
from hardware.self_test import Checked, Outcome
from hardware.self_test_report import verdict
from scopeacq.telling.wording import counted, sentence
from ui.presenters.connection_draft import players
from ui.presenters.connection_state import Connecting, Doing, Step
from ui.presenters.quantities import units_shown
from ui.presenters.start import told
from ui.presenters.tone import Badge, Sign, Tone

NOBODY = "nobody"
SERIAL_WARNING = (
    "Each address is asked who is there, which changes nothing. A question on a serial line can still "
    "disturb a device that nobody knows: tick such a port only if a device of this instrument is on it."
)
NOTHING_MOVES = (
    "Connects all devices and tries what is safe. Nothing moves, no valve opens, no high voltage is "
    "switched, and the ion beam stays blanked."
)
NOT_RIGHT = "Something is missing or wrong yet; the steps Parts and Settings say what."


@dataclass(frozen=True, slots=True)
class AddressRow:
    """A place where a device may be. ``sentence`` says who is there, once it was asked."""

    address: str
    wire: str
    says: str
    ticked: bool
    badge: Badge | None
    sentence: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device of the instrument; ``plays`` in words."""

    name: str
    title: str
    plays: str
    badge: Badge


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part, and which of the devices plays it; ``choices`` begin with nobody."""

    part: Part
    title: str
    choices: tuple[str, ...]
    chosen: str
    badge: Badge


@dataclass(frozen=True, slots=True)
class CheckRow:
    """What came of a check."""

    badge: Badge
    part: str
    title: str
    said: str


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """The whole page. ``sentence`` says how the step stands; ``stops``: what is under way can be ended."""

    step: Step
    sentence: str
    trouble: str
    addresses: tuple[AddressRow, ...]
    devices: tuple[DeviceRow, ...]
    device: str
    parts: tuple[PartRow, ...]
    problems: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    file: str
    name: str
    doing: Doing | None
    stops: bool
    may_test: bool
    may_save: bool
    report: bool
    kept: bool
    how_to_use: str
    use: str


_HERE = Badge(Tone.GOOD, Sign.CHECK, "Found")
_NOBODY = Badge(Tone.QUIET, Sign.QUESTION, "Nobody known")
_PLAYED = Badge(Tone.GOOD, Sign.CHECK, "Played")
_MISSING = Badge(Tone.CAUTION, Sign.WARNING, "Missing")
_WITHOUT = Badge(Tone.QUIET, Sign.INFO, "Left out")
_RIGHT = Badge(Tone.GOOD, Sign.CHECK, "Complete")
_WRONG = Badge(Tone.CAUTION, Sign.WARNING, "Look here")
_OUTCOMES = {
    Outcome.PASSED: Badge(Tone.GOOD, Sign.CHECK, "Passed"),
    Outcome.FAILED: Badge(Tone.ALARM, Sign.CROSS, "Failed"),
    Outcome.LEFT_OUT: Badge(Tone.QUIET, Sign.INFO, "Left out"),
}


def connection_view(now: Connecting) -> ConnectionView:
    """The page as it stands."""
    return ConnectionView(
        step=now.step,
        sentence=_sentence(now),
        trouble=now.trouble,
        addresses=tuple(_address_row(now, at) for at in now.addresses),
        devices=tuple(_device_rows(now)),
        device=now.device,
        parts=tuple(_part_row(now, part) for part in Part),
        problems=tuple(_problems(now)),
        checks=tuple(map(_check_row, now.checked)),
        file=told(now.file, Path.home()),
        name=now.draft.name,
        doing=now.doing,
        stops=now.doing in (Doing.SEARCHING, Doing.TESTING) and not now.ending,
        may_test=now.right and now.doing is None,
        may_save=now.right and now.doing is None and not now.saved,
        report=now.report is not None,
        kept=now.kept is not None and now.saved,
        how_to_use=how_to_use(now.file),
        use=f"Open {now.run.stem} with it" if now.run is not None and now.saved else "",
    )


def how_to_use(file: Path) -> str:
    """How a run comes to go by a file."""
    settings = "no settings" if file.name == FILE_NAME else f'settings = {{file = "{file.name}"}}'
    return (
        "A run goes by it whose instrument says so, in the view Plan under Driver or in instrument.toml: "
        f'name = "{DRIVER_NAME}", folder = "{file.parent.as_posix()}", {settings}.'
    )


def part_in_words(part: Part) -> str:
    """A part as people call it."""
    return spoken({part}).capitalize()


def _sentence(now: Connecting) -> str:
    if now.doing is not None:
        under_way = now.waits_for or now.doing.value
        return "Ending after what is under way ..." if now.ending else f"{under_way} ..."
    match now.step:
        case Step.FIND:
            return _found_told(now)
        case Step.PARTS | Step.SETTINGS:
            return _problems_told(now)
        case Step.TEST:
            return _tested_told(now)
        case Step.SAVE:
            return _saved_told(now)


def _found_told(now: Connecting) -> str:
    if not now.found:
        return SERIAL_WARNING
    devices = sum(found.candidate is not None for found in now.found.values())
    return f"{counted(devices, 'device')} found, {counted(len(now.found), 'place')} asked."


def _problems_told(now: Connecting) -> str:
    if not now.draft.devices:
        return "The instrument has no device yet: add one below."
    if now.spoilt:
        return f"A field of {now.device} holds what is no value."
    if not now.problems:
        return "Nothing is missing."
    return f"{counted(len(now.problems), 'thing')} to be put right."


def _problems(now: Connecting) -> Iterator[str]:
    """What is wrong, a sentence each; of fields in a form only how many, since each says what."""
    in_forms = [problem for problem in now.problems if len(problem.place) > 3]
    yield from (_problem_told(problem) for problem in now.problems if problem not in in_forms)
    for device, number in Counter(problem.device for problem in in_forms).items():
        yield f"{device}: {counted(number, 'setting')} to be put right."


def _problem_told(problem: Problem) -> str:
    """A sentence; what concerns a device begins with its name, not with its place in the file."""
    if problem.device is None:
        return sentence(units_shown(problem.text))
    said = problem.text.removeprefix(dotted(problem.place)).removeprefix(f"devices.{problem.device}")
    return f"{problem.device}{sentence(said)}"


def _tested_told(now: Connecting) -> str:
    if now.checked:
        where = f" The report is {told(now.report, Path.home())}." if now.report is not None else ""
        return f"{verdict(now.checked)}{where}"
    return NOTHING_MOVES if now.right else NOT_RIGHT


def _saved_told(now: Connecting) -> str:
    if now.saved:
        kept = f" What it said before is kept in {now.kept.name}." if now.kept is not None else ""
        return f"Written.{kept}"
    if not now.right:
        return NOT_RIGHT
    tried = any(check.outcome is Outcome.FAILED for check in now.checked) or not now.checked
    untried = "It was not tried, or not all of it passed. " if tried else ""
    return f"{untried}{'The former file is kept beside it.' if now.exists else 'It is a new file.'}"


def _address_row(now: Connecting, at: Address) -> AddressRow:
    found = now.found.get(at.text)
    badge, said = None, ""
    if found is not None:
        badge = _HERE if found.candidate is not None else _NOBODY
        said = found.candidate.says if found.candidate is not None else sentence(found.trouble)
    if found is not None and found.driver in now.drivers:
        said = f"{now.drivers[found.driver].title}. {said}"
    return AddressRow(at.text, at.wire.value, at.says, at.text in now.chosen, badge, said)


def _device_rows(now: Connecting) -> Iterator[DeviceRow]:
    wrong = {problem.device for problem in now.problems}
    for name, device in now.draft.devices.items():
        driver = now.drivers.get(device.driver)
        title = driver.title if driver is not None else f"driver {device.driver}, which is not installed"
        plays = spoken(frozenset(device.plays or ())) or "plays nothing"
        yield DeviceRow(name, title, plays, _WRONG if name in wrong else _RIGHT)


def _part_row(now: Connecting, part: Part) -> PartRow:
    player = players(now.draft).get(part, NOBODY)
    able = (
        name
        for name, device in now.draft.devices.items()
        if device.driver in now.drivers and part in now.drivers[device.driver].plays
    )
    missing = _WITHOUT if part in OPTIONAL else _MISSING
    badge = missing if player == NOBODY else _PLAYED
    return PartRow(part, part_in_words(part), _once((NOBODY, *able, player)), player, badge)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _check_row(check: Checked) -> CheckRow:
    said = units_shown(check.said)
    return CheckRow(_OUTCOMES[check.outcome], part_in_words(check.part), check.title, said)
