"""Changes to files as a bad disk, a bad copy or a bad stranger makes them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TELLING = (
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\x7f\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 64,
    b"\0" * 8,
)
"""Bytes that mean much to msgpack: an unused mark, and counts that nobody keeps."""


def mutated(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """So many changed copies of some bytes, each unlike them, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    made = 0
    while made < count:
        changed = bytearray(data)
        for _ in range(draw.choice((1, 1, 1, 2, 5))):
            _change(changed, draw)
        if changed != data:
            made += 1
            yield bytes(changed)


def _change(data: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    end = min(len(data), at + draw.choice((1, 2, 4, 8, 64)))
    match draw.randrange(8):
        case 0 if at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        case 1:
            data[at:end] = draw.randbytes(end - at)
        case 2:
            del data[at:]
        case 3:
            del data[at:end]
        case 4:
            data[at:at] = data[draw.randrange(len(data) + 1) :][: end - at]
        case 5:
            data[at:end] = bytes(end - at)
        case 6:
            data[at:at] = draw.choice(TELLING)
        case _:
            data += draw.randbytes(draw.randint(1, 64))
    if not data:
        data += b"\0"
