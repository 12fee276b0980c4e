"""What the window remembers survives damage: defaults, one clear message, and the file kept aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ui.memory import MOST_RECENT, Memory, MemoryFile
from ui.theme import Mode


def test_what_was_written_is_read(memory_file: MemoryFile, tmp_path: Path) -> None:
    kept = Memory(mode=Mode.LIGHT, geometry="AAEC", docks="AAEC").with_recent(tmp_path / "a run.scopeacq")
    assert memory_file.write(kept) is None
    assert memory_file.read() == (kept, None)


def test_the_first_start_is_no_trouble(memory_file: MemoryFile) -> None:
    assert memory_file.read() == (Memory(), None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=300))
def test_any_damage_gives_defaults_and_a_message(memory_file: MemoryFile, damage: bytes) -> None:
    memory_file.path.parent.mkdir(parents=True, exist_ok=True)
    memory_file.path.write_bytes(damage)
    memory, message = memory_file.read()
    assert memory == Memory()
    assert message is not None
    assert "defaults" in message.what
    asides = list(memory_file.path.parent.glob("window.damaged-*.toml"))
    assert damage in {aside.read_bytes() for aside in asides}
    assert memory_file.read() == (Memory(), None)


@pytest.mark.parametrize(
    "line", ['mode = "pink"', "recent = 3", "geometry = 'not base64!'", "surprise = 1"]
)
def test_wrong_values_are_named(memory_file: MemoryFile, line: str) -> None:
    memory_file.path.parent.mkdir(parents=True)
    memory_file.path.write_text(f'format = "scopeacq-window/1"\n{line}\n')
    _, message = memory_file.read()
    assert message is not None
    assert line.split(" ")[0] in message.advice


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    message = MemoryFile(tmp_path / "file" / "window.toml").write(Memory())
    assert message is not None
    assert "could not be kept" in message.what


def test_recent_runs_are_kept_newest_first_and_once(tmp_path: Path) -> None:
    memory = Memory()
    for number in (*range(MOST_RECENT + 3), 5):
        memory = memory.with_recent(tmp_path / str(number))
    names = [Path(path).name for path in memory.recent]
    assert names[0] == "5"
    assert len(names) == len(set(names)) == MOST_RECENT
    assert "5" not in [Path(p).name for p in memory.without_recent(tmp_path / "5").recent]
