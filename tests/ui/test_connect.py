"""The wizard that connects an instrument, with mouse and keys, on an emulated laboratory."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from PyQt5 import sip
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from hardware import discovery
from hardware.addresses import Address, Wire
from hardware.discovery import Listed
from hardware.emulators.host import Laboratory
from hardware.errors import Deadline
from hardware.instruments_file import FILE_NAME, DeviceDraft, Draft, read, written
from hardware.parts import Part, Parts, Surroundings
from hardware.self_test import Checked, Outcome
from scopeacq.plan.runfolder import Plan
from tests.hardware.boxes import Boxes, install
from tests.ui.connect_bench import AT_LEISURE_MS, LEFT, Operator, at, begun, flat, laboratory, wizard_on
from tests.ui.story import run_on_disk
from ui.connect.desk import ConnectDesk
from ui.connect.mounting import Connect
from ui.connect.services import CONNECTIONS, REPORTS
from ui.presenters.connection_state import Step
from ui.start.start_cards import ActionCard
from ui.window import MainWindow


def test_from_cables_to_a_file_that_was_tried_and_back(qtbot: QtBot, tmp_path: Path) -> None:
    with laboratory(tmp_path) as devices:
        file = tmp_path / "instrument" / FILE_NAME
        before = begun(devices, file)
        there = at(devices, "microscope", "vacuum gauge", "ion blanker", "raster generator", "picoammeter")
        with wizard_on(qtbot, file, there=there) as operator:
            finds_them(operator)
            puts_the_gun_in(operator, devices)
            tries_it(operator)
            saves_it(operator, file, before)


def finds_them(operator: Operator) -> None:
    for line in operator.page.search.lines.values():
        operator.click(line.tick)
    operator.click(operator.page.search.search)
    operator.reads("5 devices found")
    operator.next(Step.PARTS)
    assert operator.page.parts.players[Part.CHAMBER].choice.currentText() == "tescan-sharksem"
    operator.let_play(Part.CHAMBER, "pfeiffer-gauge")
    problems = operator.page.parts.problems
    operator.qtbot.waitUntil(lambda: "Nobody plays gun;" in problems.text(), timeout=AT_LEISURE_MS)


def puts_the_gun_in(operator: Operator, devices: Laboratory) -> None:
    operator.add("gcib-gun")
    assert operator.page.parts.players[Part.GUN].choice.currentText() == "gcib-gun"
    operator.click(operator.page.parts.devices.cards["gcib-gun"])
    assert operator.page.step is Step.SETTINGS
    operator.enter(flat(devices["ion gun"].settings))
    operator.reads("Nothing is missing")
    name = operator.page.settings.name
    name.selectAll()
    operator.qtbot.keyClicks(name, "ion gun")
    operator.qtbot.keyClick(name, Qt.Key.Key_Return)
    assert "ion gun" in operator.desk.now.draft.devices
    operator.reads("Nothing is missing")


def tries_it(operator: Operator) -> None:
    operator.next(Step.TEST)
    operator.click(operator.page.test.test)
    operator.rests()
    now = operator.desk.now
    assert not now.trouble, now.trouble
    assert {check.outcome for check in now.checked} == {Outcome.PASSED, Outcome.LEFT_OUT}
    assert now.report is not None and now.report.parent.name == REPORTS
    assert "its guard reads it as blanked" in now.report.read_text()


def saves_it(operator: Operator, file: Path, before: str) -> None:
    operator.next(Step.SAVE)
    assert file.read_text() == before
    operator.click(operator.page.save.save)
    operator.reads("Written")
    assembly, kept = read(file), operator.desk.now.kept
    assert {d.name for d in assembly.devices} >= {"simulator", "tescan-sharksem", "ion gun"}
    assert file.read_text().startswith("# Ours, since spring.")
    assert kept is not None and kept.read_text() == before
    ours = file.read_text()
    for wanted in (before, ours):
        operator.click(operator.page.save.put_back)
        operator.rests()
        assert file.read_text() == wanted and operator.page.step is Step.SAVE


def test_a_search_is_ended_and_a_port_nobody_chose_is_not_asked(qtbot: QtBot, tmp_path: Path) -> None:
    asked: list[str] = []
    going = Event()

    def find(addresses, drivers, hear, ended: Event) -> None:  # type: ignore[no-untyped-def]
        asked.extend(at.text for at in addresses)
        going.set()
        ended.wait(20.0)

    unknown = Address("COM9", Wire.SERIAL, "some port", known=False)
    there = unknown, Address("COM3", Wire.SERIAL, "FTDI")
    core = replace(CONNECTIONS, find=find)
    with wizard_on(qtbot, tmp_path / FILE_NAME, core, there) as operator:
        page = operator.page.search
        assert (page.lines["COM9"].tick.isChecked(), page.lines["COM3"].tick.isChecked()) == (False, True)
        operator.qtbot.keyClicks(page.address, "10.0.0.5:8300")
        operator.qtbot.keyClick(page.address, Qt.Key.Key_Return)
        operator.click(page.search)
        qtbot.waitUntil(going.is_set)
        operator.click(page.stop)
        operator.rests()
    assert asked == ["COM3", "10.0.0.5:8300"]


def test_what_is_wrong_is_said_beside_its_field_and_nothing_can_be_tried(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with wizard_on(qtbot, tmp_path / FILE_NAME) as operator:
        operator.next(Step.PARTS)
        operator.reads("no device yet")
        operator.add("twin")
        operator.reads("Nothing is missing")
        operator.add("dcon-relay")
        operator.reads("to be put right")
        assert operator.page.parts.players[Part.BLANKER].choice.currentText() == "twin"
        operator.let_play(Part.BLANKER, "dcon-relay")
        operator.click(operator.page.parts.devices.cards["dcon-relay"])
        rows = operator.page.settings.rows
        assert rows["port",].input.text() == "" and "missing" in rows["port",].input.toolTip()
        operator.enter({("port",): "COM4"})
        operator.reads("Nothing is missing")
        rows["baud",].input.selectAll()
        operator.enter({("baud",): "x"})
        operator.reads("holds what is no value")
        operator.click(operator.page.settings.devices.cards["twin"])
        operator.click(operator.page.settings.devices.cards["dcon-relay"])
        rows = operator.page.settings.rows
        assert rows["baud",].input.text() == "9600"
        assert "dcon-relay is no value: what stood there before holds" in operator.page.trouble.text()
        operator.enter({("baud",): "x"})
        operator.next(Step.TEST)
        assert not operator.page.test.test.isEnabled()
        draft = operator.desk.now.draft
        assert draft.devices["dcon-relay"].plays == (Part.BLANKER,)
        assert Part.BLANKER not in (draft.devices["twin"].plays or ())


def test_a_mistyped_key_is_seen_in_the_form_and_taken_out_of_the_file(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    settings = {"port": "COM4", "watchdg_s": 0.4}
    blanker = DeviceDraft(driver="dcon-relay", plays=(Part.BLANKER,), settings=settings)
    rest = DeviceDraft(driver="twin", plays=tuple(part for part in Part if part is not Part.BLANKER))
    file.write_text(written(Draft(name="Bench", devices={"blanker": blanker, "rest": rest})))
    with wizard_on(qtbot, file) as operator:
        operator.desk.open_device("blanker")
        operator.reads("1 thing to be put right")
        row = operator.page.settings.rows["watchdg_s",]
        (take_out,) = row.findChildren(QPushButton)
        operator.click(take_out)
        operator.reads("Nothing is missing")
        assert operator.desk.now.draft.devices["blanker"].settings == {"port": "COM4"}
        assert ("watchdg_s",) not in operator.page.settings.rows


def test_a_device_that_does_not_answer_is_named_and_nothing_stays_connected(
    qtbot: QtBot, tmp_path: Path
) -> None:
    gauge = DeviceDraft(driver="pfeiffer-gauge", plays=(Part.CHAMBER,), settings={"port": "nowhere"})
    others = tuple(part for part in Part if part not in (Part.CHAMBER, Part.CLOCK))
    twin = DeviceDraft(driver="twin", plays=others, settings={"time": "real"})
    draft = Draft(name="Bench", devices={"gauge": gauge, "twin": twin})
    file = tmp_path / FILE_NAME
    file.write_text(written(draft))
    with wizard_on(qtbot, file) as operator:
        operator.desk.go(Step.TEST)
        operator.click(operator.page.test.test)
        operator.rests()
        assert "gauge" in operator.page.trouble.text() and not operator.desk.now.checked


@pytest.mark.parametrize("leave", ["close_button", "start"])
def test_edits_that_were_not_written_are_not_left_by_one_click(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, leave: str
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(discovery, "list_addresses", lambda _: Listed(()))
    window.connect_instrument()
    wizard = window.findChild(Connect)
    assert isinstance(wizard, Connect)
    qtbot.waitUntil(lambda: wizard.desk.now.doing is None, timeout=AT_LEISURE_MS)
    wizard.desk.add_device("twin")
    go = wizard.page.close_button.click if leave == "close_button" else window.show_start
    go()
    assert wizard.isVisible() and "not written yet" in wizard.page.trouble.text()
    go()
    assert window.start_page.isVisible()


@pytest.mark.parametrize("text", ["format = 3", "not toml at all [", 'name = "x"'])
def test_a_file_that_cannot_be_read_is_said_and_kept(qtbot: QtBot, tmp_path: Path, text: str) -> None:
    file = tmp_path / FILE_NAME
    file.write_text(text)
    with wizard_on(qtbot, file) as operator:
        assert "the former file is kept" in operator.page.trouble.text()
        operator.desk.add_device("twin")
        operator.desk.go(Step.SAVE)
        operator.click(operator.page.save.save)
        operator.reads("Written")
        kept = operator.desk.now.kept
        assert kept is not None and kept.read_text() == text
        assert read(file).devices[0].driver_name == "twin"


def test_a_file_that_may_not_be_read_leaves_the_wizard_at_work_and_is_left_alone(
    qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / FILE_NAME
    file.mkdir()  # what not even root reads as a file
    with wizard_on(qtbot, file) as operator:
        assert operator.page.trouble.text().startswith(f"{file}: ")
        assert operator.page.trouble.text().endswith(". Check the path and its permissions.")
        operator.next(Step.PARTS)
        operator.add("twin")
        operator.desk.go(Step.SAVE)
        operator.click(operator.page.save.save)
        operator.rests()
        assert "Check the path" in operator.page.trouble.text() and operator.page.save.save.isEnabled()
    assert file.is_dir() and list(tmp_path.iterdir()) == [file]


def test_another_file_is_not_opened_over_edits_by_one_click(qtbot: QtBot, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    with wizard_on(qtbot, tmp_path / FILE_NAME, choose=lambda _: other) as operator:
        operator.desk.add_device("twin")
        operator.click(operator.page.choose)
        assert "not written yet" in operator.page.trouble.text() and operator.desk.now.draft.devices
        operator.click(operator.page.choose)
        operator.rests()
        assert operator.desk.now.file == other and not operator.desk.now.draft.devices


def test_a_file_is_named_from_wherever_a_run_may_look_for_it(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with wizard_on(qtbot, Path("lab") / FILE_NAME, choose=lambda _: Path("other") / FILE_NAME) as operator:
        assert f'folder = "{(tmp_path / "lab").as_posix()}"' in operator.page.save.how_to_use.text()
        operator.click(operator.page.choose)
        operator.rests()
        assert f'folder = "{(tmp_path / "other").as_posix()}"' in operator.page.save.how_to_use.text()


def test_what_is_edited_while_the_file_is_written_still_is_to_be_written(
    qtbot: QtBot, tmp_path: Path
) -> None:
    writing, edited = Event(), Event()

    def save(_file: Path, _draft: Draft) -> None:
        writing.set()
        edited.wait(20.0)

    with wizard_on(qtbot, tmp_path / FILE_NAME, replace(CONNECTIONS, save=save)) as operator:
        operator.desk.add_device("twin")
        operator.desk.go(Step.SAVE)
        operator.click(operator.page.save.save)
        qtbot.waitUntil(writing.is_set)
        operator.desk.call("Merlin")
        edited.set()
        operator.rests()
        assert operator.page.save.save.isEnabled() and not operator.desk.may_leave()


def test_the_device_that_is_waited_for_is_named(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen, given_up = Event(), Event()

    def connect(_settings: object, around: Surroundings) -> Parts:
        frozen.set()
        given_up.wait(20.0)
        raise Deadline(around.name, "did not answer within 60 s", "Switch it on.")

    install(monkeypatch, {"frozen": replace(Boxes().driver(), connect=connect)})
    with wizard_on(qtbot, tmp_path / FILE_NAME) as operator:
        operator.desk.add_device("frozen")
        operator.desk.go(Step.TEST)
        operator.click(operator.page.test.test)
        qtbot.waitUntil(frozen.is_set)
        operator.reads("Connecting the frozen ...")
        given_up.set()
        operator.rests()
        assert operator.desk.now.trouble == "frozen: did not answer within 60 s. Switch it on."


def test_what_is_edited_while_it_is_tried_was_not_tried(qtbot: QtBot, tmp_path: Path) -> None:
    trying, edited = Event(), Event()

    def test(file: Path, _draft, _beam, _tell, hear, _ended) -> Path:  # type: ignore[no-untyped-def]
        trying.set()
        edited.wait(20.0)
        hear(Checked(Part.CLOCK, "time passes", Outcome.PASSED, "it does", 0.1))
        return file

    with wizard_on(qtbot, tmp_path / FILE_NAME, replace(CONNECTIONS, test=test)) as operator:
        operator.desk.add_device("twin")
        operator.desk.go(Step.TEST)
        operator.click(operator.page.test.test)
        qtbot.waitUntil(trying.is_set)
        operator.desk.call("Merlin")
        edited.set()
        operator.rests()
        assert not operator.desk.now.checked and operator.desk.now.report is None
        operator.desk.go(Step.SAVE)
        operator.reads("It was not tried")


def test_a_run_that_was_open_goes_by_what_was_written(qtbot: QtBot, tmp_path: Path) -> None:
    run, file = run_on_disk(tmp_path), tmp_path / "lab" / FILE_NAME
    root = run.plan.folder.root
    with wizard_on(qtbot, file, run=root) as operator:
        operator.desk.add_device("twin")
        operator.desk.go(Step.SAVE)
        assert not operator.page.save.use.isVisible()
        operator.click(operator.page.save.save)
        operator.reads("Written")
        with qtbot.waitSignal(operator.wizard.run_asked, timeout=AT_LEISURE_MS) as asked:
            operator.click(operator.page.save.use)
    assert asked.args == [root]
    driver = Plan.read(root).instrument.driver
    assert (driver.name, driver.folder, driver.settings) == ("assembled", str(file.parent), {})


def test_the_wizard_opens_from_the_start_page_and_leads_back(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(discovery, "list_addresses", lambda _: Listed(()))
    (card,) = (c for c in window.start_page.findChildren(ActionCard) if "Connect" in c.accessibleName())
    qtbot.mouseClick(card, LEFT)
    wizard = window.findChild(Connect)
    assert isinstance(wizard, Connect) and wizard.isVisible()
    qtbot.waitUntil(lambda: wizard.desk.now.doing is None, timeout=AT_LEISURE_MS)
    assert wizard.page.file.text() == f"~{os.sep}instrument{os.sep}{FILE_NAME}"
    qtbot.mouseClick(wizard.page.close_button, LEFT)
    assert window.start_page.isVisible() and not (tmp_path / "instrument").exists()


def test_whoever_leaves_in_the_middle_of_a_test_hears_no_more(qtbot: QtBot, tmp_path: Path) -> None:
    """Telling a desk that is gone would end the program."""
    gone, told = Event(), Event()

    def test(file: Path, _draft, _beam, _tell, hear, _ended) -> Path:  # type: ignore[no-untyped-def]
        gone.wait(20.0)
        hear(Checked(Part.CLOCK, "time passes", Outcome.PASSED, "it does", 0.1))
        told.set()
        return file

    desk = ConnectDesk(tmp_path / FILE_NAME, replace(CONNECTIONS, test=test))
    desk.test(with_beam=False)
    desk.close()
    sip.delete(desk)
    gone.set()
    assert told.wait(20.0)
