"""Choosing where networks are computed."""

from __future__ import annotations

import os
import re
from functools import cache

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

    usual_threads()
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


@cache
def usual_threads() -> int:
    """How many threads torch takes for an operation unless somebody says otherwise, fixed when asked."""
    import torch

    return torch.get_num_threads()


def shared_threads(threads: int, workers: int) -> tuple[int, int]:
    """How many frames are computed at once on the processor, and with how many threads each.

    Two frames on a thread each take less time than one on two threads, since a network of small convolutions
    has parts that one thread does alone.

    Args:
        threads: Threads in all; 0 for all cores.
        workers: Frames at once at most.
    """
    cores = threads or min(usual_threads(), os.cpu_count() or 1)
    at_once = min(workers, cores)
    return at_once, cores // at_once
