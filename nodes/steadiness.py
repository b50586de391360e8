"""Says how steady a sequence is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Output

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.runtime.context import Context


class Steadiness(Node):
    """Says how much a result flickers where its plate does not, and whether tiles left a seam.

    Each frame of the plate is followed into the next one; what the result changes by on the way is flicker.
    Following is never perfect: hold the figure against that of another result of the same plate.

    The figures are printed, and written as JSON: for each pair of frames `frame`, `change` in the result's
    units and `followed`, the share of the picture that was found again.
    """

    version = 1
    keeps = True
    input = Input("frames", "The result.")
    plate = Input("frames", "What it was made of.")
    files = Output("files", "The JSON file's path.")

    path = Knob("steadiness.json", "Where the figures are written.", path=True)
    frames = Knob("", "The frames to look at, such as 1001-1020; all that both inputs have when empty.")

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Writes the figures; gives `{"path": ...}`.

        Raises:
            NodeError: There are no two frames in a row, or result and plate differ in size.
        """
        import json

        from understudy.runtime.durable import replace_bytes

        pairs, seam = self._measured(inputs["input"], inputs["plate"], context)
        changes = [pair["change"] for pair in pairs]
        worst = max(pairs, key=lambda pair: pair["change"])
        mean, followed = sum(changes) / len(pairs), sum(pair["followed"] for pair in pairs) / len(pairs)
        context.say(
            f"{self.name}: flicker {mean:.2g} a frame over {len(pairs)} pairs of frames, at most "
            f"{worst['change']:.2g} from frame {worst['frame']} to the next; {100 * followed:.0f} % of the "
            f"picture could be followed. Strongest {seam.axis} step: {seam.times:.1f} times its neighbours', "
            f"at {seam.axis} {seam.place}{' (a seam)' if seam.times > _SEAM else ''}"
        )
        target = self.path_of(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        step = {"axis": seam.axis, "place": seam.place, "times": seam.times}
        figures = {"flicker": mean, "followed": followed, "step": step, "pairs": pairs}
        replace_bytes(target, [json.dumps(figures, indent=1).encode()])
        context.files.append(target)
        context.wrote(target, "figures")
        return {"path": str(target)}

    def _measured(self, result: Any, plate: Any, context: Context) -> tuple[list[dict[str, Any]], Any]:
        """The figures of each pair of neighbouring frames, and the strongest seam in a few frames."""
        import numpy as np

        from understudy.nodes.learning.images.steadiness import flicker, seams

        numbers = self._numbers(result, plate)
        pairs: list[dict[str, Any]] = []
        kept: list[tuple[int, Any, Any]] = []
        every = max(1, len(numbers) // _SEAM_FRAMES)
        before = None
        for done, number in enumerate(numbers):
            context.stop_if_asked()
            context.progress(done, len(numbers), "frames")
            now = self._pair(result, plate, number)
            if before is not None and before[0] == number - 1:
                found = flicker((before[1], now[1]), (before[2], now[2]))
                pairs.append({"frame": before[0], "change": found.change, "followed": found.followed})
            if done % every == 0 and (not kept or kept[0][1].shape == now[1].shape):
                kept.append(now)
            before = now
        if not pairs:
            raise NodeError(self.name, "there are no two frames in a row", knob="frames")
        return pairs, seams(*(np.stack([one[side] for one in kept[:_SEAM_FRAMES]]) for side in (2, 1)))

    def _numbers(self, result: Any, plate: Any) -> list[int]:
        from understudy.graph.ranges import parse

        common = set(result.numbers) & set(plate.numbers)
        return sorted(common & set(parse(self.frames)) if self.frames else common)

    def _pair(self, result: Any, plate: Any, number: int) -> tuple[int, Any, Any]:
        """The plate's and the result's pixels over the same window."""
        source, found = plate.read(number), result.read(number)
        if (source.display.width, source.display.height) != (found.display.width, found.display.height):
            raise NodeError(
                self.name, "the result is of another size than the plate", knob="inputs", frame=number
            )
        return number, source.pixels, found.fitted(source.data).pixels


_SEAM = 2.0
_SEAM_FRAMES = 8
