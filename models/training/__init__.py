"""Training of the networks of this package."""

from models.training.loop import TrainProgress, train

__all__ = ["TrainProgress", "train"]
