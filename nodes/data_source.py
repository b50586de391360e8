"""Brings data into a graph."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Outline, Output
from understudy.nodes.diagnosis.naming import listed_rows
from understudy.nodes.diagnosis.quarantine import Quarantine, left_out, read_quarantine, without
from understudy.nodes.media.sources import medium_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.nodes.media.sources import Medium, Source
    from understudy.runtime.context import Context


class MediaOutputs(Node, abstract=True):
    """What a DataSource can give; which of it there is depends on the path."""

    frames = Output("frames", "The frames of a sequence, a still or a movie.")
    controls = Output("controls", "The rig controls of posed meshes.")
    shapes = Output("shapes", "The vertices of posed meshes.")
    features = Output("features", "The columns of a table that are known.")
    labels = Output("labels", "The columns of a table that are to be learned.")


class DataSource(MediaOutputs):
    """Reads image sequences, stills and movies, posed meshes with their rig controls, motion, and tables.

    What it gives depends on what the path holds. `plate.####.exr`, `plate.%04d.exr` and `plate.$F4.exr` are
    sequences; each `#` is a digit. A path without padding is a single frame, numbered by the number at the
    end of its name, else 1; with the knob `frames` it is shown at each of those. The frames of a movie are
    numbered from 1, and so are photos of any names, `photos/*.jpg`, in the order of their names.

    Posed meshes are .npz files, or a folder of them, as `docs/posed_meshes.md` has them; or files of USD,
    whose skeletons and blend shapes give controls, and whose points over time give shapes.

    Tables are CSV, TSV, Parquet or .npz with named columns: numbers, truth values and categories. Knobs say
    which columns are labels, which say the group (clip, person, take) and the frame of a row; all others are
    features. Motion is BVH, ASF with AMC, DeepMimic's JSON or .npz of joint rotations: one file or a folder
    of clips. `understudy plan` shows what was taken for what.

    Frames may be EXR of any layers, parts and windows, DPX, Cineon, TIFF, PNG or JPEG. Nothing is clamped;
    integers become 0 to 1; alpha is associated.
    """

    version = 1

    path = Knob("", "The file, or the sequence with padding such as plate.####.exr.", path=True)
    frames = Knob("", "The frames to use, such as 1001-1100x2,1150; all there are when empty.")  # type: ignore[assignment]
    channels = Knob(
        "", "The channels or layers to read, such as rgb, A or depth.Z; those of the first frame when empty."
    )
    mesh = Knob("", "The mesh of a USD file, such as /Root/Body; the first that a skeleton moves when empty.")
    colorspace_in = Knob("", "The files' colour space by its OpenColorIO name; empty leaves values alone.")
    colorspace_out = Knob("", "The colour space that values are brought to; empty leaves them alone.")
    on_bad_frame = Knob(
        "error",
        "What becomes of a frame that is missing or can't be read: an error when something needs it, left "
        "out, or the nearest frame before it held.",
        choices=("error", "skip", "hold"),
    )
    features = Knob[tuple[str, ...]](  # type: ignore[assignment]
        (), "Columns that are known, by name and in order; all that are nothing else when empty.",
        type=str, many=True,
    )  # fmt: skip
    labels = Knob[tuple[str, ...]](  # type: ignore[assignment]
        (), "Columns that are to be learned; of motion label, phase or both.", type=str, many=True
    )
    categories = Knob[tuple[str, ...]](
        (), "Columns that are categories although they hold numbers.", type=str, many=True
    )
    circular = Knob[tuple[str, ...]](
        (), "Columns that begin again after a period, each as NAME:PERIOD, such as heading:360.",
        type=str, many=True,
    )  # fmt: skip
    rename = Knob[tuple[str, ...]](
        (), "Categories to rename, each as OLD=NEW; two of one new name become one.", type=str, many=True
    )
    group_column = Knob("", "The column that says which rows belong together: the clip, person or take.")
    frame_column = Knob(
        "", "The column of frame numbers, or of names that end with one; rows from 1 when empty."
    )
    groups = Knob[tuple[str, ...]]((), "The groups or clips to use; all when empty.", type=str, many=True)
    missing = Knob(
        "error",
        "What becomes of a row with a feature missing or NaN: an error, left out, or the trained rows' mean.",
        choices=("error", "skip", "mean"),
    )
    label_from = Knob(
        "folder",
        "What labels a clip of motion: the folder it is in, or a pattern of its name such as {label}_*.bvh.",
    )

    exclude = Knob(
        "",
        "A list of frames to leave out, as understudy clinic --drop writes it; none when empty.",
        path=True,
    )

    @cached_property
    def left_out(self) -> Quarantine:
        """The frames that the list of the knob `exclude` names, and why.

        Raises:
            MediaError: The list is not there, or can't be understood.
        """
        return read_quarantine(self.path_of(self.exclude)) if self.exclude else Quarantine()

    @cached_property
    def medium(self) -> Medium | None:
        """What the path is of; None where no medium knows it."""
        return medium_of(self.path_of(self.path)) if self.path else None

    @cached_property
    def source(self) -> Source | None:
        """What reads the path; None where no medium knows it."""
        return self.medium.source(self) if self.medium else None

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:  # noqa: ARG002 - it has no inputs
        """What the path holds."""
        try:
            self.left_out  # noqa: B018 - read here, so that it is told
        except MediaError as error:
            report.fault("the list of frames to leave out can't be used", knob="exclude", found=str(error))
            return {}
        if self.source is not None:
            self._check_knobs(report)
            return self._noted(self.source.outline(report))
        found = f'"{self.path}"' if self.path else "nothing"
        expected = "an image sequence such as plate.####.exr, a movie, posed meshes or a table"
        report.fault("this is nothing that a DataSource reads", knob="path", found=found, expected=expected)
        return {}

    def _noted(self, outlines: dict[str, Outline]) -> dict[str, Outline]:
        """With what the list leaves out of rows or poses; of frames their source says it."""
        if not self.exclude or "frames" in outlines:
            return outlines
        note = left_out(self.left_out.rows(), self.exclude, "row")
        return {port: replace(one, notes=(*one.notes, note)) for port, one in outlines.items()}

    def _check_knobs(self, report: Report) -> None:
        """A knob that is set and means nothing for what the path holds is told, not ignored."""
        assert self.medium is not None
        for name, knob in self.knobs.items():
            value = getattr(self, name)
            if name != "path" and value != knob.default and name not in self.medium.knobs:
                report.fault(
                    "this knob means nothing for what the path holds",
                    knob=name,
                    found=str(value),
                    expected=f"one of {', '.join(self.medium.knobs)}",
                )

    def contents(self) -> Iterable[Path]:
        """The files that are read."""
        listed = [self.path_of(self.exclude)] if self.exclude else []
        return [*(self.source.contents() if self.source is not None else ()), *listed]

    def compute(self, inputs: Inputs, context: Context) -> dict[str, Any]:  # noqa: ARG002 - it has no inputs
        """The outputs that the path has."""
        assert self.source is not None, "checked before running"
        values = dict(self.source.compute(context))
        return self._kept(values, context) if self.exclude else values

    def _kept(self, values: dict[str, Any], context: Context) -> dict[str, Any]:
        kept, unknown = {}, set(self.left_out.rows())
        for port, value in values.items():
            kept[port], absent = without(value, self.left_out, self.name)
            unknown &= absent
        if unknown and "frames" not in values:  # of which it was told before
            context.warn(f"{self.name}: {self.exclude} names what does not exist: {listed_rows(unknown)}")
        return kept
