"""On what a training is computed, as far as it can change the last bits of a result."""

from __future__ import annotations

import torch

from understudy import __version__


def environment(device: str, precision: str) -> dict[str, str | int]:
    """Versions, device, threads and instruction set: where they are the same, so are the bits."""
    kind = torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu"
    return {
        "understudy": __version__,
        "torch": torch.__version__,
        "device": kind,
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "precision": precision,
    }


def differences(before: dict[str, str | int], now: dict[str, str | int]) -> list[str]:
    """What differs between two environments, a few words each.

    >>> differences({"threads": 1}, {"threads": 2})
    ['threads was 1, is 2']
    """
    return [
        f"{name} was {before.get(name)}, is {value}"
        for name, value in now.items()
        if before.get(name) != value
    ]
