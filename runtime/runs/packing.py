"""Plain values as msgpack, from strangers too: bounded before anything is allocated, and never code.

Plain are None, booleans, integers, floats, texts, bytes, lists and mappings with texts as keys.
"""

from __future__ import annotations

from typing import Any

import msgpack

DEEPEST = 32
"""Lists and mappings may lie in each other so many times."""

_PLAIN = (type(None), bool, int, float, str, bytes)


def pack(value: Any) -> bytes:
    """The bytes of a plain value; equal values give equal bytes, in whatever order their keys came.

    Raises:
        TypeError: Something in it is not plain.
    """
    packed: bytes = msgpack.packb(_in_order(value), use_bin_type=True)
    return packed


def unpack(data: bytes | memoryview) -> Any:
    """The plain value that the bytes hold.

    Raises:
        ValueError: They are no msgpack, hold anything more than one plain value, or lie too deep.
    """
    _skim(data)
    value = msgpack.unpackb(data, raw=False, strict_map_key=True, unicode_errors="strict")
    _require_plain(value)
    return value


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys must be texts; found {list(value)[:3]}")
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, (list, tuple)) else value


def _skim(data: bytes | memoryview) -> None:
    """Goes over all counts without building anything, so that none promises more than there are bytes."""
    unpacker = msgpack.Unpacker(max_buffer_size=len(data) or 1)
    unpacker.feed(data)
    try:
        unpacker.skip()
    except msgpack.OutOfData:
        raise ValueError("it ends too early") from None


def _require_plain(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [item for thing in level for item in _items(thing)]
        if not level:
            return
    raise ValueError(f"lists and mappings lie more than {DEEPEST} deep")


def _items(thing: Any) -> list[Any]:
    if type(thing) is list:
        return thing
    if type(thing) is dict:
        if not all(type(key) is str for key in thing):
            raise ValueError("a key is no text")
        return list(thing.values())
    if type(thing) in _PLAIN:
        return []
    raise ValueError(f"it holds a {type(thing).__name__}")
