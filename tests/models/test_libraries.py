"""What a window loads ahead, in processes that have loaded nothing yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

MAPPED = """
import sys
from pathlib import Path
from models.libraries import map_torch
map_torch()
print("torch" in sys.modules, "libtorch_cpu" in Path("/proc/self/maps").read_text())
import torch
map_torch()
print(torch.ones(3).sum().item())
"""

LEARNING = """
import sys
import torch
import models.training.section_tuning
known = set(sys.modules)
weight = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.AdamW([weight])
weight.sum().backward()
optimizer.step()
print(len(set(sys.modules) - known))
"""


def said(program: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    ).stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has mapped")
def test_torch_is_mapped_before_it_is_imported() -> None:
    assert said(MAPPED) == ["False", "True", "3.0"]


def test_a_first_training_step_finds_all_its_modules_loaded() -> None:
    assert int(said(LEARNING)[0]) < 10
