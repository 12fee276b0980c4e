"""Kinds of texture and microscopes that networks are judged on and never trained on.

They lie outside the package that trains, which therefore cannot import them, are drawn by other
methods than the textures of the training, and are fixed in ``held_out.toml``.

    python -m benchmarks.held_out                  lists them, and says whether they are unchanged
    python -m benchmarks.held_out --render FOLDER  paints them
"""

from benchmarks.held_out.kinds import HeldOutKind, HeldOutMachine, Microscope, fingerprint, kinds, machines
from benchmarks.held_out.scene import Kind, Scene

__all__ = [
    "HeldOutKind",
    "HeldOutMachine",
    "Kind",
    "Microscope",
    "Scene",
    "fingerprint",
    "kinds",
    "machines",
    "scene",
]


def scene(kind: str, machine: str, seed: int) -> Scene:
    """A place on a specimen of a kind, under a microscope of a kind, by their names.

    Raises:
        KeyError: there is no such kind or machine.
    """
    return Scene.of(kinds()[kind], machines()[machine], seed)
