"""What this computer's processor is quick at."""

from __future__ import annotations

import torch


def fastest_products() -> torch.dtype:
    """``bfloat16`` where the processor has products of it: elsewhere they are slower than others."""
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32
