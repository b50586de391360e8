"""Choosing where networks are computed."""

from __future__ import annotations

import pytest
import torch

from understudy.graph.errors import UnderstudyError
from understudy.runtime.devices import resolve


@pytest.mark.parametrize(
    ("asked", "gpus", "expected"),
    [
        ("cpu", 2, "cpu"),
        ("auto", 0, "cpu"),
        ("auto", 1, "cuda"),
        ("cuda", 1, "cuda"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_a_device_is_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, gpus: int, expected: str
) -> None:
    """`auto` takes a GPU where there is one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)

    assert resolve(asked) == expected


@pytest.mark.parametrize(("asked", "gpus"), [("cuda", 0), ("cuda:1", 1), ("gpu", 1), ("cuda:", 1), ("", 1)])
def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, asked: str, gpus: int
) -> None:
    """Nothing falls back silently; the message says what to ask for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)

    with pytest.raises(UnderstudyError, match="auto"):
        resolve(asked)
