"""Which files a USD file is made of, told without opening it as USD.

Layers that are text name others between `@`; binary ones can't be looked into without the library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from understudy.nodes.media.meshes.layout import is_usd

if TYPE_CHECKING:
    from pathlib import Path

_TEXT = b"#usda"
_ASSET = re.compile(rb"@+([^@\r\n]+\.usd[acz]?)@+")


def layers_of(file: Path) -> list[Path]:
    """The file and, through layers that are text, the files that it refers to; each once, if it is there."""
    found: dict[Path, None] = {}
    waiting = [file]
    while waiting:
        layer = waiting.pop()
        if layer in found or not is_usd(layer) or not layer.is_file():
            continue
        found[layer] = None
        waiting += [(layer.parent / name).resolve() for name in _named_in(layer)]
    return list(found)


def _named_in(layer: Path) -> list[str]:
    try:
        with layer.open("rb") as file:
            if file.read(len(_TEXT)) != _TEXT:
                return []
            return [match.decode("utf-8", "replace") for match in _ASSET.findall(file.read())]
    except OSError:  # reading it as USD says what is wrong
        return []
