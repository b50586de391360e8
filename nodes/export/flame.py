"""ONNX for Autodesk Flame, beside the JSON of the same name that its Inference node reads.

The JSON's names are those of Autodesk's documentation of the Inference Builder, Flame 2025 and later.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export import onnx
from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable

VERSION = "2025.2"
"""The first Flame that reads `Channels`."""

_COLOURS = frozenset("RGB")


def write(model: Exportable, path: Path, options: Options) -> Written:
    """Writes an .onnx and its .json.

    Raises:
        UnderstudyError: As for ONNX, the path does not end in .onnx, or Flame has no such channels.
    """
    from understudy.runtime.durable import remove, replace_bytes

    if path.suffix.lower() != ".onnx":
        raise UnderstudyError(f"Flame loads files that end in .onnx. Write {path.with_suffix('.onnx')}.")
    sidecar = path.with_suffix(".json")
    told = json.dumps(described(model, path.stem), indent=4)
    remove(sidecar)  # while the model is replaced, none is better than an old one
    written = onnx.write(model, path, options)
    replace_bytes(sidecar, [told.encode()])
    return replace(written, files=(path, sidecar))


def described(model: Exportable, name: str) -> dict[str, Any]:
    """The JSON; pixels of any value go in and come out, so gain and scaling are 1 and nothing is padded.

    Raises:
        UnderstudyError: Flame has no such channels.
    """
    taken, given = model.notes["inputs"], model.notes["outputs"]
    return {
        "ModelDescription": {
            "MinimumVersion": VERSION,
            "Name": name,
            "Description": f"{''.join(taken)} to {''.join(given)}, trained with Understudy",
            "SupportsSceneLinear": model.notes["scene_linear"],
            "KeepAspectRatio": False,
            "Padding": 1,
            "Inputs": [
                {"Name": model.input, "Description": text, "Type": kind, "Gain": 1.0, "Channels": channels}
                for kind, channels, text in _sockets(taken)
            ],
            "Outputs": [
                {
                    "Name": model.output,
                    "Description": "The result",
                    "Type": "OutMatte" if given == ["A"] else "Result",
                    "InverseGain": 1.0,
                    "ScalingFactor": 1.0,
                    "Channels": _given(given),
                }
            ],
        }
    }


def _sockets(channels: list[str]) -> list[tuple[str, str, str]]:
    """A socket has colours or a matte: RGBA takes two, of one name."""
    colours = channels[:-1] if channels[-1] == "A" else channels
    matte = [("Matte", "A", "The matte")] if channels[-1] == "A" else []
    if colours and not (len(colours) <= len(_COLOURS) and set(colours) <= _COLOURS):
        raise _no_such(channels, "R, G and B, or A, or both one after the other")
    front = [("Front", "".join(colours), "The frame")] if colours else []
    return [*front, *matte]


def _given(channels: list[str]) -> str:
    """One channel is A, two are R and G, three are R, G and B, in any order."""
    if len(channels) == 1:
        return "A"
    if set(channels) not in ({"R", "G"}, _COLOURS):
        raise _no_such(channels, "one channel, R and G, or R, G and B")
    return "".join(channels)


def _no_such(channels: list[str], expected: str) -> UnderstudyError:
    return UnderstudyError(
        f"Flame can't connect the channels {', '.join(channels)}; expected {expected}. Train on these, by "
        "the knob channels of the DataSource."
    )


FORMAT = Format(
    name="flame",
    help="ONNX and the JSON beside it that Flame's Inference node reads",
    subjects=("images",),
    example="matte.onnx",
    write=write,
)
