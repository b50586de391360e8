"""A DataSource that reads frames: which files, what is wrong with them, and the sequence they make."""

from __future__ import annotations

import re
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError, UnderstudyError, nearest
from understudy.graph.ports import Outline
from understudy.graph.ranges import compact, find_frames, parse, pattern
from understudy.nodes.diagnosis.quarantine import checked_note

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context

IMAGES = (".exr", ".dpx", ".cin", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".hdr", ".tga", ".bmp")
MOVIES = (".mov", ".mp4", ".m4v", ".mxf", ".mkv", ".avi", ".webm")

knobs = (
    "frames",
    "channels",
    "colorspace_in",
    "colorspace_out",
    "on_bad_frame",
    "exclude",
)
"""The knobs of a DataSource that mean something here, beside its path."""


def holds(path: Path) -> bool:
    """Whether a path is one of frames, by its suffix."""
    return path.suffix.lower() in IMAGES + MOVIES


def source(node: DataSource) -> ImageSource:
    """What reads the node's frames."""
    return ImageSource(node)


class ImageSource:
    """The frames of a DataSource.

    Args:
        node: Its knobs say what to read.
    """

    def __init__(self, node: DataSource) -> None:
        self.node = node
        self.path = node.path_of(node.path)
        self.movie = self.path.suffix.lower() in MOVIES
        self.unnumbered = "*" in self.path.name

    @cached_property
    def _there(self) -> dict[int, Path]:
        """The files that there are; those of any names are numbered from 1."""
        if self.unnumbered:
            return dict(enumerate(sorted(self.path.parent.glob(self.path.name)), 1))
        return find_frames(self.path)

    @cached_property
    def _named(self) -> dict[int, Path]:
        """The file of each frame that the knobs name, whether it is there or not."""
        if not self.node.frames:
            return self._there
        if self.unnumbered:
            wanted = set(parse(self.node.frames))
            return {number: path for number, path in self._there.items() if number in wanted}
        place = pattern(self.path)
        return {number: place.path(number) for number in parse(self.node.frames)}

    @cached_property
    def paths(self) -> dict[int, Path]:
        """The file of each frame that is wanted: of those named, what is not left out."""
        out = self.node.left_out.reasons
        return {number: path for number, path in self._named.items() if number not in out}

    def outline(self, report: Report) -> dict[str, Outline]:
        """The frame numbers; files, frames, channels and colour spaces that are not there are faults."""
        node = self.node
        try:
            pattern(self.path)
        except ValueError as error:
            report.fault("this is no path of frames", knob="path", found=str(error))
            return {}
        if node.frames:
            try:
                parse(node.frames)
            except ValueError as error:
                report.fault("this is no frame range", knob="frames", found=str(error))
                return {}
        if not self._there:
            self._fault_nothing_there(report)
        elif self.movie:
            self._check_movie(report)
        else:
            self._check_files(report)
        self._check_colour(report)
        known = node.frames or not self.movie  # a movie's length stands at its end
        notes = self._check_left_out(report) if node.exclude and not self.movie else ()
        return {"frames": Outline("frames", tuple(self.paths) if known else None, notes=notes)}

    def _check_left_out(self, report: Report) -> tuple[str, ...]:
        """What is left out; frames that are not there, or nothing that stays, are faults."""
        node = self.node
        sentence = checked_note(node.left_out, {**self._there, **self._named}, node.exclude, report)
        if self._named and not self.paths:
            report.fault("every frame is left out", knob="exclude", found=sentence)
        return (sentence,)

    def _check_movie(self, report: Report) -> None:
        if find_spec("av") is None:
            hint = "PyAV reads them: pip install understudy[movies]"
            report.fault("movies can't be read here", knob="path", found=self.path.name, suggestion=hint)

    def _fault_nothing_there(self, report: Report) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            report.fault("there is no such folder", knob="path", found=str(folder))
            return
        names = dict.fromkeys(padded(entry.name) for entry in folder.iterdir())
        close = nearest(self.path.name, names)
        hint = f'Did you mean "{close}"?' if close else f"{folder} has no file of a similar name."
        report.fault("there are no such files", knob="path", found=f'"{self.node.path}"', suggestion=hint)

    def _check_files(self, report: Report) -> None:
        node = self.node
        if not self.paths:  # all are left out, which is told
            return
        there = set(self._there.values())
        missing = [number for number, path in self.paths.items() if path not in there]
        if missing and node.on_bad_frame == "error":
            report.fault(
                f"{len(missing)} of {len(self.paths)} frames are missing",
                knob="frames",
                found=f"no files for {compact(missing)}",
                expected=f"among {compact(self._there)}, which are there",
                suggestion='Render them, change frames, or set on_bad_frame to "skip" or "hold".',
            )
        elif len(missing) == len(self.paths):
            report.fault("none of these frames is there", knob="frames", found=f"only {compact(self._there)}")
        elif node.channels:
            self._check_channels(next(path for path in self.paths.values() if path in there), report)

    def _check_channels(self, first: Path, report: Report) -> None:
        from understudy.nodes.media.images.frame import ChannelError, chosen_channels
        from understudy.nodes.media.images.reading import read_spec

        try:
            chosen_channels(self.node.channels, read_spec(first).channels)
        except ChannelError as error:
            report.fault(f"{first.name} has no such channel", knob="channels", found=str(error))
        except MediaError as error:
            if self.node.on_bad_frame == "error":
                report.fault("the first frame can't be read", knob="path", found=str(error))

    def _check_colour(self, report: Report) -> None:
        node = self.node
        if bool(node.colorspace_in) != bool(node.colorspace_out):
            missing = "colorspace_out" if node.colorspace_in else "colorspace_in"
            report.fault("colour is brought from one space to another", knob=missing, expected="both knobs")
        for knob in ("colorspace_in", "colorspace_out"):
            check_colour_space(report, knob, getattr(node, knob))

    def contents(self) -> Iterable[Path]:
        """The files of the frames, and the colour config where colour is converted."""
        try:
            paths = list(dict.fromkeys([self.path] if self.movie else self.paths.values()))
        except ValueError:  # told by outline
            return ()
        return [*paths, *colour_files(self.node.colorspace_in)]

    def compute(self, context: Context) -> dict[str, Any]:
        """The lazy sequence; nothing is decoded yet, except that `skip` tries every frame."""
        from understudy.nodes.media.images.policies import with_policy
        from understudy.nodes.media.images.sequence import SourceFrames

        frames = self._read(context)
        unknown = sorted(set(self.node.left_out.reasons) - set(frames.numbers)) if self.movie else []
        if unknown:  # a movie's frames are not known before
            what = f"{self.node.exclude} names frames that do not exist: {compact(unknown)}"
            context.warn(f"{self.node.name}: {what}")
        frames = with_policy(frames, self.node.on_bad_frame, context.warn)
        frames = SourceFrames(frames, self.node.name, {} if self.movie else self.paths)
        if self.node.colorspace_in:
            from understudy.nodes.media.images.colour import converting

            frames = converting(frames, self.node.colorspace_in, self.node.colorspace_out, self.node.name)
        return {"frames": frames}

    def _read(self, context: Context) -> Frames:
        if self.movie:
            from understudy.nodes.media.images.movies import MovieFrames

            wanted = parse(self.node.frames) if self.node.frames else None
            return MovieFrames(self.path, context.store.digest, self.node.channels, wanted)
        from understudy.nodes.media.images.sequence import FileFrames

        return FileFrames(self.paths, context.store.digest, self.node.channels)


def padded(name: str) -> str:
    """A file's name with padding in place of its frame number."""
    return re.sub(r"\d+(?=\.[^.]*$)", lambda digits: "#" * len(digits[0]), name)


def check_colour_space(report: Report, knob: str, name: str) -> None:
    """Adds a fault where a knob names a colour space that the config does not have."""
    if not name:
        return
    from understudy.nodes.media.images.colour import ColourError, canonical

    try:
        canonical(name)
    except ColourError as error:
        report.fault(
            "there is no such colour space", knob=knob, found=str(error), suggestion=error.suggestion
        )
    except UnderstudyError as error:
        report.fault("the colour config can't be used", knob=knob, found=str(error))


def colour_files(name: str) -> list[Path]:
    """The colour config's file, where colour is converted and it is not the built-in one."""
    if not name:
        return []
    from understudy.nodes.media.images.colour import config_files

    return config_files()
