"""A DataSource that reads motion: which clips, what labels them, and what is wrong with them."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError, NodeError, nearest
from understudy.graph.ports import Outline
from understudy.nodes.media.motion.archives import ARRAYS, is_deep_mimic, read_deep_mimic, read_npz
from understudy.nodes.media.motion.asf_amc import read_amc, skeleton_file
from understudy.nodes.media.motion.bvh import read_bvh
from understudy.nodes.media.tables.columns import listed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource
    from understudy.nodes.media.motion.clip import Clip
    from understudy.nodes.media.motion.motion import Motion
    from understudy.nodes.media.tables.table import Table
    from understudy.runtime.context import Context

narrow = True
"""`holds` looks into files, so it is asked before media that go by the name."""

LABELS = ("label", "phase")
"""What is known of a frame of motion beside its rotations."""

knobs = (
    "labels",
    "groups",
    "label_from",
    "rename",
    "exclude",
)
"""The knobs of a DataSource that mean something here, beside its path."""


def holds(path: Path) -> bool:
    """Whether a path is a clip, a pattern of clips, or a folder of them, or of folders of them."""
    try:
        return bool(_files(path)) or _suffix(path) in (".bvh", ".amc")
    except OSError:  # a name too long, a folder that may not be read
        return False


def source(node: DataSource) -> MotionSource:
    """What reads the node's clips."""
    return MotionSource(node)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = [
            *path.iterdir(),
            *(one for folder in path.iterdir() if folder.is_dir() for one in folder.iterdir()),
        ]
        return sorted(one for one in inside if _is_clip(one))
    if "*" in path.name or "?" in path.name:
        return sorted(one for one in path.parent.glob(path.name) if _is_clip(one))
    return [path] if _is_clip(path) else []


def _suffix(path: Path) -> str:
    return "." + path.name.lower().removesuffix(".gz").rpartition(".")[2]


def _is_clip(path: Path) -> bool:
    suffix = _suffix(path)
    if suffix in (".bvh", ".amc"):
        return path.is_file()
    if suffix in (".txt", ".json"):
        return is_deep_mimic(path)
    if suffix != ".npz":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(f"{name}.npy" in archive.NameToInfo for name in ARRAYS)
    except (OSError, zipfile.BadZipFile):
        return False


def read_clip(path: Path) -> Clip:
    """The clip in a file, by its suffix.

    Raises:
        MediaError: It is damaged or was cut short.
    """
    readers = {".bvh": read_bvh, ".amc": read_amc, ".npz": read_npz}
    return readers.get(_suffix(path), read_deep_mimic)(path)


class MotionSource:
    """The clips of a DataSource.

    Args:
        node: Its knobs say what to read and what labels a clip.
    """

    def __init__(self, node: DataSource) -> None:
        self.node = node
        self.path = node.path_of(node.path)

    @cached_property
    def files(self) -> list[Path]:
        """The clips, in the order of their names."""
        return _files(self.path)

    @cached_property
    def names(self) -> list[str]:
        """What each clip is called: its file's name, after its folder's where there are several."""
        stems = [re.sub(r"(\.bvh)?\.[^.]*$", "", file.name) for file in self.files]
        if len(set(stems)) == len(stems):
            return stems
        return [f"{file.parent.name}/{stem}" for file, stem in zip(self.files, stems, strict=True)]

    def outline(self, report: Report) -> dict[str, Outline]:
        """Features, and labels where some are asked for; what labels each clip."""
        for knob in ("channels", "colorspace_in", "colorspace_out", "frames", "features"):
            if getattr(self.node, knob):
                report.fault("motion has no such thing", knob=knob, expected="nothing")
        if not self.files:
            report.fault("there are no such clips", knob="path", found=f'"{self.node.path}"')
            return {}
        for name in self.node.labels:
            if name not in LABELS:
                close = nearest(name, LABELS)
                report.fault("motion has no such label", knob="labels", found=f'"{name}"',
                             expected="label or phase",
                             suggestion=f'Did you mean "{close}"?' if close else None)  # fmt: skip
        if self.node.exclude and not self.node.labels:
            report.fault("of motion a list leaves out labels, and none are read here", knob="exclude",
                         found=f'"{self.node.exclude}"', expected="the knob labels set too, or no list",
                         suggestion="Labels that come from a table are left out at the table's own "
                         "DataSource.")  # fmt: skip
        before = len(report.faults)
        labels = self._labels(report) if "label" in self.node.labels else []
        self._chosen(report)
        self._check_skeletons(report)
        if len(report.faults) > before:
            return {}
        notes = [f"motion: {_clips(len(self.files))}, {listed(self.names)}"]
        if labels:
            counted = [f"{name} {count}" for name, count in sorted(Counter(labels).items())]
            notes.append(f"label of each clip, by {self._labelled_by()}: {listed(counted)}")
        if "phase" in self.node.labels:
            notes.append("phase: the time through each clip, from 0 to 1, circular")
        outputs = {"features": Outline("features", notes=tuple(notes))}
        return outputs | ({"labels": Outline("labels", notes=tuple(notes))} if self.node.labels else {})

    def _labelled_by(self) -> str:
        return "folder" if self.node.label_from == "folder" else f'the pattern "{self.node.label_from}"'

    def _labels(self, report: Report) -> list[str]:
        """The label of each clip, renamed where that is asked for."""
        from understudy.nodes.media.tables.roles import renames_of

        renames = renames_of(self.node, report)
        found = []
        for file in self.files:
            label = (
                file.parent.name if self.node.label_from == "folder" else _matched(file, self.node.label_from)
            )
            if not label:
                report.fault("this clip has no label", knob="label_from", found=file.name,
                             expected=f'names like "{self.node.label_from}"')  # fmt: skip
                return []
            found.append(renames.get(label, label))
        return found

    def _chosen(self, report: Report) -> list[int]:
        for name in self.node.groups:
            if name not in self.names:
                close = nearest(name, self.names)
                hint = f'Did you mean "{close}"?' if close else f"There are {listed(self.names)}."
                report.fault("there is no such clip", knob="groups", found=f'"{name}"', suggestion=hint)
        wanted = set(self.node.groups or self.names)
        return [place for place, name in enumerate(self.names) if name in wanted]

    def _check_skeletons(self, report: Report) -> None:
        for file in self.files:
            if file.suffix.lower() == ".amc":
                try:
                    skeleton_file(file)
                except MediaError as error:
                    report.fault("the clip can't be read", knob="path", found=str(error))
                    return

    def contents(self) -> Iterable[Path]:
        """The clips, and the skeletons beside AMCs."""
        beside = {
            one for file in self.files if file.suffix.lower() == ".amc" for one in file.parent.glob("*.asf")
        }
        return [*self.files, *sorted(beside)]

    def compute(self, context: Context) -> dict[str, Any]:
        """The clips, and a label for every frame.

        Raises:
            MediaError: A clip is damaged, was cut short, or has another skeleton than the first.
        """
        from understudy.graph.report import Report
        from understudy.nodes.media.motion.motion import together

        report = Report(None, lambda *_: None)
        chosen = self._chosen(report)
        labels = self._labels(report) if "label" in self.node.labels else []
        if report.faults:
            raise NodeError(self.node.name, str(report.faults[0]), knob=report.faults[0].knob)
        clips = []
        for done, place in enumerate(chosen):
            context.stop_if_asked()
            context.progress(done, len(chosen), "clips read")
            clips.append(read_clip(self.files[place]))
        motion = together(clips, [self.names[place] for place in chosen])
        seconds = sum(len(clip) / clip.rate for clip in clips)
        context.say(
            f"{self.node.name}: {_clips(len(clips))}, {len(motion):,} frames, {seconds:.1f} s, "
            f"{len(motion.joints)} joints"
        )
        found: dict[str, Any] = {"features": motion}
        if self.node.labels:
            found["labels"] = self._table(motion, [labels[place] for place in chosen] if labels else [])
        return found

    def _table(self, motion: Motion, labels: list[str]) -> Table:
        import numpy as np

        from understudy.nodes.media.motion.motion import times
        from understudy.nodes.media.tables.columns import Column
        from understudy.nodes.media.tables.table import single_lines

        columns, values = [], []
        lengths = [len(clip) for clip in motion.clips]
        for name in self.node.labels:
            if name == "label":
                known = tuple(sorted(set(labels)))
                columns.append(Column("label", "category", known))
                values.append(np.repeat([float(known.index(one)) for one in labels], lengths))
            else:
                columns.append(Column("phase", "circular", period=1.0))
                values.append(np.concatenate([times(clip) for clip in motion.clips]) % 1.0)
        groups = np.repeat(np.array(motion.names, np.str_), lengths)
        frames = np.concatenate([np.arange(1, length + 1) for length in lengths])
        return single_lines(columns, np.stack(values, axis=1), groups, frames, self.files)


def _clips(count: int) -> str:
    return f"{count:,} clip{'' if count == 1 else 's'}"


def _matched(file: Path, pattern: str) -> str:
    """What `{label}` stands for in a file's name; empty where the name is not like the pattern."""
    parts = [re.escape(part).replace(r"\*", ".*?") for part in pattern.split("{label}")]
    found = re.fullmatch("(?P<label>.+?)".join(parts), file.name) if len(parts) == 2 else None
    return found["label"] if found else ""
