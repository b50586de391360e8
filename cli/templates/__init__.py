"""What `understudy new` starts a folder from: a graph of `examples/`, and data made on the spot."""

from __future__ import annotations

import importlib
from importlib.resources import files
from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError, nearest

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = {
    "roto": "Learn a matte from five painted frames, matte the whole shot and comp by it.",
    "cleanup": "Learn to take tracking markers out from five clean frames, and clean the whole shot.",
    "grade": "Learn a look from four graded frames, with values above 1, and grade the whole shot.",
    "pretraining": "Learn mattes from three earlier shots first, then a new shot's from two painted frames.",
    "deformer": "Learn how an arm's skin moves from 240 poses of its rig, and play an animation without it.",
    "motion": "Learn from 20 labelled clips what a figure does, and say of a long take what happens when.",
    "head_pose": "Learn a head's yaw and pitch from 240 frames, and measure frames to sort by them.",
}
"""The templates by name, with a line of help for each."""


def create(name: str, folder: Path) -> list[Path]:
    """Starts a folder: writes the template's graph and renders its footage beside it.

    Args:
        name: One of `TEMPLATES`.
        folder: The folder to make; it may exist, but must be empty.

    Returns:
        The files written: the graph first, then the frames.

    Raises:
        UnderstudyError: There is no such template, or the folder is a file or is not empty.
    """
    require_room(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    graph = folder / "graph.toml"
    graph.write_bytes(files("understudy").joinpath("examples", name, "graph.toml").read_bytes())
    footage = importlib.import_module(f"understudy.cli.templates.{name}")
    return [graph, *footage.make_footage(folder)]


def require_room(name: str, folder: Path) -> None:
    """Refuses what `create` would refuse, before any work.

    Raises:
        UnderstudyError: There is no such template, or the folder is a file or is not empty.
    """
    _refuse_unknown(name)
    _refuse_occupied(folder)


def _refuse_unknown(name: str) -> None:
    if name in TEMPLATES:
        return
    close = nearest(name, TEMPLATES)
    hint = f' Did you mean "{close}"?' if close else ""
    raise UnderstudyError(f'There is no template "{name}"; there are {", ".join(TEMPLATES)}.{hint}')


def _refuse_occupied(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UnderstudyError(f"{folder} is a file; name a folder that is empty or does not exist yet.")
    if folder.is_dir() and any(folder.iterdir()):
        raise UnderstudyError(
            f"The folder {folder} is not empty; name one that is, or that does not exist yet."
        )
