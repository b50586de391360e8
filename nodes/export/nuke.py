"""TorchScript for Nuke, and a script with the nodes that make a .cat of it and apply that.

Knobs and channel names are those of Foundry's guide to creating .cat files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable

OLDEST = 14
"""Nuke 14 loads what torch 1.12 can load, Nuke 13 what 1.6 can; the oldest that is tested is 1.13.1."""

_NAMES = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}
_LARGEST_HALF_DIFFERENCE = 0.05
_HALF_KNOB = "Optimize for Speed and Memory"


def write(model: Exportable, path: Path, options: Options) -> Written:
    """Writes a folder with a .pt and a .nk, both called as the folder is.

    Raises:
        UnderstudyError: The host can't be served, the network has an operator that its torch lacks, or
            results differ.
    """
    from understudy.nodes.export.models.exportable import TorchExportable
    from understudy.nodes.export.models.torchscript import checked_torchscript, half_difference
    from understudy.runtime.durable import make_folder, replace_bytes

    assert isinstance(model, TorchExportable), "image models are"
    version = served(options.host)
    data, difference = checked_torchscript(model)
    half = half_difference(model, data)
    name, folder = path.stem, path.absolute()
    script, nodes = folder / f"{name}.pt", folder / f"{name}.nk"
    channels = [nuke_channels(model.notes[side]) for side in ("inputs", "outputs")]
    make_folder(folder)
    replace_bytes(script, [data])
    replace_bytes(nodes, [_nodes(name, folder, version, channels[0], channels[1]).encode()])
    remarks = (
        f"Import {nodes.name} in Nuke, press Create .cat in its CatFileCreator, then connect Inference.",
        _about_half(half),
    )
    written = (path / script.name, path / nodes.name)
    return Written(written, len(data), difference, model.compared, remarks=remarks)


def served(host: str) -> str:
    """A version of Nuke as its scripts name it, "14.0".

    Raises:
        UnderstudyError: It is none, or one that can't be served.
    """
    major, _, minor = (host or f"{OLDEST}.0").removeprefix("nuke").strip().partition(".")
    if not major.isdecimal() or not (minor or "0").isdecimal():
        raise UnderstudyError(f'"{host}" is no version of Nuke; expected one such as {OLDEST}.0 or 16.')
    if int(major) < OLDEST:
        raise UnderstudyError(
            f"Nuke {host} can't be served: it loads models of PyTorch 1.6, and what is written here was "
            f"tested with 1.13.1 at the oldest. Use Nuke {OLDEST}.0 or newer."
        )
    return f"{major}.{minor or 0}"


def nuke_channels(channels: Sequence[str]) -> str:
    """Channels as Nuke names them: R is rgba.red, Z is depth.Z, diffuse.R is diffuse.red."""
    return ", ".join(_nuke_channel(name) for name in channels)


def _nuke_channel(name: str) -> str:
    layer, _, channel = name.rpartition(".")
    if not layer and channel == "Z":
        return "depth.Z"
    place = layer.replace(".", "_") or ("rgba" if channel in _NAMES else "other")
    return f"{place}.{_NAMES.get(channel, channel)}"


def _about_half(difference: float | None) -> str:
    if difference is None:
        return f"The network can't compute in half precision: leave Inference's {_HALF_KNOB} off."
    told = f"In half precision ({_HALF_KNOB}) it is off by at most {difference:.0e} of the range"
    return f"{told}." if difference <= _LARGEST_HALF_DIFFERENCE else f"{told}: leave that off."


def _nodes(name: str, folder: Path, version: str, taken: str, given: str) -> str:
    """The script; braces and brackets are quoted as Tcl wants it."""
    place = folder.as_posix()
    script, cat = _quoted(f"{place}/{name}.pt"), _quoted(f"{place}/{name}.cat")
    steps = (
        "1. Press Create .cat in CatFileCreator.\\n"
        "2. Connect the plate to Inference, and reload its model file."
    )
    return f"""#! Nuke
version {version} v1
CatFileCreator {{
 inputs 0
 torchScriptFile {script}
 catFile {cat}
 channelsIn "{taken}"
 channelsOut "{given}"
 modelId {_quoted(name)}
 name CatFileCreator_understudy
 label {_quoted("makes the .cat")}
 xpos 0
 ypos 0
}}
Inference {{
 inputs 0
 modelFile {cat}
 name Inference_understudy
 label {_quoted(name)}
 xpos 160
 ypos 0
}}
StickyNote {{
 inputs 0
 name StickyNote_understudy
 label "{steps}"
 xpos 0
 ypos -80
}}
"""


def _quoted(text: str) -> str:
    """A word of Tcl: nothing in it is a command, a variable or an escape."""
    escaped = "".join(f"\\{sign}" if sign in '\\"[]${}' else sign for sign in text)
    return f'"{escaped}"'


FORMAT = Format(
    name="nuke",
    help="a folder: TorchScript, and a .nk that makes a .cat of it",
    subjects=("images",),
    example="matte_nuke",
    write=write,
    options=("host",),
)
