"""A model from elsewhere: an `.onnx` file of one image in and one image out, through our tiles and channels.

What the file does not say stands in a sidecar (see `foreign_notes`). Nothing in either is code of ours.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.learning.backends.onnxruntime import session_of
from understudy.nodes.learning.foreign_notes import notes_of
from understudy.nodes.learning.image_model import ImageModel
from understudy.nodes.learning.networks.geometry import LARGEST_REACH

if TYPE_CHECKING:
    from understudy.nodes.learning.foreign_notes import Notes

STRIDES = (1, 2, 4, 8, 16, 32, 64)
"""What is tried where nobody says the stride: a network halves its features a few times."""

SHIFTED = 384
"""About the height and width, in pixels, of the picture that is shifted to find the stride."""

BYTES_PER_PIXEL = 1024
"""Memory that a network of unknown width is assumed to take, per pixel of the input."""


class ForeignNetwork(nn.Module):
    """An ONNX model as a network whose stride and reach are known.

    Args:
        session: Takes and gives `(N, C, H, W)` float32.
        stride: Height and width are multiples of it.
        reach: Pixels that it sees to each side.
    """

    def __init__(self, session: nn.Module, stride: int, reach: int) -> None:
        super().__init__()
        self.session, self.stride, self.reach = session, stride, reach
        self.bytes_per_pixel = BYTES_PER_PIXEL

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """What the model gives, on the processor."""
        return self.session(x_NCHW.cpu())  # type: ignore[no-any-return]


def read_foreign_model(path: str, threads: int) -> ImageModel:
    """The model in an `.onnx` file.

    Args:
        path: The file; its sidecar has the suffix .toml.
        threads: Threads that a tile may take.

    Raises:
        FormatError: It is damaged, has several inputs or outputs, a fixed size, another size out than in, or
            a sidecar that is missing, wrong or contradicts it.
        UnderstudyError: onnxruntime is not installed.
    """
    if not find_spec("onnxruntime"):
        raise UnderstudyError(f"{path} needs ONNX Runtime. Get it with: pip install 'understudy[export]'")
    try:
        session = session_of(Path(path).read_bytes(), threads)
    except OSError as error:
        raise FormatError(path, f"can't be read: {error.strerror}") from error
    except Exception as error:
        raise FormatError(path, f"this is no ONNX model: {str(error).partition(chr(10))[0][:200]}") from error
    notes = notes_of(path, session.metadata)
    _check_ports(path, session, notes)
    stride = notes.stride or _stride(path, session, len(notes.inputs))
    reach = notes.reach if notes.reach is not None else _reach(path, session, len(notes.inputs), stride)
    network = ForeignNetwork(session, stride, reach)
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


def _stride(path: str, session: nn.Module, channels: int) -> int:
    """The least stride that it keeps to: as many pixels out as in, and a shifted picture shifts the result.

    A model that pads inside takes any size and still has a grid of its own, which only the shift shows.
    """
    complaint = ""
    for stride in STRIDES:
        length = (SHIFTED // stride | 1) * stride
        noise = _noise(channels, length + stride)
        try:
            here, there = session(noise[..., :length, :length]), session(noise[..., stride:, stride:])
        except Exception as error:  # noqa: BLE001 - its errors share no class
            complaint = str(error).partition("\n")[0][:200]
            continue
        if here.shape[2:] != (length, length):
            size = " x ".join(map(str, here.shape[2:]))
            complaint = f"a picture of {length} x {length} became one of {size}"
            continue
        middle = length // 2
        moved = here[..., middle + stride : middle + 2 * stride, middle + stride : middle + 2 * stride]
        stayed = there[..., middle : middle + stride, middle : middle + stride]
        if torch.allclose(moved, stayed, rtol=1e-3, atol=1e-3 * float(here.std())):
            return stride
        complaint = f"pictures that are shifted by {stride} pixels give another result"
    raise FormatError(path, f"it is no picture of the same size, computed alike everywhere: {complaint}")


def _noise(channels: int, length: int) -> Tensor:
    return torch.rand(1, channels, length, length, generator=torch.Generator().manual_seed(0))


def _reach(path: str, session: nn.Module, channels: int, stride: int) -> int:
    """How far a change of one pixel is seen, on a grey noise; a half more for what is too faint to see.

    Raises:
        FormatError: It sees too far for tiles, as one with statistics of the whole picture does.
    """
    size = 128
    while size <= 2 * LARGEST_REACH:
        length = max(3 * stride, -(-size // stride) * stride)
        plain = _noise(channels, length)
        other, middle = plain.clone(), length // 2
        other[..., middle : middle + stride, middle : middle + stride] += 1.0
        changed = torch.nonzero((session(plain) != session(other)).any(dim=1)[0])
        seen = int((changed - middle).abs().max()) if len(changed) else 0
        if seen < length // 2 - stride - 1:
            return seen + seen // 2
        size *= 2
    raise FormatError(
        path,
        f"it sees farther than {LARGEST_REACH} pixels, so frames can't be tiled. If you know better, say "
        "reach = PIXELS in its sidecar",
    )
