"""What was recorded on a wire plays the device again: a log from a laboratory is a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.emulators.serving import Spoiled, Spoiling
from hardware.errors import ConnectionLost, Deadline, HardwareError, Refused
from hardware.transport.dialogue import Dialogue, Timing
from hardware.transport.replay import Replay, replay
from hardware.transport.wire_log import FileLog, Piece, Way, read_log
from tests.hardware.transport.wires import LINE, tcp_wire

QUICK = Timing(answer_s=0.2, retries=1, late_s=0.0)


def conversation(dialogue: Dialogue) -> list[str]:
    """What a driver gets of a device that answers, is silent once, and breaks off once."""
    told: list[str] = []
    for question in (b"a\n", b"silent\n", b"b\n", b"cut off\n", b"c\n"):
        try:
            told.append(dialogue.command(question, LINE).decode())
        except HardwareError as error:
            told.append(str(error))
    dialogue.tell(b"set\n")
    told.append(dialogue.ask(b"d\n", LINE).decode())
    dialogue.close()
    return told


def recorded(folder: Path) -> list[str]:
    wire = tcp_wire(folder)
    wire.end.spoiler.spoil(Spoiled(Spoiling.SILENT, b"silent"))
    wire.end.spoiler.spoil(Spoiled(Spoiling.CUT_OFF, b"cut off"))
    told = conversation(Dialogue("counter", wire.connect, FileLog(folder / "log"), QUICK))
    wire.end.close()
    return told


def test_a_log_plays_its_device(tmp_path: Path) -> None:
    told = recorded(tmp_path)
    played = replay(tmp_path / "log", "counter")
    assert conversation(Dialogue("counter", played.connect, timing=QUICK)) == told
    assert played.n_left == 0


def test_failures_are_played_as_they_were(tmp_path: Path) -> None:
    recorded(tmp_path)
    dialogue = Dialogue("counter", replay(tmp_path / "log", "counter").connect, timing=QUICK)
    dialogue.command(b"a\n", LINE)
    with pytest.raises(Deadline):
        dialogue.command(b"silent\n", LINE)
    dialogue.command(b"b\n", LINE)
    with pytest.raises(ConnectionLost):
        dialogue.command(b"cut off\n", LINE)


def test_a_driver_that_says_something_else_hears_both(tmp_path: Path) -> None:
    recorded(tmp_path)
    dialogue = Dialogue("counter", replay(tmp_path / "log", "counter").connect, timing=QUICK)
    with pytest.raises(Refused) as error:
        dialogue.ask(b"other\n", LINE)
    assert str(error.value) == (
        r'counter: the driver sends "other\n" where the log has "a\n". '
        "Mend the driver, or record the log again."
    )


def test_a_driver_that_goes_on_after_the_log_is_refused() -> None:
    log = [Piece(0.0, "gauge", Way.OPENED, b"", 0), Piece(0.0, "gauge", Way.SENT, b"a\n", 2)]
    dialogue = Dialogue("gauge", Replay(log, "gauge").connect, timing=QUICK)
    dialogue.tell(b"a\n")
    with pytest.raises(Refused, match="where the log ends"):
        dialogue.tell(b"b\n")
    with pytest.raises(Refused, match="the driver connects where the log ends"):
        dialogue.tell(b"b\n")


def test_another_device_of_the_log_is_left_out(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "log")
    for device in ("one", "two"):
        log.note(device, Way.OPENED)
        log.note(device, Way.SENT, device.encode() + b"?\n")
        log.note(device, Way.RECEIVED, device.encode() + b"\n")
    dialogue = Dialogue("two", replay(tmp_path / "log", "two").connect)
    assert dialogue.ask(b"two?\n", LINE) == b"two\n"


def test_a_long_piece_is_logged_by_its_beginning_and_played_in_its_length(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "log")
    log.note("camera", Way.OPENED)
    log.note("camera", Way.SENT, b"scan\n")
    log.note("camera", Way.RECEIVED, b"\xff" * 100_000)
    assert (tmp_path / "log").stat().st_size < 40_000
    dialogue = Dialogue("camera", replay(tmp_path / "log", "camera").connect)
    image = dialogue.ask(b"scan\n", lambda arrived: 100_000 if len(arrived) >= 100_000 else None)
    assert len(image) == 100_000 and image.startswith(b"\xff" * 4096) and image.endswith(b"\x00")


def test_a_log_that_a_crash_cut_short_is_read(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "log")
    log.note("gauge", Way.SENT, bytes(range(256)))
    with (tmp_path / "log").open("a") as file:
        file.write('{"at_s": 1.0, "dev')
    (piece,) = read_log(tmp_path / "log")
    assert piece.data == bytes(range(256)) and piece.way is Way.SENT


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    FileLog(tmp_path / "no folder" / "log").note("gauge", Way.SENT, b"a")


def test_a_log_that_grows_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardware.transport.wire_log.MOST_LOG_BYTES", 1_000)
    log = FileLog(tmp_path / "wire.jsonl")
    for n in range(40):
        log.note("gauge", Way.SENT, b"%d" % n)
    assert (tmp_path / "wire.jsonl").stat().st_size < 1_200
    assert (tmp_path / "wire.before.jsonl").stat().st_size < 1_200
