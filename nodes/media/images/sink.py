"""A Write that writes frames: what is wrong with its knobs, and which frames it writes."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.graph.ranges import Pattern, compact, parse, pattern
from understudy.nodes.media.images.formats import FORMATS, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.graph.document import Graph
    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.write import Write
    from understudy.runtime.context import Context

kind = "frames"


def holds(path: Path) -> bool:
    """Whether files of this name hold a frame."""
    return path.suffix.lower() in FORMATS


def writes(value: Any) -> bool:
    """Whether the value is a sequence of frames."""
    return hasattr(value, "read")


def check(node: Write, outline: Outline, report: Report) -> None:
    """A path, type or compression that can't be written, and all frames in one file, are faults."""
    no = refusal(node.path_of(node.path), node.dtype, node.compression)
    if no is not None:
        report.fault(no.what, knob=no.knob, found=no.found, expected=no.expected, suggestion=no.suggestion)
    _check_folder(node, report)
    _check_frames(node, outline.frames, report)


def _check_folder(node: Write, report: Report) -> None:
    folder = node.path_of(node.path).absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        report.fault("this folder can't be written to", knob="path", found=str(folder))


def _check_frames(node: Write, frames: tuple[int, ...] | None, report: Report) -> None:
    try:
        several = len(parse(node.frames) if node.frames else frames or ()) > 1
    except ValueError as error:
        report.fault("this is no frame range", knob="frames", found=str(error))
        return
    try:
        if several and not pattern(node.path).digits:
            found, expected = f'"{node.path}" for several frames', "padding, such as matte.####.exr"
            report.fault("all frames would go to one file", knob="path", found=found, expected=expected)
    except ValueError as error:
        report.fault("this is no path of frames", knob="path", found=str(error))


def write(node: Write, value: Frames, context: Context) -> dict[str, Any]:
    """Writes what is not there yet; gives `{"path": ..., "frames": range}`.

    Raises:
        NodeError: The files are those that the input is made of; or frames failed, or the input has not all
            that were asked for, and the others are written.
    """
    from understudy.nodes.media.images.sequence_writing import write_frames

    _refuse_own_sources(node, context.graph)
    numbers, absent = _numbers(node, value, context)
    failed = write_frames(node, value, numbers, context)
    if failed:
        first = next(iter(failed.values()))
        raise NodeError(
            node.name, f"{len(failed)} of {len(numbers)} frames failed, {compact(failed)}: {first}"
        )
    if absent:
        raise NodeError(
            node.name, f"the input has no frames {compact(absent)}; all others are written", knob="frames"
        )
    return {"path": str(node.path_of(node.path)), "frames": compact(numbers)}


def _numbers(node: Write, frames: Frames, context: Context) -> tuple[list[int], list[int]]:
    """The frames to write, and those that were asked for and are not in the input."""
    wanted = set(parse(node.frames)) if node.frames else None
    if context.settings.frames is not None:
        asked = set(context.settings.frames)
        wanted = asked if wanted is None else asked & wanted
    there = set(frames.numbers)
    return sorted(there if wanted is None else wanted & there), sorted((wanted or there) - there)


def _refuse_own_sources(node: Write, graph: Graph) -> None:
    """Frames would be lost if a node wrote over what it is made of."""
    target = _resolved(node.path_of(node.path))
    names, seen = deque([node.name]), {node.name}
    while names:
        entry = graph.entries[names.popleft()]
        path = entry.knobs.get("path") if entry.type == "DataSource" else None
        if isinstance(path, str):
            source = _resolved(graph.folder / graph.substituted(path, lambda _: None))
            same = source == target or target.number(source.before) is not None
            if source.folder == target.folder and same:
                raise NodeError(
                    node.name,
                    f"these are files that it is made of: {node.path}; write elsewhere",
                    knob="path",
                )
        above = {source.node for sources in entry.inputs.values() for source in sources}
        names.extend(above - seen)
        seen |= above


def _resolved(path: Path) -> Pattern:
    place = pattern(path)
    return replace(place, folder=place.folder.resolve())
