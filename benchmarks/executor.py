"""What starting, checking and running a graph costs beside the work of its nodes, next to Dask's threads.

    python benchmarks/executor.py          about half a minute; `pip install dask` first for the comparison

Trivial nodes whose results are kept across processes: a chain of 1,000, 1,000 side by side, both again
unchanged, and a chain of 10,000. Dask runs the same graphs by its threaded scheduler; it keeps nothing, so
its second run computes everything again. Figures are CPU microseconds a node of the fastest of three runs,
with wall time in brackets. Starting is measured in processes of their own: seconds of CPU and of wall time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.document import Graph
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Output
from understudy.graph.registry import Registry
from understudy.runtime.running import run

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 3
TARGETS = {
    "--help": "0.25 s",
    "check, 1,000 nodes": "0.25 s",
    "run again, 1,000 nodes": "0.3 s",
    "chain of 1,000": "200 us",
    "1,000 side by side": "200 us",
}


class Step(Node):
    """Adds one to the sum of what it is given."""

    version = 1
    keeps = True
    input = Input("features", "Numbers.", optional=True, many=True)
    output = Output("features", "Their sum and one.")
    number = Knob(0, "Makes otherwise equal nodes different.")

    def compute(self, inputs: Any, context: Any) -> int:  # noqa: ARG002 - the signature of nodes
        """The sum and one."""
        return sum(inputs.all("input")) + 1


def chain(path: Path, length: int) -> Graph:
    """Nodes of which each takes from the one before."""
    graph = Graph(path)
    for number in range(length):
        inputs = {"input": f"n{number - 1}"} if number else {}
        graph.add("Step", f"n{number}", inputs=inputs, number=number)
    return graph


def wide(path: Path, width: int) -> Graph:
    """Nodes side by side, and one that takes from all."""
    graph = Graph(path)
    names = [graph.add("Step", f"n{number}", number=number) for number in range(width)]
    graph.add("Step", "sum", inputs={"input": names})
    return graph


def dask_graph(graph: Graph) -> dict[str, Any]:
    """The same graph as Dask takes it."""

    def step(numbers: list[int]) -> int:
        return sum(numbers) + 1

    return {
        name: (step, [source.node for source in entry.inputs.get("input", [])])
        for name, entry in graph.entries.items()
    }


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def ours(make: Callable[[Path, int], Graph], size: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The fastest first and the fastest second run, in CPU and wall seconds."""
    registry = Registry()
    registry.add(Step)
    first, again = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            graph = make(Path(folder) / "g.toml", size)
            first.append(measured(lambda: run(graph, registry)))  # noqa: B023 - called at once
            again.append(measured(lambda: run(graph, registry)))  # noqa: B023 - called at once
    return min(first), min(again)


def dasks(make: Callable[[Path, int], Graph], size: int) -> tuple[float, float] | None:
    """Dask's fastest run of the same graph; None where it is not installed."""
    try:
        from dask.threaded import get
    except ImportError:
        return None
    graph = dask_graph(make(Path("g.toml"), size))
    end = list(graph)[-1]
    return min(measured(lambda: get(graph, end)) for _ in range(REPEATS))


def started(*arguments: str) -> tuple[float, float]:
    """The fastest of three processes, in CPU and wall seconds."""
    found = []
    for _ in range(REPEATS):
        before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append((cpu, time.perf_counter() - wall))
    return min(found)


def written_graph(folder: Path) -> Path:
    """A graph file of 1,000 nodes: a still, and 37 rows of 26 operators and a sheet behind it."""
    from PIL import Image

    Image.new("RGB", (16, 16)).save(folder / "plate.png")
    graph = Graph()
    plate = graph.add("DataSource", "plate", path="plate.png")
    for row in range(37):
        last = plate
        for number in range(26):
            name = f"grade{row}_{number}"
            last = graph.add("Grade", name, inputs={"input": last}, multiply=1.0 + number / 1000)
        graph.add("ContactSheet", f"sheet{row}", inputs={"columns": last}, path=f"sheet{row}.png")
    graph.save(folder / "graph.toml")
    return folder / "graph.toml"


def starts() -> None:
    """Prints what it takes to start."""
    command = ("-c", "from understudy.cli.main import main; main()")
    with tempfile.TemporaryDirectory() as folder:
        graph = str(written_graph(Path(folder)))
        started(*command, "run", graph)
        rows = {
            "--help": started(*command, "--help"),
            "check, 1,000 nodes": started(*command, "check", graph),
            "plan, 1,000 nodes": started(*command, "plan", graph),
            "run again, 1,000 nodes": started(*command, "run", graph),
            "Python alone": started("-c", "pass"),
        }
        try:
            rows["importing Dask's threads"] = started("-c", "import dask.threaded")
        except subprocess.CalledProcessError:
            print("(Dask is not installed)")
    print(f"{'start of a process':28} {'CPU s':>8} {'wall s':>8}  target")
    for name, (cpu, wall) in rows.items():
        print(f"{name:28} {cpu:8.3f} {wall:8.3f}  {TARGETS.get(name, '')}")


def executors() -> None:
    """Prints what a node costs."""
    print(f"\n{'us a node: CPU (wall)':28} {'Understudy':>15} {'again':>15} {'Dask':>15}  target")
    for name, make, size in (
        ("chain of 1,000", chain, 1000),
        ("1,000 side by side", wide, 1000),
        ("chain of 10,000", chain, 10_000),
    ):
        cells = [
            "-" if pair is None else f"{pair[0] / size * 1e6:.0f} ({pair[1] / size * 1e6:.0f})"
            for pair in (*ours(make, size), dasks(make, size))
        ]
        print(f"{name:28} {cells[0]:>15} {cells[1]:>15} {cells[2]:>15}  {TARGETS.get(name, '')}")


if __name__ == "__main__":
    starts()
    executors()
