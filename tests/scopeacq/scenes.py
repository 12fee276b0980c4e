"""Synthetic wafers for tests of registration: a texture that is sampled where an image truly lies."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.types import Frame, FrameSettings, Optics, StagePose
from scopeacq.plan.geometry import Affine, Point, Rigid, pixel_to_wafer

Floats = NDArray[np.float32]


def texture(seed: int, edge_px: int, periods_px: tuple[float, ...] = (3, 8, 25)) -> Floats:
    """A random field of several scales with mean 0 and standard deviation 1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((edge_px, edge_px), dtype=np.float32)
    for period in periods_px:
        field = cv2.GaussianBlur(rng.standard_normal(total.shape).astype(np.float32), (0, 0), period / 2)
        total += field / field.std()
    return np.asarray(total / total.std(), dtype=np.float32)


@dataclass(frozen=True)
class Scene:
    """A texture on the wafer, ``centre_um`` at its middle, and how it is imaged."""

    texture: Floats
    pixel_um: float
    centre_um: Point = (0.0, 0.0)

    def image(self, to_wafer: Affine, shape: tuple[int, int], noise: float, seed: int) -> NDArray[np.uint8]:
        """What a frame that truly lies at ``to_wafer`` shows."""
        middle = (np.array(self.texture.shape[::-1]) - 1) / 2
        linear = to_wafer[:, :2] / self.pixel_um
        shift = (to_wafer[:, 2] - self.centre_um) / self.pixel_um + middle
        size = (shape[1], shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(self.texture, np.column_stack([linear, shift]), size, flags=flags)
        noisy = seen + noise * np.random.default_rng(seed).standard_normal(shape)
        return np.clip(128 + 25 * noisy, 0, 255).astype(np.uint8)

    def frame(
        self, settings: FrameSettings, stage: StagePose, truth: Rigid, noise: float = 0.5, seed: int = 0
    ) -> Frame:
        """A frame from ``stage`` when the wafer truly lies at ``truth`` in the stage frame."""
        shape = (settings.height_px, settings.width_px)
        image = self.image(pixel_to_wafer(settings, stage, truth), shape, noise, seed)
        return Frame(image, settings, Optics(4500.0, 0.0, 0.0), stage, float(seed))
