"""What the node Clinic does with frames and pairs: looks at them, and writes what it found."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import NodeError
from understudy.graph.ranges import compact
from understudy.nodes.diagnosis import kinds, report
from understudy.nodes.diagnosis.ending import finished, quarantined
from understudy.nodes.diagnosis.examination import Examination
from understudy.nodes.diagnosis.findings import Diagnosis, diagnose
from understudy.nodes.diagnosis.ordering import ordered
from understudy.nodes.diagnosis.pictures import grid, pair_picture
from understudy.nodes.media.images.sheet import is_linear, to_display
from understudy.runtime.durable import make_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from understudy.graph.node import Inputs
    from understudy.nodes.clinic import Clinic
    from understudy.nodes.diagnosis.examination import Examined
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context

WORST = 10
"""Frames on the sheet of the worst, and pictures of pairs."""

_PICTURED = ("misaligned", "scale", "swapped", "empty matte", "inverted matte", "gamma")


def examine_frames(node: Clinic, inputs: Inputs, context: Context) -> dict[str, Any]:
    """Looks at frames and pairs; gives the outputs of the node.

    Raises:
        NodeError: There are no frames.
        Stopped: A signal asked to stop; what was found so far is kept.
    """
    frames, truths = inputs["input"], inputs.get("groundtruth")
    if not frames.numbers:
        raise NodeError(node.name, "the input has no frames", knob="inputs")
    path = context.work / "clinic" / f"{node.name}.jsonl"
    examined = Examination(frames, truths, path).run(context, frames.numbers)
    unpaired = sorted(set(truths.numbers) - set(frames.numbers)) if truths is not None else []
    found = diagnose(examined, unpaired, node.near)
    columns = _with_columns(node, found, inputs.get("columns"))
    folder = node.path_of(node.path)
    make_folder(folder)
    return _FrameWriter(node, folder, frames, truths, context).write(examined, found, columns)


def _with_columns(node: Clinic, found: Diagnosis, table: Any | None) -> list[str]:
    """Adds the columns of a table to the values of the frames that have a row in it; gives their names.

    Raises:
        NodeError: Frames are to be sorted by what is neither an order nor such a column, or a row is missing.
    """
    names = [name for name in table.names if name not in kinds.MEASURES] if table is not None else []
    if table is not None:
        rows = {number: row for row, number in enumerate(table.frames.tolist())}
        for number, values in found.values.items():
            if number in rows:
                values.update({name: float(table.column(name)[rows[number]]) for name in names})
    if node.by not in kinds.ORDERS:
        if node.by not in names:
            expected = ", ".join([*kinds.ORDERS, *names])
            raise NodeError(node.name, f'there is no order "{node.by}"; there are {expected}', knob="by")
        without = sorted(number for number, values in found.values.items() if node.by not in values)
        if without:
            what = f'{compact(without)} have no row in the table of "{node.by}"'
            raise NodeError(node.name, what, knob="by")
    return names


class _FrameWriter:
    """Writes the folder about frames."""

    def __init__(
        self, node: Clinic, folder: Path, frames: Frames, truths: Frames | None, context: Context
    ) -> None:
        self.node, self.folder, self.context = node, folder, context
        self.frames, self.truths = frames, truths

    def write(
        self, examined: Mapping[int, Examined], found: Diagnosis, columns: Sequence[str]
    ) -> dict[str, Any]:
        measured = {number: one.measures for number, one in examined.items() if one.measures is not None}
        order = ordered(self.node.by, found.values, measured)
        files = report.write_table(self.folder, _table(examined, found, columns))
        files.append(report.write_order(self.folder, order, _group_numbers(found)))
        picture = self._sheet(order, found)
        files += [picture, *self._worst(found), *self._pairs(found)]
        if self.node.links:
            self._link(order)
        lines = report.summary(len(examined), "frames", found.findings, kinds.OF_FRAMES)
        measures, of_frames = kinds.words_of("frames")
        words = (*measures, *columns), of_frames
        lines += quarantined(self.node, self.context, found.values, found.findings, words)
        return finished(self.context, self.folder, files, lines, picture)

    def _sheet(self, order: Mapping[int, float], found: Diagnosis) -> Path:
        """The frames in order, spread evenly where there are too many."""
        numbers = list(order)
        count = min(self.node.pictures, len(numbers))
        places = np.linspace(0, len(numbers) - 1, count).round().astype(int).tolist()
        shown = [numbers[place] for place in places]
        captions = []
        for number in shown:
            kind = ", ".join(one.kind for one in found.findings.get(number, ()))
            value = "" if self.node.by == "time" else f"{self.node.by} {order[number]:.3g}  "
            captions.append((f"{number}", f"{value}{kind}"))
        of = f"{count} of {len(numbers)} frames" if count < len(numbers) else f"{count} frames"
        title = (
            f"{self.node.name}: {of} by {self.node.by}, {kinds.ORDERS.get(self.node.by, 'the lowest first')}"
        )
        return self._save("order.png", grid(self._shown(shown), captions, title=title))

    def _worst(self, found: Diagnosis) -> list[Path]:
        """The ten worst frames; none where nothing is wrong."""
        numbers = [number for number in found.worst() if number in found.values][:WORST]
        if not numbers:
            (self.folder / "worst.png").unlink(missing_ok=True)
            return []
        captions = [
            (f"{number}  {', '.join(one.kind for one in found.findings[number])}",
             found.findings[number][0].sentence)
            for number in numbers
        ]  # fmt: skip
        title = f"{self.node.name}: the worst {len(numbers)} of {len(found.findings)} frames with findings"
        return [
            self._save("worst.png", grid(self._shown(numbers), captions, title=title, width=300, columns=5))
        ]

    def _pairs(self, found: Diagnosis) -> list[Path]:
        """A matte's outline over the plate, or both and their difference, of the worst pairs."""
        folder = self.folder / "pairs"
        if folder.is_dir():
            shutil.rmtree(folder)
        if self.truths is None:
            return []
        there = set(self.frames.numbers) & set(self.truths.numbers)
        wrong = [number for number in found.worst() if number in there
                 and any(one.kind in _PICTURED for one in found.findings[number])]  # fmt: skip
        paths = []
        for number in wrong[:WORST]:
            source, truth = self.frames.read(number), self.truths.read(number)
            linear = is_linear(self.frames.spec(number).dtype)
            pixels = source.fitted(source.display).pixels, truth.fitted(truth.display).pixels
            if pixels[0].shape[:2] != pixels[1].shape[:2]:
                continue
            make_folder(folder)
            told = "; ".join(f"{one.kind}: {one.sentence}" for one in found.findings[number])
            picture = pair_picture(*pixels, linear=linear, title=f"{number}  {told}")
            paths.append(self._save(f"pairs/{number}.png", picture))
        return paths

    def _shown(self, numbers: Sequence[int]) -> list[NDArray[np.uint8]]:
        """The frames, small, as a person sees them."""

        def one(number: int) -> NDArray[np.uint8]:
            frame = self.frames.read(number)
            step = max(1, frame.pixels.shape[1] // 640)
            linear = is_linear(self.frames.spec(number).dtype)
            return to_display(frame.pixels[::step, ::step], linear=linear)

        with ThreadPoolExecutor(os.cpu_count() or 1, "clinic") as pool:
            return list(pool.map(one, numbers))

    def _link(self, order: Iterable[int]) -> None:
        """A folder with links to the files, which sorts in the order."""
        files = getattr(self.frames, "files", {})
        if not files:
            raise NodeError(
                self.node.name,
                "only frames that are files can be linked to; connect their DataSource",
                knob="links",
            )
        folder = self.folder / "links"
        if folder.is_dir():
            shutil.rmtree(folder)
        make_folder(folder)
        for place, number in enumerate(order, 1):
            target = files[number].resolve()
            link = folder / f"{place:05d}_{target.name}"
            try:
                link.symlink_to(target)
            except OSError:  # Windows lets not everybody make symbolic links
                link.hardlink_to(target)

    def _save(self, name: str, picture: Image) -> Path:
        path = self.folder / name
        with replacing(path) as temporary:
            picture.save(temporary, format="PNG", compress_level=4)
        self.context.wrote(path, "clinic")
        return path


def _table(
    examined: Mapping[int, Examined], found: Diagnosis, columns: Sequence[str]
) -> list[dict[str, Any]]:
    groups = _group_numbers(found)
    rows = []
    for number in sorted({*examined, *found.findings}):
        one = examined[number].measures if number in examined else None
        values = found.values.get(number, {})
        row: dict[str, Any] = {
            name: f"{values[name]:.10g}" if name in values else "" for name in (*kinds.MEASURES, *columns)
        }
        row |= {"frame": number, "group": groups.get(number, ""), "hash": one.hash if one else ""}
        rows.append(row | {"findings": found.findings.get(number, [])})
    return rows


def _group_numbers(found: Diagnosis) -> dict[int, int]:
    """The group of each frame, numbered from 1."""
    return {number: place for place, group in enumerate(found.groups, 1) for number in group}
