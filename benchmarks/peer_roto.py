"""The time to a matte: Understudy's defaults beside a plain U-Net with AdamW in PyTorch Lightning.

    pip install lightning
    python benchmarks/peer_roto.py                 blackswan, some 10 minutes

Both learn from the same five painted frames on one thread, in bfloat16 where the processor has it; both are
measured on the same unseen frames. The peer is the U-Net of Ronneberger et al. 2015 at a quarter of its
widths, with batch normalisation (1.9 million parameters), AdamW at 1e-3, random crops of 256 and flips from
memory, two a step; its IoU is taken every 20 CPU seconds. Ours is trained in several lengths; the time is
that of the shortest training that reaches the peer's best. Seconds are CPU seconds of training alone.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightning
import numpy as np
import quality
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from understudy.nodes.learning.loop import computing_in, fastest_precision

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

EVERY = 20.0
PRECISION = fastest_precision("cpu")


def double(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions, each normalised."""
    layers: list[nn.Module] = []
    for one in (inputs, outputs):
        layers += [nn.Conv2d(one, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class PlainUNet(nn.Module):
    """Four levels down, four up."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 128, 256)) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(widths))
        self.first = double(3, widths[0])
        self.downs = nn.ModuleList(double(fine, coarse) for fine, coarse in pairs)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in pairs)
        self.joins = nn.ModuleList(double(2 * fine, fine) for fine, _ in pairs)
        self.last = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        kept = [self.first(x)]
        for down in self.downs:
            kept.append(down(functional.max_pool2d(kept[-1], 2)))
        x = kept.pop()
        for up, join in zip(reversed(self.ups), reversed(self.joins), strict=True):
            x = join(torch.cat([up(x), kept.pop()], dim=1))
        return self.last(x)  # type: ignore[no-any-return]


class Clip:
    """The frames of a clip in memory, and which of them are painted."""

    def __init__(self, name: str) -> None:
        base = quality.SHARED / "video_masks_davis" / name
        frames = sorted((base / "frames").iterdir())
        self.painted = quality.five(len(frames))
        self.unseen = [number for number in range(len(frames)) if number not in self.painted][::2]
        wanted = [*self.painted, *self.unseen]
        self.plates = {n: read(frames[n], "RGB") for n in wanted}
        self.mattes = {n: read(base / "masks" / f"{n:05d}.png", "L") for n in wanted}

    def iou(self, network: nn.Module) -> float:
        """Mean IoU over the unseen frames."""
        network.eval()
        found = []
        for number in self.unseen:
            x = torch.from_numpy(self.plates[number])[None]
            below, right = -x.shape[2] % 16, -x.shape[3] % 16
            with torch.inference_mode(), computing_in(PRECISION, "cpu"):
                y = network(functional.pad(x, (0, right, 0, below), mode="replicate"))
            inside = y[0, 0, : x.shape[2], : x.shape[3]].float().numpy(force=True) > 0
            truth = self.mattes[number][0] > 0.5
            found.append((inside & truth).sum() / max(1, (inside | truth).sum()))
        network.train()
        return float(np.mean(found))


def read(path: Path, mode: str) -> NDArray[np.float32]:
    """A picture as `(C, H, W)`, 0 to 1."""
    pixels = np.asarray(Image.open(path).convert(mode), np.float32) / 255
    return np.ascontiguousarray(pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None])


class Crops(torch.utils.data.IterableDataset[Any]):
    """Random crops of the painted frames, without end."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip

    def __iter__(self) -> Any:
        rng = np.random.Generator(np.random.Philox(0))
        while True:
            number = int(rng.choice(self.clip.painted))
            plate, matte = self.clip.plates[number], self.clip.mattes[number]
            y, x = rng.integers(plate.shape[1] - 255), rng.integers(plate.shape[2] - 255)
            step = -1 if rng.random() < 0.5 else 1
            yield tuple(
                torch.from_numpy(one[:, y : y + 256, x : x + 256][..., ::step].copy())
                for one in (plate, matte)
            )


class Peer(lightning.LightningModule):
    """The plain U-Net, measured every so often; the time of measuring does not count."""

    def __init__(self, clip: Clip, seconds: float) -> None:
        super().__init__()
        self.network, self.clip, self.seconds = PlainUNet(), clip, seconds
        self.curve: list[tuple[float, float]] = []
        self.began, self.next = time.process_time(), EVERY

    def training_step(self, batch: Any, _: int) -> Tensor:
        """Binary cross-entropy."""
        return functional.binary_cross_entropy_with_logits(self.network(batch[0]), batch[1])

    def on_train_batch_end(self, *_: Any) -> None:
        """Measures, and ends the training when the time is up."""
        taken = time.process_time() - self.began
        if taken < self.next:
            return
        self.curve.append((taken, self.clip.iou(self.network)))
        print(f"  peer {taken:6.1f} CPU s  IoU {self.curve[-1][1]:.4f}", flush=True)
        self.began = time.process_time() - taken
        self.next += EVERY
        if taken > self.seconds:
            self.trainer.should_stop = True

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW."""
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


def peer(clip: Clip, seconds: float, folder: Path) -> tuple[float, float]:
    """The peer's best IoU, and the CPU seconds to the first within 0.001 of it."""
    lightning.seed_everything(0, verbose=False)
    module = Peer(clip, seconds)
    trainer = lightning.Trainer(
        max_steps=-1,
        accelerator="cpu",
        precision="bf16-mixed" if PRECISION == "bfloat16" else "32-true",
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, torch.utils.data.DataLoader(Crops(clip), batch_size=2))
    best = max(iou for _, iou in module.curve)
    return best, next(taken for taken, iou in module.curve if iou >= best - 0.001)


def main() -> None:
    """Prints both times and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", nargs="?", default="blackswan", choices=quality.CLIPS)
    parser.add_argument("--seconds", type=float, default=240.0, help="CPU seconds that the peer trains")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        best, peers = peer(Clip(given.clip), given.seconds, Path(folder))
    print(f"Lightning, plain U-Net, AdamW: best IoU {best:.4f} after {peers:.0f} CPU s")
    for epochs in (50, 100, 200, 400, 800):
        with tempfile.TemporaryDirectory() as folder:
            ours = quality.roto(given.clip, Path(folder), epochs=epochs)
        print(
            f"Understudy, {epochs} epochs: IoU {ours['IoU']:.4f} after {ours['CPU s']:.0f} CPU s", flush=True
        )
        if ours["IoU"] >= best:
            print(f"ratio {peers / ours['CPU s']:.2f}")
            return


if __name__ == "__main__":
    main()
