"""A deformer as a folder like Maya's .mldf: model, metadata, bases, and a player of numpy alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable

MODEL, METADATA, PREDICTOR = "model.onnx", "metadata.json", "predictor.npz"
PLAYER, BASES = "player.py", "bases"


def write(model: Exportable, path: Path, options: Options) -> Written:  # noqa: ARG001 - this format has none
    """Writes the folder, `metadata.json` last, so that one with metadata is whole.

    Raises:
        UnderstudyError: onnx or onnxruntime is missing, results differ, or the folder has the metadata of
            another program; nothing is written then.
        StorageError: It can't be written.
    """
    from understudy.nodes.export.models import playable
    from understudy.nodes.export.models.exportable import DeformerExportable, largest_difference
    from understudy.nodes.export.models.onnx_file import checked_onnx, milliseconds
    from understudy.nodes.export.models.player import Player

    assert isinstance(model, DeformerExportable), "models of meshes are"
    if (path / METADATA).exists() and b'"understudy"' not in (path / METADATA).read_bytes():
        raise UnderstudyError(
            f"{path / METADATA} was written by another program and is left alone. Name another folder."
        )
    data, difference, play = checked_onnx(model)
    numbers, bases = playable.numbers(model.deformer), playable.bases(model.deformer)
    told = model.noted(model=MODEL, activation=playable.activation(model.deformer))
    ours = Player(told, numbers, bases)
    difference = max(difference, largest_difference(model, ours.deltas, "the player"))
    told["understudy"] |= {"difference": difference, "tolerance": model.tolerance}
    parts = {MODEL: data, PREDICTOR: _packed(numbers), PLAYER: playable.source().encode()}
    parts |= {f"{BASES}/segment_{place:03}.npz": _packed(basis) for place, basis in enumerate(bases)}
    files = _replaced(path, parts | {METADATA: json.dumps(told, indent=1).encode()})
    return Written(files, len(data), difference, model.compared, milliseconds(model, play))


def _replaced(path: Path, parts: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Writes the parts, the last of which says that the folder is whole; an older model's bases go."""
    from understudy.runtime.durable import make_folder, remove, replace_bytes

    make_folder(path / BASES)
    remove(path / METADATA)
    for old in (path / BASES).glob("segment_*.npz"):
        remove(old)
    for name, part in parts.items():
        replace_bytes(path / name, [part])
    return tuple(path / name for name in parts)


def _packed(arrays: Mapping[str, Any]) -> bytes:
    import io

    import numpy as np

    target = io.BytesIO()
    np.savez(target, allow_pickle=False, **arrays)
    return target.getvalue()


FORMAT = Format(
    name="mldf",
    help="a folder: ONNX, metadata as Maya has it, bases, a numpy player",
    subjects=("meshes",),
    example="head.mldf",
    write=write,
)
