"""Training of the networks of this package."""

from models.training.loop import TrainProgress, train
from models.training.recipe import Cosine, Limits, Recipe, Run, Schedule, StepDecay, TrainingError
from models.training.recipes import RECIPES

__all__ = [
    "RECIPES",
    "Cosine",
    "Limits",
    "Recipe",
    "Run",
    "Schedule",
    "StepDecay",
    "TrainProgress",
    "TrainingError",
    "train",
]
