"""``scopeacq train``: settings, what is refused before training, what lies there afterwards."""

from __future__ import annotations

import struct
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from tensorboardX.proto.event_pb2 import Event

from models.source_focus import SourceFocus
from models.training import RECIPES, StepDecay, TrainingError, TrainProgress
from scopeacq.cli import run_command
from scopeacq.plan.settings import SettingsError
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.training import TrainingLog, TrainingOrder, default_settings, specimens
from scopeacq.training_settings import TrainingSettings, applied, read_settings

SHORT = """format = "scopeacq.training/1"
steps = 2
batch = 2
device = "cpu"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT, encoding="utf-8")
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence of a refusal with exit code 2."""
    capsys.readouterr()
    assert run_command(["train", *arguments]) == ExitCode.BAD_INPUT
    return capsys.readouterr().err


@pytest.mark.parametrize("name", RECIPES)
def test_the_settings_that_are_shown_read_back_as_the_recipe(name: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(default_settings(name), encoding="utf-8")
    recipe, run = applied(read_settings(path), RECIPES[name], path)
    assert recipe == RECIPES[name]
    assert (run.seed, run.device, run.trainable) == (1, "auto", ())


def test_all_networks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["train", "--list"]) == ExitCode.FINISHED
    listed = capsys.readouterr().out
    assert all(name in listed for name in RECIPES)


def test_what_a_file_says_goes_over_the_recipe_and_the_command_line_over_both(config: Path) -> None:
    text = (
        SHORT
        + "decay = 0.95\ndecay_every_steps = 1000\n[data]\nnear = 0.5\n[augmentation]\nnoise_sd = 0.1\n"
    )
    config.write_text(text, encoding="utf-8")
    order = TrainingOrder("i2s-128", config, minutes=0.5, seed=7)
    before = RECIPES["i2s-128"]
    recipe, run = applied(order.settings(), before, config)
    assert (recipe.limits.steps, recipe.limits.minutes, run.seed, recipe.batch) == (None, 0.5, 7, 2)
    assert recipe.schedule == StepDecay(0.95, 1000)
    assert recipe.ranges == replace(before.ranges, near=0.5)
    assert asdict(recipe.augmentation) == asdict(before.augmentation) | {"noise_sd": 0.1}
    assert order.command == "scopeacq train i2s-128 --config short.toml --minutes 0.5 --seed 7"


def test_weights_to_start_from_lie_beside_the_file(config: Path) -> None:
    config.write_text(SHORT + 'start_from = "a.safetensors"\ntrainable = ["head"]\n', encoding="utf-8")
    settings = read_settings(config)
    assert settings.start_from == config.parent / "a.safetensors"
    assert settings.trainable == ("head",)


def test_a_stack_gives_its_share_of_the_textures(config: Path) -> None:
    stripes = np.tile(np.sin(np.arange(600))[:, None], (2, 1, 600)).astype(np.float32)
    tifffile.imwrite(config.parent / "mine.tif", stripes)
    config.write_text(SHORT + '[textures]\nstack = "mine.tif"\nshare = 1\n', encoding="utf-8")
    settings = read_settings(config)
    recipe, run = applied(settings, replace(RECIPES["i2s-128"], bank=1), config)
    source = specimens(settings.textures, recipe, run)
    assert source is not None and source.size_px == recipe.texture_px
    drawn = source.draw(1, torch.Generator().manual_seed(0))[0]
    assert min(float(drawn.std(axis).mean()) for axis in (0, 1)) < 0.2  # stripes, but for the seams
    assert "100 % of the textures are windows of `mine.tif`" in recipe.data
    tifffile.imwrite(config.parent / "mine.tif", stripes[:, :64, :64])
    with pytest.raises(TrainingError, match="at least 486 x 486 px"):
        specimens(settings.textures, recipe, run)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("batches = 2", "batches is unknown; did you mean batch?"),
        ("steps = 0", "steps should be at least 1"),
        ('device = "tpu"', "device should be 'auto', 'cpu' or 'cuda'"),
        ("learning_rate = nan", "learning_rate"),
        ("[data]\nnear = 2", "data.near should be at most 1"),
        ("[data]\nnear = [", "not valid TOML"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    line: str, complaint: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = line.partition(" ")[0]
    kept = [entry for entry in SHORT.splitlines() if not entry.startswith(key + " ")]
    config.write_text("\n".join([*kept, line]), encoding="utf-8")
    sentence = refused(capsys, "i2s-128", "--config", str(config))
    assert complaint in sentence and "short.toml" in sentence


def test_an_unknown_network_is_named_beside_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sentence = refused(capsys, "nonsense")
    assert "nonsense: no network has this name. Choose one of" in sentence
    assert all(name in sentence for name in RECIPES)


def test_augmentations_of_spectra_are_refused(config: Path) -> None:
    config.write_text(SHORT + "[augmentation]\nnoise_sd = 0.1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="augmentation is not for deepfocus"):
        applied(read_settings(config), RECIPES["deepfocus"], config)


def test_layers_that_do_not_exist_are_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(SHORT + 'trainable = ["fc"]\n', encoding="utf-8")
    out = config.parent / "x.safetensors"
    assert "no layer 'fc'" in refused(capsys, "i2s-128", "--config", str(config), "--out", str(out))
    assert not out.exists()


def test_a_training_leaves_weights_a_card_and_logs(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "i2s-128", replace(RECIPES["i2s-128"], bank=4))
    folder = config.parent / "out"
    out = folder / "mine.safetensors"
    assert run_command(["train", "i2s-128", "--config", str(config), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out.replace("\n", "")
    assert {p.name for p in folder.iterdir()} == {"mine.safetensors", "mine.md", "mine.tensorboard"}
    assert SourceFocus.load(out).name == "i2s-128"
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "scopeacq train i2s-128 --config short.toml" in card
    assert "held_out_mae_wd_um" in card
    assert str(folder) not in card
    assert [step for step, tag, _ in scalars(folder / "mine.tensorboard") if tag == "loss"] == [2]


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """What a folder's event files hold, read record by record: length, its check, event, its check."""
    found = []
    for path in sorted(folder.iterdir()):
        data, place = path.read_bytes(), 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + length])
            found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
            place += 12 + length + 4
    return found


def test_logs_hold_what_was_told(tmp_path: Path) -> None:
    with TrainingLog(tmp_path / "log") as log:
        for step in (20, 40):
            log.add(TrainProgress(step, 1.0, 0.1, 100.0 / step, 2.0, 1e-3))
    logged = scalars(tmp_path / "log")
    assert [(step, value) for step, tag, value in logged if tag == "loss"] == [(20, 5.0), (40, 2.5)]
    assert {tag for _, tag, _ in logged} >= {"loss", "error", "learning_rate"}


def test_an_interrupted_training_says_how_to_go_on(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scopeacq.training.train", interrupted)
    assert run_command(["train", "i2s-128", "--config", str(config)]) == ExitCode.PAUSED
    assert "the same command goes on" in capsys.readouterr().err


def test_defaults_are_those_of_the_model() -> None:
    assert applied(TrainingSettings(), RECIPES["i2s-512"], Path("x"))[0] == RECIPES["i2s-512"]
