"""Shows frames, or shaded meshes, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.graph.node import Inputs
    from understudy.nodes.media.viewers import Column
    from understudy.runtime.context import Context


class ContactSheet(Node):
    """Writes a PNG of frames or meshes: a column for each input, a row for each frame, labelled.

    The frames are spread evenly over those that all inputs have, or over all frames where they have none in
    common. Scene-linear colour is shown through the sRGB curve, a matte as it is.

    Meshes are shaded. Where a column of meshes has one before it, such as the truth, its distance from the
    first is shown beside it, from green to red; so is an uncertainty.
    """

    version = 1
    keeps = True
    columns = Input("frames shapes", "What to show, a column each.", many=True)
    picture = Output("picture", "The PNG's path.")

    path = Knob("sheet.png", "Where the PNG is written.", path=True)
    rows = Knob(5, "Frames shown.", least=1, most=200)
    width = Knob(360, "Width of each picture, in pixels.", least=16, most=4096)
    frames = Knob("", "The frames to show, such as 1001-1100x20; spread evenly when empty.")

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Writes the sheet; gives `{"path": ...}`."""
        from understudy.nodes.media.images.sheet import contact_sheet
        from understudy.nodes.media.viewers import columns_of
        from understudy.runtime.durable import replacing

        names = [str(source) for source in context.graph.entries[self.name].inputs["columns"]]
        columns = columns_of(inputs.all("columns"), names)
        numbers = self._numbers(columns)
        rows = []
        for done, number in enumerate(numbers):
            context.stop_if_asked()
            context.progress(done, len(numbers), "frames")
            rows.append([column.picture(number, self.width) for column in columns])
        sheet = contact_sheet(
            rows, [column.heading for column in columns], [str(number) for number in numbers]
        )
        target = self.path_of(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            sheet.save(temporary, compress_level=4)
        context.files.append(target)
        context.wrote(target, "contact sheet")
        return {"path": str(target)}

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
