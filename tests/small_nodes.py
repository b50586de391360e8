"""Tiny node types for the tests of the graph, the scheduler and the commands; `computed` tells which ran."""

# ruff: noqa: ARG002 - the signature of nodes

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output
from understudy.graph.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

computed: list[str] = []
"""The names of the nodes whose compute was called, in order."""


class Small(Node, abstract=True):
    """Notes that it was computed."""

    version = 1
    keeps = True

    def compute(self, inputs: Any, context: Any) -> Any:
        """Notes the call, then does the work."""
        computed.append(self.name)
        return self.work(inputs, context)


class Number(Small):
    """Gives a number."""

    output = Output("features", "The number.")
    value = Knob(1, "The number.", least=0, most=1_000_000)
    threads = Knob(0, "Threads to compute it with.", least=0, result=False)

    def work(self, inputs: Any, context: Any) -> int:
        """The knob's value."""
        return self.value


class Add(Small):
    """Adds numbers."""

    input = Input("features", "Numbers to add.", many=True)
    output = Output("features", "The sum.")
    more = Knob(0.0, "What is added to the sum.", least=-100.0)

    def work(self, inputs: Any, context: Any) -> float:
        """The sum of what is connected, and a little more."""
        return sum(inputs.all("input")) + self.more


class Both(Small):
    """Gives a number and a label."""

    number = Output("features", "The number.")
    label = Output("labels", "The label.")

    def work(self, inputs: Any, context: Any) -> dict[str, Any]:
        """Both outputs."""
        return {"number": 1, "label": "one"}


class ReadText(Small):
    """Reads a text file."""

    output = Output("features", "The text.")
    path = Knob("text.txt", "The file.", path=True)

    def contents(self) -> list[Path]:
        """The file."""
        return [self.path_of(self.path)]

    def work(self, inputs: Any, context: Any) -> str:
        """What stands in the file."""
        return self.path_of(self.path).read_text()


class WriteText(Small):
    """Writes what it is given into a text file."""

    input = Input("features labels", "What to write.")
    output = Output("files", "The file.")
    path = Knob("out.txt", "The file.", path=True)

    def work(self, inputs: Any, context: Any) -> str:
        """Writes, and names the file as part of the result."""
        path = self.path_of(self.path)
        path.write_text(str(inputs["input"]))
        context.files.append(path)
        context.wrote(path, "text")
        return str(path)


class Fail(Small):
    """Fails with an error that is a mistake of its code."""

    input = Input("features", "Anything.", optional=True)
    output = Output("features", "Nothing ever.")

    def work(self, inputs: Any, context: Any) -> Any:
        """Divides by nothing."""
        return 1 / 0


class Wait(Small):
    """Waits step by step; ends when a signal asks it to."""

    input = Input("features", "Anything.", optional=True)
    output = Output("features", "The number of steps.")
    steps = Knob(1, "Steps of a hundredth of a second.", least=1)

    def work(self, inputs: Any, context: Any) -> int:
        """Waits, saying how far it is."""
        for step in range(self.steps):
            context.stop_if_asked()
            context.progress(step, self.steps, "step", loss=1 / (step + 1))
            time.sleep(0.01)
        return self.steps


class Train(Wait):
    """Needs the device for itself, and goes on where a shorter training ended."""

    exclusive = True
    epochs = Knob(10, "Times that every pair is used.", least=1, length=True)
    running: list[int] = []  # noqa: RUF012 - shared by all on purpose
    most_at_once = 0
    unfinished: str | None = None

    def standing(self, key: str, lineage: str) -> str | None:
        """What a test says."""
        return self.unfinished

    def work(self, inputs: Any, context: Any) -> int:
        """Waits, and counts how many do so at once."""
        Train.running.append(1)
        Train.most_at_once = max(Train.most_at_once, len(Train.running))
        try:
            return super().work(inputs, context)
        finally:
            Train.running.pop()


class Frames(Node):
    """Gives frames; cheap, so nothing is kept."""

    version = 1
    output = Output("frames", "The frames.")
    first = Knob(1, "The first frame.")
    last = Knob(10, "The last frame.")

    def outline(self, inputs: Any, report: Any) -> dict[str, Outline]:
        """Ten frames; a range that runs backwards is a fault."""
        if self.last < self.first:
            report.fault("the range is empty", knob="last", found=str(self.last), suggestion="Raise it.")
        return {"output": Outline("frames", tuple(range(self.first, self.last + 1)))}

    def compute(self, inputs: Any, context: Any) -> tuple[int, ...]:
        """The frame numbers."""
        computed.append(self.name)
        return tuple(range(self.first, self.last + 1))


class WriteFrames(Small):
    """Makes frame after frame."""

    framewise = True
    input = Input("frames", "Frames to write.")
    output = Output("files", "The frames written.")
    mode = Knob("error", "What to do with a bad frame.", choices=("error", "skip", "hold"))
    batch = Knob("auto", "Frames at once.", type=int, least=1, words=("auto",))
    channels = Knob(("rgb",), "Channels to write.", many=True)

    def work(self, inputs: Any, context: Any) -> list[int]:
        """The frames that were asked for."""
        asked = context.settings.frames
        return [number for number in inputs["input"] if asked is None or number in asked]


TYPES = (Number, Add, Both, ReadText, WriteText, Fail, Wait, Train, Frames, WriteFrames)


def small_registry() -> Registry:
    """A registry of these types only."""
    registry = Registry()
    for cls in TYPES:
        registry.add(cls)
    return registry
