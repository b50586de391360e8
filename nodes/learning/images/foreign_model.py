"""A model from elsewhere: an `.onnx` file of one image in and one image out, through our tiles and channels.

What the file does not say stands in a sidecar (see `foreign_notes`). Nothing in either is code of ours.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.learning.backends.onnxruntime import session_of
from understudy.nodes.learning.images.foreign_notes import notes_of
from understudy.nodes.learning.images.model import ImageModel
from understudy.nodes.learning.networks.geometry import LARGEST_REACH

if TYPE_CHECKING:
    from understudy.nodes.learning.images.foreign_notes import Notes

STRIDES = (1, 2, 4, 8, 16, 32, 64)
"""What is tried where nobody says the stride: a network halves its features a few times."""

SMALL = 96
"""About the height and width, in pixels, of the picture that shows by how much it enlarges."""

SHIFTED = 384
"""About the height and width, in pixels, of the picture that is shifted to find the stride."""

ALIKE = 1e-4
"""Share of its own size, or of the deviation, that the result of a shifted picture may differ by."""

BYTES_PER_PIXEL = 1024
"""Memory that a network of unknown width is assumed to take, per pixel of what it gives."""


class Tried(NamedTuple):
    """What a trial shows of a model.

    Attributes:
        scale: Pixels that it makes of one, along each side.
        stride: Height and width are multiples of it.
        reach: Pixels that it sees to each side, of the input.
    """

    scale: int
    stride: int
    reach: int


class ForeignNetwork(nn.Module):
    """An ONNX model as a network whose scale, stride and reach are known.

    Args:
        session: Takes `(N, C, H, W)` and gives `(N, K, S H, S W)` with the scale S, float32.
        tried: What tiling has to know of it.
    """

    def __init__(self, session: nn.Module, tried: Tried) -> None:
        super().__init__()
        self.session, self.tried = session, tried
        self.scale, self.stride, self.reach = tried
        self.bytes_per_pixel = BYTES_PER_PIXEL * self.scale**2

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """What the model gives, on the processor."""
        return self.session(x_NCHW.cpu())  # type: ignore[no-any-return]


def read_foreign_model(path: str, threads: int, known: Tried | None = None) -> ImageModel:
    """The model in an `.onnx` file.

    Args:
        path: The file; its sidecar has the suffix .toml.
        threads: Threads that a tile may take.
        known: What a trial of the same file and sidecar has shown before; else it is tried, which takes
            minutes of a network of many millions of weights.

    Raises:
        FormatError: It is damaged, has several inputs or outputs or a fixed size, gives pictures that are
            not a whole number of times as large, or has a sidecar that is missing, wrong or contradicts it.
        UnderstudyError: onnxruntime is not installed.
    """
    if not find_spec("onnxruntime"):
        raise UnderstudyError(f"{path} needs ONNX Runtime. Get it with: pip install onnxruntime")
    try:
        session = session_of(Path(path).read_bytes(), threads)
    except OSError as error:
        raise FormatError(path, f"can't be read: {error.strerror}") from error
    except Exception as error:
        raise FormatError(path, f"this is no ONNX model: {str(error).partition(chr(10))[0][:200]}") from error
    notes = notes_of(path, session.metadata)
    _check_ports(path, session, notes)
    network = ForeignNetwork(session, known or _tried(path, session, notes))
    colour = notes.inputs == notes.outputs
    return ImageModel(network, notes.inputs, notes.outputs, notes.encoding, notes.target, "identity", colour)


def _check_ports(path: str, session: Any, notes: Notes) -> None:
    for word, ports, channels in (
        ("input", session.inputs, notes.inputs),
        ("output", session.outputs, notes.outputs),
    ):
        if len(ports) != 1:
            names = ", ".join(name for name, _, _ in ports)
            raise FormatError(path, f"it has {len(ports)} {word}s ({names}); one in and one out is needed")
        name, kind, shape = ports[0]
        if kind != "tensor(float)" or len(shape) != 4:
            found = f"{kind} of {len(shape)} dimensions"
            raise FormatError(path, f'its {word} "{name}" is a {found}, not a float (N, C, H, W)')
        if isinstance(shape[1], int) and shape[1] != len(channels):
            said = f"the sidecar or metadata names {len(channels)} ({', '.join(channels)})"
            raise FormatError(path, f'its {word} "{name}" has {shape[1]} channels, and {said}')
    fixed = [side for side in session.inputs[0][2][2:] if isinstance(side, int)]
    if fixed:
        sizes = " x ".join(str(side) for side in fixed)
        raise FormatError(
            path, f"it takes pictures of one size only ({sizes}). Export it with dynamic height and width"
        )


def _tried(path: str, session: nn.Module, notes: Notes) -> Tried:
    scale, channels = _scale(path, session, notes), len(notes.inputs)
    stride = notes.stride or _stride(path, session, channels, scale)
    reach = notes.reach
    return Tried(scale, stride, _reach(path, session, channels, stride, scale) if reach is None else reach)


def _scale(path: str, session: nn.Module, notes: Notes) -> int:
    """How many pixels it makes of one along each side, by a picture that is wider than tall.

    Raises:
        FormatError: It is no whole number of them, or another one than the sidecar says.
    """
    complaint = ""
    for stride in (notes.stride,) if notes.stride else STRIDES:
        height = (SMALL // stride | 1) * stride
        width = height + stride
        try:
            tall, wide = session(_noise(len(notes.inputs), height, width)).shape[2:]
        except Exception as error:  # noqa: BLE001 - its errors share no class
            complaint = str(error).partition("\n")[0][:200]
            continue
        scale: int = tall // height
        complaint = f"a picture of {width} x {height} became one of {wide} x {tall}"
        if scale and (tall, wide) == (scale * height, scale * width):
            if notes.scale not in (None, scale):
                raise FormatError(path, f"its sidecar says scale = {notes.scale}, and {complaint}")
            return scale
    raise FormatError(
        path, f"it gives no picture of the same size, or a whole number of times as large: {complaint}"
    )


def _stride(path: str, session: nn.Module, channels: int, scale: int) -> int:
    """The least stride that it keeps to: a shifted picture shifts the result.

    A model that pads inside takes any size and still has a grid of its own, which only the shift shows.
    """
    complaint = ""
    for stride in STRIDES:
        length = (SHIFTED // stride | 1) * stride
        noise = _noise(channels, length + stride, length + stride)
        try:
            here, there = session(noise[..., :length, :length]), session(noise[..., stride:, stride:])
        except Exception as error:  # noqa: BLE001 - its errors share no class
            complaint = str(error).partition("\n")[0][:200]
            continue
        if here.shape[2:] != (scale * length, scale * length):
            size = " x ".join(map(str, here.shape[:1:-1]))
            complaint = f"a picture of {length} x {length} became one of {size}"
            continue
        middle, cell = scale * (length // 2), scale * stride
        moved = here[..., middle + cell : middle + 2 * cell, middle + cell : middle + 2 * cell]
        stayed = there[..., middle : middle + cell, middle : middle + cell]
        if torch.allclose(moved, stayed, rtol=ALIKE, atol=ALIKE * float(here.std())):
            return stride
        complaint = f"pictures that are shifted by {stride} pixels give another result"
    raise FormatError(path, f"pictures are not computed alike everywhere: {complaint}")


def _noise(channels: int, height: int, width: int) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(0))


def _reach(path: str, session: nn.Module, channels: int, stride: int, scale: int) -> int:
    """How far a change of one pixel is seen, on a grey noise; a half more for what is too faint to see.

    Raises:
        FormatError: It sees too far for tiles, as one with statistics of the whole picture does.
    """
    size = 128
    while size <= 2 * LARGEST_REACH:
        length = max(3 * stride, -(-size // stride) * stride)
        plain = _noise(channels, length, length)
        other, middle = plain.clone(), length // 2
        other[..., middle : middle + stride, middle : middle + stride] += 1.0
        changed = torch.nonzero((session(plain) != session(other)).any(dim=1)[0])
        seen = int((changed // scale - middle).abs().max()) if len(changed) else 0
        if seen < length // 2 - stride - 1:
            return seen + seen // 2
        size *= 2
    raise FormatError(
        path,
        f"it sees farther than {LARGEST_REACH} pixels, so frames can't be tiled. If you know better, say "
        "reach = PIXELS in its sidecar",
    )
