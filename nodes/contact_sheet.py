"""Shows frames, or shaded meshes, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.graph.knobs import Knob
from understudy.graph.node import Inputs, Node
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL.Image import Image

    from understudy.graph.report import Report
    from understudy.nodes.media.viewers import Column
    from understudy.runtime.context import Context

MOST_STEPS = 8
"""Columns of a time-lapse at most, spread over the run's checkpoints."""


class ContactSheet(Node):
    """Writes a PNG of frames or meshes: a column for each input, a row for each frame, labelled.

    The frames are spread evenly over those that all inputs have, or over all frames where they have none in
    common. Scene-linear colour is shown through the sRGB curve, brighter or darker by as many stops as the
    heading says; a matte as it is. An uncertainty lies over the first column, from green to red.

    `run` adds a time-lapse: a column for each checkpoint of a run, applied to the first column. `crop` shows
    the same part of all frames, larger.

    Meshes are shaded. Where a column of meshes has one before it, such as the truth, its distance from the
    first is shown beside it, from green to red; so is an uncertainty.

    Labels beside frames are cards of their values. Labels alone are charts: the truth and what a model found
    give a confusion matrix, or found against true, with the rows most wrong; found labels alone a time line.
    """

    version = 1
    keeps = True
    columns = Input("frames shapes labels", "What to show, a column each.", many=True)
    run = Input(
        "run", "A run to show over time: what its checkpoints make of the first column.", optional=True
    )
    picture = Output("picture", "The PNG's path.")

    path = Knob("sheet.png", "Where the PNG is written.", path=True)
    rows = Knob(5, "Frames shown.", least=1, most=200)
    width = Knob(360, "Width of each picture, in pixels.", least=16, most=4096)
    frames = Knob("", "The frames to show, such as 1001-1100x20; spread evenly when empty.")
    crop = Knob("", "The part of the frames to show: x, y, width, height in pixels; all of them when empty.")
    error = Knob(False, "Whether frames get a column of their distance from the first ones of like channels.")
    exposure = Knob[Any](
        "auto", "Stops by which scene-linear colour is shown brighter; auto brings highlights into view.",
        type=float, words=("auto",), least=-30.0, most=30.0,
    )  # fmt: skip
    checkerboard = Knob(
        False, "Whether a matte cuts the first column out over a checkerboard, and alpha its own colours."
    )

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:  # noqa: ARG002 - any columns will do
        """A picture; a crop that is no rectangle is a fault."""
        if self.crop and not _rectangle(self.crop):
            expected = "x, y, width, height in whole pixels, such as 100, 80, 320, 240"
            report.fault("this is no crop", knob="crop", found=f'"{self.crop}"', expected=expected)
        return {"picture": Outline("picture")}

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Writes the sheet; gives `{"path": ...}`."""
        from understudy.nodes.media.viewers import Look, columns_of, whole_of
        from understudy.runtime.durable import replacing

        names = [str(source) for source in context.graph.entries[self.name].inputs["columns"]]
        look = Look(
            error=self.error,
            exposure=None if self.exposure == "auto" else self.exposure,
            checkerboard=self.checkerboard,
            crop=_rectangle(self.crop),
        )
        over_time = self._over_time(inputs, context)
        values, headings = [*inputs.all("columns"), *over_time.values()], [*names, *over_time]
        sheet = whole_of(values, headings, self.rows)
        if sheet is None:
            sheet = self._rows_of(columns_of(values, headings, look), context)
        target = self.path_of(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            sheet.save(temporary, compress_level=4)
        context.files.append(target)
        context.wrote(target, "contact sheet")
        return {"path": str(target)}

    def _rows_of(self, columns: Sequence[Column], context: Context) -> Image:
        """A row for each frame, a picture in it for each column."""
        from understudy.nodes.media.images.sheet import contact_sheet

        numbers = self._numbers(columns)
        rows = []
        for done, number in enumerate(numbers):
            context.stop_if_asked()
            context.progress(done, len(numbers), "frames")
            rows.append([column.picture(number, self.width) for column in columns])
        headings = [column.heading for column in columns]
        return contact_sheet(rows, headings, [str(number) for number in numbers])

    def _over_time(self, inputs: Inputs, context: Context) -> dict[str, Any]:
        """What some of a run's checkpoints make of the first column, by the heading."""
        connected = inputs.get("run")
        if connected is None:
            return {}
        from understudy.nodes.inference import Inference
        from understudy.nodes.media.learners import results_of
        from understudy.runtime.runs.folder import RunFolder

        cats = RunFolder(context.graph.folder / connected["folder"]).cats()
        steps = sorted(cats)
        count = min(MOST_STEPS, len(steps))
        shown = [steps[round(place * (len(steps) - 1) / max(1, count - 1))] for place in range(count)]
        node, source = Inference(self.name, folder=self.folder), inputs.all("columns")[:1]
        found = {}
        for step in shown:
            wires = {"input": source, "model": [{"path": str(cats[step])}]}
            found[f"step {step:,}"] = results_of(node, Inputs(wires), context)["result"]
        return found

    def _numbers(self, columns: Sequence[Column]) -> list[int]:
        if self.frames:
            from understudy.graph.ranges import parse

            return list(parse(self.frames))
        common = set(columns[0].numbers).intersection(*(column.numbers for column in columns))
        numbers = sorted(common or set().union(*(column.numbers for column in columns)))
        if not numbers:
            raise NodeError(self.name, "the inputs have no frames", knob="inputs")
        count = min(self.rows, len(numbers))
        return [numbers[round(index * (len(numbers) - 1) / max(1, count - 1))] for index in range(count)]


def _rectangle(text: str) -> tuple[int, int, int, int] | None:
    """Four whole numbers, width and height above 0; None where the text is something else."""
    parts = text.replace(",", " ").split()
    if len(parts) != 4 or not all(part.lstrip("-").isdecimal() for part in parts):
        return None
    x, y, width, height = (int(part) for part in parts)
    return (x, y, width, height) if width > 0 and height > 0 else None
