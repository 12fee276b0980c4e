"""Training of a network on the optics of :mod:`hardware.optics`, shown in a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from tensorboardX import SummaryWriter

from hardware.optics import probe_otf
from hardware.simulator.stack_file import read_volume
from models.training import RECIPES, Recipe, Run, TrainingError, TrainProgress, train
from models.training.ranges import Span
from models.training.stacks import MixedTextures, RealTextures
from models.training.textures import TextureBank, TextureSource
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.telling.exit_codes import ExitCode
from scopeacq.telling.explain import Explained
from scopeacq.training_settings import (
    TextureSettings,
    TrainingSettings,
    applied,
    read_settings,
    settings_of,
)


def recipe_named(name: str) -> Recipe:
    """The recipe of a network; ``SettingsError`` when there is none of that name."""
    if name not in RECIPES:
        raise SettingsError(
            Path(name), ["no network has this name"], f"Choose one of {', '.join(RECIPES)}."
        )
    return RECIPES[name]


def list_networks(console: Console) -> None:
    """Show what can be trained."""
    table = Table("network", "what it tells", box=None, pad_edge=False)
    for recipe in RECIPES.values():
        table.add_row(recipe.name, recipe.about)
    console.print(table)


def default_settings(name: str) -> str:
    """The settings that ``name`` is trained with by default, as the text of a file to edit."""
    header = f"How {name} is trained: scopeacq train {name} --config FILE"
    return to_toml(settings_of(recipe_named(name)), header)


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """What the command line asks for: a file of settings, and what it says instead of it."""

    name: str
    config: Path | None = None
    out: Path | None = None
    steps: int | None = None
    minutes: float | None = None
    seed: int | None = None

    @property
    def target(self) -> Path:
        """The file of weights to write, by default in the current folder."""
        return self.out or Path(f"{self.name}.safetensors")

    @property
    def command(self) -> str:
        """The command without the folders of this computer."""
        options = (
            ("config", self.config and self.config.name),
            ("steps", self.steps),
            ("minutes", self.minutes),
            ("seed", self.seed),
        )
        given = [f"--{option} {value}" for option, value in options if value is not None]
        return " ".join(["scopeacq train", self.name, *given])

    def settings(self) -> TrainingSettings:
        """What to train with. ``SettingsError`` when the file cannot be used."""
        settings = read_settings(self.config) if self.config else TrainingSettings()
        if self.steps is not None or self.minutes is not None:
            settings = settings.model_copy(update={"steps": self.steps, "minutes": self.minutes})
        return settings if self.seed is None else settings.model_copy(update={"seed": self.seed})


def specimens(textures: TextureSettings, recipe: Recipe, run: Run) -> TextureSource | None:
    """What the images show, or None for the procedural textures of the recipe alone.

    Raises:
        BadSpecimen: the stack cannot be used.
        TrainingError: it is too small.
    """
    if textures.stack is None:
        return None
    volume = read_volume(textures.stack)
    try:
        real = RealTextures(list(volume), recipe.texture_px, Span(*textures.zoom))
    except ValueError as error:
        raise TrainingError(f"the stack {textures.stack}: {error}") from None
    return MixedTextures(TextureBank(recipe.texture_px, recipe.bank, run.seed), real, textures.share)


def train_in_console(order: TrainingOrder) -> Path:
    """Train a network and write its weights; returns their file.

    A model card and a folder of logs for TensorBoard are written beside them.

    Raises:
        SettingsError: no such network, or settings that it cannot be trained with.
        Explained: it was interrupted; the same command goes on.
    """
    named = order.config or Path(order.name)
    settings = order.settings()
    recipe, run = applied(settings, recipe_named(order.name), named)
    note = TextColumn("{task.fields[note]}")
    try:
        with (
            TrainingLog(order.target.with_suffix(".tensorboard")) as log,
            Progress(SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn(), note) as bars,
        ):
            # without a total the bar pulses: specimens are made before the first step
            task = bars.add_task(f"Training {order.name}", total=None, note="making specimens")

            def tell(told: TrainProgress) -> None:
                error = f"error {told.error:.2f} {recipe.error_unit}"
                figures = f"step {told.step}, loss {told.loss:.3f}, {error}"
                bars.update(task, total=1.0, completed=told.fraction, note=figures)
                log.add(told)

            return train(recipe, run, otf=probe_otf, out=order.target, command=order.command, progress=tell)
    except TrainingError as error:
        raise SettingsError(named, [str(error)], "Correct that.") from None
    except KeyboardInterrupt:
        raise Explained(ExitCode.PAUSED, "The training is interrupted; the same command goes on.") from None


class TrainingLog:
    """Loss, error and learning rate over the steps, for TensorBoard.

    A training that goes on after an interruption takes back what was logged beyond its checkpoint.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, told: TrainProgress) -> None:
        """Log one line of progress."""
        if self._writer is None:
            self._writer = SummaryWriter(str(self._folder), purge_step=told.step)
        self._writer.add_scalar("loss", told.loss, told.step)
        self._writer.add_scalar("error", told.error, told.step)
        self._writer.add_scalar("learning_rate", told.learning_rate, told.step)
