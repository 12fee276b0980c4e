"""Recorded wires play their devices: a driver says what the log has, and understands what it did then."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.errors import Refused
from hardware.transport.replay import Replay, replay
from tests.hardware.drivers.conversations import CONVERSATIONS, LOGS, Conversation


@pytest.fixture(params=CONVERSATIONS, ids=lambda conversation: conversation.log)
def conversation(request: pytest.FixtureRequest) -> Conversation:
    found: Conversation = request.param
    return found


def played(conversation: Conversation, log: Path, monkeypatch: pytest.MonkeyPatch) -> list[Replay]:
    """The driver's wires, opened in the log instead of to the emulator."""
    replays = []
    for device, opens in conversation.wires.items():
        replays.append(device_replay := replay(log, device))
        monkeypatch.setattr(opens, lambda *_, played=device_replay: played.connect())
    return replays


def test_a_driver_says_and_hears_what_was_recorded(
    conversation: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replays = played(conversation, LOGS / f"{conversation.log}.jsonl", monkeypatch)
    with conversation.bench(tmp_path) as bench:
        assert conversation.say(bench.devices) == conversation.told
        assert [replay.n_left for replay in replays] == [0] * len(replays)
        bench.devices.close()


def test_a_driver_that_says_more_than_the_log_is_found_out(
    conversation: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on speaking where the log has ended."""
    played(conversation, LOGS / f"{conversation.log}.jsonl", monkeypatch)
    with conversation.bench(tmp_path) as bench:
        conversation.say(bench.devices)
        with pytest.raises(Refused, match=r"the driver (sends|connects) .*where the log (has|ends)"):
            conversation.say(bench.devices)
        bench.devices.close()
