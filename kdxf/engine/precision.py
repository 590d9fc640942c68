"""Whether the machine computes faster in mixed precision; configs say ``'auto'`` where that is to decide."""

import torch
from mmengine.config import Config

AUTO = "auto"


def bfloat16_pays() -> bool:
    """Tell whether this machine computes faster in bfloat16 than in float32.

    A GPU does that has it in hardware, and a processor with AMX. Other processors are slower, those with AVX-512's
    bfloat16 instructions too: a Xeon by 6 to 39 % (``benchmarks/precision.py``).
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def choose_precision(cfg: Config) -> None:
    """Replace ``fp16='auto'`` in ``val_cfg`` and ``test_cfg`` by whether mixed precision pays on this machine."""
    for name in ("val_cfg", "test_cfg"):
        if (cfg.get(name) or {}).get("fp16") == AUTO:
            cfg[name].fp16 = bfloat16_pays()
