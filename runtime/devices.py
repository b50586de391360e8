"""Choosing where networks are computed."""

from __future__ import annotations

import re

from understudy.graph.errors import UnderstudyError

_FORM = re.compile(r"auto|cpu|cuda(:\d+)?")


def resolve(device: str) -> str:
    """The device that `auto`, `cpu`, `cuda` or `cuda:N` stands for here; imports torch.

    Raises:
        UnderstudyError: It is none of these, or there is no such GPU.
    """
    if not _FORM.fullmatch(device):
        raise UnderstudyError(f'There is no device "{device}". Say auto, cpu, cuda or cuda:N.')
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda"):
        _, _, number = device.partition(":")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= count:
            raise UnderstudyError(
                f'"{device}" was asked for, but torch sees {count} GPUs here. Use --device auto or cpu.'
            )
    return device
