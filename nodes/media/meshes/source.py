"""A DataSource that reads posed meshes: which files, what is wrong with them, and the poses they hold."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError, NodeError
from understudy.graph.ports import Outline
from understudy.graph.ranges import compact, parse
from understudy.nodes.media.meshes.layout import ARCHIVE, USD, array_shapes, check_layout, is_usd
from understudy.nodes.media.meshes.usd_layers import layers_of
from understudy.nodes.media.sources import fault_nothing_there

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource
    from understudy.nodes.media.meshes.layout import Shapes
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.runtime.context import Context

SUFFIXES = (ARCHIVE, *USD)

SHOWN_RANGES = 6
"""Controls whose range is told."""

_OF_FRAMES = ("channels", "colorspace_in", "colorspace_out")

knobs = (
    "frames",
    "mesh",
    "exclude",
)
"""The knobs of a DataSource that mean something here, beside its path."""


def holds(path: Path) -> bool:
    """Whether a path is a training file or one of USD, a pattern of them, or a folder that has some."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        return path.is_dir() and bool(_in_folder(path))
    except OSError:  # a name too long, a folder that may not be read
        return False


def source(node: DataSource) -> MeshSource:
    """What reads the node's poses."""
    return MeshSource(node)


class MeshSource:
    """The poses of a DataSource.

    Args:
        node: Its knobs say what to read.
    """

    def __init__(self, node: DataSource) -> None:
        self.node = node
        self.path = node.path_of(node.path)

    @cached_property
    def files(self) -> list[Path]:
        """The training files, in the order of their names."""
        if self.path.is_dir():
            return _in_folder(self.path)
        if "*" in self.path.name or "?" in self.path.name:
            return sorted(self.path.parent.glob(self.path.name))
        return [self.path] if self.path.is_file() else []

    def outline(self, report: Report) -> dict[str, Outline]:
        """Controls, and shapes where the files have vertices; faults that their headers show.

        A file of USD is not opened: it may have both.
        """
        for knob in _OF_FRAMES:
            if getattr(self.node, knob):
                report.fault("posed meshes have no channels and no colours", knob=knob, expected="nothing")
        try:
            parse(self.node.frames) if self.node.frames else None
        except ValueError as error:
            report.fault("this is no frame range", knob="frames", found=str(error))
        if not self.files:
            fault_nothing_there(self.path, self.node.path, report)
            return {}
        self._check_usd(report)
        try:
            shapes = self._layouts()
        except MediaError as error:
            report.fault("the poses can't be read", knob="path", found=str(error))
            return {}
        outputs = {"controls": Outline("controls")}
        with_shapes = self._has_usd or _has_vertices(shapes[0])
        return outputs | ({"shapes": Outline("shapes")} if with_shapes else {})

    @property
    def _has_usd(self) -> bool:
        return any(is_usd(file) for file in self.files)

    def _check_usd(self, report: Report) -> None:
        if not self._has_usd and self.node.mesh:
            report.fault("only files of USD hold meshes to choose from", knob="mesh", expected="nothing")
        if self._has_usd and find_spec("pxr") is None:
            hint = 'pip install "understudy[usd]" brings it.'
            report.fault("reading USD needs usd-core", knob="path", found=self.path.name, suggestion=hint)

    def _layouts(self) -> list[Shapes]:
        """The shapes of the arrays of each file but those of USD.

        Raises:
            MediaError: A file is damaged, or does not fit to the first.
        """
        archives = [file for file in self.files if not is_usd(file)]
        found: list[Shapes] = []
        for file in archives:
            found.append(array_shapes(file))
            check_layout(file, found[-1])
            _check_alike(file, found[-1], archives[0], found[0])
        return found

    def contents(self) -> Iterable[Path]:
        """The training files, and the layers that those of USD name."""
        return dict.fromkeys(layer for file in self.files for layer in layers_of(file) or [file])

    def compute(self, context: Context) -> dict[str, Any]:
        """The poses, mapped; they are gone through once, for faults and repeats.

        Raises:
            MediaError: A file is damaged, or something in it is not a number.
            NodeError: No pose has one of the wanted frame numbers.
        """
        from understudy.nodes.media.meshes.posed import read_posed_files

        poses = self._wanted(read_posed_files(self.files, mesh=self.node.mesh))
        for sentence in (_described(poses), *poses.notes):
            context.say(f"{self.node.name}: {sentence}")
        self._warn_of_layers(poses, context)
        with_shapes = self._has_usd or poses.has_vertices
        return {"controls": poses} | ({"shapes": poses} if with_shapes else {})

    def _warn_of_layers(self, poses: PosedMeshes, context: Context) -> None:
        known = {str(layer.resolve()) for layer in self.contents()}
        layers = [str(name) for part in poses.parts for name in part.get("layers", ())]
        unseen = sorted(name for name in layers if name not in known)
        if unseen:
            context.warn(
                f"{self.node.name}: changes in {', '.join(unseen)} will not be noticed, for a binary file of "
                "USD refers to it. Flatten the file (usdcat --flatten), or refer to it in a .usda."
            )

    def _wanted(self, poses: PosedMeshes) -> PosedMeshes:
        if not self.node.frames:
            return poses
        wanted = set(parse(self.node.frames))
        numbers = poses.frames.tolist()
        rows = [row for row, number in enumerate(numbers) if number in wanted]
        if not rows:
            found = compact(sorted(set(numbers)))
            raise NodeError(self.node.name, f"no pose has such a frame; there are {found}", knob="frames")
        return poses.select(rows)


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _has_vertices(shapes: Shapes) -> bool:
    return "vertices" in shapes or "deltas" in shapes


def _check_alike(file: Path, shapes: Shapes, first_file: Path, first: Shapes) -> None:
    if shapes["rest"] != first["rest"]:
        raise MediaError(
            file,
            f"Its mesh has {shapes['rest'][0]:,} vertices, that of {first_file} has {first['rest'][0]:,}. "
            "Poses of one rig must share one topology.",
        )
    if _has_vertices(shapes) != _has_vertices(first):
        without, has = (first_file, file) if _has_vertices(shapes) else (file, first_file)
        raise MediaError(without, f"It has no vertices, and {has} has. Read animation and poses apart.")


def _described(poses: PosedMeshes) -> str:
    rig = poses.rig
    parts = [f"{len(poses):,} poses of {len(rig.rest):,} vertices"]
    for names, what in ((rig.control_names, "controls"), (rig.joint_names, "joints")):
        if names:
            parts.append(f"{len(names)} {what}")
    ranges = [f"{name} {low:.3g} to {high:.3g}" for name, (low, high) in poses.control_ranges().items()]
    return ", ".join(parts) + (f" ({_listed(ranges)})" if ranges else "")


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN_RANGES]) + (" ..." if len(words) > SHOWN_RANGES else "")
