"""What computes the default network fastest on this processor, and by how much its pixels differ.

    python benchmarks/backends.py            1920 x 1080 on one thread, about a minute
    python benchmarks/backends.py --threads 2

The peer is torch as it comes: float32, planes of channels one after another. Times are of encoding, network
and decoding of a frame in memory, the least of three. Differences are of a matte from 0 to 1.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from understudy.nodes.learning.backends.backend import Load, computed_by, installed
from understudy.nodes.learning.encoding import Encoding, identity
from understudy.nodes.learning.images.model import ImageModel
from understudy.nodes.learning.networks.unet import UNet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

SHAPE = (1, 3, 1088, 1920)


def model() -> ImageModel:
    """The default network for a matte, with a last layer as large as a trained one's."""
    torch.manual_seed(0)
    network = UNet(3, 1).eval()
    nn.init.normal_(network.last.weight, std=0.3)
    encoding = Encoding("linear", 1.0, (0.4,) * 3, (0.2,) * 3)
    return ImageModel(network, ("R", "G", "B"), ("A",), encoding, identity(1), "sigmoid", colour=False)


def ways(threads: int) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """Every way to compute it, by name; the peer first."""
    plain = model()
    yield "torch, float32, as it comes", lambda pixels: as_it_comes(plain, pixels)
    ours = model()
    ours.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for name in installed():
        for precision in ("float32", "bfloat16"):
            if name != "onnxruntime" or precision == "float32":
                used = computed_by(ours, name, Load(3, precision, 1, threads))
                yield f"{name}, {precision}", partial(used.predict, precision=precision, device="cpu")


def as_it_comes(plain: ImageModel, pixels: Tensor) -> Tensor:
    """What torch does with planes of channels when nobody asks for anything."""
    with torch.inference_mode():
        return torch.sigmoid(plain.network(plain.encoding.encode(pixels).contiguous()))


def measured(way: Callable[[Tensor], Tensor], pixels: Tensor) -> tuple[float, float, Tensor]:
    """Wall and CPU milliseconds, the least of three, and the result."""
    result = way(pixels)
    times = []
    for _ in range(3):
        began, used = time.perf_counter(), time.process_time()
        way(pixels)
        times.append((time.perf_counter() - began, time.process_time() - used))
    return 1000 * min(one for one, _ in times), 1000 * min(one for _, one in times), result


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    given: Any = parser.parse_args()
    torch.set_num_threads(given.threads)
    draws = np.random.Generator(np.random.Philox(1)).random(SHAPE, np.float32)
    pixels, first, exact = torch.from_numpy(draws), 0.0, None
    for name, way in ways(given.threads):
        wall, used, result = measured(way, pixels)
        exact = result if exact is None else exact
        first = first or used
        off = float((result - exact).abs().max())
        times = f"{wall:7.0f} ms {used:7.0f} CPU ms {first / used:5.2f} x"
        print(f"{name:28} {times}   largest difference {off:.1e}")


if __name__ == "__main__":
    main()
