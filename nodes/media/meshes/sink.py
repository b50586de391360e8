"""A Write that writes shapes: as an open .npz, or as a point cache for other programs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.graph.ranges import compact, parse
from understudy.nodes.media.meshes.layout import ARCHIVE, is_usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.media.meshes.played import PlayedShapes
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.nodes.write import Write
    from understudy.runtime.context import Context

kind = "shapes"

_OF_FRAMES = ("channels", "dtype", "compression")


def holds(path: Path) -> bool:
    """Whether files of this name hold shapes."""
    return path.suffix.lower() in (ARCHIVE, ".pc2") or (is_usd(path) and path.suffix.lower() != ".usdz")


def writes(value: Any) -> bool:
    """Whether the value is a sequence of shapes."""
    return hasattr(value, "rig")


def check(node: Write, outline: Outline, report: Report) -> None:  # noqa: ARG001 - shapes of any length do
    """Knobs that are of frames, a range that is none, and a library that is not there, are faults."""
    for knob in _OF_FRAMES:
        if getattr(node, knob) != node.knobs[knob].default:
            report.fault("shapes have no such thing", knob=knob, expected="nothing")
    try:
        parse(node.frames) if node.frames else None
    except ValueError as error:
        report.fault("this is no frame range", knob="frames", found=str(error))
    if is_usd(node.path_of(node.path)) and find_spec("pxr") is None:
        report.fault(
            "writing USD needs usd-core", knob="path", suggestion='pip install "understudy[usd]" brings it.'
        )


def write(node: Write, value: PosedMeshes | PlayedShapes, context: Context) -> dict[str, Any]:
    """Writes the shapes to one file, a block of poses at a time; gives `{"path": ..., "frames": range}`.

    Raises:
        NodeError: The file is one that they are made of, or no pose has one of the frames.
    """
    from understudy.runtime.durable import make_folder

    target = node.path_of(node.path)
    if target.absolute() in [file.absolute() for file in value.files]:
        raise NodeError(
            node.name, f"the shapes are made of this file: {node.path}; write elsewhere", knob="path"
        )
    chosen = _chosen(node, value, context)
    make_folder(target.parent)
    _write(target, chosen, _told(_blocks(chosen), len(chosen), context))
    context.files.append(target)
    context.wrote(target, f"{len(chosen):,} shapes")
    return {"path": str(target), "frames": compact(sorted(set(chosen.frames.tolist())))}


def _chosen(node: Write, value: Any, context: Context) -> Any:
    wanted = set(parse(node.frames)) if node.frames else None
    if context.settings.frames is not None:
        asked = set(context.settings.frames)
        wanted = asked if wanted is None else asked & wanted
    if wanted is None:
        return value
    rows = [row for row, number in enumerate(value.frames.tolist()) if number in wanted]
    if not rows:
        raise NodeError(node.name, "no pose has one of these frames", knob="frames")
    return value.select(rows)


def _blocks(value: Any) -> Iterator[NDArray[np.float32]]:
    if hasattr(value, "in_blocks"):
        yield from value.in_blocks()
        return
    for block in value.blocks():
        yield value.vertices(block)


def _told(
    blocks: Iterable[NDArray[np.float32]], count: int, context: Context
) -> Iterator[NDArray[np.float32]]:
    done = 0
    for block in blocks:
        context.stop_if_asked()
        yield block
        done += len(block)
        context.progress(done, count, "shapes")


def _write(target: Path, value: Any, blocks: Iterator[NDArray[np.float32]]) -> None:
    from understudy.nodes.media.meshes import caches, usd_writing

    count, vertices = len(value), len(value.rig.rest)
    suffix, shape, frames = target.suffix.lower(), (count, vertices, 3), value.frames.tolist()
    heat = getattr(value, "heat", None)
    if suffix == ".pc2":
        caches.write_pc2(target, shape, blocks, start=float(frames[0]))
    elif is_usd(target):
        usd_writing.write_usd(target, value.rig, frames, blocks, None if heat is None else heat(value.source))
    else:
        more = {} if heat is None else {"uncertainty": ((count, vertices), heat(value.source))}
        caches.write_npz_cache(target, shape, blocks, more)
