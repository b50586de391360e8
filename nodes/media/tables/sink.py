"""A Write that writes labels: as CSV, as .npz, or as a picture of their time line."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.graph.ranges import compact, parse

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.media.tables.table import Table
    from understudy.nodes.write import Write
    from understudy.runtime.context import Context

kind = "labels"

_OF_FRAMES = ("channels", "dtype", "compression")


def holds(path: Path) -> bool:
    """Whether files of this name hold labels."""
    return path.suffix.lower() in (".csv", ".npz", ".png")


def writes(value: Any) -> bool:
    """Whether the value is a table."""
    from understudy.nodes.media.tables.table import Table

    return isinstance(value, Table)


def check(node: Write, outline: Outline, report: Report) -> None:  # noqa: ARG001 - labels of any length do
    """Knobs that are of frames, and a range that is none, are faults."""
    for knob in _OF_FRAMES:
        if getattr(node, knob) != node.knobs[knob].default:
            report.fault("labels have no such thing", knob=knob, expected="nothing")
    try:
        parse(node.frames) if node.frames else None
    except ValueError as error:
        report.fault("this is no frame range", knob="frames", found=str(error))


def write(node: Write, value: Table, context: Context) -> dict[str, Any]:
    """Writes the labels to one file; gives `{"path": ..., "frames": range}`.

    Raises:
        NodeError: The file is one that they were made of, or no row has one of the frames.
    """
    from understudy.runtime.durable import make_folder, replace_bytes

    target = node.path_of(node.path)
    if target.absolute() in [file.absolute() for file in value.files]:
        raise NodeError(node.name, f"{target} is what the labels are made of; name another", knob="path")
    rows = value
    if node.frames or context.settings.frames is not None:
        wanted = set(parse(node.frames) if node.frames else value.frames.tolist())
        if context.settings.frames is not None:
            wanted &= set(context.settings.frames)
        rows = value.select([row for row, frame in enumerate(value.frames.tolist()) if frame in wanted])
    if not len(rows):
        raise NodeError(node.name, "no row has such a frame", knob="frames")
    make_folder(target.parent)
    suffix = target.suffix.lower()
    made = {".csv": _csv, ".npz": _npz, ".png": _png}[suffix](rows)
    replace_bytes(target, [made])
    context.files.append(target)
    context.wrote(target, "time line" if suffix == ".png" else f"{len(rows):,} rows")
    return {"path": str(target), "frames": compact(sorted(set(rows.frames.tolist())))}


def _csv(rows: Table) -> bytes:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    grouped = bool((rows.groups != "").any())
    writer.writerow([*(["group"] if grouped else []), "frame", *rows.names])
    for row in range(len(rows)):
        key = [*([str(rows.groups[row])] if grouped else []), int(rows.frames[row])]
        writer.writerow([*key, *(rows.text(row, place) for place in range(len(rows.columns)))])
    return text.getvalue().encode()


def _npz(rows: Table) -> bytes:
    import numpy as np

    arrays: dict[str, Any] = {"group": rows.groups, "frame": rows.frames}
    for place, column in enumerate(rows.columns):
        values = rows.lines()[:, place]
        if column.kind == "category":
            arrays[column.name] = np.array([rows.text(row, place) for row in range(len(rows))], np.str_)
        else:
            arrays[column.name] = values.astype(bool) if column.kind == "boolean" else values
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _png(rows: Table) -> bytes:
    from understudy.nodes.media.tables.pictures import time_line

    buffer = io.BytesIO()
    time_line(rows).save(buffer, "PNG")
    return buffer.getvalue()
