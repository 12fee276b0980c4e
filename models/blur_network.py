"""The network of DeepScore: the blur of one image from its log-polar power spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from models.log_polar import LogPolarSpectra

LOG_SCALE = (-5.0, 3.0)
LEAST_POWER = 1e-12
STRIDE = 4  # of all stages together


@dataclass(frozen=True, slots=True)
class BlurAnswer:
    """What the network says of n images.

    ``sizes`` (n, 3): ``log(1 + x)`` of ``r = sqrt(z^2 + a^2)`` and of the larger and the smaller of
    defocus |z| and astigmatism |a| [um]; ``log_scales`` (n, 3) of their Laplace distributions.
    ``inside`` (n,): the logit of "all of |z|, |ax|, |ay| are within 1 um".
    """

    sizes: Tensor
    log_scales: Tensor
    inside: Tensor


class BlurNet(nn.Module):
    """Blur of single images; machines are conditions, not trainings.

    Which of defocus and astigmatism is which cannot be told from one image: along phi the probe is
    ``alpha sqrt(z^2 + a^2 + 2 z a cos 2(phi - phi_a))`` wide, the same with |z| and |a| exchanged.
    On cells of angle and log radius more blur, and another pixel size or convergence, are shifts of
    the same pattern, which convolutions see alike. Angles close to a circle.
    """

    architecture = "log-polar-blur-1"
    patch_px, angles, radii = 256, 24, 40

    def __init__(self) -> None:
        super().__init__()
        self.spectra = LogPolarSpectra(self.patch_px, self.angles, self.radii)
        self.trunk = nn.Sequential(
            _Stage(4, 24, 5, 2), _Stage(24, 32, 3, 1), _Stage(32, 48, 3, 2), _Stage(48, 48, 3, 1)
        )
        columns = -(-self.radii // STRIDE)
        self.head = nn.Sequential(nn.Linear(2 * 48 * columns, 96), nn.ReLU(), nn.Linear(96, 7))

    def forward(self, power: Tensor, blur_px: Tensor, patches: Tensor) -> BlurAnswer:
        """Judge images by their mean power.

        Args:
            power: (n, angles, radii) from :class:`~models.log_polar.LogPolarSpectra`; any scale of grey.
            blur_px: (n,) radius of the probe disk at 1 um of defocus [px].
            patches: (n,) how many independent patches the mean is over.
        """
        return _told(self._answers(self._features(power, blur_px, patches)))

    def judge(self, power: Tensor, blur_px: Tensor, patches: Tensor) -> BlurAnswer:
        """As :meth:`forward`, but exactly the same for images that are turned by cells or mirrored.

        The mean over all that strides tell apart of what is the same image to physics.
        """
        features = self._features(power, blur_px, patches)
        views = [same.roll(turn, 2) for turn in range(STRIDE) for same in (features, features.flip(2))]
        return _told(self._answers(torch.cat(views)).view(len(views), len(power), -1).mean(0))

    def _answers(self, features: Tensor) -> Tensor:
        maps = self.trunk(features)
        answers: Tensor = self.head(torch.cat([maps.mean(2), maps.amax(2)], 1).flatten(1))
        return answers

    def _features(self, power: Tensor, blur_px: Tensor, patches: Tensor) -> Tensor:
        """Channels (n, 4, angles, radii): what is seen, the phase of 1 um, fast axis, certainty."""
        log_power = torch.log(power.clamp_min(LEAST_POWER))
        shape = power.shape
        return torch.stack(
            [
                0.5 * (log_power - log_power.mean((1, 2), keepdim=True)),
                torch.log(blur_px.view(-1, 1, 1) * self.spectra.k).expand(shape),
                torch.cos(2 * self.spectra.angle)[:, None].expand(shape),
                (torch.log(patches).view(-1, 1, 1) / 3 - 1).expand(shape),
            ],
            1,
        )


def _told(answers: Tensor) -> BlurAnswer:
    return BlurAnswer(answers[:, :3], answers[:, 3:6].clamp(*LOG_SCALE), answers[:, 6])


class _Stage(nn.Module):
    """Convolution, normalisation and ReLU on maps (n, c, angles, radii)."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.reach = kernel // 2

    def forward(self, maps: Tensor) -> Tensor:
        padded = nnf.pad(maps, (0, 0, self.reach, self.reach), mode="circular")
        padded = nnf.pad(padded, (self.reach, self.reach, 0, 0), mode="replicate")
        return nnf.relu(self.norm(self.conv(padded)))
