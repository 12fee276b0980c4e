"""How a network is trained: a file of settings over what its recipe says."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from models.training import Limits, Recipe, Run, Schedule, StepDecay
from models.training.acquired import FromFolder
from models.training.ranges import Ranges
from scopeacq.plan.settings import Settings, SettingsError, read_toml

FORMAT = "scopeacq.training/1"

Steps = Annotated[int, Field(ge=1)]
Minutes = Annotated[float, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
Spread = Annotated[float, Field(ge=0, le=10)]
Zoom = Annotated[float, Field(ge=0.1, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]


class Device(Enum):
    """What computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class DataSettings(Settings):
    """The simulated images. What is not given is as the network's recipe has it."""

    defocus_um: Positive | None = Field(None, description="Largest defocus.")
    astig_um: Positive | None = Field(None, description="Largest astigmatic focal shift.")
    near: Share | None = Field(None, description="Share of aberrations drawn towards zero.")
    blank: Share | None = Field(None, description="Share of nearly bare places.")


class TextureSettings(Settings):
    """Specimens: procedural, and windows of real images in focus where a stack is given."""

    stack: Path | None = Field(None, description="grey TIFF image or stack, beside this file")
    share: Share = Field(0.5, description="of the images that show the stack")
    zoom: tuple[Zoom, Zoom] = Field(
        (1.5, 3.0), description="least and most pixels of the stack to one of the training's"
    )


class AugmentationSettings(Settings):
    """Random changes of grey values, for the networks of the source."""

    noise_sd: Spread | None = None
    gamma_sd: Spread | None = None
    contrast_sd: Spread | None = None
    brightness_sd: Spread | None = None
    probability: Share | None = Field(None, description="Of each of the changes.")


class TrainingSettings(Settings):
    """What is not given is as the network's recipe has it."""

    format: Literal["scopeacq.training/1"] = "scopeacq.training/1"
    steps: Steps | None = Field(None, description="the training ends after so many steps")
    minutes: Minutes | None = Field(None, description="or minutes, whichever comes first")
    seed: Annotated[int, Field(ge=0)] = 1
    device: Device = Field(Device.AUTO, description="auto is a GPU where there is one")
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    batch: Annotated[int, Field(ge=1, le=65536)] | None = None
    learning_rate: Positive | None = None
    decay: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="the learning rate is multiplied by this"
    )
    decay_every_steps: Steps | None = Field(None, description="every so many steps")
    start_from: Path | None = Field(None, description="Weights of the same network, beside this file.")
    trainable: tuple[str, ...] = Field((), description="Layers that change; all when none is named.")
    acquired: Path | None = Field(
        None, description="folder of a ground truth, beside this file: its pairs instead of simulated ones"
    )
    data: DataSettings = DataSettings()
    textures: TextureSettings = TextureSettings()
    augmentation: AugmentationSettings = AugmentationSettings()


def read_settings(path: Path) -> TrainingSettings:
    """The settings in a file; ``SettingsError`` when they cannot be used."""
    settings = read_toml(path, TrainingSettings, FORMAT)
    textures = settings.textures.model_copy(update={"stack": _beside(path, settings.textures.stack)})
    changes = {
        "start_from": _beside(path, settings.start_from),
        "acquired": _beside(path, settings.acquired),
        "textures": textures,
    }
    return settings.model_copy(update=changes)


def _beside(path: Path, other: Path | None) -> Path | None:
    return other and path.parent / other


def settings_of(recipe: Recipe) -> TrainingSettings:
    """All that a recipe says, as settings to edit."""
    ranges = recipe.ranges
    falling = recipe.schedule if isinstance(recipe.schedule, StepDecay) else None
    return TrainingSettings(
        steps=recipe.limits.steps,
        minutes=recipe.limits.minutes,
        batch=recipe.batch,
        learning_rate=recipe.learning_rate,
        decay=falling and falling.decay,
        decay_every_steps=falling and falling.every_steps,
        data=DataSettings(**{key: getattr(ranges, key, None) for key in DataSettings.model_fields}),
        augmentation=AugmentationSettings(
            **{key: getattr(recipe.augmentation, key, None) for key in AugmentationSettings.model_fields}
        ),
    )


def applied(settings: TrainingSettings, recipe: Recipe, path: Path) -> tuple[Recipe, Run]:
    """A recipe with settings put into it, and how to run it.

    ``path`` is what a ``SettingsError`` names: the file, or the network where there is none.
    """
    changed = replace(
        recipe,
        limits=_limits(settings, recipe),
        batch=settings.batch or recipe.batch,
        learning_rate=settings.learning_rate or recipe.learning_rate,
        schedule=_schedule(settings, recipe),
        data=_told(settings.textures, recipe),
    )
    if settings.acquired is not None:
        changed = _on_pairs(changed, settings.acquired, path)
    if changes := _given(settings.data):
        if not isinstance(recipe.ranges, Ranges):
            problem = f"data is not for {recipe.name}, whose pictures have no focus"
            raise SettingsError(path, [problem], "Remove that table.")
        changed = replace(changed, ranges=replace(recipe.ranges, **changes))
    if changes := _given(settings.augmentation):
        if recipe.augmentation is None:
            problem = f"augmentation is not for {recipe.name}, whose images the simulation varies"
            raise SettingsError(path, [problem], "Remove that table.")
        changed = replace(changed, augmentation=replace(recipe.augmentation, **changes))
    run = Run(
        settings.seed, settings.device.value, settings.threads, settings.start_from, settings.trainable
    )
    return changed, run


def _on_pairs(recipe: Recipe, folder: Path, path: Path) -> Recipe:
    """A recipe that learns from a ground truth, which needs no textures."""
    if not isinstance(recipe.ranges, Ranges) or len(recipe.ranges.perturbations_um) != 2:
        raise SettingsError(path, [f"{recipe.name} does not learn from pairs"], "Remove acquired.")
    return replace(
        recipe, source=FromFolder(folder), bank=1, data=f"Pairs that were acquired: {folder.name}."
    )


def _given(table: Settings) -> dict[str, Any]:
    return {key: value for key, value in table.model_dump().items() if value is not None}


def _told(textures: TextureSettings, recipe: Recipe) -> str:
    if textures.stack is None:
        return recipe.data
    low, high = textures.zoom
    share = f"{100 * textures.share:g} % of the textures are windows of `{textures.stack.name}`"
    return f"{recipe.data} {share}, shrunk {low:g} to {high:g} times."


def _limits(settings: TrainingSettings, recipe: Recipe) -> Limits:
    if settings.steps is None and settings.minutes is None:
        return recipe.limits
    return Limits(settings.steps, settings.minutes)


def _schedule(settings: TrainingSettings, recipe: Recipe) -> Schedule:
    if settings.decay is None and settings.decay_every_steps is None:
        return recipe.schedule
    before = recipe.schedule if isinstance(recipe.schedule, StepDecay) else StepDecay()
    return StepDecay(settings.decay or before.decay, settings.decay_every_steps or before.every_steps)
