"""What identifies a node's result: its type and code version, knobs, parents' keys, and the files it reads.

A node's key digests its parents' keys, so that it stands for everything above it. Knobs that can't change a
result (device, threads) are left out. The parts are kept beside the key: that is how a plan says why.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Node

Parts = dict[str, Any]
"""The parts of a key: `type`, `version`, `knobs`, `inputs` and `contents`, as plain data."""


def parts(
    node: Node, inputs: Mapping[str, Sequence[str]], contents: Mapping[str, str], *, length: bool = True
) -> Parts:
    """The parts of a node's key.

    Args:
        node: The node.
        inputs: For each connected port the keys of what is on it (`key.port`), in order.
        contents: The digest of each file that is part of the result, by its name.
        length: Whether knobs that only say how long to go on are part of it.
    """
    knobs = {
        name: getattr(node, name)
        for name, knob in node.knobs.items()
        if knob.result and (length or not knob.length)
    }
    return {
        "type": node.type_name,
        "version": node.code_version(),
        "knobs": knobs,
        "inputs": {port: list(keys) for port, keys in inputs.items()},
        "contents": dict(contents),
    }


def key(parts_of_node: Parts) -> str:
    """The SHA-256 of the parts, as 64 hexadecimal digits."""
    text = json.dumps(parts_of_node, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def difference(old: Parts, new: Parts) -> str:
    """In words, what changed between two keys of the same node.

    >>> difference({"knobs": {"epochs": 1}}, {"knobs": {"epochs": 2}})
    'epochs was 1, is 2'
    """
    reasons = []
    for part, word in (("type", "its type"), ("version", "its code")):
        if old.get(part) != new.get(part):
            reasons.append(f"{word} was {old.get(part)}, is {new.get(part)}")
    reasons += [f"{name} was {was}, is {now}" for name, was, now in _changes(old, new, "knobs")]
    reasons += [f"its {port} changed" for port, _, _ in _changes(old, new, "inputs")]
    if old.get("frames") != new.get("frames"):
        reasons.append("other frames were asked for")
    files = [name for name, _, _ in _changes(old, new, "contents")]
    if files:
        reasons.append(_files_changed(files))
    return "; ".join(reasons)


def _changes(old: Parts, new: Parts, part: str) -> list[tuple[str, Any, Any]]:
    before, after = old.get(part, {}), new.get(part, {})
    names = dict.fromkeys([*before, *after])
    changed = [(name, before.get(name), after.get(name)) for name in names]
    return [(name, _plain(was), _plain(now)) for name, was, now in changed if _plain(was) != _plain(now)]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _files_changed(files: list[str]) -> str:
    shown = ", ".join(files[:3])
    return f"{shown} changed" if len(files) <= 3 else f"{shown} and {len(files) - 3} more files changed"
