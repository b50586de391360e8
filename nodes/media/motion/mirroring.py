"""Left and right of a skeleton, by the names of its joints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = (("Left", "Right"), ("left", "right"), ("LEFT", "RIGHT"))

_ENDINGS = (("_L", "_R"), (".L", ".R"), ("_l", "_r"), (".l", ".r"), ("L", "R"))


def partners(joints: Sequence[str]) -> list[int]:
    """For each joint the one that it changes places with in a mirror; itself where it lies in the middle.

    `LeftArm` and `RightArm`, `l_knee` and `r_knee`, `lfemur` and `rfemur`, `arm.L` and `arm.R` are partners;
    repeated names with a number, such as `End 2`, follow the joint before them.

    Raises:
        UnderstudyError: No joint has a partner, so that the names don't tell left from right.
    """
    places = {name: place for place, name in enumerate(joints)}
    found = [next((places[one] for one in _others(name) if one in places), place)
             for place, name in enumerate(joints)]  # fmt: skip
    for place, name in enumerate(joints):  # the ends of limbs, which are called alike on both sides
        if (
            place
            and found[place] == place
            and re.fullmatch(r"(End|.* \d+)", name)
            and found[place - 1] != place - 1
        ):
            found[place] = found[place - 1] + 1
    bad = [place for place, other in enumerate(found) if not other < len(found) or found[other] != place]
    for place in bad:
        found[place] = place
    if found == list(range(len(joints))):
        raise UnderstudyError(
            f"No joint's name has one of the other side, such as Left and Right: {', '.join(joints[:8])}."
        )
    return found


def _others(name: str) -> list[str]:
    """The names that its counterpart may have."""
    found = []
    for one, other in (*_WORDS, *(pair[::-1] for pair in _WORDS)):
        if one in name:
            found.append(name.replace(one, other))
    for one, other in (*_ENDINGS, *(pair[::-1] for pair in _ENDINGS)):
        if name.endswith(one):
            found.append(name[: -len(one)] + other)
    if name[:1] in "lrLR":
        found.append({"l": "r", "r": "l", "L": "R", "R": "L"}[name[0]] + name[1:])
    return found
