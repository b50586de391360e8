"""What the training loop costs over a bare loop, and what PyTorch Lightning's costs.

    python benchmarks/loop.py              some 4 minutes

A Trainer makes 1,000 steps with its default knobs (contact sheet every 100 steps, a checkpoint at the end,
losses appended at each step), once without held-out regions and once with: the difference is what judging
costs. The first 50 steps are not counted.
At every 50th step its progress callback makes 50 steps of a bare loop: the same network, optimiser, loss
and precision on one fixed batch in memory. So both see the same machine at the same time. Figures are CPU
milliseconds of the process a step, background threads included, and their ratio. Where `lightning` is
installed, its Trainer makes as many steps of the same network on crops from memory, with its defaults and
with everything switched off, beside a bare loop again.
"""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from understudy import Graph, run
from understudy.nodes.learning.images.augmentation import edge_pixels
from understudy.nodes.learning.images.crops import Pair, Settings
from understudy.nodes.learning.images.subject import ImageSubject
from understudy.nodes.learning.loop import computing_in, fastest_precision
from understudy.nodes.learning.muon import clip_gradients
from understudy.nodes.losses.matte_loss import MatteLoss
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame
from understudy.nodes.networks.u_net import UNet
from understudy.runtime.context import Settings as RunSettings
from understudy.runtime.events import Event, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

Figures = tuple[float, float]
"""CPU and wall milliseconds a step."""

STEPS = 1000
BLOCK = 50


def made_pair(number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A frame of noise with a disc, 854 x 480, and its matte."""
    noise = np.random.Generator(np.random.Philox(number)).random((480, 854, 3), np.float32)
    y, x = np.mgrid[0:480, 0:854]
    matte = (np.hypot(x - 300 - 40 * number, y - 240) < 120).astype(np.float32)[..., None]
    return (0.3 * noise + 0.5 * matte).astype(np.float32), matte


class Bare:
    """A loop that does nothing but steps, on one fixed batch."""

    def __init__(self) -> None:
        pairs = [Pair(0, *made_pair(0), edge_pixels(made_pair(0)[1][..., 0]), linear=False)]
        precision = fastest_precision("cpu")
        settings = Settings(seed=0, crop_size=256, augmentation=("flip",), precision=precision, device="cpu")
        channels = (("R", "G", "B"), ("A",))
        self.subject = ImageSubject(pairs, [], channels, UNet("network"), MatteLoss("loss"), settings)
        self.network = self.subject.network()
        self.optimiser = self.subject.optimiser(self.network, 2e-3)
        self.inputs, self.targets = self.subject.batch(1, 1)
        self.precision = precision
        self.seconds, self.walls, self.steps = 0.0, 0.0, 0

    def run(self, steps: int) -> None:
        """Makes steps and adds up their CPU seconds."""
        began, wall = time.process_time(), time.perf_counter()
        for _ in range(steps):
            with computing_in(self.precision, "cpu"):
                output = self.network(self.inputs)
            loss = self.subject.loss(output.float(), self.targets)
            loss.backward()  # type: ignore[no-untyped-call]
            clip_gradients(self.network.parameters())
            loss.item()
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
        self.seconds += time.process_time() - began
        self.walls += time.perf_counter() - wall
        self.steps += steps

    def reset(self) -> None:
        """Forgets what was counted."""
        self.seconds, self.walls, self.steps = 0.0, 0.0, 0

    @property
    def milliseconds(self) -> Figures:
        """CPU and wall milliseconds a step."""
        return 1000 * self.seconds / self.steps, 1000 * self.walls / self.steps


class Interleaved:
    """Takes a Trainer's progress; every so many steps it lets the bare loop run."""

    def __init__(self, bare: Bare) -> None:
        self.bare, self.seconds, self.walls, self.steps = bare, 0.0, 0.0, 0
        self._mark, self._wall = 0.0, 0.0

    def __call__(self, event: Event) -> None:
        """Counts the Trainer's own CPU seconds between two calls."""
        if not isinstance(event, Progress) or event.unit != "steps" or event.done % BLOCK:
            return
        now, wall = time.process_time(), time.perf_counter()
        if event.done > BLOCK:  # the first block warms up
            self.seconds += now - self._mark
            self.walls += wall - self._wall
            self.steps += BLOCK
            self.bare.run(BLOCK)
        self._mark, self._wall = time.process_time(), time.perf_counter()


def ours(folder: Path, **knobs: Any) -> tuple[Figures, Figures]:
    """Milliseconds a step of a Trainer with these knobs, and of the bare loop beside it."""
    window = Window(0, 0, 854, 480)
    for number in range(5):
        for name, pixels, channels in zip(
            ("plate", "matte"), made_pair(number), (("R", "G", "B"), ("A",)), strict=True
        ):
            frame = Frame(pixels=pixels, channels=channels, data=window, display=window)
            write_frame(folder / f"{name}.{number}.exr", frame)
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path="plate.#.exr")
    graph.add("DataSource", "painted", path="matte.#.exr")
    inputs = {"input": "plate", "groundtruth": "painted"}
    graph.add("Trainer", "learn", inputs=inputs, epochs=STEPS // 5, **knobs)
    bare = Bare()
    bare.run(BLOCK)
    bare.reset()
    counted = Interleaved(bare)
    outcome = run(graph, settings=RunSettings(device="cpu", threads=1), sink=counted)
    assert not outcome.failed, outcome.failed
    made = (1000 * counted.seconds / counted.steps, 1000 * counted.walls / counted.steps)
    return made, bare.milliseconds


def lightnings(folder: Path, **options: Any) -> tuple[Figures, Figures]:
    """Milliseconds a step of Lightning's Trainer with these options, and of a bare loop beside it."""
    import lightning

    bare = Bare()
    subject = bare.subject

    class Crops(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return STEPS

        def __getitem__(self, index: int) -> Any:
            inputs, targets = subject.batch(index + 1, 1)
            return inputs[0], targets[0]

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = subject.network()

        def training_step(self, batch: Any, _: int) -> Any:
            with computing_in(bare.precision, "cpu"):
                output = self.network(batch[0])
            loss = subject.loss(output.float(), batch[1])
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return subject.optimiser(self.network, 2e-3)

    trainer = lightning.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        devices=1,
        default_root_dir=folder,
        gradient_clip_val=1.0,
        **options,
    )
    bare.run(BLOCK)
    bare.reset()
    bare.run(STEPS // 4)
    began, wall = time.process_time(), time.perf_counter()
    trainer.fit(Module(), torch.utils.data.DataLoader(Crops(), batch_size=1))
    taken = (time.process_time() - began, time.perf_counter() - wall)
    bare.run(STEPS // 4)
    return (1000 * taken[0] / STEPS, 1000 * taken[1] / STEPS), bare.milliseconds


def report(name: str, figures: tuple[Figures, Figures]) -> None:
    """Prints a row for the processor's time and one for the clock's."""
    for clock, step, bare in zip(("CPU", "wall"), *figures, strict=True):
        print(
            f"{name:30} {clock:4} {step:7.2f} ms   bare {bare:7.2f} ms   ratio {step / bare:.3f}", flush=True
        )


def main() -> None:
    """Prints the ratios."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        report("Understudy, nothing held out", ours(Path(folder), hold_out=0.0))
    with tempfile.TemporaryDirectory() as folder:
        report("Understudy, default intervals", ours(Path(folder)))
    try:
        import lightning  # noqa: F401 - whether the peer is installed
    except ImportError:
        print("Lightning is not installed: pip install lightning")
        return
    with tempfile.TemporaryDirectory() as folder:
        off = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        report("Lightning, everything off", lightnings(Path(folder), enable_model_summary=False, **off))
        report("Lightning, its defaults", lightnings(Path(folder)))


if __name__ == "__main__":
    main()
