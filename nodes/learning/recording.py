"""What a training leaves behind: saves, pictures and the loss graph, written while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from understudy.graph.errors import StorageError
from understudy.nodes.learning.loss_graph import draw_loss_graph
from understudy.nodes.learning.saver import Saver
from understudy.nodes.learning.subject import in_words
from understudy.runtime.durable import replacing
from understudy.runtime.runs.container import write_container
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path
    from types import TracebackType

    from PIL.Image import Image

    from understudy.nodes.learning.starting import Start
    from understudy.runtime.context import Context
    from understudy.runtime.runs.folder import Contents
    from understudy.runtime.runs.summary import Summary


class Recorder:
    """Writes a training's files, in the order in which they are handed over.

    A picture that can't be written is a warning. A save that can't be leaves the older files, and the next
    one tries again; a second failure in a row, and one at the end, which has no next, end the training.

    Args:
        name: The node's name, for people.
        start: The run's folder and losses.
        context: Takes the warnings.
    """

    def __init__(self, name: str, start: Start, context: Context) -> None:
        self._name, self._start, self._context = name, start, context
        self._folder, self._saver = start.folder, Saver()

    def state(
        self, step: int, state: Contents, model: Contents | None, keep: AbstractSet[int], *, last: bool
    ) -> None:
        """A resume state, and the model of its step where there is one; states of steps in `keep` stay."""
        folder, summary = self._folder, self._start.summary
        self._save(lambda: folder.save(step, summary, state, model, keep), folder.ost(step), last=last)

    def model(self, step: int, model: Contents, *, last: bool) -> None:
        """A model of a step that has no state."""
        path = self._folder.cat(step)
        self._save(lambda: write_container(path, "cat", *model), path, last=last)

    def remove_model(self, step: int) -> None:
        """Removes a step's model."""
        path = self._folder.cat(step)
        self._saver.do(lambda: path.unlink(missing_ok=True))

    def _save(self, write: Callable[[], object], path: Path, *, last: bool) -> None:
        def attempt() -> None:
            try:
                write()
            except StorageError as error:
                self._start.failed_saves += 1
                self._context.warn(f"{self._name}: {path.name} was not saved: {error}")
                if last or self._start.failed_saves > 1:
                    raise
            else:
                self._start.failed_saves = 0

        self._saver.do(attempt)

    def picture(self, picture: Image, path: Path) -> None:
        """A contact sheet or preview, as PNG."""
        self._draw(
            path, f"the picture {path.name}", lambda temporary: picture.save(temporary, compress_level=2)
        )

    def loss_graph(self, best: int | None) -> None:
        """The curves so far, with the best step marked."""

        def draw(temporary: Path) -> None:
            summary = read_summary(self._folder.summary)
            title = " · ".join((self._folder.path.name, *_measured_last(summary)))
            draw_loss_graph(summary, temporary, title, best)

        self._draw(self._folder.loss_graph, "the loss graph", draw)

    def _draw(self, path: Path, what: str, draw: Callable[[Path], object]) -> None:
        def write() -> None:
            try:
                with replacing(path) as temporary:
                    draw(temporary)
            except (StorageError, OSError) as error:
                self._context.warn(f"{self._name}: {what} was not written: {error}")

        self._saver.do(write)

    def finish(self) -> None:
        """Waits until everything is written; raises what a save raised."""
        self._saver.finish()

    def __enter__(self) -> Self:
        self._saver.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._saver.__exit__(kind, error, trace)


def _measured_last(summary: Summary) -> list[str]:
    """What a person sees of the newest held-out error, in words: one sentence part, or none."""
    if not summary.figures:
        return []
    words = in_words({name: float(values[-1]) for name, values in summary.figures.items()})
    return [f"held out at step {summary.validation_steps[-1]:,}: {words}"]
